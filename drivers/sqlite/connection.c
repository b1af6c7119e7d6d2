/* SPDX-License-Identifier: Apache-2.0 */
/* Connections, their prepared statements, and the pool of readers. */
#include "sqlite.h"

#include "common/clock.h"
#include "common/safeguard.h"

#include <stdio.h>

#define BUSY_SLEEP CLOCK_MILLISECOND /* between tries for a foreign lock */

/* Programs other than quipu do not queue at the gate: for them it polls. */
static int on_busy(void *context, int tries)
{
    const struct connection *connection = context;
    (void)tries;
    if (clock_now() >= connection->deadline) {
        return 0;
    }
    clock_sleep_until(clock_after(BUSY_SLEEP, connection->deadline));
    return 1;
}

int quipu_sqlite_connection_open(quipu_driver_datastore *datastore,
                                 struct connection *connection, int flags,
                                 quipu_error *error)
{
    const char *path = datastore->path ? datastore->path : ":memory:";
    if ((flags & SQLITE_OPEN_URI) != 0) {
        path = datastore->uri;
    }
    int code = sqlite3_open_v2(
        path, &connection->db,
        flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code == SQLITE_OK) {
        /* Checkpoints belong inside the turnstile, one at the end, too. */
        code = sqlite3_db_config(connection->db,
                                 SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_create_function_v2(connection->db, "quipu_collect", -1,
                                          SQLITE_UTF8 | SQLITE_DIRECTONLY,
                                          connection, quipu_sqlite_take, NULL,
                                          NULL, NULL);
    }
    if (code != SQLITE_OK) {
        int status =
            quipu_sqlite_fail(datastore, connection->db, code, "open", error);
        (void)sqlite3_close(connection->db);
        connection->db = NULL;
        return status;
    }
    connection->deadline = INT64_MAX;
    (void)sqlite3_busy_handler(connection->db, on_busy, connection);
    return QUIPU_OK;
}

static void finalize_all(sqlite3_stmt **statements, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)sqlite3_finalize(statements[i]);
        statements[i] = NULL;
    }
}

void quipu_sqlite_connection_close(struct connection *connection)
{
    finalize_all(connection->common, SQL_COMMON_COUNT);
    for (size_t i = 0; i < CACHES_MAX; i++) {
        finalize_all(connection->caches[i].of, SQL_COUNT - SQL_COMMON_COUNT);
    }
    (void)sqlite3_close(connection->db);
    connection->db = NULL;
}

/* ------------------------------------------------------------- statements */

/* The statements of a schema: those used longest ago make room. */
static struct statements *find_cache(struct connection *connection,
                                     uint64_t serial)
{
    struct statements *oldest = &connection->caches[0];
    for (size_t i = 0; i < CACHES_MAX; i++) {
        struct statements *cache = &connection->caches[i];
        if (cache->serial == serial) {
            oldest = cache;
            break;
        }
        if (cache->used < oldest->used) {
            oldest = cache;
        }
    }
    if (oldest->serial != serial) {
        finalize_all(oldest->of, SQL_COUNT - SQL_COMMON_COUNT);
        oldest->serial = serial;
    }
    oldest->used = ++connection->clock;
    return oldest;
}

int quipu_sqlite_statement_get(quipu_driver_datastore *datastore,
                               struct connection *connection,
                               const quipu_driver_schema *schema,
                               enum statement which, sqlite3_stmt **statement,
                               quipu_error *error)
{
    sqlite3_stmt **slot = NULL;
    const char *sql = NULL;
    if (which >= SQL_COMMON_COUNT) {
        size_t index = which - SQL_COMMON_COUNT;
        slot = &find_cache(connection, schema->serial)->of[index];
        sql = schema->sql[index];
    } else {
        slot = &connection->common[which];
        sql = SAFEGUARD_SQL(quipu_sqlite_common_sql[which]);
    }
    if (!*slot) {
        int code = sqlite3_prepare_v3(connection->db, sql, -1,
                                      SQLITE_PREPARE_PERSISTENT, slot, NULL);
        if (code != SQLITE_OK) {
            return quipu_sqlite_fail(datastore, connection->db, code,
                                     "prepare a statement", error);
        }
    }
    *statement = *slot;
    return QUIPU_OK;
}

int quipu_sqlite_statement_run(quipu_driver_datastore *datastore,
                               struct connection *connection,
                               const quipu_driver_schema *schema,
                               enum statement which, quipu_error *error)
{
    sqlite3_stmt *statement = NULL;
    int status = quipu_sqlite_statement_get(datastore, connection, schema,
                                            which, &statement, error);
    if (status != QUIPU_OK) {
        return status;
    }
    int code = sqlite3_step(statement);
    if (code != SQLITE_DONE && code != SQLITE_ROW) {
        status = quipu_sqlite_fail(datastore, connection->db, code,
                                   sqlite3_sql(statement), error);
    }
    (void)sqlite3_reset(statement);
    return status;
}

/* ------------------------------------------------------------ the readers */

/* A new reader, with the lock of the datastore held. */
static struct connection *reader_open(quipu_driver_datastore *datastore,
                                      quipu_error *error)
{
    const quipu_host *host = datastore->host;
    char mmap[48];
    struct connection *reader = host->allocate(sizeof(*reader));
    if (!reader) {
        (void)quipu_sqlite_no_memory(host, error);
        return NULL;
    }
    *reader = (struct connection){ 0 };
    int flags =
        SQLITE_OPEN_READONLY | (datastore->immutable ? SQLITE_OPEN_URI : 0);
    if (quipu_sqlite_connection_open(datastore, reader, flags, error) !=
        QUIPU_OK) {
        host->release(reader);
        return NULL;
    }
    /* Less than wished is no failure. */
    (void)snprintf(mmap, sizeof(mmap), "PRAGMA mmap_size = %lld",
                   (long long)datastore->options.mmap);
    (void)sqlite3_exec(reader->db, mmap, NULL, NULL, NULL);
    datastore->reader_count++;
    return reader;
}

static bool wait_for_return(quipu_driver_datastore *datastore, int64_t deadline)
{
    struct timespec until = clock_timespec(deadline);
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
            return reader_open(datastore, error);
        }
        if (!wait_for_return(datastore, deadline)) {
            (void)datastore->host->error_set(
                error, QUIPU_TIMEOUT, 0, NULL,
                "all %d reading connections were in use until the deadline",
                READERS_MAX);
            return NULL;
        }
    }
}

int quipu_sqlite_reader_borrow(quipu_driver_datastore *datastore,
                               int64_t deadline, struct connection **connection,
                               quipu_error *error)
{
    quipu_error own = { 0 };
    if (!datastore->path) { /* one connection for everything */
        *connection = &datastore->writer;
        return quipu_sqlite_turnstile_take(datastore, deadline, error);
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

void quipu_sqlite_reader_return(quipu_driver_datastore *datastore,
                                struct connection *connection)
{
    if (connection == &datastore->writer) {
        quipu_sqlite_turnstile_give(datastore);
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
