/* SPDX-License-Identifier: Apache-2.0 */
/* What the program allows: which schemes, and whether modules are loaded. */
#ifndef QUIPU_CORE_DRIVER_POLICY_H
#define QUIPU_CORE_DRIVER_POLICY_H

#include <quipu/types.h>

/* Whether a (checked) scheme may be used.  DENIED. */
int quipu_policy_check(const char *scheme, quipu_error *error);

/* Whether modules may be loaded. */
bool quipu_policy_may_load(void);

#endif
