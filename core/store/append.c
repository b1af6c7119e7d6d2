/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appends events to a store.
 *
 * The events become items in a list of this call (mapper/items.c), which is
 * given to quipu_repeat_append as one request, all or nothing.
 *
 * quipu_store_append keeps the positions that the events name, so a concurrent
 * append at one of them is a conflict.  quipu_store_append_expecting replaces
 * them: every item is marked QUIPU_ITEM_NEXT, and what the caller expects of
 * the sequence becomes an append guard that the driver checks in the same
 * transaction.
 */
#include "store/repeat.h"

#include <quipu/id.h>

#include "base/error.h"

static int check_arguments(const quipu_store *store,
                           const quipu_event *const *events, size_t count,
                           quipu_error *error)
{
    if (!store || (!events && count > 0)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "append: the store or the events are NULL");
    }
    if (count == 0) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "append: there are no events");
    }
    for (size_t i = 0; i < count; i++) {
        if (!events[i]) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "append: event %zu is NULL", i);
        }
    }
    return QUIPU_OK;
}

/* Makes a list of items from the events, at the positions that they name or at
 * the next ones; the caller destroys it. */
static int make_items(const quipu_store *store,
                      const quipu_event *const *events, size_t count,
                      bool at_next, quipu_items **items, quipu_error *error)
{
    int status = quipu_items_create(store->mapper, items, error);

    if (status != QUIPU_OK) {
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        status = at_next ? quipu_items_add_next(*items, events[i], error)
                         : quipu_items_add(*items, events[i], error);
        if (status != QUIPU_OK) {
            quipu_items_destroy(*items);
            return status;
        }
    }
    return QUIPU_OK;
}

/* Appends the items with a guard, or with none (NULL). */
static int append_items(quipu_store *store, quipu_items *items,
                        const quipu_guard *guard, quipu_result *result,
                        quipu_error *error)
{
    quipu_append append = {
        .struct_size = sizeof(append),
        .guards = guard,
        .guard_count = guard ? 1 : 0,
    };
    struct quipu_append_work none = { .function = NULL };
    const struct quipu_append_call call = {
        .datastore = store->records->datastore,
        .records = store->records,
        .work = &none,
    };
    int status = quipu_records_enter(store->records, error);

    if (status != QUIPU_OK) {
        return status;
    }
    append.items = quipu_items_array(items, &append.item_count);
    return quipu_repeat_append(store, items, &call, &append, result, error);
}

int quipu_store_append(quipu_store *store, const quipu_event *const *events,
                       size_t count, quipu_result *result, quipu_error *error)
{
    quipu_items *items = NULL;
    int status = check_arguments(store, events, count, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = make_items(store, events, count, false, &items, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = append_items(store, items, NULL, result, error);
    quipu_items_destroy(items);
    return status;
}

/* ----------------------------------------------------------- expecting */

static int check_expected(const quipu_store *store,
                          const quipu_expected *expected, quipu_error *error)
{
    if (!expected || expected->reserved != 0 ||
        expected->version < QUIPU_EXPECT_ANY ||
        expected->version > QUIPU_EXPECT_EXACT) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "append: expected.version must be ANY, NONE, "
                               "EXISTS or EXACT, and the reserved member 0");
    }
    if (store->schema_flags & QUIPU_SCHEMA_SPARSE) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "append: a sparse schema has no next position; "
                               "name the positions in the events and use "
                               "quipu_store_append");
    }
    return QUIPU_OK;
}

/* All items must be of one sequence. */
static int check_sequence(quipu_items *list, quipu_error *error)
{
    size_t count = 0;
    const quipu_item *items = quipu_items_array(list, &count);

    for (size_t i = 0; i < count; i++) {
        if (!quipu_bytes_equal(items[i].sequence_id, items[0].sequence_id)) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "append: event %zu is of another sequence "
                                   "than event 0, and one is expected",
                                   i);
        }
    }
    return QUIPU_OK;
}

/* Fills *guard with the append guard for the expected version and returns it;
 * NULL for ANY, which needs none. */
static const quipu_guard *make_guard(const quipu_expected *expected,
                                     quipu_items *list, quipu_guard *guard)
{
    static const int32_t demands[] = {
        [QUIPU_EXPECT_NONE] = QUIPU_DEMAND_EMPTY,
        [QUIPU_EXPECT_EXISTS] = QUIPU_DEMAND_NOT_EMPTY,
        [QUIPU_EXPECT_EXACT] = QUIPU_DEMAND_LAST,
    };
    size_t count = 0;

    if (expected->version == QUIPU_EXPECT_ANY) {
        return NULL;
    }
    *guard = (quipu_guard){
        .sequence_id = quipu_items_array(list, &count)[0].sequence_id,
        .demand = demands[expected->version],
    };
    if (expected->version == QUIPU_EXPECT_EXACT) {
        guard->position = expected->position;
    }
    return guard;
}

int quipu_store_append_expecting(quipu_store *store,
                                 const quipu_expected *expected,
                                 const quipu_event *const *events, size_t count,
                                 quipu_result *result, quipu_error *error)
{
    quipu_items *items = NULL;
    quipu_guard guard;
    int status = check_arguments(store, events, count, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = check_expected(store, expected, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = make_items(store, events, count, true, &items, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = check_sequence(items, error);
    if (status == QUIPU_OK) {
        status = append_items(store, items, make_guard(expected, items, &guard),
                              result, error);
    }
    quipu_items_destroy(items);
    return status;
}
