/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions that change the catalogue. */
#include "ddl_txn.h"

#include "distribution.h"

#include "net/errors.h"
#include "net/query.h"
#include "net/retry.h"
#include "net/transaction.h"

#include "common/error.h"
#include "common/safeguard.h"

#include <stdio.h>
#include <string.h>

#define TRIES 20

struct arguments *quipu_postgres_ddl_txn_arguments(const struct ddl_txn *txn)
{
    quipu_postgres_binary_begin(&txn->lease.connection->arguments);
    return &txn->lease.connection->arguments;
}

int quipu_postgres_ddl_txn_query(const struct ddl_txn *txn,
                                 enum catalogue_sql which, PGresult **result)
{
    return quipu_postgres_query_run(&txn->lease,
                                    &txn->lease.datastore->sql[which],
                                    "write the catalogue", result);
}

int quipu_postgres_ddl_txn_change(const struct ddl_txn *txn,
                                  enum catalogue_sql which, const char *table,
                                  size_t rows)
{
    PGresult *result = NULL;
    char wanted[24];
    int status = quipu_postgres_ddl_txn_query(txn, which, &result);
    (void)snprintf(wanted, sizeof(wanted), "%zu", rows);
    if (status == QUIPU_OK &&
        SAFEGUARDED("F4.catalogue-takes-its-rows",
                    strcmp(PQcmdTuples(result), wanted) != 0, false)) {
        status = quipu_postgres_error_not_stored(txn->lease.datastore,
                                                 "write the catalogue", table,
                                                 txn->lease.error);
    }
    PQclear(result);
    return status;
}

int quipu_postgres_ddl_txn_change_numbered(const struct ddl_txn *txn,
                                           enum catalogue_sql which,
                                           const char *table, size_t rows)
{
    struct arguments *arguments = quipu_postgres_ddl_txn_arguments(txn);
    quipu_postgres_binary_add_int4(arguments,
                                   txn->lease.datastore->namespace_number);
    quipu_postgres_binary_add_int8(arguments, txn->entry.number);
    return quipu_postgres_ddl_txn_change(txn, which, table, rows);
}

int quipu_postgres_ddl_txn_execute_text(const struct ddl_txn *txn,
                                        struct text *text, const char *what)
{
    PGresult *result = NULL;
    const struct sql_text sql = { text->data, "" };
    int status =
        text->failed
            ? quipu_postgres_error_no_memory(text->host, txn->lease.error)
            : quipu_postgres_query_run_text(&txn->lease, &sql, NULL, what,
                                            &result);
    PQclear(result);
    quipu_common_text_finish(text);
    return status;
}

/* Takes the next schema number, and with it the lock on the namespace's row. */
static int lock_namespace(struct ddl_txn *txn)
{
    PGresult *result = NULL;
    quipu_postgres_binary_add_int4(quipu_postgres_ddl_txn_arguments(txn),
                                   txn->lease.datastore->namespace_number);
    int status =
        quipu_postgres_ddl_txn_query(txn, SQL_NAMESPACE_COUNT, &result);
    if (status == QUIPU_OK && PQntuples(result) == 1) {
        txn->entry.number = quipu_postgres_binary_get_int(result, 0, 0);
    } else if (status == QUIPU_OK) {
        status = txn->lease.datastore->host->error_set(
            txn->lease.error, QUIPU_CORRUPT, 0, NULL,
            "namespace \"%s\" is missing in %s; restore it from a backup",
            txn->lease.datastore->name_space, txn->lease.datastore->name);
    }
    PQclear(result);
    return status;
}

static int try_once(struct ddl_txn *txn, int wanted,
                    int (*work)(struct ddl_txn *txn))
{
    quipu_driver_datastore *datastore = txn->lease.datastore;
    int status = quipu_postgres_transaction_begin(&txn->lease);
    if (status != QUIPU_OK) {
        return status;
    }
    bool done = false;
    status = quipu_postgres_distribution_begin_ddl(&txn->lease);
    if (status == QUIPU_OK) {
        status = lock_namespace(txn);
    }
    if (status == QUIPU_OK) {
        status =
            quipu_postgres_schema_find(&txn->lease, txn->schema, &txn->entry);
        if (status == wanted) {
            status = work(txn);
            done = status == QUIPU_OK;
        }
    }
    datastore->host->release(txn->entry.table);
    txn->entry.table = NULL;
    if (done) {
        return quipu_postgres_transaction_commit(&txn->lease,
                                                 txn->lease.deadline);
    }
    quipu_postgres_transaction_rollback(&txn->lease);
    return status;
}

int quipu_postgres_ddl_txn_run(struct ddl_txn *txn, int wanted,
                               int (*work)(struct ddl_txn *txn))
{
    quipu_driver_datastore *datastore = txn->lease.datastore;
    int64_t deadline = txn->lease.deadline;
    quipu_error *error = txn->lease.error;
    struct retry retry = quipu_postgres_retry_begin(deadline, TRIES);
    quipu_error own = { 0 };
    int status = QUIPU_OK;
    bool again = false;
    txn->lease.error = &own;
    do {
        own = (quipu_error){ 0 };
        status = quipu_postgres_pool_borrow(datastore, deadline,
                                            &txn->lease.connection, &own);
        if (status != QUIPU_OK) {
            break;
        }
        status = try_once(txn, wanted, work);
        again = status != QUIPU_OK && status != QUIPU_UNKNOWN_OUTCOME &&
                (quipu_postgres_retry_is_race(&own) ||
                 quipu_postgres_retry_classify(&txn->lease) != RETRY_NEVER);
        quipu_postgres_pool_return(datastore, txn->lease.connection);
    } while (again && quipu_postgres_retry_after(&retry, &own, deadline));
    return quipu_common_error_pass(status, &own, error);
}
