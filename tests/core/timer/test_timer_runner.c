/* SPDX-License-Identifier: Apache-2.0 */
/* The calls on timers: wrong arguments, kinds of ids, further columns, running
 * and stopping. */
#include "timer_fixture.h"

#include <pthread.h>
#include <signal.h>

#include "base/clock.h"

static void open_memory(struct opened_log *log)
{
    test_clock = BEGIN;
    open_log(log, ":memory:");
}

/* -------------------------------------------------------- wrong arguments */

static void assert_set_refused(quipu_unit *unit, const char *name, int64_t due,
                               const char *part)
{
    struct credited event = { .cents = 1 };
    quipu_error error;
    quipu_id id;

    assert_ok(quipu_id_of_text(&id, "a", &error), &error);
    quipu_event_init(&event.base, &credited, &id, 0);
    assert_refused(quipu_unit_timer_set(unit, name, (quipu_time){ due },
                                        &event.base, &error),
                   QUIPU_INVALID, &error, part);
}

static void wrong_arguments_are_invalid(void **state)
{
    struct credited event = { .base = { .type = &credited } };
    char name[QUIPU_TIMER_NAME_MAX + 2];
    struct opened_log log;
    quipu_unit *unit;
    quipu_error error;
    quipu_id id;
    (void)state;

    open_memory(&log);
    assert_ok(quipu_unit_create(log.store, &unit, &error), &error);
    memset(name, 'x', sizeof(name));
    name[QUIPU_TIMER_NAME_MAX + 1] = '\0';
    assert_set_refused(unit, name, BEGIN, "1 to 100 bytes");
    assert_set_refused(unit, "", BEGIN, "1 to 100 bytes");
    assert_set_refused(unit, NULL, BEGIN, "1 to 100 bytes");
    assert_set_refused(unit, "\xff", BEGIN, "1 to 100 bytes");
    assert_set_refused(unit, "x", 0, "years 1 to 9999");
    assert_set_refused(unit, "x", QUIPU_TIME_MAX + 1, "years 1 to 9999");
    assert_set_refused(NULL, "x", BEGIN, "NULL");
    assert_status(
        quipu_unit_timer_set(unit, "x", (quipu_time){ BEGIN }, NULL, NULL),
        QUIPU_INVALID);
    assert_refused(quipu_unit_timer_set(unit, "x", (quipu_time){ BEGIN },
                                        &event.base, &error),
                   QUIPU_INVALID, &error, "empty");
    id.size = 0;
    assert_status(quipu_unit_timer_cancel(unit, &id, "x", NULL), QUIPU_INVALID);
    assert_status(quipu_unit_timer_cancel(unit, NULL, "x", NULL),
                  QUIPU_INVALID);
    name[QUIPU_TIMER_NAME_MAX] = '\0';
    add_change(unit, &(struct timer_change){ "a", name, SECOND, 1 });
    assert_ok(quipu_unit_commit(unit, NULL, &error), &error);
    quipu_unit_destroy(unit);
    close_log(&log);
}

static void options_are_checked(void **state)
{
    quipu_timer_runner_options options = { .struct_size = sizeof(options),
                                           .batch_items = 10001 };
    quipu_timer_status status = { .struct_size = 4 };
    quipu_timer_runner *runner;
    struct opened_log log;
    quipu_error error;
    (void)state;

    open_memory(&log);
    assert_refused(
        quipu_timer_runner_open(log.store, &options, &runner, &error),
        QUIPU_INVALID, &error, "batch_items");
    assert_status(quipu_timer_runner_open(NULL, NULL, &runner, NULL),
                  QUIPU_INVALID);
    assert_status(quipu_timer_runner_open(log.store, NULL, NULL, NULL),
                  QUIPU_INVALID);
    options.batch_items = 10000;
    runner = open_runner(&log, &options);
    assert_status(quipu_timer_runner_status(runner, &status, NULL),
                  QUIPU_INVALID);
    assert_status(quipu_timer_runner_status(NULL, &status, NULL),
                  QUIPU_INVALID);
    assert_status(quipu_timer_runner_step(NULL, NULL, NULL), QUIPU_INVALID);
    assert_status(quipu_timer_runner_run(NULL, NULL), QUIPU_INVALID);
    assert_ok(quipu_timer_runner_close(NULL, NULL), NULL);
    quipu_timer_runner_stop(NULL);
    quipu_timer_runner_request_stop(NULL);
    assert_status(quipu_timers_open(log.datastore, NULL, NULL), QUIPU_INVALID);
    assert_status(quipu_timers_next(NULL, NULL, NULL), QUIPU_INVALID);
    quipu_timers_close(NULL);
    assert_status(quipu_store_close(log.store, NULL), QUIPU_INVALID);
    close_runner(runner);
    close_log(&log);
}

static void store_without_entries_has_no_timers(void **state)
{
    quipu_timer_runner *runner;
    struct opened_log first;
    struct opened_log log;
    quipu_unit *unit;
    quipu_error error;
    quipu_id id;
    (void)state;

    open_memory(&first);
    close_log(&first);
    open_memory(&log);
    log.datastore->opened.capabilities &= ~(uint32_t)QUIPU_CAN_ENTRIES;
    assert_refused(quipu_timer_runner_open(log.store, NULL, &runner, &error),
                   QUIPU_UNSUPPORTED, &error, "key-value entries");
    assert_ok(quipu_unit_create(log.store, &unit, &error), &error);
    assert_ok(quipu_id_of_text(&id, "a", &error), &error);
    assert_refused(quipu_unit_timer_cancel(unit, &id, "x", &error),
                   QUIPU_UNSUPPORTED, &error, "key-value entries");
    quipu_unit_destroy(unit);
    close_log(&log);
}

/* A program cannot write quipu's entries in a unit, with timers or without. */
static void own_entries_stay_quipus(void **state)
{
    const quipu_entry_write write = { .key =
                                          quipu_bytes_of_text("quipu/timer/x"),
                                      .value = { "", 0 } };
    struct opened_log log;
    quipu_error error;
    (void)state;

    open_memory(&log);
    for (int has_timer = 0; has_timer < 2; has_timer++) {
        quipu_unit *unit;

        assert_ok(quipu_unit_create(log.store, &unit, &error), &error);
        assert_ok(quipu_unit_entry(unit, &write, &error), &error);
        if (has_timer) {
            add_change(unit, &(struct timer_change){ "a", "x", SECOND, 1 });
        }
        assert_refused(quipu_unit_commit(unit, NULL, &error), QUIPU_INVALID,
                       &error, "quipu keeps to itself");
        quipu_unit_destroy(unit);
    }
    assert_no_timers(&log);
    close_log(&log);
}

/* ------------------------------------------------------- kinds of schemas */

struct reading {
    quipu_event base;
    double value;
    const char *place;
    bool is_final;
};
static const quipu_field reading_fields[] = {
    QUIPU_FIELD(struct reading, value),
    QUIPU_FIELD_NULLABLE(struct reading, place),
    QUIPU_FIELD(struct reading, is_final),
    { 0 },
};
static const quipu_event_type reading_type = {
    .topic = "Reading",
    .size = sizeof(struct reading),
    .fields = reading_fields,
};
static const quipu_event_type *const reading_types[] = { &reading_type };

struct readings {
    quipu_datastore *datastore;
    quipu_store *store;
};

static void open_readings(struct readings *readings, uint32_t flags,
                          bool is_full)
{
    static const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                           .types = reading_types,
                                           .type_count = 1 };
    static const quipu_column columns[] = {
        { .name = "value", .kind = QUIPU_VALUE_DOUBLE },
        { .name = "place", .kind = QUIPU_VALUE_TEXT },
        { .name = "is_final", .kind = QUIPU_VALUE_BOOL },
        { .name = "due", .kind = QUIPU_VALUE_TIME, .attribute = "time" },
        { .name = "whose",
          .kind = QUIPU_VALUE_UUID,
          .attribute = "originator_id" },
    };
    quipu_schema schema;
    quipu_error error;

    quipu_schema_init(&schema, sizeof(schema), quipu_schema_stored_events());
    schema.flags = flags;
    schema.table = "readings/today"; /* see the keys */
    if (is_full) {
        schema.time = "stored_at";
        schema.columns = columns;
        schema.column_count = sizeof(columns) / sizeof(*columns);
    } else {
        schema.event_id = schema.metadata = schema.time = NULL;
    }
    assert_ok(quipu_datastore_open("sqlite:///:memory:", NULL,
                                   &readings->datastore, &error),
              &error);
    assert_ok(quipu_datastore_setup(readings->datastore, &schema, &error),
              &error);
    assert_ok(quipu_store_open(readings->datastore, &schema, &mapping,
                               &readings->store, &error),
              &error);
}

static void close_readings(struct readings *readings)
{
    quipu_error error;

    assert_ok(quipu_store_close(readings->store, &error), &error);
    assert_ok(quipu_datastore_close(readings->datastore, &error), &error);
}

/* Sets a timer and runs it; returns the event that was appended. */
static quipu_event *set_and_run(struct readings *readings,
                                const struct reading *reading)
{
    struct opened_log log = { .store = readings->store,
                              .datastore = readings->datastore };
    quipu_event *last;
    quipu_unit *unit;
    quipu_error error;

    assert_ok(quipu_unit_create(readings->store, &unit, &error), &error);
    assert_ok(quipu_unit_timer_set(unit, "x", (quipu_time){ BEGIN },
                                   &reading->base, &error),
              &error);
    assert_ok(quipu_unit_commit(unit, NULL, &error), &error);
    quipu_unit_destroy(unit);
    quipu_timer_runner *runner = open_runner(&log, NULL);

    run_until(runner, 0);
    assert_int_equal(status_of(runner).appended, 1);
    close_runner(runner);
    assert_no_timers(&log);
    assert_ok(quipu_store_last(readings->store, &reading->base.originator_id,
                               &last, &error),
              &error);
    assert_memory_equal(&last->event_id, &reading->base.event_id, 16);
    assert_int_equal(last->time.microseconds, BEGIN);
    return last;
}

/* All kinds of values, and UUIDs as ids. */
static void timers_keep_the_columns_of_events(void **state)
{
    static const char *const places[] = { "north", NULL, "" };
    (void)state;

    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        struct reading reading = { .value = -2.5,
                                   .place = places[i],
                                   .is_final = true };
        struct readings readings;
        quipu_uuid uuid;
        quipu_id id;

        open_readings(&readings, 0, true);
        quipu_uuid_random(&uuid);
        quipu_id_of_uuid(&id, &uuid);
        quipu_event_init(&reading.base, &reading_type, &id, 0);
        reading.base.metadata = (quipu_bytes){ "meta", 4 };
        quipu_event *last = set_and_run(&readings, &reading);
        const struct reading *found = (const void *)last;

        assert_true(found->value == -2.5 && found->is_final);
        assert_true(places[i] ? strcmp(found->place, places[i]) == 0
                              : !found->place);
        assert_bytes(last->metadata.data, last->metadata.size, "meta", 4);
        quipu_event_destroy(last);
        close_readings(&readings);
    }
}

static void schema_may_lack_columns(void **state)
{
    struct reading reading = { .value = 1, .place = "x" };
    struct readings readings;
    quipu_error error;
    quipu_id id;
    (void)state;

    open_readings(&readings, QUIPU_SCHEMA_TEXT_IDS, false);
    assert_ok(quipu_id_of_text(&id, "s", &error), &error);
    quipu_event_init(&reading.base, &reading_type, &id, 0);
    quipu_event_destroy(set_and_run(&readings, &reading));
    close_readings(&readings);
}

static void sparse_schemas_have_no_timers(void **state)
{
    struct reading reading = { .value = 1 };
    struct readings readings;
    quipu_timer_runner *runner;
    quipu_unit *unit;
    quipu_error error;
    quipu_id id;
    (void)state;

    open_readings(&readings, QUIPU_SCHEMA_TEXT_IDS | QUIPU_SCHEMA_SPARSE, true);
    assert_ok(quipu_id_of_text(&id, "s", &error), &error);
    quipu_event_init(&reading.base, &reading_type, &id, 0);
    assert_ok(quipu_unit_create(readings.store, &unit, &error), &error);
    assert_refused(quipu_unit_timer_set(unit, "x", (quipu_time){ BEGIN },
                                        &reading.base, &error),
                   QUIPU_INVALID, &error, "sparse");
    quipu_unit_destroy(unit);
    assert_refused(
        quipu_timer_runner_open(readings.store, NULL, &runner, &error),
        QUIPU_INVALID, &error, "sparse");
    close_readings(&readings);
}

/* ------------------------------------------------------- running, stopping */

struct running {
    quipu_timer_runner *runner;
    pthread_t thread;
    int status;
};

static void *run(void *context)
{
    struct running *running = context;

    running->status = quipu_timer_runner_run(running->runner, NULL);
    return NULL;
}

static void start(struct running *running, struct opened_log *log)
{
    running->runner = open_runner(log, NULL);
    running->runner->now = quipu_time_now;
    assert_int_equal(pthread_create(&running->thread, NULL, run, running), 0);
    while (status_of(running->runner).state != QUIPU_CONSUMER_LIVE) {
        (void)usleep(1000);
    }
}

static int64_t join(struct running *running)
{
    int64_t begin = quipu_clock_now();

    assert_int_equal(pthread_join(running->thread, NULL), 0);
    assert_ok(running->status, NULL);
    assert_int_equal(status_of(running->runner).state, QUIPU_CONSUMER_STOPPED);
    close_runner(running->runner);
    return (quipu_clock_now() - begin) / 1000000;
}

static int64_t now_since_begin(void)
{
    return quipu_time_now().microseconds - BEGIN;
}

/* A timer that is set while the runner waits is appended in time, too. */
static void runner_appends_within_a_second(void **state)
{
    struct running running;
    struct opened_log log;
    (void)state;

    open_memory(&log);
    start(&running, &log);
    for (int i = 0; i < 3; i++) {
        int64_t due = now_since_begin() + i * 400000;

        set_timer(&log, "a", "x", due, i);
        while (status_of(running.runner).appended < (uint64_t)i + 1) {
            (void)usleep(1000);
        }
        int64_t late = now_since_begin() - due;

        assert_true(late >= 0 && late < SECOND);
    }
    assert_string_equal(events_of(&log), "a:0 a:1 a:2 ");
    assert_status(quipu_timer_runner_step(running.runner, NULL, NULL),
                  QUIPU_INVALID);
    assert_status(quipu_timer_runner_close(running.runner, NULL),
                  QUIPU_INVALID);
    quipu_timer_runner_stop(running.runner);
    assert_true(join(&running) < 200);
    close_log(&log);
}

static void runner_is_stopped_by_a_request(void **state)
{
    struct running running;
    struct opened_log log;
    (void)state;

    open_memory(&log);
    start(&running, &log);
    quipu_timer_runner_request_stop(running.runner);
    assert_true(join(&running) < 1000);
    close_log(&log);
}

static void runner_repeats_after_failures_of_the_store(void **state)
{
    struct running running;
    struct opened_log log;
    (void)state;

    open_memory(&log);
    set_timer(&log, "a", "x", SECOND, 1);
    interposed.status = QUIPU_IO;
    interposed.fail_at = atomic_load(&interposed.calls) + 3;
    interposed.times = 2;
    running.runner = open_runner(&log, NULL);
    running.runner->now = quipu_time_now;
    assert_int_equal(pthread_create(&running.thread, NULL, run, &running), 0);
    while (status_of(running.runner).appended == 0) {
        (void)usleep(1000);
    }
    assert_true(status_of(running.runner).retries >= 1);
    assert_int_equal(status_of(running.runner).last_code, QUIPU_IO);
    quipu_timer_runner_stop(running.runner);
    (void)join(&running);
    interposed.fail_at = 0;
    assert_string_equal(events_of(&log), "a:1 ");
    close_log(&log);
}

static void runner_ends_if_the_schema_is_gone(void **state)
{
    quipu_timer_runner *runner;
    struct opened_log log;
    quipu_error error;
    (void)state;

    open_memory(&log);
    set_timer(&log, "a", "x", SECOND, 1);
    assert_ok(quipu_datastore_teardown(
                  log.datastore, quipu_records_schema(log.records), &error),
              &error);
    runner = open_runner(&log, NULL);
    runner->now = quipu_time_now;
    assert_status(quipu_timer_runner_run(runner, &error), QUIPU_NOT_FOUND);
    assert_int_equal(status_of(runner).state, QUIPU_CONSUMER_FAILED);
    close_runner(runner);
    close_log(&log);
}

/* More timers than a batch, and a batch that is limited by its bytes. */
static void batches_are_limited(void **state)
{
    const quipu_timer_runner_options options = { .struct_size = sizeof(options),
                                                 .batch_items = 10 };
    quipu_timer_runner *runner;
    struct opened_log log;
    quipu_time next;
    quipu_error error;
    char name[16];
    (void)state;

    open_memory(&log);
    for (int i = 0; i < 25; i++) {
        (void)snprintf(name, sizeof(name), "t-%d", i);
        set_timer(&log, "a", name, i, i);
    }
    runner = open_runner(&log, &options);
    test_clock = BEGIN + SECOND;
    assert_ok(quipu_timer_runner_step(runner, &next, &error), &error);
    assert_int_equal(status_of(runner).appended, 10);
    assert_true(status_of(runner).behind_microseconds >= SECOND - 25);
    assert_int_equal(next.microseconds, test_clock);
    run_until(runner, SECOND);
    assert_int_equal(status_of(runner).appended, 25);
    assert_int_equal(status_of(runner).behind_microseconds, 0);
    close_runner(runner);
    close_log(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_arguments_are_invalid),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(store_without_entries_has_no_timers),
        cmocka_unit_test(own_entries_stay_quipus),
        cmocka_unit_test(timers_keep_the_columns_of_events),
        cmocka_unit_test(schema_may_lack_columns),
        cmocka_unit_test(sparse_schemas_have_no_timers),
        cmocka_unit_test(runner_appends_within_a_second),
        cmocka_unit_test(runner_is_stopped_by_a_request),
        cmocka_unit_test(runner_repeats_after_failures_of_the_store),
        cmocka_unit_test(runner_ends_if_the_schema_is_gone),
        cmocka_unit_test(batches_are_limited),
    };

    return cmocka_run_group_tests(tests, add_interposed_sqlite, NULL);
}
