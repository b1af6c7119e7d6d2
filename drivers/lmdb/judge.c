/* SPDX-License-Identifier: Apache-2.0 */
/* Judging a request: event ids, guards, tracking. */
#include "judge.h"

#include "common/preconditions.h"
#include "common/safeguard.h"
#include "record.h"
#include "tracking.h"

#include <string.h>

int quipu_lmdb_judge_fail(struct judge *judge, int code, const char *what,
                          quipu_error *error)
{
    judge->code = code;
    return quipu_lmdb_fail(judge->datastore->host, judge->datastore->name, code,
                           what, error);
}

int quipu_lmdb_judge_delete(struct judge *judge, struct walk *survey,
                            const struct database *database, MDB_val key)
{
    int code = quipu_lmdb_survey_deletion(survey, key);
    return code == MDB_SUCCESS ? mdb_del(judge->txn, database->dbi, &key, NULL)
                               : code;
}

int quipu_lmdb_judge_last(struct judge *judge, struct key *key, bool *found,
                          int64_t *position, quipu_error *error)
{
    int code = quipu_lmdb_survey_path(&judge->of_index,
                                      quipu_lmdb_key_at(key, INT64_MAX));
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_find_last(judge->index, key, found, position);
    }
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_judge_fail(judge, code,
                                       "find the end of a sequence", error);
}

static bool same(quipu_bytes a, quipu_bytes b)
{
    return a.size == b.size &&
           (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static void refuse(quipu_result *result, int status, int cause, size_t index)
{
    result->status = status;
    result->cause = cause;
    result->index = index;
}

int quipu_lmdb_judge_refuse(struct judge *judge, quipu_result *result,
                            int cause, size_t index, quipu_bytes sequence_id,
                            quipu_error *error)
{
    struct key key;
    bool found = false;
    int64_t last = 0;
    quipu_lmdb_key_begin(&key, &judge->bound->schema, sequence_id);
    int status = quipu_lmdb_judge_last(judge, &key, &found, &last, error);
    if (status != QUIPU_OK) {
        return status;
    }
    refuse(result, QUIPU_CONFLICT, cause, index);
    if (found) {
        SAFEGUARD("U1.last-position-is-told")
        result->flags |= QUIPU_RESULT_HAS_LAST;
        result->last_position = last;
    }
    return QUIPU_OK;
}

/* --------------------------------------------------------------- event ids */

static int tracking_is_stored(struct judge *judge,
                              const quipu_tracking *tracking, bool *stored,
                              quipu_error *error)
{
    quipu_position position;
    *stored = true;
    if (!tracking) {
        return QUIPU_OK;
    }
    unsigned char bytes[TRACKING_KEY_MAX];
    int code = quipu_lmdb_survey_path(
        &judge->of_tracked,
        quipu_lmdb_tracking_key(bytes, tracking->consumer, tracking->log));
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_tracking_get(judge->datastore, &judge->view,
                                       tracking->consumer, tracking->log,
                                       &position);
    }
    if (code != MDB_SUCCESS && code != MDB_NOTFOUND) {
        return quipu_lmdb_judge_fail(judge, code, "read a tracking record",
                                     error);
    }
    const int64_t old = position.notification_id;
    const int64_t new = tracking->position.notification_id;
    *stored = code == MDB_SUCCESS &&
              SAFEGUARDED("U4.record-that-is-equal", old >= new, old > new);
    return QUIPU_OK;
}

/* Looks an event id up; *id 0: it is not known. */
static int look_up(struct judge *judge, const quipu_item *item, int64_t *id,
                   quipu_error *error)
{
    MDB_val key = { item->event_id.size, (void *)item->event_id.data };
    MDB_val value;
    *id = 0;
    int code = quipu_lmdb_survey_path(&judge->of_events, key);
    if (code == MDB_SUCCESS) {
        code = mdb_get(judge->txn, judge->bound->events.dbi, &key, &value);
    }
    if (code == MDB_SUCCESS && !quipu_lmdb_value_id(&value, id)) {
        code = MDB_CORRUPTED;
    }
    return code == MDB_SUCCESS || code == MDB_NOTFOUND
               ? QUIPU_OK
               : quipu_lmdb_judge_fail(judge, code, "look an event id up",
                                       error);
}

/* Whether an item is stored at that id as it is appended again; *position is
 * where. */
static int compare(struct judge *judge, const quipu_item *item, int64_t id,
                   bool *equal, int64_t *position, quipu_error *error)
{
    quipu_value values[QUIPU_COLUMNS_MAX];
    quipu_item old;
    int code =
        quipu_lmdb_survey_path(&judge->of_items, (MDB_val){ sizeof(id), &id });
    if (code != MDB_SUCCESS) {
        return quipu_lmdb_judge_fail(judge, code, "read an item", error);
    }
    int status = quipu_lmdb_record_find(judge->datastore, &judge->view,
                                        judge->bound, id, &old, values, error);
    if (status == QUIPU_OK) {
        *equal =
            SAFEGUARDED("U3.equal-sequence",
                        same(old.sequence_id, item->sequence_id), true) &&
            SAFEGUARDED("U3.equal-topic", same(old.topic, item->topic), true) &&
            SAFEGUARDED("U3.equal-state", same(old.state, item->state), true);
        *position = old.position;
    }
    return status;
}

/* The first item's event id is known: all must be, stored alike and side by
 * side. */
static int judge_repeat(struct judge *judge, const quipu_request *request,
                        int64_t first, quipu_result *result, quipu_error *error)
{
    bool repeated = true;
    int status = QUIPU_OK;
    for (size_t i = 0;
         status == QUIPU_OK && repeated && i < request->item_count; i++) {
        const quipu_item *item = &request->items[i];
        int64_t id = 0;
        int64_t position = 0;
        status = look_up(judge, item, &id, error);
        repeated =
            SAFEGUARDED("U3.consecutive-ids", id == first + (int64_t)i, id > 0);
        if (status == QUIPU_OK && repeated) {
            status = compare(judge, item, id, &repeated, &position, error);
        }
        if (result->positions) {
            result->positions[i] =
                SAFEGUARDED("U3.positions-of-a-repeat", position, 0);
        }
    }
    if (status == QUIPU_OK && repeated) {
        SAFEGUARD("U3.tracking-of-a-repeat")
        status = tracking_is_stored(judge, request->tracking, &repeated, error);
    }
    if (repeated) {
        result->flags |= QUIPU_RESULT_REPEATED;
        result->first_notification_id = first;
    } else {
        refuse(result, QUIPU_CONFLICT, QUIPU_CAUSE_EVENT_ID, 0);
    }
    return status;
}

int quipu_lmdb_judge_forget(struct judge *judge, const quipu_request *request,
                            size_t count, quipu_error *error)
{
    if (!judge->bound->schema.event_id) {
        return QUIPU_OK;
    }
    for (size_t i = 0; i < count; i++) {
        quipu_bytes id = request->items[i].event_id;
        MDB_val key = { id.size, (void *)id.data };
        int code = quipu_lmdb_judge_delete(judge, &judge->of_events,
                                           &judge->bound->events, key);
        if (code != MDB_SUCCESS) {
            return quipu_lmdb_judge_fail(judge, code, "take an event id back",
                                         error);
        }
    }
    return QUIPU_OK;
}

int quipu_lmdb_judge_event_ids(struct judge *judge,
                               const quipu_request *request,
                               quipu_result *result, bool *decided,
                               quipu_error *error)
{
    *decided = false;
    if (!judge->bound->schema.event_id) {
        return QUIPU_OK;
    }
    for (size_t i = 0; i < request->item_count; i++) {
        quipu_bytes event_id = request->items[i].event_id;
        int64_t id = judge->head + 1 + (int64_t)i;
        MDB_val key = { event_id.size, (void *)event_id.data };
        MDB_val value = { sizeof(id), &id };
        int code = quipu_lmdb_survey_path(&judge->of_events, key);
        if (code == MDB_SUCCESS) {
            code = mdb_cursor_put(
                judge->events, &key, &value,
                SAFEGUARDED("U3.event-id-that-is-known", MDB_NOOVERWRITE, 0));
        }
        if (code == MDB_SUCCESS) {
            continue;
        }
        if (code != MDB_KEYEXIST) {
            return quipu_lmdb_judge_fail(judge, code, "store an event id",
                                         error);
        }
        *decided = true;
        if (i == 0) {
            return quipu_lmdb_value_id(&value, &id)
                       ? judge_repeat(judge, request, id, result, error)
                       : quipu_lmdb_judge_fail(judge, MDB_CORRUPTED,
                                               "look an event id up", error);
        }
        refuse(result, QUIPU_CONFLICT, QUIPU_CAUSE_EVENT_ID, i);
        return quipu_lmdb_judge_forget(judge, request, i, error);
    }
    return QUIPU_OK;
}

/* -------------------------------------------------------- guards, tracking */

static int judge_guard(struct judge *judge, const quipu_guard *guard,
                       bool *holds, quipu_error *error)
{
    struct key key;
    bool found = false;
    int64_t last = 0;
    quipu_lmdb_key_begin(&key, &judge->bound->schema, guard->sequence_id);
    int status = quipu_lmdb_judge_last(judge, &key, &found, &last, error);
    *holds = status == QUIPU_OK &&
             quipu_common_preconditions_guard_holds(guard, found, last);
    return status;
}

int quipu_lmdb_judge_conditions(struct judge *judge,
                                const quipu_request *request,
                                quipu_result *result, quipu_error *error)
{
    bool stored = false;
    const size_t guards = SAFEGUARDED("S3.every-guard", request->guard_count,
                                      request->guard_count > 0);
    for (size_t i = 0; i < guards; i++) {
        bool holds = true;
        const quipu_guard *guard = &request->guards[i];
        int status = judge_guard(judge, guard, &holds, error);
        if (status != QUIPU_OK) {
            return status;
        }
        if (!holds) {
            return quipu_lmdb_judge_refuse(judge, result, QUIPU_CAUSE_GUARD, i,
                                           guard->sequence_id, error);
        }
    }
    if (!request->tracking) {
        return QUIPU_OK;
    }
    int status = tracking_is_stored(judge, request->tracking, &stored, error);
    if (status == QUIPU_OK && stored) {
        SAFEGUARD("U4.record-that-is-not-above")
        refuse(result, QUIPU_ALREADY, QUIPU_CAUSE_TRACKING, 0);
    }
    return status;
}
