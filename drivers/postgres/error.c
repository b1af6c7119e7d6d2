/* SPDX-License-Identifier: Apache-2.0 */
/* What the server's answers mean to the caller. */
#include "postgres.h"

#include <string.h>

struct meaning {
    const char *state; /* five characters, or a class's two */
    int status;
    const char *way_out;
};

static const char again[] = "try again";
static const char longer[] = "try again, or allow more with timeout and "
                             "statement_timeout";
static const char cut_short[] =
    "look whether the server, or a pooler before it, takes so long a message, "
    "or append less at a time";
static const char out_of_service[] = "look whether the server runs, and try "
                                     "again";
static const char rights[] =
    "grant SELECT, INSERT and UPDATE on quipu's tables, or connect as another "
    "role";
static const char altered[] = "its tables are not as quipu made them; restore "
                              "them, or a backup";

/* The first that fits. */
static const struct meaning meanings[] = {
    { "08P01", QUIPU_IO, cut_short },
    { "08", QUIPU_IO, out_of_service },
    { "25006", QUIPU_DENIED,
      "the server or the session only reads; name the primary, with "
      "target_session_attrs=read-write if there are several" },
    { "25P03", QUIPU_IO,
      "the transaction stood still for too long; do less in it" },
    { "28", QUIPU_DENIED, "check user, password and pg_hba.conf" },
    { "3D000", QUIPU_NOT_FOUND, "create the database first: createdb" },
    { "40", QUIPU_BUSY, again },
    { "42501", QUIPU_DENIED, rights },
    { "42622", QUIPU_INVALID, "choose a shorter name" },
    { "42P01", QUIPU_NOT_FOUND,
      "a table is missing; was the schema torn down?" },
    { "42", QUIPU_CORRUPT, altered },
    { "22", QUIPU_CORRUPT, altered },
    { "23", QUIPU_CORRUPT, altered },
    { "53100", QUIPU_IO, "the server's disk is full; make room" },
    { "53300", QUIPU_BUSY, "raise max_connections, or lower pool" },
    { "53", QUIPU_IO, "the server lacks resources" },
    { "54000", QUIPU_IO, "append less at a time" },
    { "55P03", QUIPU_BUSY,
      "others append at the same time; try again, or allow more with timeout "
      "and lock_timeout" },
    { "55006", QUIPU_BUSY, again },
    { "57014", QUIPU_BUSY, longer },
    { "57P03", QUIPU_BUSY, "the server is starting or stopping; try again" },
    { "57P", QUIPU_IO, out_of_service },
    { "58", QUIPU_IO, "the server's disk or its file system fails" },
    { "XX001", QUIPU_CORRUPT, "restore it from a backup" },
    { "XX002", QUIPU_CORRUPT, "REINDEX it, or restore it from a backup" },
};

int quipu_postgres_status_of(const char *state, const char **way_out)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        const struct meaning *meaning = &meanings[i];
        if (strncmp(state, meaning->state, strlen(meaning->state)) == 0) {
            *way_out = meaning->way_out;
            return meaning->status;
        }
    }
    *way_out = "please report this";
    return QUIPU_INTERNAL;
}

int quipu_postgres_status_later(const quipu_driver_datastore *datastore,
                                int status)
{
    if (datastore->opened &&
        (status == QUIPU_NOT_FOUND || status == QUIPU_UNSUPPORTED)) {
        return QUIPU_IO;
    }
    return status;
}

int quipu_postgres_as_read(int status, quipu_error *error)
{
    if (status == QUIPU_BUSY && error &&
        (strcmp(error->sqlstate, "57014") == 0)) {
        error->code = QUIPU_TIMEOUT;
        return QUIPU_TIMEOUT;
    }
    return status;
}

const char *quipu_postgres_state(const PGresult *result)
{
    const char *state =
        result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    return state ? state : "";
}

bool quipu_postgres_is_state(const PGresult *result, const char *state)
{
    return strncmp(quipu_postgres_state(result), state, strlen(state)) == 0;
}

/* libpq's words end with a newline, or several. */
static int first_line(const char *words)
{
    return (int)strcspn(words, "\n");
}

/* After the connection was lost. */
static const char *way_out_of(const struct connection *connection,
                              const char *state)
{
    const char *way_out = NULL;
    if (state[0] != '\0' &&
        quipu_postgres_status_of(state, &way_out) == QUIPU_IO) {
        return way_out;
    }
    return connection && connection->swollen ? cut_short : out_of_service;
}

static int fail_lost(const quipu_driver_datastore *datastore,
                     struct connection *connection, const PGresult *result,
                     const char *what, quipu_error *error)
{
    const char *state = quipu_postgres_state(result);
    const char *words =
        result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    if (!words && connection) {
        words = PQerrorMessage(connection->pg);
    }
    if (!words || *words == '\0') {
        words = "the connection was lost";
    }
    return datastore->host->error_set(error, QUIPU_IO, 0, state,
                                      "cannot %s in %s: %.*s; %s", what,
                                      datastore->name, first_line(words), words,
                                      way_out_of(connection, state));
}

static int fail_server(const quipu_driver_datastore *datastore,
                       const PGresult *result, const char *what,
                       quipu_error *error)
{
    const char *state = quipu_postgres_state(result);
    const char *words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *way_out = NULL;
    int status = quipu_postgres_status_of(state, &way_out);
    if (!words) {
        words = PQresultErrorMessage(result);
    }
    return datastore->host->error_set(
        error, status, 0, state, "cannot %s in %s: %.*s; %s", what,
        datastore->name, first_line(words), words, way_out);
}

int quipu_postgres_fail(const quipu_driver_datastore *datastore,
                        struct connection *connection, enum answer answer,
                        PGresult **result, const char *what, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    int status = QUIPU_INTERNAL;
    switch (answer) {
    case ANSWER_LATE:
        status = host->error_set(error, QUIPU_BUSY, 0, "57014",
                                 "cannot %s in %s: the server did not answer "
                                 "in time; %s",
                                 what, datastore->name, longer);
        break;
    case ANSWER_NO_MEMORY:
        status = quipu_postgres_no_memory(host, error);
        break;
    case ANSWER_LOST:
        status = fail_lost(datastore, connection, *result, what, error);
        break;
    case ANSWER_ERROR:
        status = fail_server(datastore, *result, what, error);
        break;
    default:
        status = host->error_set(error, QUIPU_INTERNAL, 0, NULL,
                                 "cannot %s in %s: an answer out of turn; "
                                 "please report this",
                                 what, datastore->name);
        break;
    }
    PQclear(*result);
    *result = NULL;
    return status;
}

int quipu_postgres_no_memory(const quipu_host *host, quipu_error *error)
{
    return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                           "no memory for the PostgreSQL driver");
}
