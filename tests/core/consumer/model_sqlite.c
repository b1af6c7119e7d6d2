/* SPDX-License-Identifier: Apache-2.0 */
/* The read model in the SQLite database of the events. */
#include "model_fixture.h"

#include <sqlite3.h>

static int run(sqlite3 *db, const char *sql)
{
    char *message = NULL;
    int code = sqlite3_exec(db, sql, NULL, NULL, &message);

    if (code != SQLITE_OK) {
        print_error("%s: %s\n", sql, message);
        sqlite3_free(message);
    }
    return code == SQLITE_OK ? QUIPU_OK : QUIPU_INTERNAL;
}

static int create(void *native)
{
    return run(native, "CREATE TABLE applied (place INTEGER PRIMARY KEY "
                       "AUTOINCREMENT, id INTEGER, cents INTEGER)");
}

static int drop(void *native)
{
    return run(native, "DROP TABLE applied");
}

static int add(void *native, int64_t id, int64_t cents)
{
    sqlite3_stmt *insert = NULL;

    if (sqlite3_prepare_v2(native,
                           "INSERT INTO applied (id, cents) VALUES (?1, ?2)",
                           -1, &insert, NULL) != SQLITE_OK) {
        print_error("%s\n", sqlite3_errmsg(native));
        return QUIPU_INTERNAL;
    }
    (void)sqlite3_bind_int64(insert, 1, id);
    (void)sqlite3_bind_int64(insert, 2, cents);
    (void)sqlite3_step(insert);
    return sqlite3_finalize(insert) == SQLITE_OK ? QUIPU_OK : QUIPU_INTERNAL;
}

static void prepare(const char *label, const char *options, char name[96])
{
    static const char *const endings[] = { "", "-wal", "-shm", "-quipu" };

    for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
        (void)snprintf(name, 96, "%s.db%s", label, endings[i]);
        (void)remove(name);
    }
    (void)snprintf(name, 96, "%s.db%s%s", label, *options ? "?" : "", options);
}

static void read_rows(const char *name, model_visit visit, void *context)
{
    sqlite3_stmt *rows = NULL;
    sqlite3 *db;
    char file[96];

    (void)snprintf(file, sizeof(file), "%.*s", (int)strcspn(name, "?"), name);
    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    if (sqlite3_prepare_v2(db, "SELECT id, cents FROM applied ORDER BY place",
                           -1, &rows, NULL) == SQLITE_OK) {
        while (sqlite3_step(rows) == SQLITE_ROW) {
            visit(context, sqlite3_column_int64(rows, 0),
                  sqlite3_column_int64(rows, 1));
        }
    } else {
        assert_contains(sqlite3_errmsg(db), "no such table");
    }
    assert_int_equal(sqlite3_finalize(rows), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

const struct model model_sqlite = {
    .driver = "sqlite",
    .create = create,
    .drop = drop,
    .add = add,
    .prepare = prepare,
    .read = read_rows,
};
