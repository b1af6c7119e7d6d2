/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_fixture.h"

#include <libpq-fe.h>

static int run(PGconn *connection, const char *sql)
{
    PGresult *result = PQexec(connection, sql);
    const bool done = PQresultStatus(result) == PGRES_COMMAND_OK;

    PQclear(result);
    return done ? QUIPU_OK : QUIPU_INTERNAL;
}

static int create(void *native)
{
    return run(native, "CREATE TABLE public.ledger (cents bigint);"
                       "INSERT INTO public.ledger VALUES (0)");
}

static int drop(void *native)
{
    return run(native, "DROP TABLE public.ledger");
}

static int set(void *native, int64_t cents)
{
    char sql[80];

    (void)snprintf(sql, sizeof(sql), "UPDATE public.ledger SET cents = %lld",
                   (long long)cents);
    return run(native, sql);
}

static int64_t sum(void *native)
{
    PGresult *result = PQexec(native, "SELECT cents FROM public.ledger");
    const int64_t cents = PQntuples(result) == 1
                              ? strtoll(PQgetvalue(result, 0, 0), NULL, 10)
                              : -1;

    PQclear(result);
    return cents;
}

const struct ledger ledger_postgres = {
    .create = create, .drop = drop, .set = set, .sum = sum
};
