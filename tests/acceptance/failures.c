/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A6: the store fails at the n-th call of the driver, for each n, and on
 * PostgreSQL the server ends connections at random times.  No event may be
 * blamed for that, and none be passed over (P4, B1).
 */
#include "acceptance.h"

#include <libpq-fe.h>
#include <pthread.h>

/* A way to fail. */
struct way {
    const char *name;
    int status;
    bool after; /* the append is executed */
};
static const struct way ways[] = {
    { "BUSY", QUIPU_BUSY, false },
    { "IO", QUIPU_IO, false },
    { "UNKNOWN_OUTCOME before", QUIPU_UNKNOWN_OUTCOME, false },
    { "UNKNOWN_OUTCOME after", QUIPU_UNKNOWN_OUTCOME, true },
};

/* Fails at the n-th call from now on. */
static void fail_at(const struct way *way, int n)
{
    interposed.status = way->status;
    interposed.after = way->after;
    interposed.appends_only = way->status == QUIPU_UNKNOWN_OUTCOME;
    interposed.fail_at = atomic_load(&interposed.calls) + n;
}

static bool end_failures(void)
{
    bool was_reached = atomic_load(&interposed.calls) >= interposed.fail_at;

    interposed.fail_at = 0;
    return was_reached;
}

/* The events, and a projection of them. */
struct failing {
    struct acceptance *run;
    int events;
    char name[96];
    struct applied applied;
    struct opened_log log;
    quipu_projection *projection;
};

static void open_failing(struct failing *failing)
{
    const quipu_projection_options options = { .batch_items = 16,
                                               .batch_milliseconds = 10000,
                                               .attempts = 1,
                                               .on_failure =
                                                   QUIPU_FAILURE_PARK };

    open_log(&failing->log, failing->name);
    failing->projection =
        open_applied(&failing->log, &failing->applied, options);
}

static void close_failing(struct failing *failing)
{
    quipu_error error;

    assert_ok(quipu_projection_close(failing->projection, &error), &error);
    close_log(&failing->log);
}

/* Applies all events, from the first one on.  Returns whether the n-th call was
 * made. */
static bool project(struct failing *failing, const struct way *way, int n)
{
    quipu_error error;

    open_failing(failing);
    assert_ok(quipu_projection_reset(failing->projection, &error), &error);
    fail_at(way, n);
    int64_t failures = acceptance_catch_up(failing->projection);
    bool was_reached = end_failures();

    assert_int_equal(failures, was_reached);
    close_failing(failing);
    struct model_counts counts =
        count_model(failing->run->model, failing->name, "applied@1", 1);

    assert_exact(&counts);
    assert_int_equal(counts.parked, 0);
    assert_int_equal(counts.rows, failing->events);
    return was_reached;
}

/* Takes all items of the store.  Returns whether the n-th call was made. */
static bool subscribe(const char *name, const struct way *way, int n,
                      int64_t events)
{
    const quipu_subscription_options options = { .struct_size = sizeof(options),
                                                 .consumer = "mailer",
                                                 .record_items = 5 };
    quipu_subscription *subscription;
    const quipu_item *item = NULL;
    struct opened_log log;
    quipu_error error;

    open_log(&log, name);
    assert_ok(quipu_subscription_open_events(log.store, &options, &subscription,
                                             &error),
              &error);
    fail_at(way, n);
    for (int64_t id = 1; id <= events; id++) {
        assert_ok(quipu_subscription_next(subscription, &item, -1, &error),
                  &error);
        assert_int_equal(item->notification_id, id);
        assert_ok(quipu_subscription_acknowledge(subscription, &error), &error);
    }
    bool was_reached = end_failures();

    assert_ok(quipu_subscription_close(subscription, &error), &error);
    assert_int_equal(tracked(log.datastore, "mailer"), events);
    close_log(&log);
    return was_reached;
}

static void fail_at_calls(struct acceptance *run)
{
    struct failing failing = { .run = run,
                               .events = run->is_short ? 30 : 300,
                               .applied = { .model = run->model } };
    int failures[2] = { 0 };
    char name[96];

    acceptance_fill(run, "failing", "durability=relaxed", failing.events, 1,
                    failing.name);
    for (size_t way = 0; way < sizeof(ways) / sizeof(*ways); way++) {
        for (int n = 1; project(&failing, &ways[way], n); n++) {
            failures[0]++;
        }
    }
    for (size_t way = 0; way < 2 && !run->is_short; way++) {
        bool was_reached = true;

        for (int n = 1; was_reached; n++) {
            acceptance_fill(run, "failing", "durability=relaxed", 20, 1, name);
            was_reached = subscribe(name, &ways[way], n, 20);
            failures[1] += was_reached;
        }
    }
    acceptance_note(run,
                    "failures at %d calls of a projection, %d of a "
                    "subscription; parked 0, skipped 0, twice 0",
                    failures[0], failures[1]);
    assert_true(failures[0] > 10);
}

/* ------------------------------------------------------- lost connections */

static void *run_projection(void *context)
{
    quipu_error error;

    assert_ok(quipu_projection_run(context, &error), &error);
    return NULL;
}

/* Returns the number of rows. */
static int64_t query(PGconn *connection, const char *sql)
{
    PGresult *result = PQexec(connection, sql);

    assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
    int64_t rows = PQntuples(result);

    PQclear(result);
    return rows;
}

/* Ends all other connections while events are applied, and waits until all are.
 * Returns the number of connections. */
static int64_t disconnect_often(PGconn *connection, struct opened_log *log,
                                int times)
{
    int64_t ended = 0;
    char sql[120];

    for (int i = 0; i < times; i++) {
        add_events(log, 20);
        process_sleep(process_random(20000));
        ended += query(connection,
                       "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                       "WHERE datname = current_database() AND pid <> "
                       "pg_backend_pid()");
        (void)snprintf(sql, sizeof(sql),
                       "SELECT 1 FROM public.applied WHERE id = %lld",
                       (long long)log->stored);
        for (int64_t begin = process_now(); query(connection, sql) == 0;) {
            assert_true(process_now() - begin < 60000000); /* it was parked */
            process_sleep(1000);
        }
    }
    return ended;
}

static void lose_connections(struct acceptance *run)
{
    const quipu_projection_options options = {
        .batch_items = 1, .attempts = 1, .on_failure = QUIPU_FAILURE_PARK
    };
    struct applied applied = { .model = run->model, .nanoseconds = 500000 };
    PGconn *connection = PQconnectdb("dbname=quipu");
    struct opened_log log;
    pthread_t thread;
    char name[96];
    quipu_error error;

    run->model->prepare("disconnected", "", name);
    open_log(&log, name);
    log.sequences = 1;
    quipu_projection *projection = open_applied(&log, &applied, options);

    assert_int_equal(pthread_create(&thread, NULL, run_projection, projection),
                     0);
    int64_t ended = disconnect_often(connection, &log, run->is_short ? 5 : 200);

    PQfinish(connection);
    quipu_projection_stop(projection);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_ok(quipu_projection_close(projection, &error), &error);
    close_log(&log);
    struct model_counts counts = count_model(run->model, name, "applied@1", 1);

    assert_exact(&counts);
    assert_int_equal(counts.parked, 0);
    assert_int_equal(counts.rows, log.stored);
    acceptance_note(run, "; %lld connections ended by the server: the same",
                    (long long)ended);
    assert_true(ended > 0);
}

static void fail_store(struct acceptance *run)
{
    fail_at_calls(run);
    if (run->model == &model_postgres) {
        lose_connections(run);
    }
}

const struct acceptance_test acceptance_failures = {
    .name = "A6",
    .title = "let the store fail at each call",
    .run = fail_store,
    .has_short = true,
};
