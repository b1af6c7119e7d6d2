/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of reading connections.
 *
 * A datastore opens as many readers as the option `readers` says, at first use,
 * and keeps them. A borrowed reader is out of the pool and used by one thread;
 * the mutex of the datastore protects the pool alone and is never held while
 * SQL runs, except while a new reader is opened. Readers hold no transaction in
 * the pool.
 *
 * A read-only datastore reads an idle database by readers with immutable=1,
 * which serve as long as the file stays the same (idle.c).
 *
 * A store in memory has one connection for everything: to borrow it is to
 * acquire the fair lock. */
#include "common/clock.h"
#include "common/safeguard.h"
#include "sqlite.h"

#include <stdio.h>

/* Even if the deadline has passed: a writer that begins is rare. */
#define ATTEMPTS_LEAST 3

/* Opens a reader; the mutex is held. */
static struct connection *open_reader(quipu_driver_datastore *datastore,
                                      const struct idle_state *state,
                                      quipu_error *error)
{
    const quipu_host *host = datastore->host;
    const bool immutable = datastore->immutable || state->idle;
    const int flags = SQLITE_OPEN_READONLY | (immutable ? SQLITE_OPEN_URI : 0);
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
    /* Views, which a reader does not need, might be in the place of tables. */
    (void)sqlite3_db_config(reader->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    /* SQLite may map less than that, or nothing; the reader works all the same.
     */
    (void)snprintf(mmap, sizeof(mmap), "PRAGMA mmap_size = %lld",
                   (long long)datastore->options.mmap);
    (void)sqlite3_exec(reader->db, mmap, NULL, NULL, NULL);
    reader->state = *state;
    datastore->reader_count++;
    return reader;
}

/* Closes a reader that is not in the pool; the mutex is held. */
static void close_reader(struct connection *reader)
{
    quipu_driver_datastore *datastore = reader->datastore;

    quipu_sqlite_connection_close(reader);
    datastore->host->release(reader);
    datastore->reader_count--;
}

/* Takes a reader out of the pool that can read the file in its state. */
static struct connection *take_idle(quipu_driver_datastore *datastore,
                                    const struct idle_state *state)
{
    while (datastore->idle_count > 0) {
        struct connection *reader = datastore->idle[--datastore->idle_count];

        if (!reader->state.idle ||
            (state->idle &&
             quipu_sqlite_idle_is_unchanged(&reader->state, state))) {
            return reader;
        }
        close_reader(reader);
    }
    return NULL;
}

static bool wait_for_return(quipu_driver_datastore *datastore, int64_t deadline)
{
    const struct timespec until = clock_timespec(deadline);

    return pthread_cond_timedwait(&datastore->returned, &datastore->lock,
                                  &until) == 0;
}

static struct connection *take_reader(quipu_driver_datastore *datastore,
                                      int64_t deadline, quipu_error *error)
{
    struct idle_state state = { .idle = false };

    for (;;) {
        if (datastore->readonly && !datastore->immutable) {
            quipu_sqlite_idle_read(datastore, &state);
        }
        struct connection *reader = take_idle(datastore, &state);
        if (reader) {
            return reader;
        }
        if (datastore->reader_count < (size_t)datastore->options.readers) {
            return open_reader(datastore, &state, error);
        }
        if (!wait_for_return(datastore, deadline)) {
            (void)datastore->host->error_set(
                error, QUIPU_TIMEOUT, 0, NULL,
                "all %lld reading connections of \"%s\" were in use until the "
                "deadline; raise timeout or readers, or read with fewer "
                "threads",
                (long long)datastore->options.readers, datastore->name);
            return NULL;
        }
    }
}

int quipu_sqlite_reader_borrow(struct reader_use *use, quipu_error *error)
{
    quipu_driver_datastore *datastore = use->datastore;
    quipu_error own = { 0 };

    if (!datastore->path) {
        int status =
            quipu_sqlite_transaction_lock(datastore, use->deadline, error);

        use->reader = status == QUIPU_OK ? &datastore->writer : NULL;
        return status;
    }
    (void)pthread_mutex_lock(&datastore->lock);
    use->reader = take_reader(datastore, use->deadline, &own);
    (void)pthread_mutex_unlock(&datastore->lock);
    if (!use->reader) {
        if (error) {
            *error = own;
        }
        return own.code;
    }
    if (use->reader->state.idle) {
        quipu_sqlite_idle_settle(&use->reader->state);
    }
    use->reader->deadline = use->deadline;
    return QUIPU_OK;
}

/* Returns true if the file is as it was when the reader was opened, or if
 * SQLite's locks provide for changes. */
static bool is_valid(const struct connection *reader)
{
    struct idle_state now;

    if (!reader->state.idle) {
        return true;
    }
    quipu_sqlite_idle_read(reader->datastore, &now);
    return SAFEGUARDED("V2.idle-file-did-not-change",
                       quipu_sqlite_idle_is_unchanged(&reader->state, &now),
                       true);
}

bool quipu_sqlite_reader_return(struct reader_use *use, int *status,
                                quipu_error *error)
{
    quipu_driver_datastore *datastore = use->datastore;
    struct connection *reader = use->reader;

    use->reader = NULL;
    if (!reader) {
        return false;
    }
    if (reader == &datastore->writer) {
        quipu_sqlite_transaction_unlock(datastore);
        return false;
    }
    bool valid = is_valid(reader);
    (void)pthread_mutex_lock(&datastore->lock);
    if (valid) {
        datastore->idle[datastore->idle_count++] = reader;
    } else {
        close_reader(reader);
    }
    (void)pthread_cond_signal(&datastore->returned);
    (void)pthread_mutex_unlock(&datastore->lock);
    if (valid) {
        return false;
    }
    if (!use->once &&
        (++use->attempts < ATTEMPTS_LEAST || clock_now() < use->deadline)) {
        return true;
    }
    *status = datastore->host->error_set(
        error, QUIPU_BUSY, 0, NULL,
        "\"%s\" was idle, and programs began to write to it while it was "
        "read, until the deadline; try again",
        datastore->name);
    return false;
}

void quipu_sqlite_readers_close(quipu_driver_datastore *datastore)
{
    while (datastore->idle_count > 0) {
        close_reader(datastore->idle[--datastore->idle_count]);
    }
}
