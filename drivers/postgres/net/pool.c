/* SPDX-License-Identifier: Apache-2.0 */
/* The connections of a datastore: lending, taking back, and whether an idle one
 * is still alive. */
#include "pool.h"

#include "datastore.h"
#include "errors.h"
#include "pipeline.h"

#include <poll.h>

int quipu_postgres_pool_init(quipu_driver_datastore *datastore,
                             quipu_error *error)
{
    struct pool *pool = &datastore->pool;
    pthread_condattr_t monotonic;
    (void)pthread_mutex_init(&pool->lock, NULL);
    int code = pthread_condattr_init(&monotonic);
    if (code == 0) {
        (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        code = pthread_cond_init(&pool->returned, &monotonic);
        (void)pthread_condattr_destroy(&monotonic);
    }
    return code == 0 ? QUIPU_OK
                     : quipu_postgres_error_no_memory(datastore->host, error);
}

void quipu_postgres_pool_finish(quipu_driver_datastore *datastore)
{
    struct pool *pool = &datastore->pool;
    while (pool->idle) {
        struct connection *connection = pool->idle;
        pool->idle = connection->next;
        quipu_postgres_connection_close(datastore, connection);
    }
    (void)pthread_cond_destroy(&pool->returned);
    (void)pthread_mutex_destroy(&pool->lock);
}

/* ---------------------------------------------------------------- lending */

/* Takes an idle connection, or (*connection NULL) the permission to open one.
 * Returns false at the deadline. */
static bool take(quipu_driver_datastore *datastore, int64_t deadline,
                 struct connection **connection)
{
    struct pool *pool = &datastore->pool;
    struct timespec until = clock_timespec(deadline);
    int code = 0;
    (void)pthread_mutex_lock(&pool->lock);
    while (code == 0 && !pool->idle &&
           pool->count >= (size_t)datastore->options.pool) {
        code =
            deadline == INT64_MAX
                ? pthread_cond_wait(&pool->returned, &pool->lock)
                : pthread_cond_timedwait(&pool->returned, &pool->lock, &until);
    }
    *connection = pool->idle;
    bool taken = true;
    if (pool->idle) {
        pool->idle = pool->idle->next;
    } else if (pool->count < (size_t)datastore->options.pool) {
        pool->count++;
    } else {
        taken = false;
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return taken;
}

static void give_up_permission(struct pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    pool->count--;
    (void)pthread_cond_signal(&pool->returned);
    (void)pthread_mutex_unlock(&pool->lock);
}

/* Returns true if the session is between transactions and, but for a NOTIFY
 * whose answer is left for later, no answer is due. */
static bool is_idle(const struct connection *connection)
{
    return connection->unread_answers ||
           (connection->sent == connection->answered &&
            PQtransactionStatus(connection->pg) == PQTRANS_IDLE);
}

/* Reads the answer to a NOTIFY. */
static void read_unread_answers(struct connection *connection, int64_t latest)
{
    if (connection->unread_answers) {
        connection->unread_answers = false;
        (void)quipu_postgres_pipeline_receive_sync(connection, latest);
    }
}

void quipu_postgres_pool_return(quipu_driver_datastore *datastore,
                                struct connection *connection)
{
    struct pool *pool = &datastore->pool;
    if (!connection) {
        return;
    }
    if (connection->used_by_caller && !connection->lost &&
        is_idle(connection)) {
        read_unread_answers(connection, clock_grace(0));
        quipu_postgres_connection_reset(datastore, connection);
    }
    if (connection->lost || !is_idle(connection) || connection->large_buffers ||
        connection->prepared.count > PREPARED_MAX) {
        quipu_postgres_connection_close(datastore, connection);
        give_up_permission(pool);
        return;
    }
    connection->used = clock_now();
    (void)pthread_mutex_lock(&pool->lock);
    connection->next = pool->idle;
    pool->idle = connection;
    (void)pthread_cond_signal(&pool->returned);
    (void)pthread_mutex_unlock(&pool->lock);
}

/* ----------------------------------------------------------------- health */

/* Makes one round trip. */
static bool answers(struct connection *connection, int64_t deadline)
{
    PGresult *result = NULL;
    quipu_postgres_pipeline_send_text(connection, "SELECT 1", "one int4");
    quipu_postgres_pipeline_sync(connection);
    enum answer answer =
        quipu_postgres_pipeline_receive(connection, deadline, &result);
    PQclear(result);
    return answer == ANSWER_OK && quipu_postgres_pipeline_receive_sync(
                                      connection, deadline) == ANSWER_SYNC;
}

/* Reads what has arrived on an idle connection, without waiting: a message of a
 * server that shuts down, or the end of the stream. */
static bool is_connected(struct connection *connection)
{
    while (quipu_postgres_pipeline_wait_socket(PQsocket(connection->pg), POLLIN,
                                               0)) {
        if (PQconsumeInput(connection->pg) == 0) {
            return false;
        }
        (void)PQisBusy(connection->pg); /* parses what was read */
        if (PQstatus(connection->pg) == CONNECTION_BAD) {
            return false;
        }
    }
    return true;
}

/* Returns true if an idle connection can be used: the answer to a NOTIFY is
 * read, nothing else has arrived, and after `idle_check` a round trip succeeds.
 */
static bool is_alive(const quipu_driver_datastore *datastore,
                     struct connection *connection, int64_t deadline)
{
    read_unread_answers(connection, clock_grace(deadline));
    if (connection->lost || !is_connected(connection)) {
        return false;
    }
    if (atomic_load(&datastore->no_prepared)) {
        connection->prepares = false;
    }
    if (clock_now() - connection->used <
        datastore->options.idle_check * CLOCK_MILLISECOND) {
        return true;
    }
    return answers(connection, clock_grace(deadline));
}

int quipu_postgres_pool_borrow(quipu_driver_datastore *datastore,
                               int64_t deadline, struct connection **connection,
                               quipu_error *error)
{
    for (;;) {
        struct connection *taken = NULL;
        if (!take(datastore, deadline, &taken)) {
            return datastore->host->error_set(
                error, QUIPU_BUSY, 0, NULL,
                "all %lld connections to %s were in use until the deadline; "
                "raise pool, or try again",
                (long long)datastore->options.pool, datastore->name);
        }
        if (!taken) {
            int status = quipu_postgres_connection_open(datastore, deadline,
                                                        connection, error);
            if (status == QUIPU_OK) {
                (*connection)->deadline = clock_grace(deadline);
            } else {
                give_up_permission(&datastore->pool);
            }
            return status;
        }
        if (is_alive(datastore, taken, deadline)) {
            taken->deadline = clock_grace(deadline);
            *connection = taken;
            return QUIPU_OK;
        }
        taken->lost = true;
        quipu_postgres_pool_return(datastore, taken);
    }
}
