/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the common fixture that depends on SQLite. */
#include "fixture.h"

const char *fixture_data(const char *file)
{
    return file;
}

int fixture_work(void *native, void *context, quipu_error *error)
{
    (void)context;
    (void)error;
    int code = sqlite3_exec(native, "CREATE TABLE IF NOT EXISTS mine (a)", NULL,
                            NULL, NULL);
    return code == SQLITE_OK               ? QUIPU_OK
           : (code & 0xff) == SQLITE_NOMEM ? QUIPU_NO_MEMORY
                                           : QUIPU_IO;
}

static sqlite3 *open_db(const char *file)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    (void)sqlite3_busy_timeout(db, 5000);
    return db;
}

void fixture_sql(const char *file, const char *sql)
{
    sqlite3 *db = open_db(file);
    char *message = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) {
        fail_msg("%s: %s", sql, message);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

int64_t fixture_ask(const char *file, const char *sql)
{
    sqlite3 *db = open_db(file);
    sqlite3_stmt *row = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    int64_t answer = sqlite3_column_int64(row, 0);
    (void)sqlite3_finalize(row);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return answer;
}
