/* SPDX-License-Identifier: Apache-2.0 */
/* SQL in SQLite and in PostgreSQL; the statements are the same. */
#include "warehouse.h"

#include <libpq-fe.h>
#include <sqlite3.h>

enum { COLUMNS_MAX = 4 };

static int run_sqlite(sqlite3 *native, const struct sql *sql,
                      quipu_error *error)
{
    const char *columns[COLUMNS_MAX];
    sqlite3_stmt *row = NULL;
    int code = sqlite3_prepare_v2(native, sql->text, -1, &row, NULL);

    for (int i = 0; code == SQLITE_OK && sql->values[i]; i++) {
        code = sqlite3_bind_text(row, i + 1, sql->values[i], -1, SQLITE_STATIC);
    }
    while (code == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(row); i++) {
            columns[i] = (const char *)sqlite3_column_text(row, i);
        }
        sql->visit(columns, sql->context);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_reset(row); /* of the last step */
    }
    (void)sqlite3_finalize(row);
    return code == SQLITE_OK
               ? QUIPU_OK
               : quipu_error_set(error, QUIPU_IO, "%s", sqlite3_errmsg(native));
}

static int run_postgres(PGconn *native, const struct sql *sql,
                        quipu_error *error)
{
    const char *columns[COLUMNS_MAX];
    int count = 0;

    while (sql->values[count]) {
        count++;
    }
    PGresult *rows = PQexecParams(native, sql->text, count, NULL, sql->values,
                                  NULL, NULL, 0);
    ExecStatusType code = PQresultStatus(rows);

    for (int i = 0; i < PQntuples(rows); i++) {
        for (int j = 0; j < PQnfields(rows); j++) {
            columns[j] = PQgetvalue(rows, i, j);
        }
        sql->visit(columns, sql->context);
    }
    PQclear(rows);
    return code == PGRES_COMMAND_OK || code == PGRES_TUPLES_OK
               ? QUIPU_OK
               : quipu_error_set(error, QUIPU_IO, "%s", PQerrorMessage(native));
}

int sql_run(const struct warehouse *warehouse, void *native,
            const struct sql *sql, quipu_error *error)
{
    return warehouse->is_postgres ? run_postgres(native, sql, error)
                                  : run_sqlite(native, sql, error);
}
