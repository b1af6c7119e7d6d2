/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection and what goes over it: statements are sent, in a pipeline, and
 * their answers received one after the other, none later than a deadline.
 */
#ifndef POSTGRES_DRIVER_EXCHANGE_H
#define POSTGRES_DRIVER_EXCHANGE_H

#include "wire.h"

#include "common/clock.h"

#define PENDING_MAX 256
#define KNOWN_ROOM 1024 /* a power of two */

/* A statement with its parameters' types; the name is made of both, so that
 * whoever prepared it under that name prepared the same. */
struct statement {
    const char *text;
    char *memory; /* the text, if it is the statement's own */
    Oid *types;
    int count;
    uint64_t key; /* never 0 */
    char name[48];
};

struct connection {
    struct connection *next; /* among the idle ones */
    PGconn *pg;
    bool direct;      /* no pooler stands between: the session is ours */
    bool prepares;    /* it keeps prepared statements */
    bool lost;        /* nothing more can be done with it */
    bool no_memory;   /* to send all that should have been */
    bool gave_up;     /* the server did not wait for its standby */
    bool echo;        /* answers of no interest are still to come */
    bool swollen;     /* its buffers have grown too large to be kept */
    int64_t deadline; /* of a long message */
    int64_t limit;    /* the session's lock timeout, or -1: not known */
    int64_t used;     /* when it was last */
    struct arguments arguments;
    /* What was sent and not yet answered: the statement that is prepared by
     * it, or NULL. */
    const struct statement *pending[PENDING_MAX];
    unsigned sent, answered;
    uint64_t known[KNOWN_ROOM]; /* the prepared statements' keys */
    size_t known_count;
};

enum answer {
    ANSWER_OK,      /* *result has it */
    ANSWER_ERROR,   /* *result tells of it */
    ANSWER_SKIPPED, /* after an error, up to the end of the pipeline */
    ANSWER_END,     /* of the pipeline */
    ANSWER_LOST,    /* the connection; *result may tell why */
    ANSWER_LATE,    /* the deadline passed */
    ANSWER_NO_MEMORY
};

/* Computes key and name.  False: no memory. */
void quipu_postgres_statement_name(struct statement *statement);

/* Sends a statement with connection->arguments.  What goes wrong is told by
 * the next receive. */
void quipu_postgres_send(struct connection *connection,
                         const struct statement *statement);
/* Sends one that has no parameters and is not prepared. */
void quipu_postgres_send_text(struct connection *connection, const char *text);
/* Ends the pipeline: the server answers now. */
void quipu_postgres_send_end(struct connection *connection);

/* Receives the next statement's answer, or the end.  *result is the caller's to
 * clear, and may be NULL. */
enum answer quipu_postgres_receive(struct connection *connection,
                                   int64_t deadline, PGresult **result);
/* Receives and drops answers up to the end; not OK: the connection is lost. */
enum answer quipu_postgres_receive_end(struct connection *connection,
                                       int64_t deadline);

/* A server is given the time that an answer takes, whatever the deadline: what
 * can be done at once is done. */
static inline int64_t clock_grace(int64_t deadline)
{
    int64_t latest = clock_now() + CLOCK_SECOND / 2;
    return deadline > latest ? deadline : latest;
}

/* Waits until the socket is ready for `events` of poll(2), or `deadline`. */
bool quipu_postgres_wait_socket(int fd, short events, int64_t deadline);

#endif
