/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_fixture.h"

#include <sqlite3.h>

static int run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK
               ? QUIPU_OK
               : QUIPU_INTERNAL;
}

static int create(void *native)
{
    return run(native, "CREATE TABLE ledger (cents INTEGER);"
                       "INSERT INTO ledger VALUES (0)");
}

static int drop(void *native)
{
    return run(native, "DROP TABLE ledger");
}

static int set(void *native, int64_t cents)
{
    char sql[80];

    (void)snprintf(sql, sizeof(sql), "UPDATE ledger SET cents = %lld",
                   (long long)cents);
    return run(native, sql);
}

static int64_t sum(void *native)
{
    sqlite3_stmt *query = NULL;
    int64_t cents = -1;

    if (sqlite3_prepare_v2(native, "SELECT cents FROM ledger", -1, &query,
                           NULL) == SQLITE_OK &&
        sqlite3_step(query) == SQLITE_ROW) {
        cents = sqlite3_column_int64(query, 0);
    }
    (void)sqlite3_finalize(query);
    return cents;
}

const struct ledger ledger_sqlite = {
    .create = create, .drop = drop, .set = set, .sum = sum
};
