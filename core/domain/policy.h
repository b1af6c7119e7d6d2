/* SPDX-License-Identifier: Apache-2.0 */
/* What persistence policies offer to the application. */
#ifndef QUIPU_CORE_DOMAIN_POLICY_H
#define QUIPU_CORE_DOMAIN_POLICY_H

#include <quipu/bus.h>

/* Closes a policy and its store, or neither, and then answers INVALID. */
int quipu_persistence_policy_close_store(quipu_persistence_policy *policy,
                                         quipu_error *error);

#endif
