/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of a projection whose read model is a table of SQLite, which readers
 * see through a view (P6). */
#include "versions_fixture.h"

#include <inttypes.h>
#include <sqlite3.h>

static const char file[] = "versions.db";

static int run(sqlite3 *db, const char *format, uint32_t number,
               quipu_error *error)
{
    char *sql = sqlite3_mprintf(format, number, number);
    int code = sqlite3_exec(db, sql, NULL, NULL, NULL);

    sqlite3_free(sql);
    return code == SQLITE_OK
               ? QUIPU_OK
               : quipu_error_set(error, QUIPU_IO, "%s", sqlite3_errmsg(db));
}

static int create(void *native, void *context, quipu_error *error)
{
    const struct version *version = context;

    return run(native,
               "CREATE TABLE credits_%u (id INTEGER PRIMARY KEY, version)",
               version->number, error);
}

static int drop(void *native, void *context, quipu_error *error)
{
    const struct version *version = context;

    return run(native, "DROP TABLE credits_%u", version->number, error);
}

static int show(void *native, void *context, quipu_error *error)
{
    const struct version *version = context;

    return run(native,
               "DROP VIEW IF EXISTS credits; CREATE VIEW credits AS "
               "SELECT id, version FROM credits_%u",
               version->number, error);
}

static int apply(void *native, void *context, const quipu_event *event,
                 const quipu_item *item, quipu_error *error)
{
    const struct version *version = context;
    char sql[120];
    (void)event;

    (void)snprintf(sql, sizeof(sql),
                   "INSERT INTO credits_%%u VALUES (%" PRId64 ", %%u)",
                   item->notification_id);
    int status = run(native, sql, version->number, error);

    return status == QUIPU_OK ? version_check_event(version, item, error)
                              : status;
}

/* ---------------------------------------------------------------- reading */

static void read_rows(const char *table, struct version_rows *rows)
{
    char sql[120];
    sqlite3_stmt *row = NULL;
    sqlite3 *db;

    *rows = (struct version_rows){ .exists = false };
    (void)snprintf(sql, sizeof(sql),
                   "SELECT count(*), max(id), min(version), max(version) "
                   "FROM %s",
                   table);
    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    (void)sqlite3_busy_timeout(db, 10000);
    if (sqlite3_prepare_v2(db, sql, -1, &row, NULL) == SQLITE_OK) {
        assert_int_equal(sqlite3_step(row), SQLITE_ROW);
        *rows = (struct version_rows){
            .exists = true,
            .count = sqlite3_column_int64(row, 0),
            .last = sqlite3_column_int64(row, 1),
            .first_version = (uint32_t)sqlite3_column_int(row, 2),
            .last_version = (uint32_t)sqlite3_column_int(row, 3),
        };
    }
    (void)sqlite3_finalize(row);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void read_version(const char *name, uint32_t number,
                         struct version_rows *rows)
{
    char table[32];
    (void)name;

    (void)snprintf(table, sizeof(table), "credits_%" PRIu32, number);
    read_rows(table, rows);
}

static void read_shown(const char *name, struct version_rows *rows)
{
    (void)name;
    read_rows("credits", rows);
}

static void prepare(int round, char name[96])
{
    (void)round;
    (void)remove(file);
    (void)remove("versions.db-wal");
    (void)remove("versions.db-shm");
    (void)snprintf(name, 96, "%s?durability=relaxed", file);
}

const struct versions_backend versions_sqlite = {
    .driver = "sqlite",
    .apply = apply,
    .create = create,
    .drop = drop,
    .show = show,
    .prepare = prepare,
    .read = read_version,
    .read_shown = read_shown,
};
