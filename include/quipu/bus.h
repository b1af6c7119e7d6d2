/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus: publish and subscribe inside a process; and the persistence policy,
 * which stores published events.
 *
 * Publishing is synchronous and runs on the caller's thread.  It calls the
 * policies, in the order in which they subscribed, until one refuses the
 * events; if none refuses, it calls the listeners in their order.  So listeners
 * receive only events that have been stored.  No lock is held while a
 * subscriber runs: it may publish, subscribe and unsubscribe.
 *
 * Threads: all functions may be called from several threads at once; closing is
 * done by one thread when no other uses the object.
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

/* Opens a bus without subscribers.  NO_MEMORY. */
QUIPU_API int quipu_bus_open(quipu_bus **bus, quipu_error *error);

/* Closes a bus.  INVALID: it has subscribers, or aggregates or repositories are
 * attached to it; it stays open then.  NULL is allowed. */
QUIPU_API int quipu_bus_close(quipu_bus *bus, quipu_error *error);

/* A policy: processes all events of a list, or refuses the list by returning a
 * status other than OK, which quipu_bus_publish returns together with *error.
 * The events are borrowed for the call. */
typedef int (*quipu_bus_policy)(void *context, const quipu_event *const *events,
                                size_t count, quipu_error *error);

/* A listener: receives the events of a list that all policies have accepted.
 * The events are borrowed for the call. */
typedef void (*quipu_bus_listener)(void *context,
                                   const quipu_event *const *events,
                                   size_t count);

/*
 * Subscribe a policy or a listener; `context` is passed to each of its calls.
 * A subscription made while a list is being published begins with the next
 * list.  INVALID: an argument is NULL; NO_MEMORY.
 *
 * quipu_bus_unsubscribe ends a subscription.  It waits for calls of the
 * subscriber in other threads; when it returns, none is running and none
 * follows, so the context may be freed.  Only if the subscriber itself calls
 * it, it does not wait: then the subscription ends when that call returns. NULL
 * is allowed.
 */
QUIPU_API int quipu_bus_subscribe(quipu_bus *bus, quipu_bus_policy policy,
                                  void *context, quipu_subscriber **subscriber,
                                  quipu_error *error);
QUIPU_API int quipu_bus_listen(quipu_bus *bus, quipu_bus_listener listener,
                               void *context, quipu_subscriber **subscriber,
                               quipu_error *error);
QUIPU_API void quipu_bus_unsubscribe(quipu_subscriber *subscriber);

/*
 * Publishes a list of events.  If a policy refuses the list, its status is
 * returned and neither later policies nor listeners are called.  Work of
 * earlier policies is not undone, so a bus should have one policy that stores.
 *
 * INVALID: the list is empty, an event is NULL or has no type, or the bus has
 * no policy, so that the events would be lost.
 */
QUIPU_API int quipu_bus_publish(quipu_bus *bus,
                                const quipu_event *const *events, size_t count,
                                quipu_error *error);

/*
 * Subscribes a persistence policy, which stores published events: each list as
 * one append, all events or none.
 *
 * `types` NULL: it stores all events.  A list with an event whose type the
 * store's mapper does not know is refused with INVALID, so that no event is
 * lost silently.  Otherwise it stores the events of `type_count` types: a list
 * without any of them is accepted and not stored, and a list of which only some
 * events would be stored is refused with INVALID.  The array of types is
 * borrowed until the policy is closed.
 *
 * INVALID: an argument is NULL, the array is empty, or the store's mapper does
 * not know one of the types; NO_MEMORY.
 */
QUIPU_API int quipu_persistence_policy_open(
    quipu_bus *bus, quipu_store *store, const quipu_event_type *const *types,
    size_t type_count, quipu_persistence_policy **policy, quipu_error *error);
/* Unsubscribes and frees a policy; as quipu_bus_unsubscribe.  NULL is
 * allowed. */
QUIPU_API void quipu_persistence_policy_close(quipu_persistence_policy *policy);

#ifdef __cplusplus
}
#endif

#endif
