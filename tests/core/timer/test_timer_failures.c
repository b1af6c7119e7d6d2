/* SPDX-License-Identifier: Apache-2.0 */
/* Failures of the store at each call of the driver, and commits whose outcome
 * is unknown: each event is appended once all the same.  On the back end that
 * the macro MODEL names. */
#include "timer_fixture.h"

static void open_empty(struct opened_log *log)
{
    char name[96];

    MODEL.prepare("timers", "durability=relaxed", name);
    test_clock = BEGIN;
    open_log(log, name);
}

/* The next append is stored, but its outcome is not known. */
static void lose_next_outcome(void)
{
    interposed.appends_only = true;
    interposed.after = true;
    interposed.status = QUIPU_UNKNOWN_OUTCOME;
    atomic_store(&interposed.calls, 0);
    interposed.fail_at = 1;
}

static void fail_no_more(void)
{
    interposed.fail_at = 0;
    interposed.appends_only = false;
    interposed.after = false;
}

static void assert_appended(struct opened_log *log, const char *expected)
{
    quipu_timer_runner *runner = open_runner(log, NULL);

    run_until(runner, 10 * SECOND);
    assert_string_equal(events_of(log), expected);
    assert_no_timers(log);
    close_runner(runner);
}

/* ---------------------------------------------- repeated commits of units */

static void add_event_of_a_unit(quipu_unit *unit)
{
    struct credited event = { .cents = 1 };
    quipu_error error;
    quipu_id id;

    assert_ok(quipu_id_of_text(&id, "a", &error), &error);
    quipu_event_init(&event.base, &credited, &id, 0);
    assert_ok(quipu_unit_event(unit, &event.base, &error), &error);
}

/* Commits a unit with a timer, and perhaps an event, twice; `between` is called
 * after the first commit, whose outcome is unknown. */
static void repeat(struct opened_log *log, bool has_event,
                   void (*between)(struct opened_log *log))
{
    quipu_unit *unit;
    quipu_error error;

    open_empty(log);
    assert_ok(quipu_unit_create(log->store, &unit, &error), &error);
    if (has_event) {
        add_event_of_a_unit(unit);
    }
    add_change(unit, &(struct timer_change){ "a", "x", SECOND, 2 });
    lose_next_outcome();
    assert_status(quipu_unit_commit(unit, NULL, &error), QUIPU_UNKNOWN_OUTCOME);
    fail_no_more();
    if (between) {
        between(log);
    }
    assert_ok(quipu_unit_commit(unit, NULL, &error), &error);
    quipu_unit_destroy(unit);
}

static void run_between(struct opened_log *log)
{
    quipu_timer_runner *runner = open_runner(log, NULL);

    run_until(runner, SECOND);
    close_runner(runner);
}

static void cancel_between(struct opened_log *log)
{
    cancel_timer(log, "a", "x");
}

static void repeated_commit_sets_no_timer_twice(void **state)
{
    struct opened_log log;
    (void)state;

    for (int has_event = 0; has_event < 2; has_event++) {
        repeat(&log, has_event, NULL);
        assert_appended(&log, has_event ? "a:1 a:2 " : "a:2 ");
        close_log(&log);
        repeat(&log, has_event, run_between);
        assert_appended(&log, has_event ? "a:1 a:2 " : "a:2 ");
        close_log(&log);
    }
}

/* The repeat with an event changes nothing that others have done since. */
static void repeated_commit_keeps_a_later_cancellation(void **state)
{
    struct opened_log log;
    (void)state;

    repeat(&log, true, cancel_between);
    assert_appended(&log, "a:1 ");
    close_log(&log);
}

static int set_in_unit(quipu_unit *unit, void *context, quipu_error *error)
{
    (void)context;
    (void)error;
    add_change(unit, &(struct timer_change){ "a", "x", SECOND, 2 });
    return QUIPU_OK;
}

static void running_a_unit_repeats_timers(void **state)
{
    struct opened_log log;
    quipu_error error;
    (void)state;

    open_empty(&log);
    lose_next_outcome();
    assert_ok(quipu_unit_run(log.store, NULL, set_in_unit, NULL, NULL, &error),
              &error);
    fail_no_more();
    assert_appended(&log, "a:2 ");
    close_log(&log);
}

/* --------------------------------------------------- failures of the runner */

/* Sets and cancels timers, as far as the store does not fail; a unit that fails
 * is committed again. */
static void change_some(struct opened_log *log)
{
    static const struct timer_change changes[] = {
        { "a", "x", 1 * SECOND, 1 }, { "b", "x", 2 * SECOND, 2 },
        { "a", "y", 1 * SECOND, 3 }, { "a", "y", 3 * SECOND, 4 },
        { "c", "x", 1 * SECOND, 5 }, { "c", "x", 0, -1 },
    };
    quipu_error error;

    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        quipu_unit *unit;
        int status;

        assert_ok(quipu_unit_create(log->store, &unit, &error), &error);
        add_change(unit, &changes[i]);
        do {
            status = quipu_unit_commit(unit, NULL, &error);
        } while (quipu_status_is_transient(status));
        assert_ok(status, &error);
        quipu_unit_destroy(unit);
    }
}

/* Runs all timers; the step is repeated after a failure. */
static void run_all(struct opened_log *log)
{
    quipu_timer_runner *runner =
        open_runner(log, &(quipu_timer_runner_options){
                             .struct_size = sizeof(quipu_timer_runner_options),
                             .batch_items = 2 });
    quipu_time next = { 0 };
    quipu_error error;
    int status;

    test_clock = BEGIN + 5 * SECOND;
    do {
        status = quipu_timer_runner_step(runner, &next, &error);
        assert_true(status == QUIPU_OK || quipu_status_is_transient(status));
    } while (status != QUIPU_OK || next.microseconds <= test_clock);
    close_runner(runner);
}

/* Returns whether the call was reached. */
static bool fail_at_call(int call, int code, bool after)
{
    struct opened_log log;

    open_empty(&log);
    interposed.fail_at = call;
    interposed.status = code;
    interposed.after = after;
    interposed.appends_only = code == QUIPU_UNKNOWN_OUTCOME;
    change_some(&log);
    run_all(&log);
    bool reached = atomic_load(&interposed.calls) >= call;

    fail_no_more();
    assert_string_equal(events_of(&log), "a:1 b:2 a:4 ");
    assert_no_timers(&log);
    close_log(&log);
    return reached;
}

/* QUIPU_TEST_EXHAUSTIVE: every call; otherwise with a server, which takes
 * longer, every third one. */
static int step_size(void)
{
    return strcmp(MODEL.driver, "postgres") == 0 &&
                   !getenv("QUIPU_TEST_EXHAUSTIVE")
               ? 3
               : 1;
}

static void store_may_fail_at_each_call(void **state)
{
    static const struct {
        int code;
        bool after;
    } failures[] = { { QUIPU_BUSY, false },
                     { QUIPU_IO, false },
                     { QUIPU_UNKNOWN_OUTCOME, false },
                     { QUIPU_UNKNOWN_OUTCOME, true } };
    (void)state;

    for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
        int call = 1;

        while (fail_at_call(call, failures[i].code, failures[i].after)) {
            call += step_size();
        }
        print_message("%d calls\n", call - 1);
        assert_true(call > 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repeated_commit_sets_no_timer_twice),
        cmocka_unit_test(repeated_commit_keeps_a_later_cancellation),
        cmocka_unit_test(running_a_unit_repeats_timers),
        cmocka_unit_test(store_may_fail_at_each_call),
    };

    add_interposed(MODEL.driver);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
