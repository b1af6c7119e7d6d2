/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kills a member of a group at each call of the driver, while another member
 * works, and while it is alone and another one comes later (G1, G2, G4; P1 and
 * P2 in a group).  The macro MODEL names the back end.
 */
#include "model_fixture.h"

#include "quipu_test_child.h"

#include <time.h>

#include "base/clock.h"

enum { EVENTS = 24, SEQUENCES = 8, LEASE = 100 };

static const quipu_group_options group = {
    .struct_size = sizeof(group),
    .partitions = 4,
    .lease_milliseconds = LEASE,
};

/* Works until the group has handled all events, each of which takes a time. */
static void work(struct opened_log *log, long nanoseconds)
{
    struct applied applied = { .model = &MODEL, .nanoseconds = nanoseconds };
    quipu_consumer_status status = { .struct_size = sizeof(status) };
    const struct timespec moment = { .tv_nsec = 1000000 };
    quipu_error error;
    quipu_projection *projection = open_applied(
        log, &applied,
        (quipu_projection_options){ .batch_items = 5, .group = &group });

    while (status.position < EVENTS) {
        bool caught_up;

        assert_ok(quipu_projection_step(projection, &caught_up, &error),
                  &error);
        assert_ok(quipu_projection_status(projection, &status, &error), &error);
        if (caught_up) {
            (void)nanosleep(&moment, NULL);
        }
    }
    assert_ok(quipu_projection_close(projection, &error), &error);
}

static pid_t start_member(const char *name, int kill_at, long nanoseconds)
{
    struct opened_log log;
    pid_t process = fork();

    assert_true(process >= 0);
    if (process == 0) {
        open_log(&log, name);
        interposed.kill_at = kill_at;
        work(&log, nanoseconds);
        close_log(&log);
        _exit(0);
    }
    return process;
}

static void check(const char *name, int64_t record)
{
    struct model_counts counts =
        count_model(&MODEL, name, "applied@1", SEQUENCES);

    assert_exact(&counts);
    if (record > 0) {
        assert_int_equal(counts.record, record);
    }
}

static void fill(const char *name)
{
    struct opened_log log;

    open_log(&log, name);
    log.sequences = SEQUENCES;
    fill_log(&log, EVENTS);
    close_log(&log);
}

/* The member is alone when it is killed at that call; another one comes later.
 * Returns whether it was killed. */
static bool kill_alone(const char *name, int kill_at)
{
    bool was_killed = quipu_test_was_killed(start_member(name, kill_at, 0));

    check(name, 0);
    int64_t begin = quipu_clock_now();

    assert_false(quipu_test_was_killed(start_member(name, 0, 0)));
    /* G4: it does not wait for more than leases; most of the time that is
     * allowed is for a machine that is busy otherwise. */
    assert_true(quipu_clock_now() - begin < INT64_C(1000000) * 300 * LEASE);
    return was_killed;
}

/* Both work together. */
static bool kill_beside_another(const char *name, int kill_at)
{
    pid_t other = start_member(name, 0, 0);
    pid_t killed = start_member(name, kill_at, 0);
    bool was_killed = quipu_test_was_killed(killed);

    assert_false(quipu_test_was_killed(other));
    return was_killed;
}

static void kill_at_each_call(bool (*run)(const char *name, int kill_at),
                              int step)
{
    int kills = 0;
    int survived = 0;

    /* Beside another one, a member does not always do the same. */
    for (int kill_at = 1; survived < 5; kill_at += step) {
        char name[96];

        MODEL.prepare("members", "durability=relaxed", name);
        fill(name);
        bool was_killed = run(name, kill_at);

        check(name, EVENTS);
        kills += was_killed;
        survived = was_killed ? 0 : survived + 1;
    }
    print_message("%d kills\n", kills);
    assert_true(kills * step > 40);
}

/* QUIPU_TEST_EXHAUSTIVE: every call; otherwise every fourth one, or with a
 * server, which takes longer, every 16th one. */
static int step_size(void)
{
    if (getenv("QUIPU_TEST_EXHAUSTIVE")) {
        return 1;
    }
    return strcmp(MODEL.driver, "postgres") == 0 ? 16 : 4;
}

static void member_is_killed_alone(void **state)
{
    (void)state;

    kill_at_each_call(kill_alone, step_size());
}

static void member_is_killed_beside_another(void **state)
{
    (void)state;

    kill_at_each_call(kill_beside_another, step_size());
}

/* A member that cannot renew its lease while a handler is under way, inside a
 * transaction, is removed by the other one, and its partitions are taken if the
 * back end lets others write: no event is applied twice all the same. */
static void handlers_may_take_longer_than_a_lease(void **state)
{
    pid_t processes[2];
    char name[96];
    (void)state;

    MODEL.prepare("members", "durability=relaxed", name);
    fill(name);
    for (int i = 0; i < 2; i++) {
        processes[i] = start_member(name, 0, (LEASE + 20) * 1000000L);
    }
    for (int i = 0; i < 2; i++) {
        assert_false(quipu_test_was_killed(processes[i]));
    }
    check(name, EVENTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(member_is_killed_alone),
        cmocka_unit_test(member_is_killed_beside_another),
        cmocka_unit_test(handlers_may_take_longer_than_a_lease),
    };

    add_interposed(MODEL.driver);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
