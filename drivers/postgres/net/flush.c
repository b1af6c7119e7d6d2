/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for the server's disk; the method and its invariants are in
 * flush.h. */
#include "flush.h"

#include "datastore.h"
#include "errors.h"

#include "common/safeguard.h"

void quipu_postgres_flush_send(const struct lease *lease)
{
    struct connection *connection = lease->connection;
    connection->standby_skipped = false;
    connection->commit_sent = true; /* warnings count from here on */
    quipu_postgres_binary_begin(&connection->arguments);
    quipu_postgres_pipeline_send(connection, &lease->datastore->sql[SQL_FLUSH]);
}

/* A wait for a standby that was cancelled ends with a good answer: then the
 * connection is given up, as after a COMMIT (net/transaction.c). */
enum answer quipu_postgres_flush_receive(struct connection *connection,
                                         int64_t deadline, PGresult **result)
{
    enum answer answer =
        quipu_postgres_pipeline_receive(connection, deadline, result);
    if (answer == ANSWER_OK) {
        PQclear(*result);
        answer = quipu_postgres_pipeline_receive(connection, deadline, result);
    }
    if (answer == ANSWER_ERROR) {
        (void)quipu_postgres_pipeline_receive_sync(connection, deadline);
    }
    if (answer == ANSWER_SYNC &&
        SAFEGUARDED("V2.standby-that-was-not-waited-for",
                    connection->standby_skipped, false)) {
        connection->lost = true;
        return ANSWER_LOST;
    }
    return answer;
}

int quipu_postgres_flush_fail(const struct lease *lease, enum answer answer,
                              PGresult **result, const char *what)
{
    const quipu_driver_datastore *datastore = lease->datastore;
    if (!lease->connection->standby_skipped) {
        return quipu_postgres_error_from_answer(lease, answer, result, what);
    }
    PQclear(*result);
    *result = NULL;
    return datastore->host->error_set(
        lease->error, QUIPU_IO, 0, NULL,
        "cannot %s in %s: the wait for its standby was canceled; try again",
        what, datastore->name);
}

int quipu_postgres_flush_run(const struct lease *lease, const char *what)
{
    PGresult *result = NULL;
    quipu_postgres_flush_send(lease);
    quipu_postgres_pipeline_sync(lease->connection);
    enum answer answer = quipu_postgres_flush_receive(
        lease->connection, clock_grace(lease->deadline), &result);
    if (answer == ANSWER_SYNC) {
        PQclear(result);
        return QUIPU_OK;
    }
    return quipu_postgres_flush_fail(lease, answer, &result, what);
}
