/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Retries: which errors are transient, how often an operation is tried, and how
 * long it waits in between.
 *
 * An error is transient if nothing was stored, since the server has rolled
 * back, and the same statements may succeed when they are run again: a
 * serialization failure or a deadlock (SQLSTATE class 40); a session that was
 * ended (57P) or can no longer run a prepared statement; a connection that was
 * lost before COMMIT was sent.  A COMMIT without an answer is not transient:
 * see append/commit_recovery.h.
 *
 * The number of tries is limited, but not for a server that cannot be reached:
 * it may come back until the deadline.  For the server of the URI that is so
 * while the driver connects (connection.c).  The coordinator of a Citus cluster
 * reports a worker that it cannot reach by an error of class 08.
 *
 *     struct retry retry = quipu_postgres_retry_begin(deadline, TRIES);
 *     do {
 *         status = ...;
 *     } while (status != QUIPU_OK && <the error is transient> &&
 *              quipu_postgres_retry_after(&retry, error, deadline));
 */
#ifndef POSTGRES_RETRY_H
#define POSTGRES_RETRY_H

#include "connection.h"

enum retry_class {
    RETRY_NEVER,       /* the error stands */
    RETRY_TRANSACTION, /* again, on any session */
    RETRY_SESSION      /* again on another session: this one is of no use */
};

struct retry {
    int64_t deadline;
    int left; /* tries still allowed */
};

/* `tries` counts the first one too. */
struct retry quipu_postgres_retry_begin(int64_t deadline, int tries);
/* Returns true, after `pause` nanoseconds, if there is to be another try; false
 * if none is left or the deadline would pass during the pause. */
bool quipu_postgres_retry_again(struct retry *retry, int64_t pause);

/* The same after a transient error: at once, or until the deadline after a
 * pause, which is not counted as a try, if a worker cannot be reached. */
bool quipu_postgres_retry_after(struct retry *retry, const quipu_error *error,
                                int64_t deadline);

/* The class of lease->error, which a statement before COMMIT has set.
 * RETRY_SESSION marks the connection as lost, so that the pool closes it. */
enum retry_class quipu_postgres_retry_classify(const struct lease *lease);

/* Returns true if another session may have created the same table, schema or
 * row at the same time; then a second look finds it. */
bool quipu_postgres_retry_is_race(const quipu_error *error);

#endif
