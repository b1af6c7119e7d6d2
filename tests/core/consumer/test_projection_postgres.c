/* SPDX-License-Identifier: Apache-2.0 */
/* Kills the process of a projection whose read model is a table of the database
 * with the events, before each call of the driver, and compares read model and
 * record after each (P1). */
#include "kills_fixture.h"

#include <libpq-fe.h>

/* -------------------------------------------------------------- projection */

/* Executes a statement; returns the number in the first row, or 0. */
static int64_t execute(PGconn *connection, const char *sql, bool *done)
{
    PGresult *result = PQexec(connection, sql);
    int64_t number = 0;

    *done = PQresultStatus(result) == PGRES_COMMAND_OK ||
            PQresultStatus(result) == PGRES_TUPLES_OK;
    if (*done && PQntuples(result) > 0) {
        number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    }
    PQclear(result);
    return number;
}

static int create(void *native, void *context, quipu_error *error)
{
    bool done;
    (void)context;

    (void)execute(native,
                  "CREATE TABLE public.applied (id bigint PRIMARY KEY, "
                  "cents bigint)",
                  &done);
    return done
               ? QUIPU_OK
               : quipu_error_set(error, QUIPU_IO, "%s", PQerrorMessage(native));
}

/* An event that is applied twice is refused. */
static int apply(void *native, void *context, const quipu_event *event,
                 const quipu_item *item, quipu_error *error)
{
    int64_t cents = ((const struct credited *)(const void *)event)->cents;
    char sql[120];
    bool done;
    (void)context;

    (void)snprintf(sql, sizeof(sql),
                   "INSERT INTO public.applied VALUES (%lld, %lld)",
                   (long long)item->notification_id, (long long)cents);
    (void)execute(native, sql, &done);
    return done ? QUIPU_OK
                : quipu_error_set(error, QUIPU_INVALID, "%s",
                                  PQerrorMessage(native));
}

static const quipu_projection_handler handlers[] = {
    { .event = &credited, .apply = apply },
    { 0 },
};
static const quipu_projection_type balances_type = {
    .name = "balances",
    .version = 1,
    .handlers = handlers,
    .create = create,
};

/* ------------------------------------------------------------- read model */

static PGconn *connect_directly(void)
{
    PGconn *connection = PQconnectdb("dbname=quipu");

    assert_int_equal(PQstatus(connection), CONNECTION_OK);
    return connection;
}

/* Returns the tracking record, up to which the read model must have each event
 * once, and no other. */
static int64_t check_model(const char *name)
{
    struct opened_log log;
    PGconn *connection = connect_directly();
    bool exists;
    bool done;

    open_log(&log, name);
    int64_t record = tracked(log.datastore, "balances@1");

    close_log(&log);
    int64_t count =
        execute(connection, "SELECT count(*) FROM public.applied", &exists);
    int64_t sound = execute(connection,
                            "SELECT count(*) FROM public.applied "
                            "WHERE cents = id - 1",
                            &done);
    int64_t last = execute(
        connection, "SELECT coalesce(max(id), 0) FROM public.applied", &done);

    PQfinish(connection);
    assert_int_equal(exists ? count : 0, record);
    assert_int_equal(sound, record);
    assert_int_equal(last, record);
    return record;
}

static void prepare(int round, char name[64])
{
    PGconn *connection = connect_directly();
    bool done;

    (void)execute(connection, "DROP TABLE IF EXISTS public.applied", &done);
    assert_true(done);
    PQfinish(connection);
    (void)snprintf(name, 64, "quipu?namespace=kills%d", round);
}

static void read_model_is_what_the_record_says(void **state)
{
    const struct killed_projection killed = {
        .type = &balances_type,
        .options = { .struct_size = sizeof(killed.options), .batch_items = 7 },
        .prepare = prepare,
        .check = check_model,
    };
    (void)state;

    kill_at_each_call(&killed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_model_is_what_the_record_says),
    };

    return cmocka_run_group_tests(tests, add_interposed_postgres, NULL);
}
