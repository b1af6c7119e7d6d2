/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements in libpq's pipeline mode.
 *
 * A connection is always in pipeline mode and non-blocking, except while a
 * caller's function has it (append/strict.c) and while a long message is sent.
 * Statements are queued with send, a synchronization point with sync; then the
 * answers are received one by one, in the order of the statements, each by a
 * deadline.  After an error the server skips statements up to the next
 * synchronization point.
 *
 *     send A, send B, sync  ->  receive A, receive B, receive the sync
 *
 * INV1  Each message sent has one entry in connection->pending, and each
 *       answer received takes one out: `sent - answered` answers are due.
 * INV2  Once something could not be sent (no_memory) or received (lost), the
 *       answers may no longer match the statements: nothing more is sent,
 *       and each further receive fails.
 * INV3  Each answer has the shape of its statement, or it is malformed and
 *       nothing more is received: a server that breaks the protocol cannot make
 *       an answer count for another statement.
 * INV4  A prepared statement counts as prepared from the moment its Parse is
 *       queued. If its answer is an error, or it was skipped, it is removed
 *       again before any later statement could rely on it.
 */
#ifndef POSTGRES_PIPELINE_H
#define POSTGRES_PIPELINE_H

#include "connection.h"

#include "common/clock.h"

enum answer {
    ANSWER_OK,      /* *result holds it */
    ANSWER_ERROR,   /* from the server, in *result */
    ANSWER_SKIPPED, /* not run, since a statement before it failed */
    ANSWER_SYNC,    /* the synchronization point */
    ANSWER_LOST, /* the connection is; *result may hold the server's reason */
    ANSWER_LATE, /* the deadline passed; the connection is lost */
    ANSWER_NO_MEMORY, /* something could not be sent; the connection is lost */
    ANSWER_MALFORMED  /* not in the shape of its statement (shape.h); the
                       * connection is lost */
};

/* Queues a statement with the parameters in connection->arguments, and its
 * preparation before it where needed.  A failure is reported by the next
 * receive. */
void quipu_postgres_pipeline_send(struct connection *connection,
                                  const struct statement *statement);
/* Queues SQL text without parameters, which is not prepared; `shape` is that
 * of its answer, a constant. */
void quipu_postgres_pipeline_send_text(struct connection *connection,
                                       const char *text, const char *shape);
/* Queues a synchronization point, at which the server sends its answers. */
void quipu_postgres_pipeline_sync(struct connection *connection);

/* Receives the next answer.  The caller clears *result, which may be NULL. */
enum answer quipu_postgres_pipeline_receive(struct connection *connection,
                                            int64_t deadline,
                                            PGresult **result);
/* Receives and drops answers up to and including the synchronization point.
 * Any answer but ANSWER_SYNC means that the connection is lost. */
enum answer quipu_postgres_pipeline_receive_sync(struct connection *connection,
                                                 int64_t deadline);

/* Waits until the socket is ready for `events` of poll(2).  Returns false at
 * the deadline. */
bool quipu_postgres_pipeline_wait_socket(int fd, short events,
                                         int64_t deadline);

/* The deadline, or half a second from now if that is later: the time that a
 * server may take for an answer that needs no waiting, so that an operation
 * with a deadline in the past still does what can be done at once. */
static inline int64_t clock_grace(int64_t deadline)
{
    int64_t latest = clock_now() + CLOCK_SECOND / 2;
    return deadline > latest ? deadline : latest;
}

#endif
