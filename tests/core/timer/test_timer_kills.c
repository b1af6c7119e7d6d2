/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kills the process that sets, cancels and runs timers at each call of the
 * driver, and goes on in another one: each event is appended once, and none of
 * a timer that was cancelled.  On the back end that the macro MODEL names.
 */
#include "timer_fixture.h"

#include "quipu_test_child.h"

/* Sets a timer together with an event, by which the next process sees that this
 * is done; the timer of each replaces that of the one before it, so that only
 * the last one is appended. */
enum { CHANGES = 3 };

static int count_done(struct opened_log *log)
{
    int done = 0;

    for (const char *at = events_of(log); (at = strstr(at, "done:")); at++) {
        done++;
    }
    return done;
}

static void change(struct opened_log *log, int number)
{
    struct credited event = { .cents = number };
    quipu_unit *unit;
    quipu_error error;
    quipu_id id;

    assert_ok(quipu_unit_create(log->store, &unit, &error), &error);
    assert_ok(quipu_id_of_text(&id, "done", &error), &error);
    quipu_event_init(&event.base, &credited, &id, 0);
    assert_ok(quipu_unit_event(unit, &event.base, &error), &error);
    add_change(unit, &(struct timer_change){ "replaced", "x", number * SECOND,
                                             number });
    add_change(unit, &(struct timer_change){ "cancelled", "x", SECOND,
                                             number < CHANGES ? 7 : -1 });
    add_change(unit, &(struct timer_change){ "kept",
                                             number == 1   ? "x"
                                             : number == 2 ? "y"
                                                           : "z",
                                             4 * SECOND, number });
    assert_ok(quipu_unit_commit(unit, NULL, &error), &error);
    quipu_unit_destroy(unit);
}

/* Sets what is not set yet, and then runs all. */
static _Noreturn void work(const char *name, int kill_at)
{
    struct opened_log log;

    open_log(&log, name);
    interposed.kill_at = kill_at;
    for (int i = count_done(&log); i < CHANGES; i++) {
        change(&log, i + 1);
    }
    quipu_timer_runner *runner =
        open_runner(&log, &(quipu_timer_runner_options){
                              .struct_size = sizeof(quipu_timer_runner_options),
                              .batch_items = 2 });

    run_until(runner, 5 * SECOND);
    _exit(0);
}

static bool run_child(const char *name, int kill_at)
{
    pid_t process = fork();

    assert_true(process >= 0);
    if (process == 0) {
        work(name, kill_at);
    }
    return quipu_test_was_killed(process);
}

static bool contains_once(const char *text, const char *part)
{
    const char *at = strstr(text, part);

    return at && !strstr(at + 1, part);
}

static void check(const char *name)
{
    struct opened_log log;

    open_log(&log, name);
    const char *events = events_of(&log);

    if (!contains_once(events, "replaced:3 ") ||
        !contains_once(events, "replaced:") ||
        !contains_once(events, "kept:1 ") ||
        !contains_once(events, "kept:2 ") ||
        !contains_once(events, "kept:3 ") || strstr(events, "cancelled:")) {
        fail_msg("wrong events: %s", events);
    }
    assert_no_timers(&log);
    close_log(&log);
}

/* QUIPU_TEST_EXHAUSTIVE: every call; otherwise with a server, which takes
 * longer, every sixth one. */
static int step_size(void)
{
    return strcmp(MODEL.driver, "postgres") == 0 &&
                   !getenv("QUIPU_TEST_EXHAUSTIVE")
               ? 6
               : 1;
}

static void process_is_killed_at_each_call(void **state)
{
    int kills = 0;
    bool was_killed = true;
    (void)state;

    for (int kill_at = 1; was_killed; kill_at += step_size()) {
        char name[96];

        MODEL.prepare("killed", "durability=relaxed", name);
        was_killed = run_child(name, kill_at);
        assert_false(was_killed && run_child(name, 0));
        check(name);
        kills += was_killed;
    }
    print_message("%d kills\n", kills);
    assert_true(kills * step_size() > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(process_is_killed_at_each_call),
    };

    add_interposed(MODEL.driver);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
