/* SPDX-License-Identifier: Apache-2.0 */
/* Reaching a server: the one there is, or the first of several that will do. */
#include "dial.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- notices */

/* Someone made the server give up the wait for its standby: a commit that it
 * now reports may yet be lost with it. */
static void on_notice(void *context, const PGresult *notice)
{
    struct connection *connection = context;
    if (quipu_postgres_is_state(notice, "01000") ||
        quipu_postgres_is_state(notice, "57P01")) {
        connection->gave_up = true;
    }
}

/* --------------------------------------------------------------- refusals */

/* What the servers said that were tried so far. */
struct refusal {
    int status;
    const char *way_out;
    char state[6]; /* "57P03", if one of them is starting */
    bool final;    /* to try the others is of no use */
    char words[600];
};

static const char reach_one[] = "look whether the server runs and can be "
                                "reached";
static const char reach_any[] = "look whether the servers run and can be "
                                "reached, and which of them "
                                "target_session_attrs asks for";

/* The SQLSTATE is told in words only: "FATAL:  28P01: password ...". */
static void find_state(const char *words, char state[6])
{
    const char *at = strstr(words, ":  ");
    state[0] = '\0';
    if (at && strlen(at) > 9 && at[8] == ':') {
        memcpy(state, at + 3, 5);
        state[5] = '\0';
    }
}

/* libpq's words may have several lines: the first tells. */
static void add_words(struct refusal *refusal, const char *words)
{
    size_t size = strlen(refusal->words);
    (void)snprintf(refusal->words + size, sizeof(refusal->words) - size,
                   "%s%.*s", size > 0 ? "; " : "", (int)strcspn(words, "\n"),
                   words);
}

static void add_silence(struct refusal *refusal, const struct server *server)
{
    const char *name = server->host ? server->host : server->address;
    char words[300] = "no answer in time";
    if (name) {
        (void)snprintf(words, sizeof(words),
                       "no answer from \"%.200s\" in time", name);
    }
    refusal->status = QUIPU_BUSY;
    add_words(refusal, words);
}

/* As libpq has it: a server that answers with an error is the one that was
 * meant, unless it is starting or stopping. */
static void add_refusal(struct refusal *refusal, const char *words)
{
    char state[6];
    const char *way_out = NULL;
    find_state(words, state);
    add_words(refusal, words);
    if (state[0] == '\0') {
        return;
    }
    refusal->final = strcmp(state, "57P03") != 0;
    refusal->status = quipu_postgres_status_of(state, &way_out);
    refusal->way_out = way_out;
    memcpy(refusal->state, state, sizeof(state));
}

static int tell(const quipu_driver_datastore *datastore,
                const struct refusal *refusal, quipu_error *error)
{
    int status = refusal->status == QUIPU_INTERNAL ? QUIPU_IO : refusal->status;
    if (status == QUIPU_NO_MEMORY) {
        return quipu_postgres_no_memory(datastore->host, error);
    }
    return datastore->host->error_set(
        error, quipu_postgres_status_later(datastore, status), 0,
        refusal->state, "cannot connect to %s: %s; %s", datastore->name,
        refusal->words, refusal->way_out);
}

/* -------------------------------------------------------------- one server */

static bool poll_connection(PGconn *pg, int64_t deadline, bool *late)
{
    PostgresPollingStatusType step = PGRES_POLLING_WRITING;
    *late = false;
    while (step == PGRES_POLLING_READING || step == PGRES_POLLING_WRITING) {
        short events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (!quipu_postgres_wait_socket(PQsocket(pg), events, deadline)) {
            *late = true;
            return false;
        }
        step = PQconnectPoll(pg);
    }
    return step == PGRES_POLLING_OK;
}

/* connection->pg is NULL if it cannot be reached. */
static void try_server(const quipu_driver_datastore *datastore, size_t index,
                       const char *attributes, int64_t until,
                       struct connection *connection, struct refusal *refusal)
{
    const struct servers *servers = &datastore->servers;
    bool late = false;
    PGconn *pg = quipu_postgres_servers_start(servers, &datastore->target,
                                              index, attributes);
    if (pg && PQstatus(pg) != CONNECTION_BAD) {
        (void)PQsetErrorVerbosity(pg, PQERRORS_VERBOSE);
        (void)PQsetNoticeReceiver(pg, on_notice, connection);
        if (poll_connection(pg, until, &late)) {
            connection->pg = pg;
            return;
        }
    }
    if (!pg) {
        refusal->status = QUIPU_NO_MEMORY;
        refusal->final = true;
    } else if (late) {
        add_silence(refusal, &servers->at[index]);
    } else {
        add_refusal(refusal, PQerrorMessage(pg));
    }
    PQfinish(pg);
}

/* ------------------------------------------------------------- all of them */

/* Tries them in turn; with `attributes` those only whose sessions have them. */
static void try_all(const quipu_driver_datastore *datastore,
                    const char *attributes, size_t turns, int64_t deadline,
                    struct connection *connection, struct refusal *refusal)
{
    const struct servers *servers = &datastore->servers;
    size_t left = turns * servers->count;
    for (size_t i = 0; i < servers->count && !connection->pg && !refusal->final;
         i++) {
        int64_t until = quipu_postgres_servers_until(servers, left--, deadline);
        try_server(datastore, i, attributes, until, connection, refusal);
    }
}

int quipu_postgres_dial(const quipu_driver_datastore *datastore,
                        int64_t deadline, struct connection *connection,
                        char state[6], quipu_error *error)
{
    const struct servers *servers = &datastore->servers;
    struct refusal refusal = { .status = QUIPU_IO,
                               .way_out =
                                   servers->count > 1 ? reach_any : reach_one };
    bool choosy = servers->count > 1 && servers->prefer_standby;
    if (choosy) {
        try_all(datastore, "standby", 2, deadline, connection, &refusal);
    }
    if (!connection->pg && !refusal.final) {
        refusal.words[0] = '\0'; /* the second turn tells it again */
        try_all(datastore, choosy ? "any" : NULL, 1, deadline, connection,
                &refusal);
    }
    memcpy(state, refusal.state, sizeof(refusal.state));
    if (!connection->pg) {
        return tell(datastore, &refusal, error);
    }
    if (PQsetnonblocking(connection->pg, 1) != 0 ||
        PQenterPipelineMode(connection->pg) != 1) {
        return quipu_postgres_no_memory(datastore->host, error);
    }
    return QUIPU_OK;
}
