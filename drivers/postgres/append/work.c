/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's function in the transaction; the method and its invariants are
 * in work.h. */
#include "work.h"

#include "datastore.h"

#include "net/errors.h"
#include "net/query.h"
#include "net/transaction.h"

#include "common/safeguard.h"
#include "common/writer.h"

#include <string.h>

void quipu_postgres_work_send_question(const struct lease *lease)
{
    struct connection *connection = lease->connection;
    quipu_postgres_binary_begin(&connection->arguments);
    quipu_postgres_pipeline_send(connection,
                                 &lease->datastore->sql[SQL_TRANSACTION]);
}

/* ------------------------------------------------------- the function's faults
 */

static int refuse_end(const struct lease *lease)
{
    return quipu_common_writer_refuse_function(
        lease->datastore->host, "a statement that ended the transaction",
        lease->error);
}

static int tell_commit(const struct lease *lease, bool known)
{
    return lease->datastore->host->error_set(
        lease->error, QUIPU_UNKNOWN_OUTCOME, 0, NULL,
        "the function in the transaction ended the transaction, %s; it must "
        "not begin or end a transaction",
        known ? "by COMMIT: the append is stored, with all that the function "
                "did before"
              : "and it is not known whether the append is stored; look its "
                "event ids up");
}

/* Returns the status of the transaction as the server has it: "committed",
 * "aborted" ...; NULL: it cannot be found out.  The caller clears *result. */
static const char *find_status(const struct lease *lease, int64_t transaction,
                               PGresult **result)
{
    struct connection *connection = lease->connection;
    quipu_error own = { 0 };
    struct lease asking = *lease;
    asking.error = &own;
    if (PQtransactionStatus(connection->pg) != PQTRANS_IDLE) {
        quipu_postgres_transaction_rollback(&asking);
    }
    if (connection->lost) {
        return NULL;
    }
    quipu_postgres_binary_begin(&connection->arguments);
    quipu_postgres_binary_add_int8(&connection->arguments, transaction);
    int status = quipu_postgres_query_run(
        &asking, &lease->datastore->sql[SQL_TRANSACTION_STATUS],
        "look at a transaction", result);
    return status == QUIPU_OK ? quipu_postgres_binary_get_text(*result, 0, 0)
                              : NULL;
}

/* The append is not to be committed: rolls back, unless the function has ended
 * the transaction, and returns `status` if nothing is stored (INV2). */
static int give_up(const struct lease *lease, int64_t transaction, int status)
{
    PGresult *result = NULL;
    const char *found = find_status(lease, transaction, &result);
    bool aborted = SAFEGUARDED("V5.commit-in-the-function",
                               found && strcmp(found, "aborted") == 0, true);
    if (!aborted) {
        status = tell_commit(lease, found && strcmp(found, "committed") == 0);
    }
    PQclear(result);
    return status;
}

/* ------------------------------------------------------------- the function */

/* Out of pipeline mode and blocking, as a program expects a connection. */
static bool hand_out(PGconn *pg)
{
    return PQexitPipelineMode(pg) == 1 && PQsetnonblocking(pg, 0) == 0;
}

static bool take_back(PGconn *pg)
{
    return PQsetnonblocking(pg, 1) == 0 && PQenterPipelineMode(pg) == 1;
}

int quipu_postgres_work_run(const struct lease *lease,
                            const struct caller_work *work, int64_t transaction)
{
    const quipu_host *host = lease->datastore->host;
    struct connection *connection = lease->connection;
    quipu_error *error = lease->error;
    PGconn *pg = connection->pg;
    if (!hand_out(pg)) {
        connection->lost = true;
        return quipu_postgres_error_no_memory(host, error);
    }
    int status =
        quipu_common_writer_run(host, work->function, pg, work->context, error);
    connection->lock_timeout = -1; /* it may have changed settings */
    connection->used_by_caller = true;
    connection->prepares = false; /* it may have deallocated statements */
    PGTransactionStatusType state = PQtransactionStatus(pg);
    if (PQstatus(pg) != CONNECTION_OK) {
        /* The function may have returned an error because of that. */
        connection->lost = true;
        return host->error_set(error, QUIPU_IO, 0, NULL,
                               "the connection was lost in the function in the "
                               "transaction");
    }
    if (!take_back(pg) || state == PQTRANS_ACTIVE) {
        connection->lost = true;
        return status != QUIPU_OK
                   ? status
                   : host->error_set(error, QUIPU_IO, 0, NULL,
                                     "the function in the transaction has left "
                                     "the connection with an answer to be "
                                     "read");
    }
    if (status == QUIPU_OK && state == PQTRANS_IDLE) {
        status = refuse_end(lease);
    } else if (status == QUIPU_OK && state == PQTRANS_INERROR) {
        status = host->error_set(error, QUIPU_INVALID, 0, NULL,
                                 "a statement of the function in the "
                                 "transaction failed, and the function did not "
                                 "report it; nothing is stored");
    }
    return status == QUIPU_OK ? status : give_up(lease, transaction, status);
}

/* ------------------------------------------------------------------- commit */

/* If the answer to SQL_SAME_TRANSACTION is an error, COMMIT has rolled back
 * the transaction that the function began. */
int quipu_postgres_work_commit(const struct lease *lease, int64_t transaction,
                               int64_t deadline)
{
    struct connection *connection = lease->connection;
    int64_t latest = clock_grace(deadline);
    PGresult *result = NULL;
    quipu_postgres_binary_begin(&connection->arguments);
    quipu_postgres_binary_add_int8(&connection->arguments, transaction);
    quipu_postgres_pipeline_send(connection,
                                 &lease->datastore->sql[SQL_SAME_TRANSACTION]);
    quipu_postgres_transaction_send_commit(lease);
    enum answer answer =
        quipu_postgres_pipeline_receive(connection, latest, &result);
    bool other = answer == ANSWER_ERROR &&
                 quipu_postgres_error_has_state(result, "22012");
    int status = QUIPU_OK;
    if (answer == ANSWER_OK) {
        PQclear(result);
        return quipu_postgres_transaction_receive_commit(lease, latest);
    }
    if (answer != ANSWER_ERROR) {
        status =
            quipu_postgres_transaction_commit_status(lease, answer, &result);
    } else if (!other) {
        status =
            quipu_postgres_error_from_answer(lease, answer, &result, "commit");
    }
    PQclear(other ? result : NULL);
    if (!connection->lost && quipu_postgres_pipeline_receive_sync(
                                 connection, latest) != ANSWER_SYNC) {
        connection->lost = true;
    }
    return other ? give_up(lease, transaction, refuse_end(lease)) : status;
}
