/* SPDX-License-Identifier: Apache-2.0 */
/* Appending: one transaction for all requests, each judged and stored. */
#include "judge.h"

#include "record.h"
#include "store.h"
#include "tracking.h"

#include <string.h>

struct append {
    struct writing writing;
    const quipu_request *requests;
    quipu_result *results;
    size_t count;
    size_t taken;
    quipu_work work;
    void *work_context;
    struct judge judge; /* of the schema whose head is known */
    bool head_changed;
    bool accepted; /* there is something to commit */
    bool repeated; /* something was stored before */
};

/* ------------------------------------------------------------------- heads */

/* Writes the head of the schema that was appended to last. */
static int store_head(struct append *append, quipu_error *error)
{
    struct judge *judge = &append->judge;
    if (!append->head_changed || judge->bound == NULL) {
        return QUIPU_OK;
    }
    append->head_changed = false;
    int code = quipu_lmdb_head_put(judge->txn, judge->bound->slot,
                                   judge->bound->number, judge->head);
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_judge_fail(judge, code, "store the head of a log",
                                       error);
}

/* Turns to a request's schema; a schema that is bound twice has one head. */
static int turn_to(struct append *append, quipu_driver_schema *bound,
                   bool *alive, quipu_error *error)
{
    struct judge *judge = &append->judge;
    quipu_driver_schema *before = judge->bound;
    *alive = true;
    if (before != NULL && before->slot == bound->slot &&
        before->number == bound->number) {
        judge->bound = bound;
        return QUIPU_OK;
    }
    int status = store_head(append, error);
    mdb_cursor_close(judge->index);
    judge->index = NULL;
    judge->bound = NULL;
    if (status == QUIPU_OK) {
        status = quipu_lmdb_head_get(judge->datastore, &judge->view, bound,
                                     alive, &judge->head, error);
    }
    if (status != QUIPU_OK || !*alive) {
        return status;
    }
    judge->bound = bound;
    int code = mdb_cursor_open(judge->txn, bound->index.dbi, &judge->index);
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_judge_fail(judge, code, "write", error);
}

/* ------------------------------------------------------------------- items */

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
    if (tail->id.size == id.size && tail->id.data != NULL &&
        memcmp(tail->id.data, id.data, id.size) == 0) {
        return QUIPU_OK;
    }
    tail->id = id;
    quipu_lmdb_key_begin(&tail->key, &judge->bound->schema, id);
    if (!contiguous) {
        return QUIPU_OK;
    }
    int code = quipu_lmdb_find_last(judge->index, &tail->key, &tail->found,
                                    &tail->last);
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_judge_fail(judge, code,
                                       "find the end of a sequence", error);
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
        int64_t next = tail->found ? tail->last + 1 : 0;
        *taken = (item->flags & QUIPU_ITEM_NEXT) == 0 && *position != next;
        *position = next;
        if (*taken) {
            return QUIPU_OK;
        }
    }
    MDB_val key = quipu_lmdb_key_at(&tail->key, *position);
    MDB_val value = { sizeof id, &id };
    int code = mdb_cursor_put(judge->index, &key, &value, MDB_NOOVERWRITE);
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
    MDB_val key = { sizeof id, &id };
    MDB_val value = { size, NULL };
    int code = mdb_put(judge->txn, judge->bound->items.dbi, &key, &value,
                       MDB_APPEND | MDB_RESERVE);
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
        MDB_val item_key = { sizeof id, &id };
        int code =
            mdb_del(judge->txn, judge->bound->index.dbi, &index_key, NULL);
        if (code == MDB_SUCCESS) {
            code =
                mdb_del(judge->txn, judge->bound->items.dbi, &item_key, NULL);
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
    int status = take_back(judge, request, index, error);
    if (status == QUIPU_OK) {
        status =
            quipu_lmdb_judge_forget(judge, request, request->item_count, error);
    }
    return status == QUIPU_OK ? quipu_lmdb_judge_refuse(
                                    judge, result, QUIPU_CAUSE_POSITION, index,
                                    request->items[index].sequence_id, error)
                              : status;
}

static int store_items(struct append *append, const quipu_request *request,
                       quipu_result *result, quipu_error *error)
{
    struct judge *judge = &append->judge;
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
        if (result->positions != NULL) {
            result->positions[i] = position;
        }
    }
    if (request->item_count > 0) {
        result->first_notification_id = judge->head + 1;
        judge->head += (int64_t)request->item_count;
        append->head_changed = true;
    }
    return QUIPU_OK;
}

/* ---------------------------------------------------------------- requests */

static int store_request(struct append *append, const quipu_request *request,
                         quipu_result *result, quipu_error *error)
{
    struct judge *judge = &append->judge;
    int status = quipu_lmdb_judge_conditions(judge, request, result, error);
    if (status == QUIPU_OK && result->status != QUIPU_OK) {
        return quipu_lmdb_judge_forget(judge, request, request->item_count,
                                       error);
    }
    if (status == QUIPU_OK) {
        status = store_items(append, request, result, error);
    }
    if (status != QUIPU_OK || result->status != QUIPU_OK) {
        return status;
    }
    append->accepted = true;
    if (request->tracking == NULL) {
        return QUIPU_OK;
    }
    int code = quipu_lmdb_tracking_put(judge->datastore, judge->txn,
                                       request->tracking);
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_judge_fail(judge, code, "store a tracking record",
                                       error);
}

/* What it returns other than OK ends the whole append; *alive false: the schema
 * is gone. */
static int take(struct append *append, size_t index, bool *alive,
                quipu_error *error)
{
    const quipu_request *request = &append->requests[index];
    quipu_result *result = &append->results[index];
    bool decided = false;
    *result = (quipu_result){ .positions = result->positions };
    int status = turn_to(append, request->schema, alive, error);
    if (status != QUIPU_OK || !*alive) {
        return status;
    }
    status = quipu_lmdb_judge_event_ids(&append->judge, request, result,
                                        &decided, error);
    append->repeated =
        append->repeated || (result->flags & QUIPU_RESULT_REPEATED) != 0;
    return status == QUIPU_OK && !decided
               ? store_request(append, request, result, error)
               : status;
}

/* A request whose schema was torn down is left to the next call, which it fails
 * alone. */
static int take_all(struct append *append, quipu_error *error)
{
    int status = QUIPU_OK;
    bool alive = true;
    for (size_t i = 0; status == QUIPU_OK && i < append->count; i++) {
        status = take(append, i, &alive, error);
        if (!alive && i == 0) {
            append->taken = 1;
            return append->judge.datastore->host->error_set(
                error, QUIPU_NOT_FOUND, 0, NULL,
                "schema \"%s\" was torn down; nothing is stored",
                append->requests[i].schema->schema.table);
        }
        if (!alive) {
            append->taken = i;
            break;
        }
    }
    return status == QUIPU_OK ? store_head(append, error) : status;
}

static int run_work(struct append *append, MDB_txn *txn, quipu_error *error)
{
    int status = append->work(txn, append->work_context, error);
    if (status != QUIPU_OK && error != NULL && error->code != status) {
        (void)append->judge.datastore->host->error_set(
            error, status, 0, NULL,
            "the function in the transaction refused, and did not say why");
    }
    return status;
}

/* A repeat is acknowledged once more, and with durability=full that has to
 * hold, whoever wrote it and however. */
static int confirm(quipu_driver_datastore *datastore, quipu_error *error)
{
    return datastore->relaxed ? QUIPU_OK
                              : quipu_lmdb_writing_sync(datastore, error);
}

static int change(quipu_driver_datastore *datastore, MDB_txn *txn,
                  void *context, bool *full, quipu_error *error)
{
    struct append *append = context;
    append->judge = (struct judge){ .datastore = datastore,
                                    .txn = txn,
                                    .view = { .txn = txn } };
    append->head_changed = append->accepted = append->repeated = false;
    append->taken = append->count;
    int status = take_all(append, error);
    if (status == QUIPU_OK && append->accepted && append->work != NULL) {
        status = run_work(append, txn, error);
    }
    if (status == QUIPU_OK && append->repeated && !append->accepted) {
        status = confirm(datastore, error);
    }
    mdb_cursor_close(append->judge.index);
    *full = append->judge.code == MDB_MAP_FULL;
    append->writing.empty = !append->accepted;
    return status;
}

/* --------------------------------------------------------------- the append */

int quipu_lmdb_append(quipu_driver_datastore *datastore,
                      const quipu_request *requests, size_t count,
                      quipu_result *results, size_t *taken, int64_t deadline,
                      quipu_error *error)
{
    struct append append = { .writing = { .change = change,
                                          .context = &append },
                             .requests = requests,
                             .results = results,
                             .count = count,
                             .taken = count };
    int status =
        quipu_lmdb_writing_run(datastore, &append.writing, deadline, error);
    *taken = append.taken;
    return status;
}

/* The function may open databases of its own. */
int quipu_lmdb_transact(quipu_driver_datastore *datastore,
                        const quipu_request *request, quipu_work work,
                        void *context, quipu_result *result, int64_t deadline,
                        quipu_error *error)
{
    struct append append = {
        .writing = { .change = change, .context = &append, .names = true },
        .requests = request,
        .results = result,
        .count = 1,
        .work = work,
        .work_context = context
    };
    return quipu_lmdb_writing_run(datastore, &append.writing, deadline, error);
}
