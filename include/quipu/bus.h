/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publish and subscribe inside a process, and the persistence policy that
 * stores what is published.
 *
 * Publishing is synchronous, on the caller's thread: first the policies, in
 * the order in which they subscribed, each of which may refuse; then, if none
 * did, the listeners.  So listeners hear only of what has been stored.  No
 * lock is held while they run; they may publish and subscribe themselves.
 *
 * Threads: all functions may be called from several threads at once.
 */
#ifndef QUIPU_BUS_H
#define QUIPU_BUS_H

#include <quipu/store.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct quipu_bus quipu_bus;
typedef struct quipu_subscriber quipu_subscriber;
typedef struct quipu_persistence_policy quipu_persistence_policy;

QUIPU_API int quipu_bus_open(quipu_bus **bus, quipu_error *error);

/* After all subscribers, and all aggregates and repositories attached to it;
 * otherwise INVALID, and nothing is closed.  NULL is allowed. */
QUIPU_API int quipu_bus_close(quipu_bus *bus, quipu_error *error);

/* A policy: does its work with the events as a whole or refuses them; its
 * status, and *error, become the publisher's. */
typedef int (*quipu_bus_policy)(void *context, const quipu_event *const *events,
                                size_t count, quipu_error *error);

/* A listener: hears of what all policies have accepted. */
typedef void (*quipu_bus_listener)(void *context,
                                   const quipu_event *const *events,
                                   size_t count);

/*
 * Subscribes; the events are borrowed for the call.  Who subscribes while a
 * list is being published hears of the next.  `unsubscribe` returns when no
 * call of the subscriber is under way in another thread, and then none comes
 * any more; from within the subscriber itself it does not wait.  NULL is
 * allowed.
 */
QUIPU_API int quipu_bus_subscribe(quipu_bus *bus, quipu_bus_policy policy,
                                  void *context, quipu_subscriber **subscriber,
                                  quipu_error *error);
QUIPU_API int quipu_bus_listen(quipu_bus *bus, quipu_bus_listener listener,
                               void *context, quipu_subscriber **subscriber,
                               quipu_error *error);
QUIPU_API void quipu_bus_unsubscribe(quipu_subscriber *subscriber);

/*
 * Publishes a list of events, as one.  If a policy refuses, those before it
 * have done their work; so have one that stores.  INVALID: no events, or no
 * policy is there to take them.
 */
QUIPU_API int quipu_bus_publish(quipu_bus *bus,
                                const quipu_event *const *events, size_t count,
                                quipu_error *error);

/*
 * Stores the published events, each list as one append.  With `types` only
 * those of these types: a list that has none of them is accepted and not
 * stored, one of which it would store a part only is INVALID.  NULL: all, and
 * one that the store's mapper does not know is INVALID, so that no event is
 * lost in silence.  The list of types is borrowed as long as the policy.
 * INVALID to open: the mapper does not know one of the types.
 */
QUIPU_API int quipu_persistence_policy_open(
    quipu_bus *bus, quipu_store *store, const quipu_event_type *const *types,
    size_t type_count, quipu_persistence_policy **policy, quipu_error *error);
QUIPU_API void quipu_persistence_policy_close(quipu_persistence_policy *policy);

#ifdef __cplusplus
}
#endif

#endif
