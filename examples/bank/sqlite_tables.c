/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of balances in SQLite. */
#include "sql_tables.h"

#include <sqlite3.h>
#include <string.h>

static int query(void *native, const char *sql, const char *const values[3],
                 balances_visit visit, void *context, quipu_error *error)
{
    struct balance balance = { .transfers = 0 };
    sqlite3_stmt *row = NULL;
    int code = sqlite3_prepare_v2(native, sql, -1, &row, NULL);

    for (int i = 0; values && i < 3 && values[i]; i++) {
        (void)sqlite3_bind_text(row, i + 1, values[i], -1, SQLITE_STATIC);
    }
    while (code == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW) {
        (void)snprintf(balance.account, sizeof(balance.account), "%s",
                       (const char *)sqlite3_column_text(row, 0));
        balance.cents = sqlite3_column_int64(row, 1);
        balance.transfers = sqlite3_column_int64(row, 2);
        visit(&balance, context);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_reset(row); /* of the last step */
    }
    (void)sqlite3_finalize(row);
    return code == SQLITE_OK
               ? QUIPU_OK
               : quipu_error_set(error,
                                 strstr(sqlite3_errmsg(native), "no such table")
                                     ? QUIPU_NOT_FOUND
                                     : QUIPU_IO,
                                 "%s", sqlite3_errmsg(native));
}

const struct tables sqlite_tables = { create, drop, show, add, list };
