/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of balances in PostgreSQL. */
#include "sql_tables.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

static int query(void *native, const char *sql, const char *const values[3],
                 balances_visit visit, void *context, quipu_error *error)
{
    int count = !values ? 0 : values[2] ? 3 : 2;
    PGresult *rows =
        PQexecParams(native, sql, count, NULL, values, NULL, NULL, 0);
    const char *state = PQresultErrorField(rows, PG_DIAG_SQLSTATE);
    int code = PQresultStatus(rows) == PGRES_COMMAND_OK ||
                       PQresultStatus(rows) == PGRES_TUPLES_OK
                   ? QUIPU_OK
               : state && strcmp(state, "42P01") == 0 ? QUIPU_NOT_FOUND
                                                      : QUIPU_IO;

    for (int i = 0; i < PQntuples(rows); i++) {
        struct balance balance = { .transfers = 0 };

        (void)snprintf(balance.account, sizeof(balance.account), "%s",
                       PQgetvalue(rows, i, 0));
        balance.cents = strtoll(PQgetvalue(rows, i, 1), NULL, 10);
        if (PQnfields(rows) > 2) {
            balance.transfers = strtoll(PQgetvalue(rows, i, 2), NULL, 10);
        }
        visit(&balance, context);
    }
    PQclear(rows);
    return code == QUIPU_OK
               ? code
               : quipu_error_set(error, code, "%s", PQerrorMessage(native));
}

const struct tables postgres_tables = { create, drop, show, add, list };
