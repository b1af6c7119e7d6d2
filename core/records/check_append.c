/* SPDX-License-Identifier: Apache-2.0 */
/* Checks an append as a whole before it goes to a driver. */
#include <inttypes.h>

#include <quipu/error.h>

#include "records/check.h"
#include "records/handles.h"

static const struct quipu_place nowhere = { NULL, 0 };

static int check_count(const char *member, const void *array, size_t count,
                       uint64_t limit, quipu_error *error)
{
    if (count > 0 && !array) {
        return quipu_check_wrong(nowhere, member,
                                 "is NULL, but its count is not 0", error);
    }
    if (count > limit) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the append has %zu %s; this store takes at "
                               "most %" PRIu64,
                               count, member, limit);
    }
    return QUIPU_OK;
}

/* Items stay below the limit one by one, so the sum cannot wrap before it is
 * compared. */
static int check_items(const quipu_records *records, const quipu_append *append,
                       uint64_t *size, quipu_result *blame, quipu_error *error)
{
    uint64_t limit = records->datastore->opened.limits.append_size;

    *size = 0;
    for (size_t i = 0; i < append->item_count; i++) {
        const quipu_item *item = &append->items[i];
        struct quipu_place place = { "items", i };
        int status = quipu_check_item(records, item, place, size, error);

        if (status == QUIPU_OK) {
            status = quipu_check_values(records, item, place, size, error);
        }
        if (status != QUIPU_OK) {
            blame->cause = QUIPU_CAUSE_ITEM;
            blame->index = i;
            return status;
        }
        if (*size > limit) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "the append is larger than the %" PRIu64
                                   " bytes that this store takes at once; "
                                   "its items up to items[%zu] fill them",
                                   limit, i);
        }
    }
    return QUIPU_OK;
}

static int check_guard(const quipu_records *records, const quipu_guard *guard,
                       struct quipu_place place, quipu_error *error)
{
    if (guard->demand < QUIPU_DEMAND_EMPTY ||
        guard->demand > QUIPU_DEMAND_LAST) {
        return quipu_check_wrong(place, "demand", "is none", error);
    }
    if (guard->reserved || guard->reserved2[0] || guard->reserved2[1]) {
        return quipu_check_wrong(place, "reserved", "is not 0", error);
    }
    return quipu_check_sequence_id(records->schema, guard->sequence_id, place,
                                   "sequence_id", error);
}

static int check_guards(const quipu_records *records,
                        const quipu_append *append, quipu_result *blame,
                        quipu_error *error)
{
    for (size_t i = 0; i < append->guard_count; i++) {
        struct quipu_place place = { "guards", i };
        int status = check_guard(records, &append->guards[i], place, error);

        if (status != QUIPU_OK) {
            blame->cause = QUIPU_CAUSE_GUARD;
            blame->index = i;
            return status;
        }
    }
    return QUIPU_OK;
}

static int check_tracking(const quipu_datastore *datastore,
                          const quipu_tracking *tracking, quipu_error *error)
{
    int status;

    if (!(datastore->opened.capabilities & QUIPU_CAN_TRACK)) {
        return quipu_error_set(error, QUIPU_UNSUPPORTED,
                               "driver \"%s\" does not keep tracking records",
                               datastore->driver->name);
    }
    status = quipu_check_text(tracking->consumer, nowhere, "tracking: consumer",
                              error);
    if (status == QUIPU_OK) {
        status =
            quipu_check_text(tracking->log, nowhere, "tracking: log", error);
    }
    if (status == QUIPU_OK && tracking->position.notification_id < 1) {
        status = quipu_check_wrong(nowhere, "tracking: notification_id",
                                   "is below 1", error);
    }
    if (status == QUIPU_OK &&
        (tracking->reserved[0] || tracking->reserved[1])) {
        status =
            quipu_check_wrong(nowhere, "tracking: reserved", "is not 0", error);
    }
    return status;
}

static int check_counts(const quipu_datastore *datastore,
                        const quipu_append *append, bool may_be_empty,
                        quipu_error *error)
{
    uint64_t limit = datastore->opened.limits.append_items;
    int status;

    if (append->reserved) {
        return quipu_check_wrong(nowhere, "append: reserved", "is not 0",
                                 error);
    }
    if (append->item_count == 0 && append->guard_count == 0 &&
        !append->tracking && !may_be_empty) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the append is empty: it has no items, no "
                               "guards and no tracking");
    }
    status =
        check_count("items", append->items, append->item_count, limit, error);
    if (status == QUIPU_OK) {
        status = check_count("guards", append->guards, append->guard_count,
                             limit, error);
    }
    return status;
}

int quipu_check_append(const quipu_records *records, const quipu_append *append,
                       bool may_be_empty, uint64_t *size, quipu_result *blame,
                       quipu_error *error)
{
    quipu_datastore *datastore = records->datastore;
    int status = check_counts(datastore, append, may_be_empty, error);

    if (status == QUIPU_OK) {
        status = check_items(records, append, size, blame, error);
    }
    if (status == QUIPU_OK) {
        status = check_guards(records, append, blame, error);
    }
    if (status == QUIPU_OK && append->tracking) {
        status = check_tracking(datastore, append->tracking, error);
        if (status != QUIPU_OK) {
            blame->cause = QUIPU_CAUSE_TRACKING;
        }
    }
    return status;
}
