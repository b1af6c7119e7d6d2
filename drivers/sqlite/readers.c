/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of reading connections.
 *
 * A datastore opens up to READERS_MAX readers, at first use, and keeps them. A
 * borrowed reader is out of the pool and used by one thread; the mutex of the
 * datastore protects the pool alone and is never held while SQL runs, except
 * while a new reader is opened. Readers hold no transaction in the pool.
 *
 * A store in memory has one connection for everything: to borrow it is to
 * acquire the fair lock. */
#include "common/clock.h"
#include "sqlite.h"

#include <stdio.h>

/* Opens a reader; the mutex is held. */
static struct connection *open_reader(quipu_driver_datastore *datastore,
                                      quipu_error *error)
{
    const quipu_host *host = datastore->host;
    const int flags =
        SQLITE_OPEN_READONLY | (datastore->immutable ? SQLITE_OPEN_URI : 0);
    char mmap[48];
    struct connection *reader = host->allocate(sizeof(*reader));

    if (!reader) {
        (void)quipu_sqlite_error_no_memory(host, error);
        return NULL;
    }
    *reader = (struct connection){ 0 };
    if (quipu_sqlite_connection_open(datastore, reader, flags, error) !=
        QUIPU_OK) {
        host->release(reader);
        return NULL;
    }
    /* SQLite may map less than that, or nothing; the reader works all the same.
     */
    (void)snprintf(mmap, sizeof(mmap), "PRAGMA mmap_size = %lld",
                   (long long)datastore->options.mmap);
    (void)sqlite3_exec(reader->db, mmap, NULL, NULL, NULL);
    datastore->reader_count++;
    return reader;
}

static bool wait_for_return(quipu_driver_datastore *datastore, int64_t deadline)
{
    const struct timespec until = clock_timespec(deadline);

    return pthread_cond_clockwait(&datastore->returned, &datastore->lock,
                                  CLOCK_MONOTONIC, &until) == 0;
}

static struct connection *take_reader(quipu_driver_datastore *datastore,
                                      int64_t deadline, quipu_error *error)
{
    for (;;) {
        if (datastore->idle_count > 0) {
            return datastore->idle[--datastore->idle_count];
        }
        if (datastore->reader_count < READERS_MAX) {
            return open_reader(datastore, error);
        }
        if (!wait_for_return(datastore, deadline)) {
            (void)datastore->host->error_set(
                error, QUIPU_TIMEOUT, 0, NULL,
                "all %d reading connections of \"%s\" were in use until the "
                "deadline; raise timeout, or read with fewer threads",
                READERS_MAX, datastore->name);
            return NULL;
        }
    }
}

int quipu_sqlite_reader_borrow(quipu_driver_datastore *datastore,
                               int64_t deadline, struct connection **connection,
                               quipu_error *error)
{
    quipu_error own = { 0 };

    if (!datastore->path) {
        *connection = &datastore->writer;
        return quipu_sqlite_transaction_lock(datastore, deadline, error);
    }
    (void)pthread_mutex_lock(&datastore->lock);
    struct connection *reader = take_reader(datastore, deadline, &own);
    (void)pthread_mutex_unlock(&datastore->lock);
    if (!reader) {
        if (error) {
            *error = own;
        }
        return own.code;
    }
    reader->deadline = deadline;
    *connection = reader;
    return QUIPU_OK;
}

void quipu_sqlite_reader_return(struct connection *connection)
{
    quipu_driver_datastore *datastore = connection->datastore;

    if (connection == &datastore->writer) {
        quipu_sqlite_transaction_unlock(datastore);
        return;
    }
    (void)pthread_mutex_lock(&datastore->lock);
    datastore->idle[datastore->idle_count++] = connection;
    (void)pthread_cond_signal(&datastore->returned);
    (void)pthread_mutex_unlock(&datastore->lock);
}

void quipu_sqlite_readers_close(quipu_driver_datastore *datastore)
{
    while (datastore->idle_count > 0) {
        struct connection *reader = datastore->idle[--datastore->idle_count];

        quipu_sqlite_connection_close(reader);
        datastore->host->release(reader);
        datastore->reader_count--;
    }
}
