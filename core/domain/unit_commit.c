/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commits units of work.
 *
 * The append is made from the unit each time that it is committed.  A repeated
 * commit makes the same append, because nothing can be added after a failure:
 * the aggregates with events are stale, and the unit refuses other parts.
 *
 * While the append is under way the aggregates are busy, so that the function
 * in the transaction cannot trigger events that would not be stored.
 */
#include "domain/unit.h"

#include <quipu/id.h>

#include "base/error.h"
#include "domain/aggregate.h"
#include "store/repeat.h"

static bool has_pending(const quipu_aggregate *aggregate)
{
    return aggregate->pending->count > 0;
}

static bool is_empty(const quipu_unit *unit)
{
    return !quipu_unit_has_events(unit) && unit->guard_count == 0 &&
           unit->entry_count == 0 && unit->timer_count == 0 &&
           !unit->tracking.consumer.data && !unit->work;
}

/* Calls `visit` with each event, in the order of the append, until it returns
 * another status than OK. */
static int for_each_event(const quipu_unit *unit,
                          int (*visit)(quipu_event *event, void *context,
                                       quipu_error *error),
                          void *context, quipu_error *error)
{
    int status = QUIPU_OK;

    for (size_t i = 0; i < unit->aggregate_count; i++) {
        const struct quipu_pending *pending = unit->aggregates[i]->pending;

        for (size_t j = 0; status == QUIPU_OK && j < pending->count; j++) {
            status = visit(pending->events[j], context, error);
        }
    }
    for (size_t i = 0; status == QUIPU_OK && i < unit->event_count; i++) {
        status = visit(unit->events[i], context, error);
    }
    return status;
}

/* The same with the events of timers. */
static int for_each_timer_event(const quipu_unit *unit,
                                int (*visit)(quipu_event *event, void *context,
                                             quipu_error *error),
                                void *context, quipu_error *error)
{
    int status = QUIPU_OK;

    for (size_t i = 0; status == QUIPU_OK && i < unit->timer_count; i++) {
        if (unit->timers[i].event) {
            status = visit(unit->timers[i].event, context, error);
        }
    }
    return status;
}

/* ------------------------------------------------------------ the metadata */

/* Metadata without a correlation id get that of the first event. */
static int correlate(quipu_event *event, void *context, quipu_error *error)
{
    char id[QUIPU_UUID_TEXT_SIZE];

    if (quipu_metadata_get(context, QUIPU_METADATA_CORRELATION_ID)) {
        return QUIPU_OK;
    }
    quipu_uuid_format(&event->event_id, id);
    return quipu_metadata_set(context, QUIPU_METADATA_CORRELATION_ID, id,
                              error);
}

static int set_metadata(quipu_event *event, void *context, quipu_error *error)
{
    const quipu_bytes *bytes = context;

    (void)error;
    if (!event->metadata.data) {
        event->metadata = *bytes;
    }
    return QUIPU_OK;
}

/* Sets the metadata of all events that have none.  A repeated commit finds them
 * set. */
static int apply_metadata(quipu_unit *unit, quipu_error *error)
{
    quipu_bytes bytes = { NULL, 0 };

    if (!unit->metadata) {
        return QUIPU_OK;
    }
    int status = for_each_event(unit, correlate, unit->metadata, error);

    if (status == QUIPU_OK) {
        status = for_each_timer_event(unit, correlate, unit->metadata, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_metadata_encode(unit->metadata, &bytes, error);
    }
    if (status != QUIPU_OK || !bytes.data) {
        return status;
    }
    bytes.data = quipu_arena_copy(&unit->arena, bytes.data, bytes.size);
    if (!bytes.data) {
        return quipu_error_no_memory(error);
    }
    (void)for_each_event(unit, set_metadata, &bytes, error);
    return for_each_timer_event(unit, set_metadata, &bytes, error);
}

/* ------------------------------------------------------------- the append */

/* Adds the events of the aggregates at their positions, and then those without
 * an aggregate at the next ones. */
static int fill(const quipu_unit *unit, quipu_items *items, quipu_error *error)
{
    int status = QUIPU_OK;

    for (size_t i = 0; i < unit->aggregate_count; i++) {
        const struct quipu_pending *pending = unit->aggregates[i]->pending;

        for (size_t j = 0; status == QUIPU_OK && j < pending->count; j++) {
            status = quipu_items_add(items, pending->events[j], error);
        }
    }
    for (size_t i = 0; status == QUIPU_OK && i < unit->event_count; i++) {
        status = quipu_items_add_next(items, unit->events[i], error);
    }
    return status;
}

/* Makes the append of the items and the other contents of the unit, but for the
 * tracking record, and executes it. */
static int append_items(const quipu_unit *unit, quipu_items *items,
                        quipu_unit_append execute, void *context,
                        quipu_error *error)
{
    quipu_conditions conditions = {
        .struct_size = sizeof(conditions),
        .flags = unit->tracking_flags,
        .tracking_from = unit->tracking_from,
    };
    quipu_append append = {
        .struct_size = sizeof(append),
        .guards = unit->guards,
        .guard_count = unit->guard_count,
        .conditions = &conditions,
    };
    quipu_arena arena;

    append.items = quipu_items_array(items, &append.item_count);
    quipu_arena_init(&arena);
    int status = quipu_unit_timer_writes(unit, &arena, &conditions.entries,
                                         &conditions.entry_count, error);

    if (status == QUIPU_OK) {
        status = execute(context, &append, error);
    }
    quipu_arena_finish(&arena);
    return status;
}

static int make_append(quipu_unit *unit, quipu_unit_append execute,
                       void *context, quipu_error *error)
{
    quipu_items *items = NULL;
    int status = quipu_items_create(unit->store->mapper, &items, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = apply_metadata(unit, error);
    if (status == QUIPU_OK) {
        status = fill(unit, items, error);
    }
    if (status == QUIPU_OK) {
        unit->items = items;
        status = append_items(unit, items, execute, context, error);
        unit->items = NULL;
    }
    quipu_items_destroy(items);
    return status;
}

/* An append of the unit alone. */
struct own_append {
    const quipu_unit *unit;
    quipu_result *result;
};

/* Timers are entries of quipu's own, which only an append of the core may
 * write. */
static int execute_own(void *context, const quipu_append *given,
                       quipu_error *error)
{
    const struct own_append *own = context;
    const quipu_unit *unit = own->unit;
    quipu_records *records = unit->store->records;
    struct quipu_append_work work = { .function = unit->work,
                                      .context = unit->work_context };
    const struct quipu_append_call call = {
        .datastore = records->datastore,
        .records = records,
        .is_internal = unit->timer_count > 0,
        .work = &work,
    };
    quipu_append append = *given;
    int status = quipu_records_enter(records, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (unit->tracking.consumer.data) {
        append.tracking = &unit->tracking;
    }
    if (given->conditions->entry_count == 0 && given->conditions->flags == 0) {
        append.conditions = NULL;
    }
    return quipu_repeat_append(unit->store, unit->items, &call, &append,
                               own->result, error);
}

/* --------------------------------------------------------- the aggregates */

static int check_aggregates(const quipu_unit *unit, quipu_error *error)
{
    for (size_t i = 0; i < unit->aggregate_count; i++) {
        const quipu_aggregate *aggregate = unit->aggregates[i];

        if (aggregate->pending->busy) {
            return quipu_error_set(
                error, QUIPU_INVALID,
                "quipu_unit_commit: a handler, or the "
                "function in the transaction, made the call");
        }
        if (aggregate->pending->broken) {
            return quipu_error_set(error, QUIPU_CONFLICT,
                                   "quipu_unit_commit: a handler of a %.60s "
                                   "failed midway; clear the unit",
                                   aggregate->type->name);
        }
    }
    return QUIPU_OK;
}

static void set_busy(const quipu_unit *unit, bool busy)
{
    for (size_t i = 0; i < unit->aggregate_count; i++) {
        unit->aggregates[i]->pending->busy = busy;
    }
}

static void end(quipu_unit *unit, int status)
{
    for (size_t i = 0; i < unit->aggregate_count; i++) {
        if (!has_pending(unit->aggregates[i])) {
            continue;
        }
        if (status == QUIPU_OK) {
            (void)quipu_aggregate_saved(unit->aggregates[i], NULL);
        } else {
            quipu_aggregate_tried(unit->aggregates[i]);
            unit->aggregates[i]->stale = true;
        }
    }
    if (status == QUIPU_OK) {
        quipu_unit_forget(unit);
    }
}

static int commit(quipu_unit *unit, quipu_unit_append execute, void *context,
                  quipu_error *error)
{
    unit->is_closed = true;
    set_busy(unit, true);
    int status = make_append(unit, execute, context, error);

    set_busy(unit, false);
    end(unit, status);
    return status;
}

int quipu_unit_commit(quipu_unit *unit, quipu_result *result,
                      quipu_error *error)
{
    struct own_append own = { unit, result };

    if (!unit) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_unit_commit: the unit is NULL");
    }
    int status = check_aggregates(unit, error);

    return status != QUIPU_OK || is_empty(unit)
               ? status
               : commit(unit, execute_own, &own, error);
}

/* ------------------------------------------------------ units of a process */

int quipu_unit_commit_cause(quipu_unit *unit, const quipu_event *cause,
                            quipu_error *error)
{
    int status = check_aggregates(unit, error);

    if (status == QUIPU_OK && (unit->tracking.consumer.data || unit->work)) {
        status = quipu_error_set(error, QUIPU_INVALID,
                                 "a reaction must not set the tracking record "
                                 "of its unit, or a function in the "
                                 "transaction");
    }
    if (status == QUIPU_OK && !unit->metadata) {
        status = quipu_metadata_caused_by(cause, &unit->metadata, error);
    }
    if (status == QUIPU_OK) {
        status = apply_metadata(unit, error);
    }
    quipu_metadata_destroy(unit->metadata);
    unit->metadata = NULL;
    return status;
}

int quipu_unit_commit_by(quipu_unit *unit, quipu_unit_append execute,
                         void *context, quipu_error *error)
{
    int status = check_aggregates(unit, error);

    return status == QUIPU_OK ? commit(unit, execute, context, error) : status;
}
