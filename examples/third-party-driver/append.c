/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appending: checks the preconditions of each request, and stores its items.
 *
 * The order of the checks is part of the driver contract: event ids, append
 * guards, entries, tracking, items.  One mutex is held for the whole call, so
 * nothing changes between a check and the storing that relies on it.
 */
#include "memory.h"

#include <string.h>

static bool same(quipu_bytes a, quipu_bytes b)
{
    return memory_map_compare(a, b) == 0;
}

static void refuse(quipu_result *result, int status, int cause, size_t index)
{
    result->status = status;
    result->cause = cause;
    result->index = index;
}

/* A conflict, with the last position of the sequence (U1). */
static void refuse_with_last(quipu_result *result,
                             const quipu_driver_schema *table, int cause,
                             size_t index, quipu_bytes id)
{
    const struct sequence *sequence = memory_table_find_sequence(table, id);

    refuse(result, QUIPU_CONFLICT, cause, index);
    if (sequence && sequence->records.count > 0) {
        size_t last = sequence->records.count - 1;

        result->flags |= QUIPU_RESULT_HAS_LAST;
        result->last_position = sequence->records.at[last]->item.position;
    }
}

/* --------------------------------------------------------- event ids (U3) */

/* Returns the stored item with the event id of `item`, or NULL. */
static const quipu_item *stored_as(const quipu_driver_schema *table,
                                   const quipu_item *item)
{
    const struct map_node *node =
        memory_map_find(&table->contents->events, item->event_id);

    return node ? &((const struct record *)node)->item : NULL;
}

static const quipu_conditions *conditions_of(const quipu_request *request)
{
    return request->condition;
}

static bool has_condition(const quipu_request *request, uint32_t flag)
{
    return request->condition && (conditions_of(request)->flags & flag);
}

/* Returns the notification id of the stored tracking record; 0: there is none.
 */
static int64_t stored_position(struct store *store,
                               const quipu_tracking *tracking)
{
    struct tracking_record **where;
    const struct tracking_record *track =
        memory_tracking_find(store, tracking->consumer, tracking->log, &where);

    return track ? track->row.position.notification_id : 0;
}

/* Returns true if the stored tracking record is at or above the given one.  One
 * that is rewound may have been anywhere (T2). */
static bool tracking_is_stored(struct store *store,
                               const quipu_request *request)
{
    const quipu_tracking *tracking = request->tracking;

    return !tracking ||
           has_condition(request, QUIPU_CONDITIONS_TRACKING_REWIND) ||
           stored_position(store, tracking) >=
               tracking->position.notification_id;
}

/* An item that is stored as erased has no state to compare (E2); one that is
 * appended as erased is no repeat of one whose state is stored (E7). */
static bool same_state(const quipu_item *old, const quipu_item *item)
{
    if (old->flags & QUIPU_ITEM_ERASED) {
        return true;
    }
    return !(item->flags & QUIPU_ITEM_ERASED) && same(old->state, item->state);
}

/* Returns true if the request has been stored before, as U3 defines it. */
static bool is_repeat(const quipu_request *request)
{
    const quipu_driver_schema *table = request->schema;
    int64_t first = 0;

    for (size_t i = 0; i < request->item_count; i++) {
        const quipu_item *item = &request->items[i];
        const quipu_item *old = stored_as(table, item);

        if (!old || !same(old->sequence_id, item->sequence_id) ||
            !same(old->topic, item->topic) || !same_state(old, item)) {
            return false;
        }
        if (i == 0) {
            first = old->notification_id;
        }
        if (old->notification_id != first + (int64_t)i) {
            return false;
        }
    }
    return tracking_is_stored(table->store, request);
}

/* Fills in the result of the first time. */
static void report_repeat(const quipu_request *request, quipu_result *result)
{
    const quipu_driver_schema *table = request->schema;

    result->flags = QUIPU_RESULT_REPEATED;
    result->first_notification_id =
        stored_as(table, &request->items[0])->notification_id;
    for (size_t i = 0; result->positions && i < request->item_count; i++) {
        result->positions[i] = stored_as(table, &request->items[i])->position;
    }
}

/* Checks the event ids.  Returns true if they decide the request: it is a
 * repeat, or some of its event ids are stored otherwise. */
static bool check_event_ids(const quipu_request *request, quipu_result *result)
{
    const quipu_driver_schema *table = request->schema;
    size_t i = 0;

    if (!table || !table->schema.event_id) {
        return false;
    }
    while (i < request->item_count && !stored_as(table, &request->items[i])) {
        i++;
    }
    if (i == request->item_count) {
        return false;
    }
    if (is_repeat(request)) {
        report_repeat(request, result);
    } else {
        refuse(result, QUIPU_CONFLICT, QUIPU_CAUSE_EVENT_ID, i);
    }
    return true;
}

/* --------------------------------------------------- guards (S3) */

static bool guard_holds(const quipu_driver_schema *table,
                        const quipu_guard *guard)
{
    const struct sequence *sequence =
        memory_table_find_sequence(table, guard->sequence_id);
    size_t count = sequence ? sequence->records.count : 0;

    switch (guard->demand) {
    case QUIPU_DEMAND_EMPTY:
        return count == 0;
    case QUIPU_DEMAND_NOT_EMPTY:
        return count > 0;
    default: /* QUIPU_DEMAND_LAST */
        return count > 0 && sequence->records.at[count - 1]->item.position ==
                                guard->position;
    }
}

/* Returns true if an append guard fails. */
static bool check_guards(const quipu_request *request, quipu_result *result)
{
    for (size_t i = 0; i < request->guard_count; i++) {
        if (!guard_holds(request->schema, &request->guards[i])) {
            refuse_with_last(result, request->schema, QUIPU_CAUSE_GUARD, i,
                             request->guards[i].sequence_id);
            return true;
        }
    }
    return false;
}

/* --------------------------- entries (K4), tracking records (T1, U4) */

/* A conflict, with the number at which the entry or the tracking record is; 0:
 * there is none. */
static void refuse_with_found(quipu_result *result, int cause, size_t index,
                              int64_t found)
{
    refuse(result, QUIPU_CONFLICT, cause, index);
    if (found > 0) {
        result->flags |= QUIPU_RESULT_HAS_LAST;
        result->last_position = found;
    }
}

/* Returns true if an entry is not at the revision that is expected of it. */
static bool check_entries(const struct store *store,
                          const quipu_request *request, quipu_result *result)
{
    const quipu_conditions *conditions = conditions_of(request);

    for (size_t i = 0; conditions && i < conditions->entry_count; i++) {
        const quipu_entry_write *write = &conditions->entries[i];
        const struct entry *entry = memory_entry_find(store, write->key);
        int64_t revision = entry ? entry->row.revision : 0;

        if ((write->flags & QUIPU_ENTRY_EXPECT) &&
            write->revision != revision) {
            refuse_with_found(result, QUIPU_CAUSE_ENTRY, i, revision);
            return true;
        }
    }
    return false;
}

/* Returns true if the stored tracking record is not at the expected position,
 * or not below the new one. */
static bool check_tracking(struct store *store, const quipu_request *request,
                           quipu_result *result)
{
    int64_t found =
        request->tracking ? stored_position(store, request->tracking) : 0;

    if (has_condition(request, QUIPU_CONDITIONS_TRACKING_FROM) &&
        found != conditions_of(request)->tracking_from) {
        refuse_with_found(result, QUIPU_CAUSE_TRACKING, 0, found);
        return true;
    }
    if (!request->tracking ||
        has_condition(request, QUIPU_CONDITIONS_TRACKING_REWIND) ||
        found < request->tracking->position.notification_id) {
        return false;
    }
    refuse(result, QUIPU_ALREADY, QUIPU_CAUSE_TRACKING, 0);
    return true;
}

/* ------------------------------------------------ items (S1, S2, U1, U2) */

/* Sets *position to that of the item; returns false if the position is taken,
 * or in a contiguous schema not the next one. */
static bool place_item(const quipu_driver_schema *table, const quipu_item *item,
                       int64_t *position)
{
    const struct sequence *sequence =
        memory_table_find_sequence(table, item->sequence_id);
    size_t count = sequence ? sequence->records.count : 0;
    size_t index;

    *position = item->flags & QUIPU_ITEM_NEXT ? (int64_t)count : item->position;
    if (!(table->schema.flags & QUIPU_SCHEMA_SPARSE)) {
        return *position == (int64_t)count;
    }
    index = sequence ? memory_table_find_index(sequence, *position) : 0;
    return index == count ||
           sequence->records.at[index]->item.position != *position;
}

/* Stores the items one by one; the first one that cannot be stored undoes all.
 */
static bool add_items(const quipu_request *request, quipu_result *result)
{
    quipu_driver_schema *table = request->schema;
    size_t before = table->contents->log.count;
    int64_t position;

    for (size_t i = 0; i < request->item_count; i++) {
        const quipu_item *item = &request->items[i];
        int cause = QUIPU_CAUSE_NONE;

        if (table->schema.event_id && stored_as(table, item)) {
            cause = QUIPU_CAUSE_EVENT_ID; /* occurs twice in the request */
        } else if (!place_item(table, item, &position)) {
            cause = QUIPU_CAUSE_POSITION;
        } else if (!memory_table_add(table, item, position)) {
            memory_table_truncate(table, before);
            return false;
        }
        if (cause != QUIPU_CAUSE_NONE) {
            memory_table_truncate(table, before); /* before `last` is read */
            refuse_with_last(result, table, cause, i, item->sequence_id);
            return true;
        }
        if (result->positions) {
            result->positions[i] = position;
        }
    }
    result->first_notification_id =
        request->item_count > 0 ? (int64_t)before + 1 : 0;
    return true;
}

/* Stores the items, the tracking record and the entries of a request.  Only the
 * last step changes entries, and it cannot fail. */
static bool store_request(struct store *store, const quipu_request *request,
                          struct entry **prepared, quipu_result *result)
{
    size_t before = request->schema ? request->schema->contents->log.count : 0;

    if (request->schema && !add_items(request, result)) {
        return false;
    }
    if (result->status != QUIPU_OK) {
        return true;
    }
    if (request->tracking && !memory_tracking_store(store, request->tracking)) {
        if (request->schema) {
            memory_table_truncate(request->schema, before);
        }
        return false;
    }
    memory_entries_store(store, conditions_of(request), prepared);
    return true;
}

/* Checks and stores one request.  Returns false if there is no memory; nothing
 * is stored then. */
static bool append_one(struct store *store, const quipu_request *request,
                       quipu_result *result)
{
    struct entry **prepared;
    bool done;

    *result = (quipu_result){ .positions = result->positions };
    if (check_event_ids(request, result) || check_guards(request, result) ||
        check_entries(store, request, result) ||
        check_tracking(store, request, result)) {
        return true;
    }
    done = memory_entries_prepare(store, conditions_of(request), &prepared) &&
           store_request(store, request, prepared, result);
    memory_entries_discard(store, conditions_of(request), prepared);
    return done;
}

/* Ends the append; the requests that are done have made the logs grow. */
static void end(struct store *store, const quipu_request *requests, size_t done)
{
    pthread_mutex_lock(&store->lock);
    for (size_t i = 0; i < done; i++) {
        if (requests[i].schema) {
            struct contents *contents = requests[i].schema->contents;

            contents->head = (int64_t)contents->log.count;
        }
    }
    store->appending = false;
    pthread_cond_broadcast(&store->changed);
    pthread_mutex_unlock(&store->lock);
}

int memory_append(quipu_driver_datastore *datastore,
                  const quipu_request *requests, size_t count,
                  quipu_result *results, size_t *taken, int64_t deadline,
                  quipu_error *error)
{
    struct store *store = datastore->store;
    const char *problem = NULL;
    size_t done = 0;
    int status = memory_store_lock(store, deadline, error);

    if (status != QUIPU_OK) {
        *taken = count;
        return status;
    }
    store->appending = true;
    pthread_mutex_unlock(&store->lock);
    while (done < count && !problem) {
        if (datastore->readonly) {
            status = QUIPU_DENIED;
            problem = "the datastore was opened readonly";
        } else if (requests[done].schema &&
                   requests[done].schema->contents->removed) {
            status = QUIPU_NOT_FOUND;
            problem = "the schema was torn down";
        } else if (!append_one(store, &requests[done], &results[done])) {
            status = QUIPU_NO_MEMORY;
            problem = "no memory to store the append";
        } else {
            done++;
        }
    }
    end(store, requests, done);

    /* If some requests are stored, the core passes the others again, and the
     * problem is reported then. */
    *taken = done > 0 ? done : 1;
    return done > 0
               ? QUIPU_OK
               : store->host->error_set(error, status, 0, NULL, "%s", problem);
}
