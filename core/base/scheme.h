/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of schemes, [a-z][a-z0-9-]{0,30}. */
#ifndef QUIPU_CORE_BASE_SCHEME_H
#define QUIPU_CORE_BASE_SCHEME_H

#include <quipu/types.h>

#define QUIPU_SCHEME_MAX 31 /* characters */

bool quipu_scheme_valid(const char *text, size_t size);

/* The same with a message, which quotes the text only if it looks like an
 * attempt at a scheme: it may be the beginning of anything.  INVALID. */
int quipu_scheme_check(const char *text, size_t size, quipu_error *error);

#endif
