/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of a projection whose read model is a table of PostgreSQL, which
 * readers see through a view (P6). */
#include "versions_fixture.h"

#include <inttypes.h>
#include <libpq-fe.h>

static int run(PGconn *connection, const char *sql, quipu_error *error)
{
    PGresult *result = PQexec(connection, sql);
    bool done = PQresultStatus(result) == PGRES_COMMAND_OK;

    PQclear(result);
    return done ? QUIPU_OK
                : quipu_error_set(error, QUIPU_IO, "%s",
                                  PQerrorMessage(connection));
}

static int run_with_number(PGconn *connection, const char *before,
                           const struct version *version, const char *after,
                           quipu_error *error)
{
    char sql[200];

    (void)snprintf(sql, sizeof(sql), "%s%" PRIu32 "%s", before, version->number,
                   after);
    return run(connection, sql, error);
}

static int create(void *native, void *context, quipu_error *error)
{
    return run_with_number(native, "CREATE TABLE public.credits_", context,
                           " (id bigint PRIMARY KEY, version int)", error);
}

static int drop(void *native, void *context, quipu_error *error)
{
    return run_with_number(native, "DROP TABLE public.credits_", context, "",
                           error);
}

static int show(void *native, void *context, quipu_error *error)
{
    return run_with_number(native,
                           "CREATE OR REPLACE VIEW public.credits AS "
                           "SELECT id, version FROM public.credits_",
                           context, "", error);
}

/* An event that is applied twice is refused. */
static int apply(void *native, void *context, const quipu_event *event,
                 const quipu_item *item, quipu_error *error)
{
    const struct version *version = context;
    char values[80];
    (void)event;

    (void)snprintf(values, sizeof(values), " VALUES (%" PRId64 ", %" PRIu32 ")",
                   item->notification_id, version->number);
    int status = run_with_number(native, "INSERT INTO public.credits_", context,
                                 values, error);

    return status == QUIPU_OK ? version_check_event(version, item, error)
                              : status;
}

/* ---------------------------------------------------------------- reading */

static PGconn *connect_directly(void)
{
    PGconn *connection = PQconnectdb("dbname=quipu");

    assert_int_equal(PQstatus(connection), CONNECTION_OK);
    return connection;
}

static int64_t number_at(const PGresult *result, int column)
{
    return strtoll(PQgetvalue(result, 0, column), NULL, 10);
}

static void read_rows(const char *table, struct version_rows *rows)
{
    PGconn *connection = connect_directly();
    char sql[120];

    *rows = (struct version_rows){ .exists = false };
    (void)snprintf(sql, sizeof(sql),
                   "SELECT count(*), max(id), min(version), max(version) "
                   "FROM public.%s",
                   table);
    PGresult *result = PQexec(connection, sql);

    if (PQresultStatus(result) == PGRES_TUPLES_OK) {
        *rows = (struct version_rows){
            .exists = true,
            .count = number_at(result, 0),
            .last = number_at(result, 1),
            .first_version = (uint32_t)number_at(result, 2),
            .last_version = (uint32_t)number_at(result, 3),
        };
    } else {
        /* No other failure is taken for a table that does not exist. */
        assert_string_equal(PQresultErrorField(result, PG_DIAG_SQLSTATE),
                            "42P01");
    }
    PQclear(result);
    PQfinish(connection);
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
    PGconn *connection = connect_directly();
    quipu_error error;

    assert_ok(run(connection,
                  "SET client_min_messages = warning;"
                  "DROP VIEW IF EXISTS public.credits;"
                  "DROP TABLE IF EXISTS public.credits_1, public.credits_2",
                  &error),
              &error);
    PQfinish(connection);
    (void)snprintf(name, 96, "quipu?namespace=versions%d&durability=relaxed",
                   round);
}

const struct versions_backend versions_postgres = {
    .driver = "postgres",
    .apply = apply,
    .create = create,
    .drop = drop,
    .show = show,
    .prepare = prepare,
    .read = read_version,
    .read_shown = read_shown,
};
