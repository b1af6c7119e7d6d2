/* SPDX-License-Identifier: Apache-2.0 */
/* Statements sent in a pipeline, and their answers received by a deadline. */
#include "exchange.h"

#include "guard.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define GONE UINT64_MAX                /* no key */
#define LONG_MESSAGE ((size_t)1 << 20) /* bytes */

/* ------------------------------------------------------------------ names */

static uint64_t hash(uint64_t h, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++) {
        h = (h ^ bytes[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
        h ^= h >> 29;
    }
    return h;
}

void quipu_postgres_statement_name(struct statement *statement)
{
    size_t types = (size_t)statement->count * sizeof(*statement->types);
    size_t text = strlen(statement->text);
    uint64_t a = UINT64_C(0xcbf29ce484222325);
    uint64_t b = UINT64_C(0x9e3779b97f4a7c15);
    a = hash(hash(a, statement->text, text), statement->types, types);
    b = hash(hash(b, statement->types, types), statement->text, text);
    statement->key = a != 0 && a != GONE ? a : 1;
    (void)snprintf(statement->name, sizeof(statement->name),
                   "quipu_%016llx%016llx", (unsigned long long)a,
                   (unsigned long long)b);
}

/* --------------------------------------------------------------- prepared */

static uint64_t *place(struct connection *connection, uint64_t key)
{
    size_t i = (size_t)key & (KNOWN_ROOM - 1);
    while (connection->known[i] != 0 && connection->known[i] != key) {
        i = (i + 1) & (KNOWN_ROOM - 1);
    }
    return &connection->known[i];
}

/* True if it has to be prepared first; then it counts as prepared. */
static bool is_new(struct connection *connection, uint64_t key)
{
    uint64_t *at = place(connection, key);
    if (*at == key) {
        return false;
    }
    *at = key;
    connection->known_count++;
    return true;
}

/* It was not prepared after all.  Its place stays taken, for the search. */
static void forget(struct connection *connection, uint64_t key)
{
    uint64_t *at = place(connection, key);
    if (*at == key) {
        *at = GONE;
    }
}

/* ---------------------------------------------------------------- sending */

static void sent(struct connection *connection, int done,
                 const struct statement *prepared)
{
    if (done != 1) {
        connection->lost = PQstatus(connection->pg) == CONNECTION_BAD;
        connection->no_memory = !connection->lost;
        return;
    }
    connection->pending[connection->sent++ % PENDING_MAX] = prepared;
}

static bool can_send(const struct connection *connection)
{
    return !connection->lost && !connection->no_memory &&
           !connection->arguments.failed &&
           connection->sent - connection->answered < PENDING_MAX;
}

static void send_now(struct connection *connection,
                     const struct statement *statement)
{
    const struct arguments *arguments = &connection->arguments;
    const char *values[ARGUMENTS_MAX];
    int formats[ARGUMENTS_MAX];
    for (int i = 0; i < arguments->count; i++) {
        values[i] = arguments->lengths[i] < 0
                        ? NULL
                        : (const char *)arguments->data + arguments->offsets[i];
        formats[i] = 1;
    }
    if (!connection->prepares) {
        sent(connection,
             PQsendQueryParams(connection->pg, statement->text,
                               statement->count, statement->types, values,
                               arguments->lengths, formats, 1),
             NULL);
        return;
    }
    if (is_new(connection, statement->key)) {
        sent(connection,
             PQsendPrepare(connection->pg, statement->name, statement->text,
                           statement->count, statement->types),
             statement);
    }
    sent(connection,
         PQsendQueryPrepared(connection->pg, statement->name, statement->count,
                             values, arguments->lengths, formats, 1),
         NULL);
}

/* Blocks until it is sent, or the deadline has passed. */
static void send_long(struct connection *connection,
                      const struct statement *statement)
{
    struct guard guard;
    PGconn *pg = connection->pg;
    if (PQsetnonblocking(pg, 0) != 0) {
        connection->lost = true;
        return;
    }
    if (quipu_postgres_guard_start(&guard, PQsocket(pg),
                                   connection->deadline)) {
        send_now(connection, statement);
    } else {
        connection->no_memory = true;
    }
    quipu_postgres_guard_finish(&guard);
    connection->swollen = true;
    if (PQsetnonblocking(pg, 1) != 0) {
        connection->lost = true;
    }
}

void quipu_postgres_send(struct connection *connection,
                         const struct statement *statement)
{
    if (!can_send(connection)) {
        connection->no_memory = !connection->lost;
    } else if (connection->arguments.size < LONG_MESSAGE) {
        send_now(connection, statement);
    } else {
        send_long(connection, statement);
    }
}

void quipu_postgres_send_text(struct connection *connection, const char *text)
{
    const struct statement statement = { .text = text };
    bool prepares = connection->prepares;
    connection->prepares = false;
    quipu_postgres_arguments_begin(&connection->arguments);
    quipu_postgres_send(connection, &statement);
    connection->prepares = prepares;
}

void quipu_postgres_send_end(struct connection *connection)
{
    if (can_send(connection)) {
        sent(connection, PQpipelineSync(connection->pg), NULL);
    } else if (!connection->lost) {
        connection->no_memory = true;
    }
}

/* -------------------------------------------------------------- receiving */

bool quipu_postgres_wait_socket(int fd, short events, int64_t deadline)
{
    struct pollfd poller = { .fd = fd, .events = events };
    for (;;) {
        int64_t now = clock_now();
        struct timespec left =
            clock_timespec(deadline > now ? deadline - now : 0);
        int ready =
            ppoll(&poller, 1, deadline == INT64_MAX ? NULL : &left, NULL);
        if (ready != 0 && !(ready < 0 && errno == EINTR)) {
            return true; /* of an error, too: reading tells */
        }
        if (ready == 0) {
            return false;
        }
    }
}

/* Sends what is left and takes in what is there, until an answer is whole. */
static enum answer await(struct connection *connection, int64_t deadline)
{
    PGconn *pg = connection->pg;
    for (;;) {
        int left = PQflush(pg);
        if (left == 0 && PQisBusy(pg) == 0) {
            return ANSWER_OK;
        }
        if (left < 0) {
            return ANSWER_LOST;
        }
        if (!quipu_postgres_wait_socket(
                PQsocket(pg), (short)(POLLIN | (left > 0 ? POLLOUT : 0)),
                deadline)) {
            return ANSWER_LATE;
        }
        if (PQconsumeInput(pg) == 0 && PQisBusy(pg) != 0) {
            return ANSWER_LOST;
        }
    }
}

/* libpq's own error, for want of memory: the server may have said anything, and
 * done what comes after it. */
static bool is_libpqs(const PGresult *result)
{
    return !PQresultErrorField(result, PG_DIAG_SQLSTATE);
}

static enum answer meaning(struct connection *connection, PGresult *result)
{
    switch (PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC:
        return ANSWER_END;
    case PGRES_PIPELINE_ABORTED:
        return ANSWER_SKIPPED;
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
        return ANSWER_OK;
    default:
        return is_libpqs(result) || PQstatus(connection->pg) == CONNECTION_BAD
                   ? ANSWER_LOST
                   : ANSWER_ERROR;
    }
}

/* The next answer, that of preparing a statement included. */
static enum answer receive_one(struct connection *connection, int64_t deadline,
                               PGresult **result)
{
    PGconn *pg = connection->pg;
    *result = NULL;
    for (int empty = 0; empty < 3 && !*result; empty++) {
        enum answer waited = await(connection, deadline);
        if (waited != ANSWER_OK) {
            return waited;
        }
        *result = PQgetResult(pg);
    }
    if (!*result) {
        return ANSWER_LOST;
    }
    enum answer answer = meaning(connection, *result);
    if (answer != ANSWER_END && answer != ANSWER_LOST && PQisBusy(pg) == 0) {
        PQclear(PQgetResult(pg)); /* the NULL after each statement's */
    }
    return answer;
}

/* Preparing a statement was answered: goes on to the answer of running it, or
 * past that if the first tells of an error. */
static bool is_prepared(struct connection *connection,
                        const struct statement *prepared, int64_t deadline,
                        enum answer *answer, PGresult **result)
{
    PGresult *skipped = NULL;
    switch (*answer) {
    case ANSWER_SKIPPED:
        forget(connection, prepared->key);
        break;
    case ANSWER_OK:
        break;
    case ANSWER_ERROR:
        forget(connection, prepared->key);
        if (receive_one(connection, deadline, &skipped) != ANSWER_SKIPPED) {
            *answer = ANSWER_LOST;
        }
        connection->answered++;
        PQclear(skipped);
        return false;
    default:
        return false;
    }
    PQclear(*result);
    *result = NULL;
    return true;
}

enum answer quipu_postgres_receive(struct connection *connection,
                                   int64_t deadline, PGresult **result)
{
    bool again = true;
    enum answer answer = ANSWER_LOST;
    *result = NULL;
    if (connection->no_memory) {
        connection->lost = true;
        return ANSWER_NO_MEMORY;
    }
    while (again && !connection->lost) {
        const struct statement *prepared =
            connection->pending[connection->answered % PENDING_MAX];
        answer = receive_one(connection, deadline, result);
        connection->answered++;
        again = prepared &&
                is_prepared(connection, prepared, deadline, &answer, result);
    }
    if (answer == ANSWER_LOST || answer == ANSWER_LATE) {
        connection->lost = true;
    }
    return answer;
}

enum answer quipu_postgres_receive_end(struct connection *connection,
                                       int64_t deadline)
{
    enum answer answer = ANSWER_OK;
    while (answer != ANSWER_END && answer != ANSWER_LOST &&
           answer != ANSWER_LATE && answer != ANSWER_NO_MEMORY) {
        PGresult *result = NULL;
        answer = quipu_postgres_receive(connection, deadline, &result);
        PQclear(result);
    }
    return answer;
}
