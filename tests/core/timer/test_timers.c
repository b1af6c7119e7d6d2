/* SPDX-License-Identifier: Apache-2.0 */
/* Setting, replacing, cancelling and appending timers (R4), on the back end
 * that the macro MODEL names. */
#include "timer_fixture.h"

#include "records/append.h"

struct bench {
    struct opened_log log;
    struct opened_log other; /* the same, opened twice */
    quipu_timer_runner *runner;
    quipu_error error;
};

static void bench_open(struct bench *bench)
{
    char name[96];

    MODEL.prepare("timers", "durability=relaxed", name);
    test_clock = BEGIN;
    open_log(&bench->other, name);
    open_log(&bench->log, name);
    bench->runner = open_runner(&bench->log, NULL);
}

static void bench_close(struct bench *bench)
{
    close_runner(bench->runner);
    close_log(&bench->log);
    close_log(&bench->other);
}

#define assert_events(bench, expected) \
    assert_string_equal(events_of(&(bench)->log), (expected))

/* ------------------------------------------------------- setting, running */

static void events_are_appended_when_they_are_due(void **state)
{
    struct bench bench;
    (void)state;

    bench_open(&bench);
    set_timer(&bench.log, "order-1", "payment", 2 * SECOND, 7);
    run_until(bench.runner, 2 * SECOND - 1);
    assert_events(&bench, "");
    assert_int_equal(status_of(bench.runner).next.microseconds,
                     BEGIN + 2 * SECOND);
    assert_int_equal(status_of(bench.runner).behind_microseconds, 0);
    run_until(bench.runner, 2 * SECOND);
    assert_events(&bench, "order-1:7 ");
    assert_no_timers(&bench.log);
    run_until(bench.runner, 3 * SECOND);
    assert_events(&bench, "order-1:7 ");
    assert_int_equal(status_of(bench.runner).appended, 1);
    assert_int_equal(status_of(bench.runner).next.microseconds, 0);
    bench_close(&bench);
}

static void event_is_the_last_of_its_sequence(void **state)
{
    struct bench bench;
    quipu_event *last;
    quipu_id id;
    (void)state;

    bench_open(&bench);
    bench.log.sequences = 1;
    set_timer(&bench.log, "a-0", "payment", SECOND, 7);
    add_events(&bench.log, 3);
    run_until(bench.runner, SECOND);
    assert_events(&bench, "a-0:7 ");
    assert_ok(quipu_id_of_text(&id, "a-0", &bench.error), &bench.error);
    assert_ok(quipu_store_last(bench.log.store, &id, &last, &bench.error),
              &bench.error);
    assert_int_equal(last->originator_version, 3);
    assert_int_equal(last->time.microseconds, BEGIN + SECOND);
    assert_int_equal(((struct credited *)last)->cents, 7);
    quipu_event_destroy(last);
    bench_close(&bench);
}

static void events_are_in_the_order_of_time(void **state)
{
    struct bench bench;
    (void)state;

    bench_open(&bench);
    set_timer(&bench.log, "b", "x", 3 * SECOND, 3);
    set_timer(&bench.log, "a", "x", 1 * SECOND, 1);
    set_timer(&bench.log, "a", "y", 2 * SECOND, 2);
    set_timer(&bench.log, "c", "x", -SECOND, 0); /* due at once */
    set_timer(&bench.log, "c", "y", 5 * SECOND, 5);
    run_until(bench.runner, 0);
    assert_int_equal(status_of(bench.runner).next.microseconds, BEGIN + SECOND);
    run_until(bench.runner, 4 * SECOND);
    assert_events(&bench, "c:0 a:1 a:2 b:3 ");
    assert_int_equal(status_of(bench.runner).appended, 4);
    bench_close(&bench);
}

static void clock_may_go_backwards(void **state)
{
    struct bench bench;
    (void)state;

    bench_open(&bench);
    set_timer(&bench.log, "a", "x", 2 * SECOND, 1);
    run_until(bench.runner, SECOND);
    run_until(bench.runner, -3600 * SECOND);
    run_until(bench.runner, 2 * SECOND - 1);
    assert_events(&bench, "");
    run_until(bench.runner, 2 * SECOND);
    set_timer(&bench.log, "a", "y", 2 * SECOND, 2);
    run_until(bench.runner, SECOND);
    assert_events(&bench, "a:1 ");
    run_until(bench.runner, 2 * SECOND);
    assert_events(&bench, "a:1 a:2 ");
    bench_close(&bench);
}

static void metadata_are_those_of_the_unit(void **state)
{
    struct bench bench;
    quipu_metadata *metadata;
    quipu_metadata *found;
    quipu_unit *unit;
    quipu_event *last;
    quipu_id id;
    char text[QUIPU_UUID_TEXT_SIZE];
    (void)state;

    bench_open(&bench);
    assert_ok(quipu_unit_create(bench.log.store, &unit, &bench.error),
              &bench.error);
    assert_ok(quipu_metadata_create(&metadata, &bench.error), &bench.error);
    assert_ok(quipu_metadata_set(metadata, "user", "ann", &bench.error),
              &bench.error);
    assert_ok(quipu_unit_metadata(unit, metadata, &bench.error), &bench.error);
    add_change(unit, &(struct timer_change){ "a", "x", SECOND, 1 });
    assert_ok(quipu_unit_commit(unit, NULL, &bench.error), &bench.error);
    quipu_unit_destroy(unit);
    quipu_metadata_destroy(metadata);
    run_until(bench.runner, SECOND);
    assert_ok(quipu_id_of_text(&id, "a", &bench.error), &bench.error);
    assert_ok(quipu_store_last(bench.log.store, &id, &last, &bench.error),
              &bench.error);
    assert_ok(quipu_metadata_read(last->metadata, &found, &bench.error),
              &bench.error);
    assert_string_equal(quipu_metadata_get(found, "user"), "ann");
    quipu_uuid_format(&last->event_id, text);
    assert_string_equal(
        quipu_metadata_get(found, QUIPU_METADATA_CORRELATION_ID), text);
    quipu_metadata_destroy(found);
    quipu_event_destroy(last);
    bench_close(&bench);
}

/* --------------------------------------------------- replacing, cancelling */

static void same_name_replaces(void **state)
{
    struct bench bench;
    (void)state;

    bench_open(&bench);
    set_timer(&bench.log, "a", "x", 2 * SECOND, 1); /* then later */
    set_timer(&bench.log, "a", "x", 4 * SECOND, 2);
    set_timer(&bench.log, "b", "x", 4 * SECOND, 3); /* then earlier */
    set_timer(&bench.log, "b", "x", 2 * SECOND, 4);
    set_timer(&bench.log, "c", "x", 2 * SECOND, 5); /* at the same time */
    set_timer(&bench.log, "c", "x", 2 * SECOND, 6);
    assert_int_equal(count_entries(&bench.log, "quipu/timer-due/"), 3);
    run_until(bench.runner, 3 * SECOND);
    run_until(bench.runner, 5 * SECOND);
    const char *events = events_of(&bench.log);

    assert_true(strcmp(events, "b:4 c:6 a:2 ") == 0 ||
                strcmp(events, "c:6 b:4 a:2 ") == 0);
    assert_no_timers(&bench.log);
    bench_close(&bench);
}

static void names_are_those_of_a_sequence(void **state)
{
    struct bench bench;
    (void)state;

    bench_open(&bench);
    set_timer(&bench.log, "a", "x", 1 * SECOND, 1);
    set_timer(&bench.log, "ax", "x", 2 * SECOND, 2);
    set_timer(&bench.log, "a", "xx", 3 * SECOND, 3);
    run_until(bench.runner, 3 * SECOND);
    assert_events(&bench, "a:1 ax:2 a:3 ");
    bench_close(&bench);
}

static void cancelled_timers_leave_nothing(void **state)
{
    struct bench bench;
    (void)state;

    bench_open(&bench);
    cancel_timer(&bench.log, "a", "x"); /* there is none */
    set_timer(&bench.log, "a", "x", SECOND, 1);
    set_timer(&bench.log, "b", "x", SECOND, 2);
    cancel_timer(&bench.log, "a", "x");
    run_until(bench.runner, SECOND);
    cancel_timer(&bench.log, "b", "x"); /* it is too late */
    assert_events(&bench, "b:2 ");
    assert_no_timers(&bench.log);
    bench_close(&bench);
}

static void last_call_of_a_unit_counts(void **state)
{
    struct bench bench;
    quipu_unit *unit;
    (void)state;

    bench_open(&bench);
    assert_ok(quipu_unit_create(bench.log.store, &unit, &bench.error),
              &bench.error);
    add_change(unit, &(struct timer_change){ "a", "x", SECOND, 1 });
    add_change(unit, &(struct timer_change){ "a", "x", SECOND, -1 });
    add_change(unit, &(struct timer_change){ "b", "x", SECOND, -1 });
    add_change(unit, &(struct timer_change){ "b", "x", SECOND, 2 });
    add_change(unit, &(struct timer_change){ "c", "x", SECOND, 3 });
    add_change(unit, &(struct timer_change){ "c", "x", 2 * SECOND, 4 });
    assert_ok(quipu_unit_commit(unit, NULL, &bench.error), &bench.error);
    quipu_unit_destroy(unit);
    run_until(bench.runner, SECOND);
    run_until(bench.runner, 2 * SECOND);
    assert_events(&bench, "b:2 c:4 ");
    assert_no_timers(&bench.log);
    bench_close(&bench);
}

/* A unit that is refused sets no timer. */
static void timers_are_a_part_of_the_append(void **state)
{
    struct bench bench;
    quipu_unit *unit;
    (void)state;

    bench_open(&bench);
    const quipu_guard guard = { .sequence_id = quipu_bytes_of_text("a"),
                                .demand = QUIPU_DEMAND_NOT_EMPTY };

    assert_ok(quipu_unit_create(bench.log.store, &unit, &bench.error),
              &bench.error);
    add_change(unit, &(struct timer_change){ "a", "x", SECOND, 1 });
    assert_ok(quipu_unit_guard(unit, &guard, &bench.error), &bench.error);
    assert_status(quipu_unit_commit(unit, NULL, NULL), QUIPU_CONFLICT);
    quipu_unit_destroy(unit);
    run_until(bench.runner, SECOND);
    assert_events(&bench, "");
    assert_no_timers(&bench.log);
    bench_close(&bench);
}

/* ------------------------------------------------------------------ races */

static struct opened_log *racing; /* that of the hooks below */

static void cancel_now(void)
{
    cancel_timer(racing, "a", "x");
}

static void replace_now(void)
{
    set_timer(racing, "a", "x", 3 * SECOND, 2);
}

static void run_another(void)
{
    quipu_timer_runner *other = open_runner(racing, NULL);

    run_until(other, SECOND);
    close_runner(other);
}

/* The hook runs between the reading of a timer that is due and the append. */
static void race(void (*hook)(void), const char *expected, int64_t conflicts)
{
    struct bench bench;

    bench_open(&bench);
    racing = &bench.other;
    set_timer(&bench.log, "a", "x", SECOND, 1);
    set_timer(&bench.log, "b", "x", SECOND, 5);
    interposed.before_append = hook;
    run_until(bench.runner, SECOND);
    interposed.before_append = NULL;
    run_until(bench.runner, 3 * SECOND);
    assert_events(&bench, expected);
    assert_int_equal(status_of(bench.runner).conflicts, conflicts);
    assert_no_timers(&bench.log);
    bench_close(&bench);
}

static void timer_can_be_cancelled_at_the_last_moment(void **state)
{
    (void)state;
    race(cancel_now, "b:5 ", 1);
}

static void timer_can_be_replaced_at_the_last_moment(void **state)
{
    (void)state;
    race(replace_now, "b:5 a:2 ", 1);
}

static void second_runner_does_no_harm(void **state)
{
    struct bench bench;
    (void)state;

    bench_open(&bench);
    racing = &bench.other;
    set_timer(&bench.log, "a", "x", SECOND, 1);
    set_timer(&bench.log, "a", "y", SECOND / 2, 2);
    interposed.before_append = run_another;
    run_until(bench.runner, SECOND);
    assert_events(&bench, "a:2 a:1 ");
    assert_int_equal(status_of(bench.runner).appended, 0);
    assert_int_equal(status_of(bench.runner).conflicts, 1);
    bench_close(&bench);
}

/* A runner whose append was refused leaves timers to others for a moment. */
static void runner_gives_way_after_a_conflict(void **state)
{
    struct bench bench;
    (void)state;

    bench_open(&bench);
    racing = &bench.other;
    set_timer(&bench.log, "a", "x", SECOND, 1);
    interposed.before_append = run_another;
    run_until(bench.runner, SECOND);
    set_timer(&bench.log, "b", "x", 2 * SECOND, 2);
    set_timer(&bench.log, "c", "x", 3 * SECOND, 3);
    run_until(bench.runner, 2 * SECOND + 149000);
    assert_events(&bench, "a:1 ");
    assert_in_range(status_of(bench.runner).next.microseconds,
                    BEGIN + 2 * SECOND, BEGIN + 2 * SECOND);
    run_until(bench.runner, 2 * SECOND + 301000);
    assert_events(&bench, "a:1 b:2 ");
    run_until(bench.runner, 3 * SECOND); /* it has appended something */
    assert_events(&bench, "a:1 b:2 c:3 ");
    bench_close(&bench);
}

/* Two units replace a timer at the same time: the place of one of them stays
 * (INV2), and is removed when it is due; of the other the event is appended. */
static void units_may_replace_a_timer_at_the_same_time(void **state)
{
    struct bench bench;
    (void)state;

    bench_open(&bench);
    racing = &bench.other;
    interposed.before_append = replace_now;
    set_timer(&bench.log, "a", "x", 4 * SECOND, 1);
    assert_int_equal(count_entries(&bench.log, "quipu/timer-due/"), 2);
    run_until(bench.runner, 3 * SECOND);
    assert_events(&bench, "");
    assert_int_equal(count_entries(&bench.log, "quipu/timer-due/"), 1);
    run_until(bench.runner, 4 * SECOND);
    assert_events(&bench, "a:1 ");
    assert_no_timers(&bench.log);
    bench_close(&bench);
}

/* The place that counts for nothing is used again before it is removed. */
static void reset_to_old(void)
{
    set_timer(racing, "a", "x", 3 * SECOND, 9);
}

static void place_that_is_used_again_stays(void **state)
{
    struct bench bench;
    (void)state;

    bench_open(&bench);
    racing = &bench.other;
    interposed.before_append = replace_now;
    set_timer(&bench.log, "a", "x", 4 * SECOND, 1);
    interposed.before_append = reset_to_old;
    run_until(bench.runner, 3 * SECOND);
    run_until(bench.runner, 3 * SECOND + SECOND / 2);
    assert_events(&bench, "a:9 ");
    run_until(bench.runner, 5 * SECOND);
    assert_events(&bench, "a:9 ");
    assert_no_timers(&bench.log);
    bench_close(&bench);
}

/* ----------------------------------------------------------------- groups */

static void members_of_a_group_divide_the_timers(void **state)
{
    const quipu_group_options group = { .struct_size = sizeof(group),
                                        .partitions = 8 };
    const quipu_timer_runner_options options = { .struct_size = sizeof(options),
                                                 .group = &group };
    quipu_timer_runner *members[2];
    struct bench bench;
    uint64_t appended = 0;
    char name[16];
    (void)state;

    bench_open(&bench);
    for (int i = 0; i < 64; i++) {
        (void)snprintf(name, sizeof(name), "a-%d", i);
        set_timer(&bench.log, name, "x", SECOND, 1);
    }
    for (int i = 0; i < 2; i++) {
        members[i] = open_runner(&bench.log, &options);
        run_until(members[i], 0);
    }
    assert_int_equal(status_of(members[1]).state, QUIPU_CONSUMER_STANDBY);
    for (int i = 0; i < 4; i++) { /* until each holds its share */
        (void)usleep(600000);
        run_until(members[i % 2], 0);
    }
    for (int i = 0; i < 2; i++) {
        run_until(members[i], SECOND);
        assert_in_range(status_of(members[i]).appended, 1, 63);
        assert_int_equal(status_of(members[i]).conflicts, 0);
        appended += status_of(members[i]).appended;
    }
    assert_int_equal(appended, 64);
    assert_no_timers(&bench.log);
    for (int i = 0; i < 2; i++) {
        close_runner(members[i]);
    }
    bench_close(&bench);
}

/* ------------------------------------------------------- timers set aside */

/* Writes the entry of a timer's event, as only quipu can. */
static void damage(struct bench *bench, const char *sequence, const char *name)
{
    struct quipu_append_work none = { .function = NULL };
    const struct quipu_append_call call = { .datastore = bench->log.datastore,
                                            .is_internal = true,
                                            .work = &none };
    quipu_uuid id =
        quipu_timer_id("stored_events", quipu_bytes_of_text(sequence), name);
    char key[QUIPU_TIMER_KEY_SIZE];
    const quipu_entry_write write = { .key = quipu_timer_key(&id, key),
                                      .value = { "\1damaged", 8 } };
    const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                          .entries = &write,
                                          .entry_count = 1 };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .conditions = &conditions };

    assert_ok(quipu_append_execute(&call, &append, NULL, &bench->error),
              &bench->error);
}

/* Checks the list of timers: "sequence/name/code ". */
static void assert_listed(struct bench *bench, const char *expected)
{
    const quipu_timer *timer;
    quipu_timers *timers;
    char text[500] = "";
    size_t size = 0;

    assert_ok(quipu_timers_open(bench->log.datastore, &timers, &bench->error),
              &bench->error);
    for (;;) {
        assert_ok(quipu_timers_next(timers, &timer, &bench->error),
                  &bench->error);
        if (!timer) {
            break;
        }
        assert_string_equal(timer->table, "stored_events");
        size += (size_t)snprintf(
            text + size, sizeof(text) - size, "%.*s/%.*s/%d ",
            (int)timer->sequence_id.size, (const char *)timer->sequence_id.data,
            (int)timer->name.size,
            timer->name.data ? (const char *)timer->name.data : "",
            (int)timer->code);
    }
    quipu_timers_close(timers);
    assert_string_equal(text, expected);
}

static void damaged_timer_is_set_aside(void **state)
{
    struct bench bench;
    (void)state;

    bench_open(&bench);
    set_timer(&bench.log, "a", "x", SECOND, 1);
    set_timer(&bench.log, "b", "x", SECOND, 2);
    set_timer(&bench.log, "c", "x", 2 * SECOND, 3);
    damage(&bench, "a", "x");
    run_until(bench.runner, SECOND);
    assert_events(&bench, "b:2 ");
    assert_int_equal(status_of(bench.runner).refused, 1);
    assert_int_equal(status_of(bench.runner).last_code, QUIPU_CORRUPT);
    assert_listed(&bench, "c/x/0 a//11 ");
    set_timer(&bench.log, "a", "x", 2 * SECOND, 4);
    assert_listed(&bench, "a/x/0 c/x/0 ");
    cancel_timer(&bench.log, "c", "x");
    run_until(bench.runner, 2 * SECOND);
    assert_events(&bench, "b:2 a:4 ");
    bench_close(&bench);
}

/* The event id belongs to another event, which the timer cannot replace. */
static void timer_with_a_taken_event_id_is_set_aside(void **state)
{
    struct credited event = { .cents = 8 };
    const quipu_event *const events[] = { &event.base };
    struct bench bench;
    quipu_unit *unit;
    quipu_id id;
    (void)state;

    bench_open(&bench);
    assert_ok(quipu_id_of_text(&id, "a", &bench.error), &bench.error);
    quipu_event_init(&event.base, &credited, &id, 0);
    assert_ok(
        quipu_store_append(bench.log.store, events, 1, NULL, &bench.error),
        &bench.error);
    event.cents = 9;
    assert_ok(quipu_unit_create(bench.log.store, &unit, &bench.error),
              &bench.error);
    assert_ok(quipu_unit_timer_set(unit, "x", (quipu_time){ BEGIN + SECOND },
                                   &event.base, &bench.error),
              &bench.error);
    assert_ok(quipu_unit_commit(unit, NULL, &bench.error), &bench.error);
    quipu_unit_destroy(unit);
    set_timer(&bench.log, "b", "x", SECOND, 2);
    run_until(bench.runner, SECOND);
    assert_events(&bench, "a:8 b:2 ");
    assert_listed(&bench, "a/x/1 ");
    assert_int_equal(status_of(bench.runner).refused, 1);
    cancel_timer(&bench.log, "a", "x");
    assert_no_timers(&bench.log);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_appended_when_they_are_due),
        cmocka_unit_test(event_is_the_last_of_its_sequence),
        cmocka_unit_test(events_are_in_the_order_of_time),
        cmocka_unit_test(clock_may_go_backwards),
        cmocka_unit_test(metadata_are_those_of_the_unit),
        cmocka_unit_test(same_name_replaces),
        cmocka_unit_test(names_are_those_of_a_sequence),
        cmocka_unit_test(cancelled_timers_leave_nothing),
        cmocka_unit_test(last_call_of_a_unit_counts),
        cmocka_unit_test(timers_are_a_part_of_the_append),
        cmocka_unit_test(timer_can_be_cancelled_at_the_last_moment),
        cmocka_unit_test(timer_can_be_replaced_at_the_last_moment),
        cmocka_unit_test(second_runner_does_no_harm),
        cmocka_unit_test(runner_gives_way_after_a_conflict),
        cmocka_unit_test(units_may_replace_a_timer_at_the_same_time),
        cmocka_unit_test(place_that_is_used_again_stays),
        cmocka_unit_test(members_of_a_group_divide_the_timers),
        cmocka_unit_test(damaged_timer_is_set_aside),
        cmocka_unit_test(timer_with_a_taken_event_id_is_set_aside),
    };

    add_interposed(MODEL.driver);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
