/* SPDX-License-Identifier: Apache-2.0 */
/* A function of the caller's in the append's transaction. */
#include "attempt.h"

int quipu_postgres_run_work(quipu_driver_datastore *datastore,
                            struct connection *connection,
                            const struct task *task, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    PGconn *pg = connection->pg;
    if (PQexitPipelineMode(pg) != 1 || PQsetnonblocking(pg, 0) != 0) {
        connection->lost = true;
        return quipu_postgres_no_memory(host, error);
    }
    int status = task->work(pg, task->context, error);
    PGTransactionStatusType state = PQtransactionStatus(pg);
    connection->limit = -1; /* who knows what it set */
    if (status == QUIPU_OK && state == PQTRANS_INERROR) {
        status = host->error_set(error, QUIPU_INVALID, 0, NULL,
                                 "a statement of the function in the "
                                 "transaction failed, and it did not say so");
    } else if (status == QUIPU_OK && state != PQTRANS_INTRANS) {
        status = host->error_set(
            error, PQstatus(pg) == CONNECTION_OK ? QUIPU_INVALID : QUIPU_IO, 0,
            NULL,
            PQstatus(pg) == CONNECTION_OK
                ? "the function in the transaction ended it; what it did is "
                  "not undone"
                : "the connection was lost in the function");
        connection->lost = true;
    } else if (status != QUIPU_OK && error && error->code != status) {
        (void)host->error_set(error, status, 0, NULL,
                              "the function in the transaction refused, and "
                              "did not say why");
    }
    if (PQsetnonblocking(pg, 1) != 0 || PQenterPipelineMode(pg) != 1) {
        connection->lost = true;
    }
    return status;
}
