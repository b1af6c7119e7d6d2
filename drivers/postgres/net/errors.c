/* SPDX-License-Identifier: Apache-2.0 */
/* SQLSTATEs and lost connections as status codes and messages. */
#include "errors.h"

#include "datastore.h"

#include <stdio.h>
#include <string.h>

struct meaning {
    const char *state; /* a SQLSTATE, or its first characters */
    int status;
    const char *advice; /* an action that may resolve the error */
};

static const char again[] = "try again";
static const char longer[] = "try again, or allow more with timeout and "
                             "statement_timeout";
static const char cut_short[] = "check whether the server, or a pooler before "
                                "it, accepts a message of this "
                                "size, or append less at a time";
static const char out_of_service[] = "check that the server is running, and "
                                     "try again";
static const char limited[] = "the server, or an extension of it, does not "
                              "support the statement: on a Citus cluster "
                              "distribute quipu's tables as docs/scaling.md "
                              "says";
static const char out_of_cluster[] = "check that all servers of the cluster "
                                     "are running, and try again";
static const char rights[] = "grant SELECT, INSERT and UPDATE on quipu's "
                             "tables, and DELETE to a program "
                             "that deletes, or connect as another role";
static const char altered[] = "quipu's tables have been altered; undo that, or "
                              "restore a backup";

static const char of_trigger[] = "a trigger or a rule of the application "
                                 "refuses or fails; change or drop it";

/* The first entry that matches a SQLSTATE counts. */
static const struct meaning meanings[] = {
    { "08P01", QUIPU_IO, cut_short },
    { "08", QUIPU_IO, out_of_service },
    { "0A", QUIPU_UNSUPPORTED, limited },
    { "25006", QUIPU_DENIED,
      "the server or the session is read-only; name the primary, with "
      "target_session_attrs=read-write if there are several hosts" },
    { "25P03", QUIPU_IO,
      "the transaction was idle for too long; do less in it" },
    { "28", QUIPU_DENIED, "check user, password and pg_hba.conf" },
    { "3D000", QUIPU_NOT_FOUND, "create the database first: createdb" },
    { "40", QUIPU_BUSY, again },
    { "42501", QUIPU_DENIED, rights },
    { "42622", QUIPU_INVALID, "choose a shorter name" },
    { "42P01", QUIPU_NOT_FOUND,
      "a table is missing; was the schema torn down?" },
    { "42", QUIPU_CORRUPT, altered },
    { "09", QUIPU_DENIED, of_trigger }, /* triggered action exception */
    { "38", QUIPU_DENIED, of_trigger }, /* external routine exceptions */
    { "39", QUIPU_DENIED, of_trigger },
    { "P0", QUIPU_DENIED, of_trigger }, /* RAISE of PL/pgSQL */
    { "22", QUIPU_CORRUPT, altered },
    { "23", QUIPU_CORRUPT, altered },
    { "53100", QUIPU_IO, "the server's disk is full; make room" },
    { "53300", QUIPU_BUSY, "raise max_connections, or lower pool" },
    { "53", QUIPU_IO, "the server lacks resources" },
    { "54000", QUIPU_IO, "append less at a time" },
    { "55P03", QUIPU_BUSY,
      "other appends hold the lock; try again, or allow more with timeout "
      "and lock_timeout" },
    { "55006", QUIPU_BUSY, again },
    { "57014", QUIPU_BUSY, longer },
    { "57P03", QUIPU_BUSY, "the server is starting or stopping; try again" },
    { "57P", QUIPU_IO, out_of_service },
    { "58", QUIPU_IO, "the server's disk or file system has failed" },
    { "XX001", QUIPU_CORRUPT, "restore it from a backup" },
    { "XX002", QUIPU_CORRUPT, "REINDEX it, or restore it from a backup" },
};

int quipu_postgres_error_status(const char *state, const char **advice)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        const struct meaning *meaning = &meanings[i];
        if (strncmp(state, meaning->state, strlen(meaning->state)) == 0) {
            *advice = meaning->advice;
            return meaning->status;
        }
    }
    /* The SQL standard leaves the classes from 5 to 9 and from I to Z to
     * implementations; those of PostgreSQL are above, but for XX. The rest are
     * those that a trigger has chosen. */
    const char class = state[0];
    if (((class >= '5' && class <= '9') || (class >= 'I' && class <= 'Z')) &&
        strncmp(state, "XX", 2) != 0) {
        *advice = of_trigger;
        return QUIPU_DENIED;
    }
    *advice = "please report this";
    return QUIPU_INTERNAL;
}

int quipu_postgres_error_status_when_open(
    const quipu_driver_datastore *datastore, int status)
{
    if (datastore->opened &&
        (status == QUIPU_NOT_FOUND || status == QUIPU_UNSUPPORTED)) {
        return QUIPU_IO;
    }
    return status;
}

int quipu_postgres_error_as_read(int status, quipu_error *error)
{
    if (status == QUIPU_BUSY && error &&
        (strcmp(error->sqlstate, "57014") == 0)) {
        error->code = QUIPU_TIMEOUT;
        return QUIPU_TIMEOUT;
    }
    return status;
}

const char *quipu_postgres_error_state(const PGresult *result)
{
    const char *state =
        result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    return state ? state : "";
}

bool quipu_postgres_error_has_state(const PGresult *result, const char *state)
{
    return strncmp(quipu_postgres_error_state(result), state, strlen(state)) ==
           0;
}

bool quipu_postgres_error_is_of_worker(const struct connection *connection,
                                       const char *state)
{
    return connection->sharded &&
           (strcmp(state, "XX000") == 0 || strncmp(state, "08", 2) == 0);
}

/* Length of a message's first line; libpq's have several. */
static int first_line(const char *words)
{
    return (int)strcspn(words, "\n");
}

static const char *advice_when_lost(const struct connection *connection,
                                    const char *state)
{
    const char *advice = NULL;
    if (state[0] != '\0' &&
        quipu_postgres_error_status(state, &advice) == QUIPU_IO) {
        return advice;
    }
    return connection && connection->large_buffers ? cut_short : out_of_service;
}

static int fail_lost(const struct lease *lease, const PGresult *result,
                     const char *what)
{
    const struct connection *connection = lease->connection;

    const char *state = quipu_postgres_error_state(result);
    const char *words =
        result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    if (!words && connection) {
        words = PQerrorMessage(connection->pg);
    }
    if (!words || *words == '\0') {
        words = "the connection was lost";
    }
    return lease->datastore->host->error_set(
        lease->error, QUIPU_IO, 0, state, "cannot %s in %s: %.*s; %s", what,
        lease->datastore->name, first_line(words), words,
        advice_when_lost(connection, state));
}

static int fail_server(const struct lease *lease, const PGresult *result,
                       const char *what)
{
    const quipu_driver_datastore *datastore = lease->datastore;
    const struct connection *connection = lease->connection;
    const char *state = quipu_postgres_error_state(result);
    const char *words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *advice = NULL;
    int status = quipu_postgres_error_status(state, &advice);
    if (status == QUIPU_UNSUPPORTED) {
        status = quipu_postgres_error_status_when_open(datastore, status);
    } else if (quipu_postgres_error_is_of_worker(connection, state)) {
        status = QUIPU_IO;
        advice = out_of_cluster;
    }
    if (!words) {
        words = PQresultErrorMessage(result);
    }
    return datastore->host->error_set(
        lease->error, status, 0, state, "cannot %s in %s: %.*s; %s", what,
        datastore->name, first_line(words), words, advice);
}

int quipu_postgres_error_from_answer(const struct lease *lease,
                                     enum answer answer, PGresult **result,
                                     const char *what)
{
    const quipu_driver_datastore *datastore = lease->datastore;
    const quipu_host *host = datastore->host;
    quipu_error *error = lease->error;
    int status = QUIPU_INTERNAL;
    switch (answer) {
    case ANSWER_LATE:
        status = host->error_set(error, QUIPU_BUSY, 0, "57014",
                                 "cannot %s in %s: the server did not answer "
                                 "in time; %s",
                                 what, datastore->name, longer);
        break;
    case ANSWER_NO_MEMORY:
        status = quipu_postgres_error_no_memory(host, error);
        break;
    case ANSWER_LOST:
        status = fail_lost(lease, *result, what);
        break;
    case ANSWER_MALFORMED:
        status = quipu_postgres_error_malformed(
            datastore, what, lease->connection->problem, error);
        break;
    case ANSWER_ERROR:
        status = fail_server(lease, *result, what);
        break;
    default:
        status = host->error_set(error, QUIPU_INTERNAL, 0, NULL,
                                 "cannot %s in %s: unexpected answer; "
                                 "please report this",
                                 what, datastore->name);
        break;
    }
    PQclear(*result);
    *result = NULL;
    return status;
}

void quipu_postgres_error_advise(quipu_error *error, const char *state,
                                 const char *advice)
{
    const char *old = NULL;
    if (!error || strcmp(error->sqlstate, state) != 0) {
        return;
    }
    (void)quipu_postgres_error_status(state, &old);
    size_t size = strlen(error->message);
    if (size < strlen(old) ||
        strcmp(error->message + size - strlen(old), old) != 0) {
        return;
    }
    size -= strlen(old);
    (void)snprintf(error->message + size, sizeof(error->message) - size, "%s",
                   advice);
}

int quipu_postgres_error_malformed(const quipu_driver_datastore *datastore,
                                   const char *what, const char *problem,
                                   quipu_error *error)
{
    return datastore->host->error_set(
        error, QUIPU_CORRUPT, 0, NULL,
        "cannot %s in %s: the server's answer does not fit the statement (%s); "
        "%s",
        what, datastore->name, problem, altered);
}

int quipu_postgres_error_not_stored(const quipu_driver_datastore *datastore,
                                    const char *what, const char *table,
                                    quipu_error *error)
{
    return datastore->host->error_set(
        error, QUIPU_DENIED, 0, NULL,
        "cannot %s in %s: table \"%s\" did not take the rows as they were "
        "written, and nothing was stored; a trigger or a rule on the table "
        "suppresses or changes them: drop it",
        what, datastore->name, table);
}

int quipu_postgres_error_no_memory(const quipu_host *host, quipu_error *error)
{
    return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                           "no memory for the PostgreSQL driver");
}

int quipu_postgres_error_readonly(const quipu_driver_datastore *datastore,
                                  quipu_error *error)
{
    return datastore->host->error_set(error, QUIPU_DENIED, 0, NULL,
                                      "%s is open with readonly=yes",
                                      datastore->name);
}
