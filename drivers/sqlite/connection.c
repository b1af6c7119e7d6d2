/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing of connections.
 *
 * Each connection has a busy handler that polls until the deadline of the
 * current operation. Connections of quipu hardly need it, since their writers
 * queue on the fair lock; it serves for locks of other programs. Connections do
 * no checkpoint when they are closed: a checkpoint belongs inside the fair lock
 * (checkpoint.c).
 *
 * Each connection has the SQL functions quipu_collect, which the queries of
 * cursors call with the columns of each row (read/read.c) and which returns
 * whether the query is to end, and quipu_passes, which filtered queries call
 * before (read/filter.c). */
#include "common/clock.h"
#include "common/safeguard.h"
#include "sqlite.h"

#define BUSY_SLEEP CLOCK_MILLISECOND /* between two attempts at a lock */

static int on_busy(void *context, int attempts)
{
    const struct connection *connection = context;

    (void)attempts;
    if (clock_now() >= connection->deadline) {
        return 0;
    }
    clock_sleep_until(clock_after(BUSY_SLEEP, connection->deadline));
    return 1;
}

/* A cursor sets the collector while its query runs. Any other call comes from
 * SQL that an application runs on the native handle. */
static void on_collect(sqlite3_context *context, int count,
                       sqlite3_value **columns)
{
    const struct connection *connection = sqlite3_user_data(context);

    (void)count;
    if (SAFEGUARDED("V5.function-of-cursors", !connection->collector, false)) {
        sqlite3_result_error(
            context, "quipu_collect is for the driver's own queries", -1);
        return;
    }
    sqlite3_result_int(context, connection->collector->collect(
                                    connection->collector, columns));
}

static void on_passes(sqlite3_context *context, int count,
                      sqlite3_value **columns)
{
    const struct connection *connection = sqlite3_user_data(context);
    struct row_collector *collector = connection->collector;

    (void)count;
    if (!collector || !collector->passes) {
        sqlite3_result_error(
            context, "quipu_passes is for the driver's own queries", -1);
        return;
    }
    sqlite3_result_int(context, collector->passes(collector, columns));
}

/* A database may come from somebody else ("Defense Against The Dark Arts" of
 * SQLite's manual): its triggers, views and constraints call no function with
 * side effects, unless the option `trusted` permits it, and no SQL writes the
 * schema or the pages directly. */
static int configure(struct connection *connection)
{
    const int switches[][2] = {
        { SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1 },
        { SQLITE_DBCONFIG_DEFENSIVE, 1 },
        { SQLITE_DBCONFIG_TRUSTED_SCHEMA,
          SAFEGUARDED("F4.untrusted-schema",
                      connection->datastore->options.trusted, 1) },
    };
    int code = SQLITE_OK;

    for (size_t i = 0;
         code == SQLITE_OK && i < sizeof(switches) / sizeof(switches[0]); i++) {
        code = sqlite3_db_config(connection->db, switches[i][0], switches[i][1],
                                 NULL);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_create_function_v2(connection->db, "quipu_collect", -1,
                                          SQLITE_UTF8 | SQLITE_DIRECTONLY,
                                          connection, on_collect, NULL, NULL,
                                          NULL);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_create_function_v2(
            connection->db, "quipu_passes", 2, SQLITE_UTF8 | SQLITE_DIRECTONLY,
            connection, on_passes, NULL, NULL, NULL);
    }
    return code;
}

int quipu_sqlite_connection_open(quipu_driver_datastore *datastore,
                                 struct connection *connection, int flags,
                                 quipu_error *error)
{
    const char *path = datastore->path ? datastore->path : ":memory:";

    if ((flags & SQLITE_OPEN_URI) != 0) {
        path = datastore->uri;
    }
    connection->datastore = datastore;
    int code = sqlite3_open_v2(
        path, &connection->db,
        flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code == SQLITE_OK) {
        code = configure(connection);
    }
    if (code != SQLITE_OK) {
        int status = quipu_sqlite_error_set(connection, code, "open", error);
        (void)sqlite3_close(connection->db);
        connection->db = NULL;
        return status;
    }
    connection->deadline = INT64_MAX;
    (void)sqlite3_busy_handler(connection->db, on_busy, connection);
    return QUIPU_OK;
}

int quipu_sqlite_connection_check_library(const quipu_host *host,
                                          quipu_error *error)
{
    if (sqlite3_libversion_number() < SQLITE_VERSION_NEEDED) {
        return host->error_set(error, QUIPU_UNSUPPORTED, 0, NULL,
                               "this is SQLite %s, but a store needs 3.37.0 or "
                               "later; link a newer "
                               "one",
                               sqlite3_libversion());
    }
    if (sqlite3_threadsafe() == 0) {
        return host->error_set(error, QUIPU_UNSUPPORTED, 0, NULL,
                               "this SQLite was built without threads; link "
                               "one that was built with them");
    }
    return QUIPU_OK;
}

static void finalize(sqlite3_stmt **statements, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)sqlite3_finalize(statements[i]);
    }
}

void quipu_sqlite_connection_close(struct connection *connection)
{
    finalize(connection->common, SQL_COMMON_COUNT);
    for (size_t i = 0; i < STATEMENT_CACHES; i++) {
        finalize(connection->caches[i].of, SQL_COUNT - SQL_COMMON_COUNT);
    }
    (void)sqlite3_close(connection->db);
    *connection = (struct connection){ .datastore = connection->datastore };
}
