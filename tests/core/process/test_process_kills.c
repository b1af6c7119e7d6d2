/* SPDX-License-Identifier: Apache-2.0 */
/* Kills a process that parks transfers before and after each call of the
 * driver (R1, P5).  The macro MODEL names the back end. */
#include "transfers_fixture.h"

#include "quipu_test_child.h"

extern const struct model MODEL;

enum { TRANSFERS = 20, REFUSED = 9 };

/* Handles all transfers, and ends the process. */
static _Noreturn void handle_all(const char *name, int kill_at)
{
    struct transfers transfers = { .refused = REFUSED,
                                   .refusal = QUIPU_NOT_FOUND };
    struct bank bank;
    quipu_error error;

    open_bank(&bank, name);
    interposed.counts_ends = true;
    interposed.kill_at = kill_at;
    atomic_store(&interposed.calls, 0);
    quipu_process *process = open_transfers(
        &bank, &transfers,
        (quipu_process_options){ .batch_items = 7,
                                 .attempts = 1,
                                 .on_failure = QUIPU_FAILURE_PARK });

    assert_ok(catch_up(process, &error), &error);
    _exit(0);
}

/* Returns true if the process was killed. */
static bool run_child(const char *name, int kill_at)
{
    pid_t process = fork();

    assert_true(process >= 0);
    if (process == 0) {
        handle_all(name, kill_at);
    }
    return quipu_test_was_killed(process);
}

/* Runs processes that are killed at that call, and then one that is not.
 * Returns the number of kills. */
static int run_round(int kill_at)
{
    struct audit found = { .record = -1 };
    bool was_killed = true;
    int64_t before = -2;
    struct bank bank;
    char name[96];
    int kills = 0;

    open_new_bank(&bank, name);
    request_transfers(&bank, TRANSFERS);
    close_bank(&bank);
    while (was_killed) {
        /* One that is killed before it commits anything is not tried again. */
        was_killed = run_child(name, found.record == before ? 0 : kill_at);
        before = found.record;
        await_model(backend, name);
        open_bank(&bank, name);
        found = audit(&bank, -1);
        close_bank(&bank);
        assert_audit(&found);
        kills += was_killed;
    }
    assert_int_equal(found.completed, TRANSFERS - TRANSFERS / REFUSED);
    assert_int_equal(found.parked, TRANSFERS / REFUSED);
    return kills;
}

static void transfers_are_made_once(void **state)
{
    int kills = 0;
    int rounds = 0;
    (void)state;

    for (int round = 1; round > 0;) {
        round = run_round(++rounds);
        kills += round;
    }
    print_message("%d kills in %d rounds\n", kills, rounds);
    assert_true(kills > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transfers_are_made_once),
    };

    backend = &MODEL;
    add_interposed(backend->driver);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
