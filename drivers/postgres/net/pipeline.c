/* SPDX-License-Identifier: Apache-2.0 */
/* Statements in libpq's pipeline mode; the method and its invariants are in
 * pipeline.h. */
#include "pipeline.h"

#include "send_timeout.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define LONG_MESSAGE ((size_t)1 << 20) /* bytes */

/* ---------------------------------------------------------------- sending */

/* Notes what libpq's send functions returned (1: queued), and the entry for the
 * answer (INV1). */
static void note_sent(struct connection *connection, int done,
                      struct pending pending)
{
    if (done != 1) {
        connection->lost = PQstatus(connection->pg) == CONNECTION_BAD;
        connection->no_memory = !connection->lost;
        return;
    }
    connection->pending[connection->sent++ % PENDING_MAX] = pending;
}

/* Returns false once the answers may not match any more (INV2), or if too many
 * are due. */
static bool can_send(const struct connection *connection)
{
    return !connection->lost && !connection->no_memory &&
           !connection->arguments.failed &&
           connection->sent - connection->answered < PENDING_MAX;
}

/* Removes a prepared statement from the session if it has too many.  A pooler's
 * sessions are shared; in a failed transaction it has to wait. */
static void make_place(struct connection *connection)
{
    char name[48];
    char text[64];
    if (!connection->own_session ||
        PQtransactionStatus(connection->pg) == PQTRANS_INERROR) {
        return;
    }
    quipu_postgres_prepared_evict(&connection->prepared, name);
    if (name[0] != '\0') {
        (void)snprintf(text, sizeof(text), "DEALLOCATE %s", name);
        note_sent(connection,
                  PQsendQueryParams(connection->pg, text, 0, NULL, NULL, NULL,
                                    NULL, 1),
                  (struct pending){ .shape = "", .deallocates = true });
    }
}

/* All parameters and results are in binary format. */
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
        note_sent(connection,
                  PQsendQueryParams(connection->pg, statement->text,
                                    statement->count, statement->types, values,
                                    arguments->lengths, formats, 1),
                  (struct pending){ .shape = statement->shape });
        return;
    }
    if (quipu_postgres_prepared_add(&connection->prepared, statement)) {
        make_place(connection);
        note_sent(connection,
                  PQsendPrepare(connection->pg, statement->name,
                                statement->text, statement->count,
                                statement->types),
                  (struct pending){ .prepares = statement, .shape = "" });
    }
    note_sent(connection,
              PQsendQueryPrepared(connection->pg, statement->name,
                                  statement->count, values, arguments->lengths,
                                  formats, 1),
              (struct pending){ .shape = statement->shape });
}

/* Sends a message of 1 MiB or more, blocking.  In non-blocking mode libpq moves
 * what is left of the message each time the socket is full, which costs the
 * square of its length.  A thread bounds the time (send_timeout.h). */
static void send_long(struct connection *connection,
                      const struct statement *statement)
{
    struct send_timeout timeout;
    PGconn *pg = connection->pg;
    if (PQsetnonblocking(pg, 0) != 0) {
        connection->lost = true;
        return;
    }
    if (quipu_postgres_send_timeout_start(&timeout, PQsocket(pg),
                                          connection->deadline)) {
        send_now(connection, statement);
    } else {
        connection->no_memory = true;
    }
    quipu_postgres_send_timeout_stop(&timeout);
    connection->large_buffers = true;
    if (PQsetnonblocking(pg, 1) != 0) {
        connection->lost = true;
    }
}

void quipu_postgres_pipeline_send(struct connection *connection,
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

void quipu_postgres_pipeline_send_text(struct connection *connection,
                                       const char *text, const char *shape)
{
    const struct statement statement = { .text = text, .shape = shape };
    bool prepares = connection->prepares;
    connection->prepares = false;
    quipu_postgres_binary_begin(&connection->arguments);
    quipu_postgres_pipeline_send(connection, &statement);
    connection->prepares = prepares;
}

void quipu_postgres_pipeline_sync(struct connection *connection)
{
    if (can_send(connection)) {
        note_sent(connection, PQpipelineSync(connection->pg),
                  (struct pending){ .shape = NULL });
    } else if (!connection->lost) {
        connection->no_memory = true;
    }
}

/* -------------------------------------------------------------- receiving */

bool quipu_postgres_pipeline_wait_socket(int fd, short events, int64_t deadline)
{
    struct pollfd poller = { .fd = fd, .events = events };
    for (;;) {
        int64_t now = clock_now();
        struct timespec left =
            clock_timespec(deadline > now ? deadline - now : 0);
        int ready =
            ppoll(&poller, 1, deadline == INT64_MAX ? NULL : &left, NULL);
        if (ready != 0 && !(ready < 0 && errno == EINTR)) {
            return true; /* on an error as well: reading reports it */
        }
        if (ready == 0) {
            return false;
        }
    }
}

/* Flushes what is queued and reads what has arrived until PQgetResult would not
 * block.  Both at once: a server that waits for its client to read would
 * otherwise block a client that waits for the server to read. */
static enum answer wait_for_result(struct connection *connection,
                                   int64_t deadline)
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
        if (!quipu_postgres_pipeline_wait_socket(
                PQsocket(pg), (short)(POLLIN | (left > 0 ? POLLOUT : 0)),
                deadline)) {
            return ANSWER_LATE;
        }
        if (PQconsumeInput(pg) == 0 && PQisBusy(pg) != 0) {
            return ANSWER_LOST;
        }
    }
}

/* Returns true for an error that libpq made up itself, for lack of memory.  The
 * server's answer is unknown then, and so is what it did with the statements
 * after it. */
static bool is_libpq_error(const PGresult *result)
{
    return !PQresultErrorField(result, PG_DIAG_SQLSTATE);
}

/* Returns true for an error with which the server ends the session; the end of
 * the connection may not have arrived yet. */
static bool ends_session(const PGresult *result)
{
    const char *severity =
        PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (!severity) { /* of a pooler */
        severity = PQresultErrorField(result, PG_DIAG_SEVERITY);
    }
    return severity &&
           (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
}

static enum answer classify(struct connection *connection, PGresult *result)
{
    switch (PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC:
        return ANSWER_SYNC;
    case PGRES_PIPELINE_ABORTED:
        return ANSWER_SKIPPED;
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
        return ANSWER_OK;
    default:
        return is_libpq_error(result) || ends_session(result) ||
                       PQstatus(connection->pg) == CONNECTION_BAD
                   ? ANSWER_LOST
                   : ANSWER_ERROR;
    }
}

/* Receives the answer to the next message, a Parse included. */
static enum answer receive_one(struct connection *connection, int64_t deadline,
                               PGresult **result)
{
    PGconn *pg = connection->pg;
    *result = NULL;
    for (int empty = 0; empty < 3 && !*result; empty++) {
        enum answer waited = wait_for_result(connection, deadline);
        if (waited != ANSWER_OK) {
            return waited;
        }
        *result = PQgetResult(pg);
    }
    if (!*result) {
        return ANSWER_LOST;
    }
    enum answer answer = classify(connection, *result);
    if (answer != ANSWER_SYNC && answer != ANSWER_LOST && PQisBusy(pg) == 0) {
        PQclear(PQgetResult(pg)); /* the NULL that ends a statement's results */
    }
    return answer;
}

/* A good answer must be the one that is due, in its shape (INV3). */
static enum answer check_shape(struct connection *connection,
                               const struct pending *pending,
                               enum answer answer, const PGresult *result)
{
    bool fits = true;
    if (answer == ANSWER_OK && pending->shape) {
        fits = quipu_postgres_shape_fits(result, pending->shape,
                                         connection->problem);
    } else if (answer == ANSWER_OK || answer == ANSWER_SYNC) {
        fits = answer == (pending->shape ? ANSWER_OK : ANSWER_SYNC);
        if (!fits) {
            (void)snprintf(connection->problem, sizeof(connection->problem),
                           "it is the answer to another statement");
        }
    }
    return fits ? answer : ANSWER_MALFORMED;
}

/* Handles the answer to a Parse.  Returns true if the statement's own answer is
 * to be received next.  After an error there is none worth returning: the
 * statement was skipped, and the error stands for both.  A statement that was
 * not prepared is removed again (INV4). */
static bool take_parse_answer(struct connection *connection,
                              const struct statement *prepared,
                              int64_t deadline, enum answer *answer,
                              PGresult **result)
{
    PGresult *skipped = NULL;
    switch (*answer) {
    case ANSWER_SKIPPED:
        quipu_postgres_prepared_remove(&connection->prepared, prepared->key);
        break;
    case ANSWER_OK:
        break;
    case ANSWER_ERROR:
        quipu_postgres_prepared_remove(&connection->prepared, prepared->key);
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

/* Handles the answer to a DEALLOCATE.  Returns true if the next answer is to be
 * received.  If it was not carried out, the session has a statement that the
 * table lacks, or lacks one that the table had: it is given up. */
static bool take_deallocation(enum answer *answer, PGresult **result)
{
    if (*answer == ANSWER_ERROR || *answer == ANSWER_SKIPPED) {
        *answer = ANSWER_LOST;
    }
    if (*answer != ANSWER_OK) {
        return false;
    }
    PQclear(*result);
    *result = NULL;
    return true;
}

enum answer quipu_postgres_pipeline_receive(struct connection *connection,
                                            int64_t deadline, PGresult **result)
{
    bool more = true;
    enum answer answer = ANSWER_LOST;
    *result = NULL;
    if (connection->no_memory) {
        connection->lost = true;
        return ANSWER_NO_MEMORY;
    }
    while (more && !connection->lost &&
           connection->answered != connection->sent) {
        const struct pending pending =
            connection->pending[connection->answered % PENDING_MAX];
        answer = receive_one(connection, deadline, result);
        answer = check_shape(connection, &pending, answer, *result);
        connection->answered++;
        more = pending.deallocates
                   ? take_deallocation(&answer, result)
                   : pending.prepares &&
                         take_parse_answer(connection, pending.prepares,
                                           deadline, &answer, result);
    }
    connection->lost = connection->lost || answer == ANSWER_LOST ||
                       answer == ANSWER_LATE || answer == ANSWER_MALFORMED;
    return answer;
}

enum answer quipu_postgres_pipeline_receive_sync(struct connection *connection,
                                                 int64_t deadline)
{
    enum answer answer = ANSWER_OK;
    while (answer != ANSWER_SYNC && answer != ANSWER_NO_MEMORY &&
           !connection->lost) {
        PGresult *result = NULL;
        answer = quipu_postgres_pipeline_receive(connection, deadline, &result);
        PQclear(result);
    }
    return answer;
}
