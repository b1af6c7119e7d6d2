/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appending: one transaction for all requests, each judged, then stored.
 *
 * The index on event ids judges them while the items go in, since they are
 * nearly always new.  Only when something is refused are they looked up, before
 * anything else is told (U3); and when an index refuses an item, the whole
 * append is undone and done again with care: event ids first, each request
 * behind a savepoint where an index has to judge its positions.
 */
#include "judge.h"

#include "common/safeguard.h"

struct append {
    quipu_driver_datastore *datastore;
    const quipu_request *requests;
    quipu_result *results;
    size_t count;
    quipu_driver_schema *heads; /* the schemas whose heads are known */
    bool careful;
    bool again;    /* an index refused an item: do it with care */
    bool accepted; /* there is something to commit */
    bool repeated; /* something was stored before */
};

/* ------------------------------------------------------------------ heads */

/* Reads the head of a request's schema, once an append; a schema that is bound
 * twice has one head all the same. */
static int find_head(struct append *append, quipu_driver_schema *bound,
                     quipu_error *error)
{
    quipu_driver_datastore *datastore = append->datastore;
    quipu_driver_schema *known = append->heads;
    if (bound->keeper) {
        return QUIPU_OK;
    }
    while (known &&
           SAFEGUARDED("L1.one-log-of-a-schema", known->number != bound->number,
                       known != bound)) {
        known = known->next_keeper;
    }
    if (known) {
        bound->keeper = known;
        return QUIPU_OK;
    }
    int status = quipu_sqlite_ask_head(datastore, &datastore->writer, bound,
                                       &bound->head, error);
    if (status == QUIPU_OK) {
        bound->keeper = bound;
        bound->head_changed = false;
        bound->next_keeper = append->heads;
        append->heads = bound;
    }
    return status;
}

static int store_heads(struct append *append, quipu_error *error)
{
    quipu_driver_datastore *datastore = append->datastore;
    int status = QUIPU_OK;
    for (quipu_driver_schema *bound = append->heads;
         bound && status == QUIPU_OK; bound = bound->next_keeper) {
        sqlite3_stmt *set = NULL;
        if (!bound->head_changed) {
            continue;
        }
        status = quipu_sqlite_statement_get(datastore, &datastore->writer, NULL,
                                            SQL_SET_HEAD, &set, error);
        if (status == QUIPU_OK) {
            (void)sqlite3_bind_int64(set, 1, bound->number);
            (void)sqlite3_bind_int64(set, 2, bound->head);
            status = quipu_sqlite_statement_run(datastore, &datastore->writer,
                                                NULL, SQL_SET_HEAD, error);
        }
    }
    return status;
}

static void forget_heads(struct append *append)
{
    for (size_t i = 0; i < append->count; i++) {
        append->requests[i].schema->keeper = NULL;
    }
    append->heads = NULL;
}

/* ---------------------------------------------------------------- storing */

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
    judge->bound->keeper->head += SAFEGUARDED("L3.consecutive", 1, 2);
    quipu_sqlite_bind_item(insert, judge->bound, item,
                           judge->bound->keeper->head, position);
    *code = sqlite3_step(insert);
    if (*code != SQLITE_DONE && (*code & 0xff) != SQLITE_CONSTRAINT) {
        status = quipu_sqlite_fail(datastore, datastore->writer.db, *code,
                                   "store an item", error);
    }
    (void)sqlite3_reset(insert);
    return status;
}

/* An index refused an item.  The first time that may be its event id; with care
 * it is the position of a sparse schema, or an index that quipu did not make.
 */
static int refused_by_index(struct append *append, struct judge *judge,
                            const quipu_request *request, size_t index,
                            int code, quipu_result *result, quipu_error *error)
{
    if (!append->careful) {
        append->again = true;
        return QUIPU_OK;
    }
    if (code == SQLITE_CONSTRAINT_UNIQUE && quipu_sqlite_is_sparse(request)) {
        return quipu_sqlite_judge_taken(judge, request, index, result, error);
    }
    return quipu_sqlite_fail(append->datastore, append->datastore->writer.db,
                             code, "store an item", error);
}

static int store_items(struct append *append, struct judge *judge,
                       const quipu_request *request, quipu_result *result,
                       quipu_error *error)
{
    quipu_driver_schema *keeper = judge->bound->keeper;
    int64_t before = keeper->head;
    for (size_t i = 0; i < request->item_count; i++) {
        int code = SQLITE_DONE;
        int64_t position = quipu_sqlite_judge_position(judge, request, i);
        int status =
            insert_item(judge, &request->items[i], position, &code, error);
        if (status != QUIPU_OK) {
            return status;
        }
        if (code != SQLITE_DONE) {
            SAFEGUARD("L1.refused-use-none")
            keeper->head = before;
            return refused_by_index(append, judge, request, i, code, result,
                                    error);
        }
        if (result->positions) {
            result->positions[i] = SAFEGUARDED("S5.positions", position,
                                               request->items[i].position);
        }
    }
    if (request->item_count > 0) {
        result->first_notification_id =
            before + SAFEGUARDED("S5.notification-id", 1, 0);
        SAFEGUARD("L1.head-is-stored")
        keeper->head_changed = true;
    }
    return QUIPU_OK;
}

static int store_tracking(struct judge *judge, const quipu_request *request,
                          quipu_error *error)
{
    quipu_driver_datastore *datastore = judge->datastore;
    const quipu_tracking *tracking = request->tracking;
    sqlite3_stmt *write = NULL;
    if (!tracking) {
        return QUIPU_OK;
    }
    int status = quipu_sqlite_statement_get(datastore, &datastore->writer, NULL,
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

static int store_request(struct append *append, struct judge *judge,
                         const quipu_request *request, quipu_result *result,
                         quipu_error *error)
{
    quipu_driver_datastore *datastore = append->datastore;
    struct connection *writer = &datastore->writer;
    bool savepoint = append->careful && quipu_sqlite_is_sparse(request) &&
                     request->item_count > 0;
    int status = QUIPU_OK;
    if (savepoint) {
        status = quipu_sqlite_statement_run(datastore, writer, NULL,
                                            SQL_SAVEPOINT, error);
    }
    if (status == QUIPU_OK) {
        status = store_items(append, judge, request, result, error);
    }
    if (status == QUIPU_OK && result->status == QUIPU_OK && !append->again) {
        SAFEGUARD("U2.tracking-with-its-items")
        status = store_tracking(judge, request, error);
    }
    if (status == QUIPU_OK && savepoint) {
        status = quipu_sqlite_statement_run(datastore, writer, NULL,
                                            SQL_RELEASE, error);
    }
    return status;
}

/* -------------------------------------------------------------- requests */

/* Judges one request and stores it if it is accepted.  What it returns other
 * than OK ends the whole append. */
static int take(struct append *append, size_t index, quipu_error *error)
{
    const quipu_request *request = &append->requests[index];
    quipu_result *result = &append->results[index];
    struct judge judge = { .datastore = append->datastore,
                           .bound = request->schema,
                           .careful = append->careful };
    int64_t *positions = result->positions;
    *result = (quipu_result){ .positions = positions };
    int status = find_head(append, request->schema, error);
    if (status == QUIPU_OK) {
        status = quipu_sqlite_judge_request(&judge, request, result, error);
    }
    bool repeated = (result->flags & QUIPU_RESULT_REPEATED) != 0;
    if (status == QUIPU_OK && result->status == QUIPU_OK && !repeated) {
        status = store_request(append, &judge, request, result, error);
        append->accepted =
            append->accepted || (result->status == QUIPU_OK && !append->again);
    }
    append->repeated = append->repeated || repeated;
    quipu_sqlite_judge_finish(&judge);
    return status;
}

static int take_all(struct append *append, quipu_error *error)
{
    int status = QUIPU_OK;
    append->again = append->accepted = append->repeated = false;
    for (size_t i = 0;
         i < append->count && status == QUIPU_OK && !append->again; i++) {
        status = take(append, i, error);
    }
    if (status == QUIPU_OK && !append->again) {
        status = store_heads(append, error);
    }
    return status;
}

/* Undoes what was done without care, and does it once more. */
static int take_with_care(struct append *append, quipu_error *error)
{
    quipu_driver_datastore *datastore = append->datastore;
    quipu_sqlite_writing_undo(datastore);
    forget_heads(append);
    append->careful = true;
    int status = quipu_sqlite_statement_run(datastore, &datastore->writer, NULL,
                                            SQL_BEGIN, error);
    return status == QUIPU_OK ? take_all(append, error) : status;
}

/* ------------------------------------------------------------ the append */

static int run_work(quipu_driver_datastore *datastore, quipu_work work,
                    void *context, quipu_error *error)
{
    sqlite3 *db = datastore->writer.db;
    int status = work(db, context, error);
    if (status != QUIPU_OK) {
        if (error && error->code != status) {
            (void)datastore->host->error_set(
                error, status, 0, NULL,
                "the function in the transaction refused, and did not say why");
        }
        return status;
    }
    if (sqlite3_get_autocommit(db) != 0) {
        return datastore->host->error_set(
            error, QUIPU_INVALID, 0, NULL,
            "the function in the transaction ended it; what it did is not "
            "undone");
    }
    return QUIPU_OK;
}

/*
 * An append that was stored before is acknowledged once more, and with
 * durability=full that has to hold, whoever wrote it and however: the sync of a
 * commit makes all of the WAL durable.
 */
static int touch(struct append *append, quipu_error *error)
{
    quipu_driver_schema *keeper = append->heads;
    if (!keeper) {
        return QUIPU_OK; /* nothing was repeated */
    }
    keeper->head_changed = true;
    /* SQLite does not write what it finds unchanged. */
    keeper->head++;
    int status = store_heads(append, error);
    keeper->head--;
    append->accepted = true;
    return status == QUIPU_OK ? store_heads(append, error) : status;
}

static int run(struct append *append, quipu_work work, void *context,
               int64_t deadline, quipu_error *error)
{
    quipu_driver_datastore *datastore = append->datastore;
    int status = quipu_sqlite_writing_begin(datastore, deadline, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = take_all(append, error);
    if (status == QUIPU_OK && append->again) {
        status = take_with_care(append, error);
    }
    if (status == QUIPU_OK && append->accepted && work) {
        status = run_work(datastore, work, context, error);
    }
    if (status == QUIPU_OK && append->repeated && !append->accepted &&
        !datastore->relaxed) {
        SAFEGUARD("U3.a-repeat-is-durable")
        status = touch(append, error);
    }
    forget_heads(append);
    if (SAFEGUARDED("U2.transaction-is-undone", status != QUIPU_OK, false) ||
        !append->accepted) {
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
    struct append append = { .datastore = datastore,
                             .requests = requests,
                             .results = results,
                             .count = count };
    *taken = count;
    return run(&append, NULL, NULL, deadline, error);
}

int quipu_sqlite_transact(quipu_driver_datastore *datastore,
                          const quipu_request *request, quipu_work work,
                          void *context, quipu_result *result, int64_t deadline,
                          quipu_error *error)
{
    struct append append = { .datastore = datastore,
                             .requests = request,
                             .results = result,
                             .count = 1 };
    return run(&append, work, context, deadline, error);
}
