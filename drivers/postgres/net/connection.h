/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to a server.  It belongs to one thread at a time: the one that
 * borrowed it from the pool, or the one that listens (read/notify.c).
 */
#ifndef POSTGRES_CONNECTION_H
#define POSTGRES_CONNECTION_H

#include "binary.h"
#include "prepared.h"
#include "shape.h"

#define CROWDED_APPENDS 16 /* after an append of another session was seen */
#define PENDING_MAX 256 /* statements sent and not answered, a power of two */

/* A message that was sent and not yet answered. */
struct pending {
    const struct statement *prepares; /* the statement that a Parse message
                                       * prepares, or NULL */
    const char *shape; /* of the answer; NULL: a synchronization point */
    bool deallocates;  /* makes room for a prepared statement */
};

struct connection {
    struct connection *next; /* in the pool's list of idle ones */
    PGconn *pg;              /* non-blocking, in pipeline mode */
    bool own_session;        /* no pooler stands between: settings stay */
    bool sharded;            /* the database has Citus, which may distribute
                              * tables over several servers */
    bool prepares;           /* statements are prepared on first use */
    bool lost;               /* nothing more can be sent or received */
    bool no_memory;          /* a statement could not be queued: answers would
                              * no longer match; the connection is dropped */
    bool commit_sent;        /* since the last BEGIN; or a flush was */
    bool standby_skipped;    /* the COMMIT did not wait for its standby */
    bool flush_follows;      /* the COMMIT is followed by a flush (flush.h) */
    bool unread_answers;     /* a NOTIFY's answer is still to be read */
    bool used_by_caller;     /* a function ran on it: settings may differ */
    bool large_buffers;      /* libpq's buffers have grown: not kept idle */
    int64_t deadline;        /* for sending a long message */
    int64_t lock_timeout;    /* of the session, in ms; -1: unknown */
    int64_t used;            /* when it was last returned */
    int64_t log;             /* number of the schema last appended to, */
    int64_t log_head;        /* its head after that, */
    unsigned crowded;        /* and appends left that others are expected to
                              * wait for (append/append.c) */
    struct arguments arguments;
    struct pending pending[PENDING_MAX]; /* a ring */
    char problem[SHAPE_PROBLEM];         /* of a malformed answer */
    unsigned sent, answered;
    struct prepared prepared;
};

/* A connection lent to an operation, with the operation's deadline and the
 * place for its error.  Functions that run statements take one. */
struct lease {
    quipu_driver_datastore *datastore;
    struct connection *connection;
    int64_t deadline;
    quipu_error *error;
};

/* Connects to a host, checks that the server is suitable, and tunes the
 * session.  While no server is there, or it is starting or stopping, tries
 * again until the deadline; a wrong name or password fails at once.  The
 * caller closes *made. */
int quipu_postgres_connection_open(quipu_driver_datastore *datastore,
                                   int64_t deadline, struct connection **made,
                                   quipu_error *error);
/* Undoes what a caller's function may have left in a session of its own: the
 * role, settings, notifications, cursors, locks, temporary tables.  A failure
 * loses the connection. */
void quipu_postgres_connection_reset(quipu_driver_datastore *datastore,
                                     struct connection *connection);
/* Closes and releases; NULL is allowed.  Messages still
 * queued on a lost connection are not sent. */
void quipu_postgres_connection_close(quipu_driver_datastore *datastore,
                                     struct connection *connection);

#endif
