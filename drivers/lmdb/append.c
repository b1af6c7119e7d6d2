/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appending: all requests of a group in one write transaction.
 *
 * Method.  An append is made in one of two passes, as in the SQLite driver;
 * common/preconditions.c describes both and their invariants.
 *
 *   optimistic pass  For each request: guards, entries, tracking and contiguous
 *                    positions are looked up, then its event ids, positions
 *                    and items are put, and its entries written.  LMDB refuses
 *                    an event id or a position that is there already
 *                    (MDB_NOOVERWRITE).  So the usual request looks up no event
 *                    id.
 *   strict pass      If LMDB has refused one, the transaction is aborted and
 *                    all requests are made again in a new one: event ids and
 *                    sparse positions are looked up, too, before anything of
 *                    the request is put.
 *
 * INV1  A request that is refused has put nothing: in the strict pass because
 *       all its preconditions are looked up first, in the optimistic pass
 *       because a request that has put something and then fails ends the pass.
 * INV2  So nothing that was put is ever deleted to take it back.  Deleting
 *       makes LMDB merge pages, whose neighbours the precheck has to see, too
 *       (btree/precheck.c); only entries and tracking records are deleted.
 * INV3  The fair lock is held over both passes, so that no other writer comes
 *       between them.  At most one strict pass follows an optimistic one,
 *       unless the map is full: then the same pass runs again in a larger map.
 * INV4  Results are those of the pass that commits; each pass sets all of them
 *       again.
 * INV5  A write transaction excludes other writers until it ends, so what a
 *       request has checked holds at the commit, also after a function (K7).
 */
#include "catalogue/store.h"
#include "insert.h"
#include "lmdb_driver.h"
#include "txn/write_txn.h"

#include "common/safeguard.h"

struct append {
    struct write_txn write;
    const quipu_request *requests;
    quipu_result *results;
    size_t count;
    size_t taken; /* requests that have a result */
    quipu_work work;
    void *work_context;
    bool strict;
    bool accepted; /* a request was: there is something to commit */
    bool repeated; /* a request was a repeat */
    struct insert insert;
};

/* Checks and inserts one request of the selected schema.  A status other than
 * OK ends the whole append. */
static int append_request(struct append *append, size_t index,
                          quipu_error *error)
{
    const quipu_request *request = &append->requests[index];
    quipu_result *result = &append->results[index];
    struct preconditions check = {
        .host = append->insert.datastore->host,
        .lookups = &quipu_lmdb_insert_lookups,
        .context = &append->insert,
        .schema = request->schema ? &request->schema->schema : NULL,
        .request = request,
        .result = result,
        .strict = append->strict,
    };
    bool violation = false;
    int status = quipu_common_preconditions_check(&check, error);
    bool repeated = (result->flags & QUIPU_RESULT_REPEATED) != 0;
    append->repeated = append->repeated || repeated;
    if (status == QUIPU_OK && result->status == QUIPU_OK && !repeated) {
        append->accepted = true;
        status = quipu_lmdb_insert_request(&append->insert, &check, &violation,
                                           error);
    }
    if (violation) {
        append->strict = true;
        SAFEGUARD("U2.refused-leaves-no-event-ids")
        append->write.retry = true;
    }
    quipu_common_preconditions_finish(&check);
    return status;
}

/* Selects the schema of a request, if it has one. */
static int select_schema(struct append *append, size_t index, bool *alive,
                         quipu_error *error)
{
    quipu_driver_schema *schema = append->requests[index].schema;
    *alive = true;
    return schema ? quipu_lmdb_insert_select_schema(&append->insert, schema,
                                                    alive, error)
                  : QUIPU_OK;
}

/* A schema that was torn down ends the group before its request, which the next
 * call fails alone. */
static int append_requests(struct append *append, quipu_error *error)
{
    const quipu_driver_datastore *datastore = append->insert.datastore;
    for (size_t i = 0; i < append->count && !append->write.retry; i++) {
        quipu_result *result = &append->results[i];
        bool alive = true;
        *result = (quipu_result){ .positions = result->positions };
        int status = select_schema(append, i, &alive, error);
        if (status != QUIPU_OK) {
            return status;
        }
        if (!alive && i > 0) {
            append->taken = i;
            break;
        }
        if (!alive) {
            append->taken = 1;
            return datastore->host->error_set(
                error, QUIPU_NOT_FOUND, 0, NULL,
                "schema \"%s\" was torn down; nothing is stored",
                append->requests[i].schema->schema.table);
        }
        status = append_request(append, i, error);
        if (status != QUIPU_OK) {
            return status;
        }
    }
    return append->write.retry ? QUIPU_OK
                               : quipu_lmdb_insert_end(&append->insert, error);
}

/* Runs the application's function in a child of the transaction.  So a function
 * that commits or aborts what it was given has stored nothing: the parent is
 * aborted then. */
static int run_function(struct append *append, quipu_error *error)
{
    const quipu_driver_datastore *datastore = append->insert.datastore;
    struct write_txn *write = &append->write;
    MDB_txn *child = NULL;
    MDB_stat stat;
    quipu_lmdb_insert_finish(&append->insert);
    int code =
        mdb_txn_begin(datastore->environment->env, write->txn, 0, &child);
    if (code != MDB_SUCCESS) {
        return quipu_lmdb_write_txn_fail(datastore, write, code,
                                         "run a function", error);
    }
    int status = quipu_common_writer_run(datastore->host, append->work, child,
                                         append->work_context, error);
    /* LMDB refuses calls with a transaction that has a child. */
    const bool ended =
        mdb_stat(write->txn, STORE_MAIN_DBI, &stat) != MDB_BAD_TXN;
    if (status == QUIPU_OK && ended) {
        return quipu_common_writer_refuse_function(
            datastore->host, "mdb_txn_commit or mdb_txn_abort", error);
    }
    if (status != QUIPU_OK) {
        return status; /* aborting the parent aborts the child */
    }
    code = mdb_txn_commit(child);
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_write_txn_fail(datastore, write, code,
                                           "run a function", error);
}

/* One pass. */
static int run_pass(quipu_driver_datastore *datastore, struct write_txn *write,
                    quipu_error *error)
{
    struct append *append = write->context;
    append->accepted = append->repeated = false;
    append->taken = append->count;
    int status =
        quipu_lmdb_insert_begin(&append->insert, datastore, write, error);
    if (status == QUIPU_OK) {
        status = append_requests(append, error);
    }
    if (status == QUIPU_OK && append->accepted && append->work &&
        !write->retry) {
        const int refused = run_function(append, error);
        SAFEGUARD("U2.transaction-is-undone")
        status = refused;
    }
    /* A repeat is acknowledged; with durability=full that promises that it is
     * durable, which the commit that stored it may not have been. */
    if (status == QUIPU_OK && append->repeated && !append->accepted &&
        !datastore->relaxed) {
        status = quipu_lmdb_write_txn_sync(datastore, error);
    }
    quipu_lmdb_insert_finish(&append->insert);
    write->empty = !append->accepted;
    return status;
}

/* Makes sure that there is a database of entries if a request has some. */
static int prepare(quipu_driver_datastore *datastore,
                   const quipu_request *requests, size_t count,
                   int64_t deadline, quipu_error *error)
{
    for (size_t i = 0; i < count; i++) {
        const quipu_conditions *conditions =
            preconditions_conditions(&requests[i]);
        if (conditions && conditions->entry_count > 0) {
            return quipu_lmdb_entries_create(datastore, deadline, error);
        }
    }
    return QUIPU_OK;
}

int quipu_lmdb_append(quipu_driver_datastore *datastore,
                      const quipu_request *requests, size_t count,
                      quipu_result *results, size_t *taken, int64_t deadline,
                      quipu_error *error)
{
    struct append append;
    append.write = (struct write_txn){ .work = run_pass, .context = &append };
    append.requests = requests;
    append.results = results;
    append.count = append.taken = count;
    append.work = NULL;
    append.strict = false;
    int status = prepare(datastore, requests, count, deadline, error);
    if (status == QUIPU_OK) {
        status =
            quipu_lmdb_write_txn_run(datastore, &append.write, deadline, error);
    }
    *taken = append.taken;
    return status;
}

/* The function may open databases of its own: `names`. */
int quipu_lmdb_append_transact(quipu_driver_datastore *datastore,
                               const quipu_request *request, quipu_work work,
                               void *context, quipu_result *result,
                               int64_t deadline, quipu_error *error)
{
    struct append append;
    append.write = (struct write_txn){ .work = run_pass,
                                       .context = &append,
                                       .names = true };
    append.requests = request;
    append.results = result;
    append.count = append.taken = 1;
    append.work = work;
    append.work_context = context;
    append.strict = false;
    int status = prepare(datastore, request, 1, deadline, error);
    return status == QUIPU_OK ? quipu_lmdb_write_txn_run(
                                    datastore, &append.write, deadline, error)
                              : status;
}
