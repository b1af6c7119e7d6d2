/* SPDX-License-Identifier: Apache-2.0 */
/* The connections of a datastore, lent for one operation each. */
#include "postgres.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#define STATEMENTS_MAX (KNOWN_ROOM / 2)

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
                     : quipu_postgres_no_memory(datastore->host, error);
}

void quipu_postgres_pool_finish(quipu_driver_datastore *datastore)
{
    struct pool *pool = &datastore->pool;
    while (pool->idle) {
        struct connection *connection = pool->idle;
        pool->idle = connection->next;
        quipu_postgres_disconnect(datastore, connection);
    }
    (void)pthread_cond_destroy(&pool->returned);
    (void)pthread_mutex_destroy(&pool->lock);
}

/* ---------------------------------------------------------------- lending */

/* Takes an idle connection, or (*connection NULL) the right to make one. */
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

static void give_back_right(struct pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    pool->count--;
    (void)pthread_cond_signal(&pool->returned);
    (void)pthread_mutex_unlock(&pool->lock);
}

static bool is_at_rest(const struct connection *connection)
{
    return connection->echo ||
           (connection->sent == connection->answered &&
            PQtransactionStatus(connection->pg) == PQTRANS_IDLE);
}

void quipu_postgres_return(quipu_driver_datastore *datastore,
                           struct connection *connection)
{
    struct pool *pool = &datastore->pool;
    if (!connection) {
        return;
    }
    if (connection->lost || !is_at_rest(connection) || connection->swollen ||
        connection->known_count > STATEMENTS_MAX) {
        quipu_postgres_disconnect(datastore, connection);
        give_back_right(pool);
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

/* Asks the server for nothing, so that it has to answer. */
static bool answers(struct connection *connection, int64_t deadline)
{
    PGresult *result = NULL;
    quipu_postgres_send_text(connection, "SELECT 1");
    quipu_postgres_send_end(connection);
    enum answer answer = quipu_postgres_receive(connection, deadline, &result);
    PQclear(result);
    return answer == ANSWER_OK &&
           quipu_postgres_receive_end(connection, deadline) == ANSWER_END;
}

/* A server that goes says so, or its system does: then there is something to
 * read where nothing should be, and an end behind it. */
static bool is_connected(struct connection *connection)
{
    while (quipu_postgres_wait_socket(PQsocket(connection->pg), POLLIN, 0)) {
        if (PQconsumeInput(connection->pg) == 0) {
            return false;
        }
        (void)PQisBusy(connection->pg); /* looks at what came */
        if (PQstatus(connection->pg) == CONNECTION_BAD) {
            return false;
        }
    }
    return true;
}

static bool is_alive(const quipu_driver_datastore *datastore,
                     struct connection *connection, int64_t deadline)
{
    if (connection->echo) {
        connection->echo = false;
        (void)quipu_postgres_receive_end(connection, clock_grace(deadline));
    }
    if (connection->lost || !is_connected(connection)) {
        return false;
    }
    if (atomic_load(&datastore->plain)) {
        connection->prepares = false;
    }
    if (clock_now() - connection->used <
        datastore->options.idle_check * CLOCK_MILLISECOND) {
        return true;
    }
    return answers(connection, clock_grace(deadline));
}

int quipu_postgres_borrow(quipu_driver_datastore *datastore, int64_t deadline,
                          struct connection **connection, quipu_error *error)
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
            int status =
                quipu_postgres_connect(datastore, deadline, connection, error);
            if (status == QUIPU_OK) {
                (*connection)->deadline = clock_grace(deadline);
            } else {
                give_back_right(&datastore->pool);
            }
            return status;
        }
        if (is_alive(datastore, taken, deadline)) {
            taken->deadline = clock_grace(deadline);
            *connection = taken;
            return QUIPU_OK;
        }
        taken->lost = true;
        quipu_postgres_return(datastore, taken);
    }
}
