/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The persistence policy as the application sees it.
 *
 * A policy holds its store, and the application owns both, so the application
 * cannot close the store while the policy is open, nor close the policy first:
 * if the store then turned out to be in use, the application would go on
 * without a policy.  Hence one function that closes both or neither.
 */
#ifndef QUIPU_CORE_DOMAIN_PERSISTENCE_POLICY_H
#define QUIPU_CORE_DOMAIN_PERSISTENCE_POLICY_H

#include <quipu/bus.h>

struct quipu_persistence_policy {
    quipu_store *store;                   /* held; NULL: closed */
    quipu_subscriber *subscriber;         /* its subscription to the bus */
    const quipu_event_type *const *types; /* borrowed; NULL: all events */
    size_t type_count;
};

/*
 * Closes a policy and its store.  The caller must be the only thread that uses
 * either of them.
 *
 * INVALID: cursors, repositories or other policies use the store; neither is
 * closed then.  Other codes as for quipu_store_close.
 */
int quipu_persistence_policy_close_store(quipu_persistence_policy *policy,
                                         quipu_error *error);

#endif
