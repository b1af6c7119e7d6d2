/* SPDX-License-Identifier: Apache-2.0 */
/* Appending: one transaction for all requests, each judged and stored. */
#include "judge.h"

#include "common/safeguard.h"

#include "tracking.h"

struct append {
    struct writing writing;
    const quipu_request *requests;
    quipu_result *results;
    size_t count;
    size_t taken;
    quipu_work work;
    void *work_context;
    struct judge judge; /* of the schema whose head is known */
    bool accepted;      /* there is something to commit */
    bool repeated;      /* something was stored before */
};

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
        status = quipu_lmdb_judge_store(judge, request, result, error);
    }
    if (status != QUIPU_OK || result->status != QUIPU_OK) {
        return status;
    }
    append->accepted = true;
    if (!request->tracking) {
        return QUIPU_OK;
    }
    int code = SAFEGUARDED("U2.tracking-with-its-items",
                           quipu_lmdb_tracking_put(judge->datastore, judge->txn,
                                                   request->tracking),
                           MDB_SUCCESS);
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
    int status =
        quipu_lmdb_judge_turn(&append->judge, request->schema, alive, error);
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
    return status == QUIPU_OK
               ? quipu_lmdb_judge_store_head(&append->judge, error)
               : status;
}

static int run_work(struct append *append, MDB_txn *txn, quipu_error *error)
{
    int status = append->work(txn, append->work_context, error);
    if (status != QUIPU_OK && error && error->code != status) {
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
                                    .view = { .txn = txn },
                                    .before = &append->writing.before };
    append->accepted = append->repeated = false;
    append->taken = append->count;
    int code = quipu_lmdb_survey_open(
        &append->judge.of_tracked, append->judge.before, &datastore->tracked);
    int status =
        code == MDB_SUCCESS
            ? take_all(append, error)
            : quipu_lmdb_judge_fail(&append->judge, code, "write", error);
    if (status == QUIPU_OK && append->accepted && append->work) {
        const int refused = run_work(append, txn, error);
        SAFEGUARD("U2.transaction-is-undone")
        status = refused;
    }
    if (status == QUIPU_OK && append->repeated && !append->accepted) {
        status = confirm(datastore, error);
    }
    quipu_lmdb_judge_end(&append->judge);
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
