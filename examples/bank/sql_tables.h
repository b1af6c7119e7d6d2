/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of balances in SQL, which SQLite and PostgreSQL share: a table for
 * each version, and a view of the one that is shown.  The file that includes it
 * defines `query`, which executes a statement. */
#include "bank.h"

#include <stdio.h>

/* Executes a statement with up to three values; calls `visit`, if it is not
 * NULL, for each row.  NOT_FOUND: there is no such table. */
static int query(void *native, const char *sql, const char *const values[3],
                 balances_visit visit, void *context, quipu_error *error);

/* Executes that of two statements which concerns the version. */
static int execute(void *native, const struct model *model, const char *first,
                   const char *second, quipu_error *error)
{
    return query(native, model->version == 1 ? first : second, NULL, NULL, NULL,
                 error);
}

static int create(void *native, void *context, quipu_error *error)
{
    return execute(native, context,
                   "CREATE TABLE balances_1 (account text PRIMARY KEY,"
                   " cents bigint NOT NULL)",
                   "CREATE TABLE balances_2 (account text PRIMARY KEY,"
                   " cents bigint NOT NULL, transfers bigint NOT NULL)",
                   error);
}

static int drop(void *native, void *context, quipu_error *error)
{
    return execute(native, context, "DROP TABLE balances_1",
                   "DROP TABLE balances_2", error);
}

static int show(void *native, void *context, quipu_error *error)
{
    int status =
        query(native, "DROP VIEW IF EXISTS balances", NULL, NULL, NULL, error);

    return status == QUIPU_OK
               ? execute(native, context,
                         "CREATE VIEW balances AS SELECT * FROM balances_1",
                         "CREATE VIEW balances AS SELECT * FROM balances_2",
                         error)
               : status;
}

static int add(void *native, int version, const struct balance *change,
               quipu_error *error)
{
    char cents[24];
    char transfers[24];
    const char *const values[] = { change->account, cents,
                                   version == 1 ? NULL : transfers };

    (void)snprintf(cents, sizeof(cents), "%lld", (long long)change->cents);
    (void)snprintf(transfers, sizeof(transfers), "%lld",
                   (long long)change->transfers);
    return query(native,
                 version == 1
                     ? "INSERT INTO balances_1 AS b VALUES ($1, $2)"
                       " ON CONFLICT (account) DO UPDATE"
                       " SET cents = b.cents + excluded.cents"
                     : "INSERT INTO balances_2 AS b VALUES ($1, $2, $3)"
                       " ON CONFLICT (account) DO UPDATE"
                       " SET cents = b.cents + excluded.cents,"
                       " transfers = b.transfers + excluded.transfers",
                 values, NULL, NULL, error);
}

static int list(void *native, int version, balances_visit visit, void *context,
                quipu_error *error)
{
    return query(native,
                 version == 0   ? "SELECT * FROM balances ORDER BY account"
                 : version == 1 ? "SELECT * FROM balances_1"
                                : "SELECT * FROM balances_2",
                 NULL, visit, context, error);
}
