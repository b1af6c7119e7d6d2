/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a request was stored before: what its event ids say. */
#include "judge.h"

#include "common/safeguard.h"

#include <stdlib.h>

/* What is stored under an event id. */
struct stored {
    bool found;
    bool equal; /* sequence, topic and state */
    int64_t notification_id;
    int64_t position;
};

static quipu_bytes bytes_at(sqlite3_stmt *row, int column)
{
    return quipu_sqlite_value_bytes(sqlite3_column_value(row, column));
}

static int look_up_event(struct judge *judge, const quipu_item *item,
                         struct stored *stored, quipu_error *error)
{
    quipu_driver_datastore *datastore = judge->datastore;
    sqlite3_stmt *row = NULL;
    int status =
        quipu_sqlite_statement_get(datastore, &datastore->writer, judge->bound,
                                   SQL_BY_EVENT_ID, &row, error);
    if (status != QUIPU_OK) {
        return status;
    }
    (void)sqlite3_bind_blob(row, 1, item->event_id.data, 16, SQLITE_STATIC);
    int code = sqlite3_step(row);
    *stored = (struct stored){ .found = code == SQLITE_ROW };
    if (code == SQLITE_ROW) {
        stored->equal =
            SAFEGUARDED("U3.equal-sequence",
                        judge_same(bytes_at(row, 0), item->sequence_id),
                        true) &&
            SAFEGUARDED("U3.equal-topic",
                        judge_same(bytes_at(row, 3), item->topic), true) &&
            SAFEGUARDED("U3.equal-state",
                        judge_same(bytes_at(row, 4), item->state), true);
        stored->notification_id = sqlite3_column_int64(row, 1);
        stored->position = sqlite3_column_int64(row, 2);
    } else if (code != SQLITE_DONE) {
        status = quipu_sqlite_fail(datastore, datastore->writer.db, code,
                                   "look an event id up", error);
    }
    (void)sqlite3_reset(row);
    return status;
}

static int compare_ids(const void *a, const void *b)
{
    const quipu_item *const *x = a;
    const quipu_item *const *y = b;
    int order = memcmp((*x)->event_id.data, (*y)->event_id.data, 16);
    return order != 0 ? order : (*x > *y) - (*x < *y);
}

/* Finds two items of the request with one event id; *index is the later. */
static int find_twins(struct judge *judge, const quipu_request *request,
                      bool *found, size_t *index, quipu_error *error)
{
    const quipu_host *host = judge->datastore->host;
    size_t count = request->item_count;
    *found = false;
    if (count < 2) {
        return QUIPU_OK;
    }
    const quipu_item **sorted = host->allocate(count * sizeof(void *));
    if (!sorted) {
        return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                               "no memory to compare event ids");
    }
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &request->items[i];
    }
    qsort(sorted, count, sizeof(void *), compare_ids);
    for (size_t i = 1; i < count && !*found; i++) {
        *found = judge_same(sorted[i - 1]->event_id, sorted[i]->event_id);
        *index = (size_t)(sorted[i] - request->items);
    }
    host->release(sorted);
    return QUIPU_OK;
}

int quipu_sqlite_tracking_is_stored(struct judge *judge,
                                    const quipu_tracking *tracking,
                                    bool *stored, quipu_error *error)
{
    quipu_position position = { 0 };
    bool found = false;
    *stored = true;
    if (!tracking) {
        return QUIPU_OK;
    }
    int status = quipu_sqlite_tracking_find(
        judge->datastore, &judge->datastore->writer, tracking->consumer,
        tracking->log, &found, &position, error);
    *stored = found && SAFEGUARDED("U4.record-that-is-equal",
                                   position.notification_id >=
                                       tracking->position.notification_id,
                                   position.notification_id >
                                       tracking->position.notification_id);
    return status;
}

/* Goes on after the first item's id was found stored: all must be, alike and
 * side by side. */
static int judge_repeat(struct judge *judge, const quipu_request *request,
                        struct stored first, quipu_result *result,
                        quipu_error *error)
{
    struct stored stored = first;
    bool repeated = true;
    int status = QUIPU_OK;
    for (size_t i = 0;
         status == QUIPU_OK && repeated && i < request->item_count; i++) {
        if (i > 0) {
            status = look_up_event(judge, &request->items[i], &stored, error);
        }
        repeated = stored.found
                       ? stored.equal &&
                             SAFEGUARDED("U3.consecutive-ids",
                                         stored.notification_id ==
                                             first.notification_id + (int64_t)i,
                                         true)
                       : SAFEGUARDED("U3.all-of-them-stored", false, true);
        if (result->positions) {
            result->positions[i] =
                SAFEGUARDED("U3.positions-of-a-repeat", stored.position, 0);
        }
    }
    if (status == QUIPU_OK && repeated) {
        SAFEGUARD("U3.tracking-of-a-repeat")
        status = quipu_sqlite_tracking_is_stored(judge, request->tracking,
                                                 &repeated, error);
    }
    if (repeated) {
        result->flags |= QUIPU_RESULT_REPEATED;
        result->first_notification_id = first.notification_id;
    } else {
        judge_refuse(result, QUIPU_CONFLICT, QUIPU_CAUSE_EVENT_ID, 0);
    }
    return status;
}

int quipu_sqlite_judge_event_ids(struct judge *judge,
                                 const quipu_request *request,
                                 quipu_result *result, bool *decided,
                                 quipu_error *error)
{
    bool twins = false;
    size_t index = 0;
    if (!judge->bound->schema.event_id) {
        return QUIPU_OK;
    }
    int status = find_twins(judge, request, &twins, &index, error);
    if (SAFEGUARDED("U3.twins-in-one-append", twins, false)) {
        judge_refuse(result, QUIPU_CONFLICT, QUIPU_CAUSE_EVENT_ID, index);
        *decided = true;
        return status;
    }
    for (size_t i = 0;
         status == QUIPU_OK && !*decided && i < request->item_count; i++) {
        struct stored stored;
        status = look_up_event(judge, &request->items[i], &stored, error);
        if (status != QUIPU_OK || !stored.found) {
            continue;
        }
        *decided = true;
        if (i == 0) {
            status = judge_repeat(judge, request, stored, result, error);
        } else {
            SAFEGUARD("U3.overlap-at-the-end")
            judge_refuse(result, QUIPU_CONFLICT, QUIPU_CAUSE_EVENT_ID, i);
        }
    }
    return status;
}
