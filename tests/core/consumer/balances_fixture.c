/* SPDX-License-Identifier: Apache-2.0 */
#include "balances_fixture.h"

#include <sqlite3.h>
#include <time.h>

static int run(sqlite3 *db, const char *sql, quipu_error *error)
{
    char *message = NULL;
    int code = sqlite3_exec(db, sql, NULL, NULL, &message);

    (void)error;
    if (code == SQLITE_OK) {
        return QUIPU_OK;
    }
    print_error("%s: %s\n", sql, message);
    sqlite3_free(message);
    return QUIPU_INTERNAL;
}

static int create(void *native, void *context, quipu_error *error)
{
    struct balances *balances = context;

    atomic_fetch_add(&balances->created, 1);
    return run(native,
               "CREATE TABLE applied (place INTEGER PRIMARY KEY "
               "AUTOINCREMENT, id INTEGER, cents INTEGER)",
               error);
}

static int drop(void *native, void *context, quipu_error *error)
{
    (void)context;
    return run(native, "DROP TABLE applied", error);
}

static int apply(void *native, void *context, const quipu_event *event,
                 const quipu_item *item, quipu_error *error)
{
    struct balances *balances = context;
    const struct credited *credit = (const void *)event;
    const struct timespec duration = { .tv_nsec = balances->nanoseconds };
    char sql[160];

    atomic_fetch_add(&balances->applied, 1);
    if (balances->nanoseconds > 0) {
        (void)nanosleep(&duration, NULL);
    }
    (void)snprintf(sql, sizeof(sql),
                   "INSERT INTO applied (id, cents) VALUES (%lld, %lld)",
                   (long long)item->notification_id, (long long)credit->cents);
    int status = run(native, sql, error);

    /* The change that was made for a refused event is rolled back. */
    if (item->notification_id == balances->refused && balances->refusals != 0) {
        balances->refusals -= balances->refusals > 0;
        return quipu_error_set(error, balances->refusal, "no such account");
    }
    return status;
}

static const quipu_projection_handler handlers[] = {
    { .event = &credited, .apply = apply },
    { 0 },
};

const quipu_projection_type balances_type = {
    .name = "balances",
    .version = 1,
    .handlers = handlers,
    .create = create,
    .drop = drop,
};

const quipu_projection_type plain_type = {
    .name = "plain",
    .version = 2,
    .handlers = handlers,
};

quipu_projection *open_balances(struct opened_log *log,
                                struct balances *balances,
                                quipu_projection_options options)
{
    quipu_projection *projection = NULL;
    quipu_error error;

    options.struct_size = sizeof(options);
    options.context = balances;
    assert_ok(quipu_projection_open(log->store, &balances_type, &options,
                                    &projection, &error),
              &error);
    return projection;
}

int catch_up(quipu_projection *projection, quipu_error *error)
{
    bool caught_up = false;
    int status = QUIPU_OK;

    while (status == QUIPU_OK && !caught_up) {
        status = quipu_projection_step(projection, &caught_up, error);
    }
    return status;
}

quipu_projection *project_with_parked(struct opened_log *log,
                                      struct balances *balances,
                                      const char *file)
{
    quipu_error error;

    *balances = (struct balances){ .refused = 3,
                                   .refusal = QUIPU_NOT_FOUND,
                                   .refusals = -1 };
    open_log(log, file);
    add_events(log, 5);
    quipu_projection *projection =
        open_balances(log, balances,
                      (quipu_projection_options){
                          .attempts = 1, .on_failure = QUIPU_FAILURE_PARK });

    assert_ok(catch_up(projection, &error), &error);
    return projection;
}

static bool is_among(const int64_t *list, int64_t id)
{
    while (*list != 0 && *list != id) {
        list++;
    }
    return *list == id;
}

void assert_read_model(const char *file, int64_t last, const int64_t *missing)
{
    sqlite3 *db;
    sqlite3_stmt *rows;
    int64_t next = 1;

    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT id, cents FROM applied ORDER BY place",
                           -1, &rows, NULL),
        SQLITE_OK);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        while (missing && is_among(missing, next)) {
            next++;
        }
        assert_int_equal(sqlite3_column_int64(rows, 0), next);
        assert_int_equal(sqlite3_column_int64(rows, 1), next - 1);
        next++;
    }
    while (missing && next <= last && is_among(missing, next)) {
        next++;
    }
    assert_int_equal(next, last + 1);
    assert_int_equal(sqlite3_finalize(rows), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}
