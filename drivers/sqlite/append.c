/* SPDX-License-Identifier: Apache-2.0 */
/* Appending: one transaction for all requests, each judged, then stored. */
#include "judge.h"

/* Stores an item; the head and its position are known by now. */
static int insert_item(struct judge *judge, const quipu_item *item,
                       int64_t position, int *code, quipu_error *error)
{
    quipu_driver_datastore *datastore = judge->datastore;
    sqlite3_stmt *insert = NULL;
    int status =
        quipu_sqlite_statement_get(datastore, &datastore->writer, judge->bound,
                                   SQL_INSERT, &insert, error);
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_sqlite_bind_item(insert, judge->bound, item, ++judge->bound->head,
                           position);
    *code = sqlite3_step(insert);
    if (*code != SQLITE_DONE && (*code & 0xff) != SQLITE_CONSTRAINT) {
        status = quipu_sqlite_fail(datastore, datastore->writer.db, *code,
                                   "store an item", error);
    }
    (void)sqlite3_reset(insert);
    return status;
}

static int store_items(struct judge *judge, const quipu_request *request,
                       quipu_result *result, quipu_error *error)
{
    int64_t before = judge->bound->head;
    int status = QUIPU_OK;
    for (size_t i = 0; i < request->item_count && status == QUIPU_OK; i++) {
        int code = SQLITE_DONE;
        int64_t position = quipu_sqlite_judge_position(judge, request, i);
        status = insert_item(judge, &request->items[i], position, &code, error);
        if (status == QUIPU_OK && code != SQLITE_DONE) {
            /* Sparse positions alone are left to the index to judge. */
            judge->bound->head = before;
            return quipu_sqlite_judge_taken(judge, request, i, result, error);
        }
        if (result->positions != NULL) {
            result->positions[i] = position;
        }
    }
    if (request->item_count > 0) {
        result->first_notification_id = before + 1;
        judge->bound->head_changed = true;
    }
    return status;
}

static int store_tracking(struct judge *judge, const quipu_request *request,
                          quipu_error *error)
{
    quipu_driver_datastore *datastore = judge->datastore;
    const quipu_tracking *tracking = request->tracking;
    sqlite3_stmt *write = NULL;
    int status = QUIPU_OK;
    if (tracking == NULL) {
        return QUIPU_OK;
    }
    status = quipu_sqlite_statement_get(datastore, &datastore->writer, NULL,
                                        SQL_TRACKING_WRITE, &write, error);
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_sqlite_bind_tracking(write, datastore, tracking->consumer,
                               tracking->log);
    (void)sqlite3_bind_int64(write, 4, tracking->position.notification_id);
    (void)sqlite3_bind_blob(write, 5, tracking->position.store.bytes, 16,
                            SQLITE_STATIC);
    (void)sqlite3_bind_blob(write, 6, tracking->position.event_id.bytes, 16,
                            SQLITE_STATIC);
    return quipu_sqlite_statement_run(datastore, &datastore->writer, NULL,
                                      SQL_TRACKING_WRITE, error);
}

/* Judges one request and stores it if it is accepted.  What it returns other
 * than OK ends the whole append. */
static int take(quipu_driver_datastore *datastore, const quipu_request *request,
                quipu_result *result, quipu_error *error)
{
    struct judge judge = { .datastore = datastore, .bound = request->schema };
    int64_t *positions = result->positions;
    bool savepoint = quipu_sqlite_judge_needs_savepoint(request);
    *result = (quipu_result){ .positions = positions };
    int status = quipu_sqlite_judge_request(&judge, request, result, error);
    if (status == QUIPU_OK && result->status == QUIPU_OK &&
        (result->flags & QUIPU_RESULT_REPEATED) == 0) {
        if (savepoint) {
            status = quipu_sqlite_statement_run(datastore, &datastore->writer,
                                                NULL, SQL_SAVEPOINT, error);
        }
        if (status == QUIPU_OK) {
            status = store_items(&judge, request, result, error);
        }
        if (status == QUIPU_OK && result->status == QUIPU_OK) {
            status = store_tracking(&judge, request, error);
        }
        if (status == QUIPU_OK && savepoint) {
            status = quipu_sqlite_statement_run(datastore, &datastore->writer,
                                                NULL, SQL_RELEASE, error);
        }
    }
    quipu_sqlite_judge_finish(&judge);
    return status;
}

/* ------------------------------------------------------------------- heads */

static int begin_schema(quipu_driver_datastore *datastore,
                        quipu_driver_schema *bound, quipu_error *error)
{
    if (bound->head_known) {
        return QUIPU_OK;
    }
    int status = quipu_sqlite_ask_head(datastore, &datastore->writer, bound,
                                       &bound->head, error);
    bound->head_known = status == QUIPU_OK;
    bound->head_changed = false;
    return status;
}

static int store_head(quipu_driver_datastore *datastore,
                      quipu_driver_schema *bound, quipu_error *error)
{
    sqlite3_stmt *set = NULL;
    if (!bound->head_changed) {
        return QUIPU_OK;
    }
    bound->head_changed = false;
    int status = quipu_sqlite_statement_get(datastore, &datastore->writer,
                                            bound, SQL_SET_HEAD, &set, error);
    if (status != QUIPU_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(set, 1, bound->number);
    (void)sqlite3_bind_int64(set, 2, bound->head);
    return quipu_sqlite_statement_run(datastore, &datastore->writer, bound,
                                      SQL_SET_HEAD, error);
}

static void forget_heads(const quipu_request *requests, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        requests[i].schema->head_known = false;
        requests[i].schema->head_changed = false;
    }
}

/* ------------------------------------------------------------ the append */

/* Takes all requests inside the transaction; *store: there is something to
 * commit. */
static int take_all(quipu_driver_datastore *datastore,
                    const quipu_request *requests, size_t count,
                    quipu_result *results, bool *store, quipu_error *error)
{
    int status = QUIPU_OK;
    *store = false;
    for (size_t i = 0; i < count && status == QUIPU_OK; i++) {
        status = begin_schema(datastore, requests[i].schema, error);
        if (status == QUIPU_OK) {
            status = take(datastore, &requests[i], &results[i], error);
        }
        if (results[i].status == QUIPU_OK &&
            (results[i].flags & QUIPU_RESULT_REPEATED) == 0) {
            *store = true;
        }
    }
    for (size_t i = 0; i < count && status == QUIPU_OK; i++) {
        status = store_head(datastore, requests[i].schema, error);
    }
    return status;
}

static int append(quipu_driver_datastore *datastore,
                  const quipu_request *requests, size_t count,
                  quipu_result *results, quipu_work work, void *context,
                  int64_t deadline, quipu_error *error)
{
    bool store = false;
    int status = quipu_sqlite_writing_begin(datastore, deadline, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = take_all(datastore, requests, count, results, &store, error);
    if (status == QUIPU_OK && store && work != NULL) {
        status = work(datastore->writer.db, context, error);
    }
    forget_heads(requests, count);
    if (status != QUIPU_OK || !store) {
        quipu_sqlite_writing_abandon(datastore);
        return status;
    }
    return quipu_sqlite_writing_commit(datastore, error);
}

int quipu_sqlite_append(quipu_driver_datastore *datastore,
                        const quipu_request *requests, size_t count,
                        quipu_result *results, size_t *taken, int64_t deadline,
                        quipu_error *error)
{
    *taken = count;
    return append(datastore, requests, count, results, NULL, NULL, deadline,
                  error);
}

int quipu_sqlite_transact(quipu_driver_datastore *datastore,
                          const quipu_request *request, quipu_work work,
                          void *context, quipu_result *result, int64_t deadline,
                          quipu_error *error)
{
    return append(datastore, request, 1, result, work, context, deadline,
                  error);
}
