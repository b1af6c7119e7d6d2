/* SPDX-License-Identifier: Apache-2.0 */
/* Single statements, and the begin and the end of transactions. */
#include "postgres.h"

#include <stdio.h>
#include <string.h>

/* Milliseconds: from which on a session keeps its limit, and what a statement
 * is given that need not wait. */
#define STEADY 1000
#define GRACE_LIMIT 500

/* ------------------------------------------------------------- statements */

int quipu_postgres_skip(quipu_driver_datastore *datastore,
                        struct connection *connection, unsigned count,
                        int64_t deadline, const char *what, quipu_error *error)
{
    for (unsigned i = 0; i < count; i++) {
        PGresult *result = NULL;
        enum answer answer =
            quipu_postgres_receive(connection, deadline, &result);
        if (answer != ANSWER_OK && answer != ANSWER_END) {
            return quipu_postgres_fail(datastore, connection, answer, &result,
                                       what, error);
        }
        PQclear(result);
    }
    return QUIPU_OK;
}

int quipu_postgres_ask(quipu_driver_datastore *datastore,
                       struct connection *connection,
                       const struct statement *statement, int64_t deadline,
                       const char *what, PGresult **result, quipu_error *error)
{
    PGresult *none = NULL;
    int64_t latest = clock_grace(deadline);
    quipu_postgres_send(connection, statement);
    quipu_postgres_send_end(connection);
    enum answer answer = quipu_postgres_receive(connection, latest, result);
    if (answer != ANSWER_OK) {
        int status = quipu_postgres_fail(datastore, connection, answer, result,
                                         what, error);
        if (answer == ANSWER_ERROR) {
            (void)quipu_postgres_receive_end(connection, latest);
        }
        return status;
    }
    answer = quipu_postgres_receive_end(connection, latest);
    if (answer != ANSWER_END) {
        PQclear(*result);
        *result = NULL;
        return quipu_postgres_fail(datastore, connection, answer, &none, what,
                                   error);
    }
    return QUIPU_OK;
}

bool quipu_postgres_is_unprepared(quipu_driver_datastore *datastore,
                                  const char *state)
{
    /* A pooler gave the statement to a server that does not know it, or to one
     * that knows it already. */
    if (strcmp(state, "26000") != 0 && strcmp(state, "42P05") != 0) {
        return false;
    }
    atomic_store(&datastore->plain, true);
    return true;
}

bool quipu_postgres_is_over(quipu_driver_datastore *datastore,
                            const char *state)
{
    return quipu_postgres_is_unprepared(datastore, state) ||
           strcmp(state, "0A000") == 0 || /* a plan of the server's grew old */
           strncmp(state, "57P", 3) == 0;
}

/* Whether it is worth to ask again, on another connection. */
static bool is_passing(quipu_driver_datastore *datastore,
                       const struct connection *connection,
                       const quipu_error *own)
{
    return quipu_postgres_is_over(datastore, own->sqlstate) ||
           strncmp(own->sqlstate, "40", 2) == 0 ||
           (connection->lost && own->code == QUIPU_IO);
}

int quipu_postgres_read(quipu_driver_datastore *datastore,
                        const struct statement *statement,
                        void (*put)(struct arguments *arguments,
                                    const void *context),
                        const void *context, int64_t deadline, const char *what,
                        PGresult **result, quipu_error *error)
{
    quipu_error own = { 0 };
    int status = QUIPU_OK;
    for (int attempt = 0; attempt < 3; attempt++) {
        struct connection *connection = NULL;
        status = quipu_postgres_borrow(datastore, deadline, &connection, &own);
        if (status != QUIPU_OK) {
            break;
        }
        quipu_postgres_arguments_begin(&connection->arguments);
        put(&connection->arguments, context);
        status = quipu_postgres_ask(datastore, connection, statement, deadline,
                                    what, result, &own);
        bool again =
            status != QUIPU_OK && is_passing(datastore, connection, &own);
        connection->lost = connection->lost || again;
        quipu_postgres_return(datastore, connection);
        if (!again) {
            break;
        }
    }
    if (status != QUIPU_OK && error) {
        *error = own;
    }
    return status == QUIPU_OK ? status : quipu_postgres_as_read(status, error);
}

/* ------------------------------------------------------------ transactions */

static int64_t lesser(int64_t limit, int64_t option)
{
    return option > 0 && (limit == 0 || option < limit) ? option : limit;
}

static void put_milliseconds(struct arguments *arguments, int64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%lld", (long long)value);
    quipu_postgres_add_text(arguments, text);
}

static void send_settings(quipu_driver_datastore *datastore,
                          struct connection *connection, int64_t limit,
                          int64_t patience, bool local)
{
    int64_t more = patience / CLOCK_MILLISECOND;
    const struct options *options = &datastore->options;
    struct arguments *arguments = &connection->arguments;
    quipu_postgres_arguments_begin(arguments);
    quipu_postgres_add_bool(arguments, datastore->relaxed);
    put_milliseconds(arguments, lesser(limit, options->lock_timeout));
    put_milliseconds(arguments,
                     lesser(limit == 0 ? 0 : limit + GRACE_LIMIT + more,
                            options->statement_timeout));
    put_milliseconds(arguments, limit == 0 ? 0 : limit + IDLE_LIMIT + more);
    quipu_postgres_add_bool(arguments, local);
    quipu_postgres_send(connection, &datastore->common[SQL_SETTINGS]);
}

/* How long the server may wait for a lock, in milliseconds; 0: for ever. */
static int64_t limit_until(int64_t deadline)
{
    int64_t left = (deadline - clock_now()) / CLOCK_MILLISECOND;
    if (deadline == INT64_MAX || left > INT32_MAX / 2) {
        return 0;
    }
    return left < 1 ? 1 : left;
}

static bool is_near(int64_t have, int64_t wanted)
{
    return have == wanted ||
           (have >= STEADY && have <= wanted && have + have / 8 >= wanted);
}

/*
 * What a transaction has to set costs a tenth of it.  A session of our own
 * keeps that, as long as the limits stay much the same; a pooler's is shared.
 */
unsigned quipu_postgres_send_begin(quipu_driver_datastore *datastore,
                                   struct connection *connection,
                                   int64_t deadline, int64_t patience)
{
    const struct statement *begin = &datastore->common[SQL_BEGIN];
    int64_t limit = limit_until(deadline);
    bool own = connection->direct && patience == 0;
    bool near = own && is_near(connection->limit, limit);
    bool keep = own && !near && (limit == 0 || limit >= STEADY);
    unsigned answers = 0;
    connection->gave_up = false;
    /* With no end of its own: a pooler would take the session from us at the
     * first, and give others what is answered to the rest. */
    if (PQtransactionStatus(connection->pg) == PQTRANS_INERROR) {
        quipu_postgres_arguments_begin(&connection->arguments);
        quipu_postgres_send(connection, &datastore->common[SQL_ROLLBACK]);
        answers = 1;
    }
    if (keep) {
        limit -= limit / 64; /* the next one has a little less time left */
        send_settings(datastore, connection, limit, 0, false);
        quipu_postgres_send_end(connection);
        connection->limit = limit;
    }
    quipu_postgres_arguments_begin(&connection->arguments);
    quipu_postgres_send(connection, begin);
    if (!near && !keep) {
        send_settings(datastore, connection, limit, patience, true);
    }
    return answers + (near ? 1 : keep ? 3 : 2);
}

int quipu_postgres_begin(quipu_driver_datastore *datastore,
                         struct connection *connection, int64_t deadline,
                         quipu_error *error)
{
    int64_t latest = clock_grace(deadline);
    unsigned count =
        quipu_postgres_send_begin(datastore, connection, deadline, 0) + 1;
    quipu_postgres_send_end(connection);
    return quipu_postgres_skip(datastore, connection, count, latest,
                               "begin a transaction", error);
}

void quipu_postgres_rollback(quipu_driver_datastore *datastore,
                             struct connection *connection, int64_t deadline)
{
    PGresult *result = NULL;
    if (connection->lost) {
        return; /* the server does it when it sees that */
    }
    int64_t latest = clock_grace(deadline);
    quipu_postgres_arguments_begin(&connection->arguments);
    quipu_postgres_send(connection, &datastore->common[SQL_ROLLBACK]);
    quipu_postgres_send_end(connection);
    enum answer answer = quipu_postgres_receive(connection, latest, &result);
    PQclear(result);
    if (answer != ANSWER_OK ||
        quipu_postgres_receive_end(connection, latest) != ANSWER_END) {
        connection->lost = true;
    }
}

/* Whether the server surely undid what it could not commit. */
static bool is_undone(enum answer answer, const PGresult *result)
{
    return answer == ANSWER_ERROR && (quipu_postgres_is_state(result, "40") ||
                                      quipu_postgres_is_state(result, "23"));
}

int quipu_postgres_judge_commit(quipu_driver_datastore *datastore,
                                struct connection *connection,
                                enum answer answer, PGresult **result,
                                quipu_error *error)
{
    quipu_error own = { 0 };
    bool committed = answer == ANSWER_OK && !connection->gave_up &&
                     strcmp(PQcmdStatus(*result), "COMMIT") == 0;
    if (committed) {
        PQclear(*result);
        *result = NULL;
        return QUIPU_OK;
    }
    if (is_undone(answer, *result)) {
        return quipu_postgres_fail(datastore, connection, answer, result,
                                   "commit", error);
    }
    (void)quipu_postgres_fail(datastore, connection, answer, result, "commit",
                              &own);
    connection->lost = true;
    return datastore->host->error_set(
        error, QUIPU_UNKNOWN_OUTCOME, 0, own.sqlstate,
        "%s did not say whether it committed (%s); repeat the call, or look "
        "its event ids up",
        datastore->name,
        connection->gave_up ? "it gave up the wait for its standby"
                            : own.message);
}

int quipu_postgres_commit(quipu_driver_datastore *datastore,
                          struct connection *connection, int64_t deadline,
                          quipu_error *error)
{
    PGresult *result = NULL;
    int64_t latest = clock_grace(deadline);
    quipu_postgres_arguments_begin(&connection->arguments);
    quipu_postgres_send(connection, &datastore->common[SQL_COMMIT]);
    quipu_postgres_send_end(connection);
    enum answer answer = quipu_postgres_receive(connection, latest, &result);
    int status = quipu_postgres_judge_commit(datastore, connection, answer,
                                             &result, error);
    if (!connection->lost &&
        quipu_postgres_receive_end(connection, latest) != ANSWER_END) {
        connection->lost = true;
    }
    return status;
}
