/* SPDX-License-Identifier: Apache-2.0 */
/* The read model in the PostgreSQL database of the events, on the server of
 * tests/postgres/with-cluster. */
#include "model_fixture.h"

#include <libpq-fe.h>

static bool run(PGconn *connection, const char *sql)
{
    PGresult *result = PQexec(connection, sql);
    bool done = PQresultStatus(result) == PGRES_COMMAND_OK;

    PQclear(result);
    return done;
}

/* A lost connection is no fault of the event, but the driver must find that
 * out. */
static int result_of(PGconn *connection, bool done)
{
    if (!done && PQstatus(connection) == CONNECTION_OK) {
        print_error("%s\n", PQerrorMessage(connection));
    }
    return done ? QUIPU_OK : QUIPU_INTERNAL;
}

static int create(void *native)
{
    return result_of(native,
                     run(native, "CREATE TABLE public.applied (place bigserial "
                                 "PRIMARY KEY, id bigint, cents bigint)"));
}

static int drop(void *native)
{
    return result_of(native, run(native, "DROP TABLE public.applied"));
}

static int add(void *native, int64_t id, int64_t cents)
{
    char sql[120];

    (void)snprintf(sql, sizeof(sql),
                   "INSERT INTO public.applied (id, cents) VALUES (%lld, %lld)",
                   (long long)id, (long long)cents);
    return result_of(native, run(native, sql));
}

static PGconn *connect_directly(void)
{
    PGconn *connection = PQconnectdb("dbname=quipu");

    assert_int_equal(PQstatus(connection), CONNECTION_OK);
    return connection;
}

static void prepare(const char *label, const char *options, char name[96])
{
    PGconn *connection = connect_directly();
    char sql[120];

    assert_true(run(connection, "SET client_min_messages = warning"));
    assert_true(run(connection, "DROP TABLE IF EXISTS public.applied"));
    (void)snprintf(sql, sizeof(sql), "DROP SCHEMA IF EXISTS \"%s\" CASCADE",
                   label);
    assert_true(run(connection, sql));
    (void)snprintf(sql, sizeof(sql), "CREATE SCHEMA \"%s\"", label);
    assert_true(run(connection, sql));
    PQfinish(connection);
    (void)snprintf(name, 96, "quipu?schema=%s%s%s", label, *options ? "&" : "",
                   options);
}

/* Waits until the server has ended the transactions of processes that were
 * killed: a commit that it has received is executed all the same. */
static void wait_for_transactions(PGconn *connection)
{
    bool is_idle = false;

    while (!is_idle) {
        PGresult *result =
            PQexec(connection, "SELECT 1 FROM pg_stat_activity WHERE datname = "
                               "current_database() AND state <> 'idle' AND pid "
                               "<> pg_backend_pid()");

        assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
        is_idle = PQntuples(result) == 0;
        PQclear(result);
    }
}

static void read_rows(const char *name, model_visit visit, void *context)
{
    PGconn *connection = connect_directly();
    PGresult *row;
    (void)name;

    wait_for_transactions(connection);
    assert_int_equal(
        PQsendQuery(connection,
                    "SELECT id, cents FROM public.applied ORDER BY place"),
        1);
    assert_int_equal(PQsetSingleRowMode(connection), 1);
    while ((row = PQgetResult(connection))) {
        if (PQresultStatus(row) == PGRES_SINGLE_TUPLE) {
            visit(context, strtoll(PQgetvalue(row, 0, 0), NULL, 10),
                  strtoll(PQgetvalue(row, 0, 1), NULL, 10));
        } else if (PQresultStatus(row) != PGRES_TUPLES_OK) {
            assert_contains(PQresultErrorMessage(row), "does not exist");
        }
        PQclear(row);
    }
    PQfinish(connection);
}

const struct model model_postgres = {
    .driver = "postgres",
    .create = create,
    .drop = drop,
    .add = add,
    .prepare = prepare,
    .read = read_rows,
};
