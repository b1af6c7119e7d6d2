/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The persistence policy: a policy of the bus that stores published events.
 *
 * Each published list is one append, so it is stored as a whole or not at all.
 * A policy for certain types must not break that: a list of which it would
 * store only some events is refused, and not split.
 */
#include "domain/persistence_policy.h"

#include "base/error.h"
#include "base/memory.h"
#include "store/store.h"

/* Returns true if the policy stores events of the type. */
static bool concerns(const quipu_persistence_policy *policy,
                     const quipu_event_type *type)
{
    size_t i = 0;

    while (i < policy->type_count && policy->types[i] != type) {
        i++;
    }
    return !policy->types || i < policy->type_count;
}

/* The policy itself; a quipu_bus_policy. */
static int store_events(void *context, const quipu_event *const *events,
                        size_t count, quipu_error *error)
{
    const quipu_persistence_policy *policy =
        (const quipu_persistence_policy *)context;
    size_t concerned = 0;

    for (size_t i = 0; i < count; i++) {
        concerned += concerns(policy, events[i]->type);
    }
    if (concerned == 0) {
        return QUIPU_OK;
    }
    if (concerned < count) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "a persistence policy would store %zu of the "
                               "%zu published events only, and so could not "
                               "store all or none; publish them apart",
                               concerned, count);
    }
    return quipu_store_append(policy->store, events, count, NULL, error);
}

static int check_types(const quipu_store *store,
                       const quipu_event_type *const *types, size_t count,
                       quipu_error *error)
{
    if (types && count == 0) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "a persistence policy of no types would store "
                               "nothing; for all give NULL");
    }
    for (size_t i = 0; types && i < count; i++) {
        if (!types[i] ||
            quipu_mapper_type(store->mapper, types[i]->topic) != types[i]) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "a persistence policy cannot store %s: the "
                                   "mapping of its store does not have it",
                                   types[i] ? types[i]->topic : "NULL");
        }
    }
    return QUIPU_OK;
}

int quipu_persistence_policy_open(quipu_bus *bus, quipu_store *store,
                                  const quipu_event_type *const *types,
                                  size_t type_count,
                                  quipu_persistence_policy **policy,
                                  quipu_error *error)
{
    quipu_persistence_policy *opened = NULL;
    int status = QUIPU_OK;

    if (!bus || !store || !policy) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "opening a persistence policy: an argument is "
                               "NULL");
    }
    status = check_types(store, types, type_count, error);
    if (status != QUIPU_OK) {
        return status;
    }
    opened = quipu_allocate_zeroed(sizeof(*opened));
    if (!opened) {
        return quipu_error_no_memory(error);
    }
    opened->store = store;
    opened->types = types;
    opened->type_count = type_count;
    status = quipu_bus_subscribe(bus, store_events, opened, &opened->subscriber,
                                 error);
    if (status != QUIPU_OK) {
        quipu_release(opened);
        return status;
    }
    quipu_store_hold(store);
    *policy = opened;
    return QUIPU_OK;
}

void quipu_persistence_policy_close(quipu_persistence_policy *policy)
{
    if (!policy) {
        return;
    }
    quipu_bus_unsubscribe(policy->subscriber);
    if (policy->store) {
        quipu_store_release(policy->store);
    }
    quipu_release(policy);
}

int quipu_persistence_policy_close_store(quipu_persistence_policy *policy,
                                         quipu_error *error)
{
    int status = QUIPU_OK;

    /* The store's check must not count the policy itself. */
    quipu_store_release(policy->store);
    status = quipu_store_close(policy->store, error);
    if (status != QUIPU_OK) {
        quipu_store_hold(policy->store);
        return status;
    }
    policy->store = NULL;
    quipu_persistence_policy_close(policy);
    return QUIPU_OK;
}
