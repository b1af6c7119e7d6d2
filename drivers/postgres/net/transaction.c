/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The beginning and the end of transactions.
 *
 * A transaction needs timeouts that fit its deadline, and synchronous_commit as
 * the datastore's durability asks.  Setting them costs a tenth of a small
 * append. On a session of its own (no pooler) the settings are therefore made
 * for the session and kept as long as the limit stays nearly the same: between
 * it and an eighth less.  A pooler hands the session to others after the
 * transaction, so there they are set for the transaction only.
 *
 * Timeouts of the server, in milliseconds from the beginning:
 *
 * - lock_timeout: until the deadline.
 * - statement_timeout: GRACE_LIMIT more, for the work itself.  On a Citus
 *   cluster also until the deadline, since lock_timeout does not reach the
 *   workers, and the driver waits for an answer for less than GRACE_LIMIT.
 * - idle_in_transaction_session_timeout: IDLE_LIMIT more.  It ends the session
 *   of a client that has gone away.
 */
#include "transaction.h"

#include "datastore.h"
#include "errors.h"
#include "flush.h"
#include "query.h"

#include "common/safeguard.h"

#include <stdio.h>
#include <string.h>

#define STEADY 1000     /* a session keeps limits of at least this many ms */
#define LEAST_LIMIT 400 /* ms for a statement on a cluster; see clock_grace */
#define GRACE_LIMIT 500 /* ms for a statement that waits for no lock */

/* Returns true for an append that is to be committed before its flush: others
 * wait for its lock (flush.h). */
static bool is_early(const struct lease *lease)
{
    const quipu_driver_datastore *datastore = lease->datastore;
    return datastore->shared_flush && !datastore->relaxed &&
           lease->connection->crowded > 0;
}

/* The smaller of two limits in milliseconds; 0 is no limit. */
static int64_t smaller(int64_t limit, int64_t option)
{
    return option > 0 && (limit == 0 || option < limit) ? option : limit;
}

static void add_milliseconds(struct arguments *arguments, int64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%lld", (long long)value);
    quipu_postgres_binary_add_text(arguments, text);
}

static void send_settings(quipu_driver_datastore *datastore,
                          struct connection *connection, int64_t limit,
                          int64_t transfer_time, bool local)
{
    int64_t more = transfer_time / CLOCK_MILLISECOND;
    int64_t least = limit < LEAST_LIMIT ? LEAST_LIMIT - limit : 0;
    int64_t grace = connection->sharded ? least : GRACE_LIMIT;
    const struct options *options = &datastore->options;
    struct arguments *arguments = &connection->arguments;
    quipu_postgres_binary_begin(arguments);
    quipu_postgres_binary_add_bool(arguments, datastore->relaxed);
    add_milliseconds(arguments, smaller(limit, options->lock_timeout));
    add_milliseconds(arguments, smaller(limit == 0 ? 0 : limit + grace + more,
                                        options->statement_timeout));
    add_milliseconds(arguments, limit == 0 ? 0 : limit + IDLE_LIMIT + more);
    quipu_postgres_binary_add_bool(arguments, local);
    quipu_postgres_pipeline_send(connection, &datastore->sql[SQL_SETTINGS]);
}

/* Milliseconds that the server may wait for a lock; 0: no limit. */
static int64_t limit_until(int64_t deadline)
{
    int64_t left = (deadline - clock_now()) / CLOCK_MILLISECOND;
    if (deadline == INT64_MAX || left > INT32_MAX / 2) {
        return 0;
    }
    return left < 1 ? 1 : left;
}

/* Returns true if a session that has one limit needs no new settings for
 * another. */
static bool is_near(int64_t have, int64_t wanted)
{
    return have == wanted ||
           (have >= STEADY && have <= wanted && have + have / 8 >= wanted);
}

static unsigned send_begin(const struct lease *lease, int64_t transfer_time,
                           bool early, bool *alone)
{
    quipu_driver_datastore *datastore = lease->datastore;
    struct connection *connection = lease->connection;
    const struct statement *begin = &datastore->sql[SQL_BEGIN];
    int64_t limit = limit_until(lease->deadline);
    bool own = connection->own_session && transfer_time == 0;
    bool near = own && is_near(connection->lock_timeout, limit);
    bool keep = own && !near && (limit == 0 || limit >= STEADY);
    unsigned answers = 0;
    connection->flush_follows = early;
    *alone = *alone && !early && (near || keep) &&
             PQtransactionStatus(connection->pg) == PQTRANS_IDLE;
    connection->commit_sent = connection->standby_skipped = false;
    /* No synchronization point between ROLLBACK and BEGIN: after it a pooler
     * would hand the session to another client. */
    if (PQtransactionStatus(connection->pg) == PQTRANS_INERROR) {
        quipu_postgres_binary_begin(&connection->arguments);
        quipu_postgres_pipeline_send(connection, &datastore->sql[SQL_ROLLBACK]);
        answers = 1;
    }
    if (keep) {
        limit -= limit / 64; /* so that a shorter one still counts as near */
        send_settings(datastore, connection, limit, 0, false);
        quipu_postgres_pipeline_sync(connection);
        connection->lock_timeout = limit;
    }
    if (*alone) {
        return near ? 0 : 2;
    }
    quipu_postgres_binary_begin(&connection->arguments);
    quipu_postgres_pipeline_send(connection, begin);
    if (!near && !keep) {
        send_settings(datastore, connection, limit, transfer_time, true);
    }
    if (early) {
        quipu_postgres_binary_begin(&connection->arguments);
        quipu_postgres_pipeline_send(connection,
                                     &datastore->sql[SQL_COMMIT_EARLY]);
        answers++;
    }
    return answers + (near ? 1 : keep ? 3 : 2);
}

unsigned quipu_postgres_transaction_send_begin(const struct lease *lease,
                                               int64_t transfer_time)
{
    bool alone = false;
    return send_begin(lease, transfer_time, is_early(lease), &alone);
}

unsigned quipu_postgres_transaction_send_begin_one(const struct lease *lease,
                                                   int64_t transfer_time,
                                                   bool *alone)
{
    *alone = true;
    return send_begin(lease, transfer_time, is_early(lease), alone);
}

int quipu_postgres_transaction_begin(const struct lease *lease)
{
    int64_t latest = clock_grace(lease->deadline);
    bool alone = false;
    unsigned count = send_begin(lease, 0, false, &alone) + 1;
    quipu_postgres_pipeline_sync(lease->connection);
    return quipu_postgres_query_skip(lease, count, latest,
                                     "begin a transaction");
}

void quipu_postgres_transaction_rollback(const struct lease *lease)
{
    struct connection *connection = lease->connection;
    PGresult *result = NULL;
    if (connection->lost) {
        return; /* the server rolls back when the connection ends */
    }
    int64_t latest = clock_grace(lease->deadline);
    quipu_postgres_binary_begin(&connection->arguments);
    quipu_postgres_pipeline_send(connection,
                                 &lease->datastore->sql[SQL_ROLLBACK]);
    quipu_postgres_pipeline_sync(connection);
    enum answer answer =
        quipu_postgres_pipeline_receive(connection, latest, &result);
    PQclear(result);
    if (answer != ANSWER_OK || quipu_postgres_pipeline_receive_sync(
                                   connection, latest) != ANSWER_SYNC) {
        connection->lost = true;
    }
}

/* Returns true if the error proves that the transaction was rolled back. */
static bool is_rolled_back(enum answer answer, const PGresult *result)
{
    return answer == ANSWER_ERROR &&
           (quipu_postgres_error_has_state(result, "40") ||
            quipu_postgres_error_has_state(result, "23"));
}

static int fail_unknown(const struct lease *lease, enum answer answer,
                        PGresult **result)
{
    struct connection *connection = lease->connection;
    quipu_error own = { 0 };
    struct lease unknown = *lease;
    unknown.error = &own;
    (void)quipu_postgres_error_from_answer(&unknown, answer, result, "commit");
    connection->lost = true;
    return lease->datastore->host->error_set(
        lease->error, QUIPU_UNKNOWN_OUTCOME, 0, own.sqlstate,
        "%s did not confirm the commit (%s); repeat the call, or look its "
        "event "
        "ids up",
        lease->datastore->name,
        connection->standby_skipped ? "the wait for its standby was canceled"
                                    : own.message);
}

int quipu_postgres_transaction_commit_status(const struct lease *lease,
                                             enum answer answer,
                                             PGresult **result)
{
    const struct connection *connection = lease->connection;
    bool ended =
        answer == ANSWER_SYNC ||
        (answer == ANSWER_OK && strcmp(PQcmdStatus(*result), "COMMIT") == 0);
    bool committed = ended && !connection->standby_skipped;
    if (committed) {
        PQclear(*result);
        *result = NULL;
        return QUIPU_OK;
    }
    if (is_rolled_back(answer, *result)) {
        return quipu_postgres_error_from_answer(lease, answer, result,
                                                "commit");
    }
    return fail_unknown(lease, answer, result);
}

/* An error of the flush says nothing about the commit before it. */
int quipu_postgres_transaction_receive_commit(const struct lease *lease,
                                              int64_t latest)
{
    struct connection *connection = lease->connection;
    PGresult *result = NULL;
    enum answer answer =
        quipu_postgres_pipeline_receive(connection, latest, &result);
    int status =
        quipu_postgres_transaction_commit_status(lease, answer, &result);
    if (status == QUIPU_OK && connection->flush_follows) {
        answer = quipu_postgres_flush_receive(connection, latest, &result);
        if (answer != ANSWER_SYNC) {
            SAFEGUARD("V3.answer-to-the-flush")
            return fail_unknown(lease, answer, &result);
        }
        PQclear(result);
        return QUIPU_OK;
    }
    if (!connection->lost && quipu_postgres_pipeline_receive_sync(
                                 connection, latest) != ANSWER_SYNC) {
        connection->lost = true;
    }
    return status;
}

void quipu_postgres_transaction_send_commit(const struct lease *lease)
{
    struct connection *connection = lease->connection;
    quipu_postgres_binary_begin(&connection->arguments);
    quipu_postgres_pipeline_send(connection,
                                 &lease->datastore->sql[SQL_COMMIT]);
    if (connection->flush_follows) {
        SAFEGUARD("V3.flush-after-an-early-commit")
        quipu_postgres_flush_send(lease);
    }
    quipu_postgres_transaction_send_end(lease);
}

void quipu_postgres_transaction_send_end(const struct lease *lease)
{
    struct connection *connection = lease->connection;
    connection->commit_sent = !connection->lost && !connection->no_memory;
    quipu_postgres_pipeline_sync(connection);
}

int quipu_postgres_transaction_commit(const struct lease *lease,
                                      int64_t deadline)
{
    quipu_postgres_transaction_send_commit(lease);
    return quipu_postgres_transaction_receive_commit(lease,
                                                     clock_grace(deadline));
}
