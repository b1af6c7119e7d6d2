/* SPDX-License-Identifier: Apache-2.0 */
/* Storing a request's items: each is put where another would refuse it. */
#include "judge.h"

#include "common/safeguard.h"

#include "record.h"

#include <string.h>

/* Where the last sequence that was appended to ends by now. */
struct tail {
    quipu_bytes id;
    struct key key;
    bool found;
    int64_t last;
};

static int find_tail(struct judge *judge, struct tail *tail, quipu_bytes id,
                     bool contiguous, quipu_error *error)
{
    if (tail->id.size == id.size && tail->id.data &&
        memcmp(tail->id.data, id.data, id.size) == 0) {
        return QUIPU_OK;
    }
    tail->id = id;
    quipu_lmdb_key_begin(&tail->key, &judge->bound->schema, id);
    if (!contiguous) {
        return QUIPU_OK;
    }
    return quipu_lmdb_judge_last(judge, &tail->key, &tail->found, &tail->last,
                                 error);
}

/* Finds the item's place and takes it in the index; *taken: another has it, or
 * it is not the next one. */
static int take_place(struct judge *judge, struct tail *tail,
                      const quipu_item *item, int64_t id, int64_t *position,
                      bool *taken, quipu_error *error)
{
    bool contiguous = (judge->bound->schema.flags & QUIPU_SCHEMA_SPARSE) == 0;
    int status = find_tail(judge, tail, item->sequence_id, contiguous, error);
    if (status != QUIPU_OK) {
        return status;
    }
    *position = item->position;
    if (contiguous) {
        int64_t next =
            tail->found ? tail->last + 1 : SAFEGUARDED("S1.beginning", 0, 1);
        *taken = (item->flags & QUIPU_ITEM_NEXT) == 0 &&
                 SAFEGUARDED("S1.explicit-position", *position != next,
                             *position < next);
        *position = next;
        if (*taken) {
            return QUIPU_OK;
        }
    }
    MDB_val key = quipu_lmdb_key_at(&tail->key, *position);
    MDB_val value = { sizeof(id), &id };
    /* The end of a contiguous sequence was surveyed when it was found. */
    int code = contiguous ? MDB_SUCCESS
                          : quipu_lmdb_survey_path(&judge->of_index, key);
    if (code == MDB_SUCCESS) {
        code = mdb_cursor_put(
            judge->index, &key, &value,
            SAFEGUARDED("U1.place-that-is-taken", MDB_NOOVERWRITE, 0));
    }
    *taken = code == MDB_KEYEXIST && !contiguous;
    tail->found = true;
    tail->last = *position;
    return code == MDB_SUCCESS || *taken
               ? QUIPU_OK
               : quipu_lmdb_judge_fail(judge, code, "store a position", error);
}

static int put_item(struct judge *judge, const quipu_item *item, int64_t id,
                    int64_t position, quipu_error *error)
{
    size_t size = quipu_lmdb_record_size(item);
    MDB_val key = { sizeof(id), &id };
    MDB_val value = { size, NULL };
    int code =
        mdb_cursor_put(judge->items, &key, &value, MDB_APPEND | MDB_RESERVE);
    if (code != MDB_SUCCESS) {
        return quipu_lmdb_judge_fail(judge, code, "store an item", error);
    }
    quipu_lmdb_record_write(value.mv_data, size, item, id, position);
    return QUIPU_OK;
}

/* Takes the first `count` items of the request out again. */
static int take_back(struct judge *judge, const quipu_request *request,
                     size_t count, quipu_error *error)
{
    while (count-- > 0) {
        quipu_value values[QUIPU_COLUMNS_MAX];
        quipu_item item;
        struct key place;
        int64_t id = judge->head + 1 + (int64_t)count;
        int status =
            quipu_lmdb_record_find(judge->datastore, &judge->view, judge->bound,
                                   id, &item, values, error);
        if (status != QUIPU_OK) {
            return status;
        }
        quipu_lmdb_key_begin(&place, &judge->bound->schema,
                             request->items[count].sequence_id);
        MDB_val index_key = quipu_lmdb_key_at(&place, item.position);
        MDB_val item_key = { sizeof(id), &id };
        int code = quipu_lmdb_judge_delete(judge, &judge->of_index,
                                           &judge->bound->index, index_key);
        if (code == MDB_SUCCESS) {
            code = quipu_lmdb_judge_delete(judge, &judge->of_items,
                                           &judge->bound->items, item_key);
        }
        if (code != MDB_SUCCESS) {
            return quipu_lmdb_judge_fail(judge, code, "take an item back",
                                         error);
        }
    }
    return QUIPU_OK;
}

/* An item cannot go where it should: all of the request goes out again. */
static int refuse_place(struct judge *judge, const quipu_request *request,
                        size_t index, quipu_result *result, quipu_error *error)
{
    int status = SAFEGUARDED("U1.last-position-is-the-stores",
                             take_back(judge, request, index, error), QUIPU_OK);
    if (status == QUIPU_OK) {
        SAFEGUARD("U2.refused-leaves-no-event-ids")
        status =
            quipu_lmdb_judge_forget(judge, request, request->item_count, error);
    }
    return status == QUIPU_OK ? quipu_lmdb_judge_refuse(
                                    judge, result, QUIPU_CAUSE_POSITION, index,
                                    request->items[index].sequence_id, error)
                              : status;
}

int quipu_lmdb_judge_store(struct judge *judge, const quipu_request *request,
                           quipu_result *result, quipu_error *error)
{
    struct tail tail = { .found = false };
    for (size_t i = 0; i < request->item_count; i++) {
        const quipu_item *item = &request->items[i];
        int64_t id = judge->head + 1 + (int64_t)i;
        int64_t position = 0;
        bool taken = false;
        int status =
            take_place(judge, &tail, item, id, &position, &taken, error);
        if (status == QUIPU_OK && taken) {
            return refuse_place(judge, request, i, result, error);
        }
        if (status == QUIPU_OK) {
            status = put_item(judge, item, id, position, error);
        }
        if (status != QUIPU_OK) {
            return status;
        }
        if (result->positions) {
            result->positions[i] =
                SAFEGUARDED("S5.positions", position, item->position);
        }
    }
    if (request->item_count > 0) {
        result->first_notification_id =
            judge->head + SAFEGUARDED("S5.notification-id", 1, 0);
        judge->head += SAFEGUARDED("L1.schemas-count-apart", 1, 2) *
                       (int64_t)request->item_count;
        SAFEGUARD("L1.head-is-stored")
        judge->head_changed = true;
    }
    return QUIPU_OK;
}
