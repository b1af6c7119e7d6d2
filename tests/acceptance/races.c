/* SPDX-License-Identifier: Apache-2.0 */
/*
 * B2: two process managers race for the same accounts (R1, R2, P7).
 *
 * First as members of a group, which handle different transfers at the same
 * time, so that they meet at the accounts; then as two of one name by mistake,
 * which meet at every transfer, while both are killed.
 */
#include "acceptance.h"

#include "core/process/transfers_fixture.h"

struct race {
    char name[96];
    bool is_group;
    atomic_bool is_open;
    int64_t transfers;
    atomic_int conflicts; /* appends to a position that was taken */
    atomic_int reactions;
};

static bool is_over(struct bank *bank, const struct race *race)
{
    struct audit found = audit(bank, INT64_MAX);

    return found.completed == race->transfers;
}

static void run_process(void *context)
{
    const quipu_group_options group = { .struct_size = sizeof(group),
                                        .partitions = 2,
                                        .lease_milliseconds = 2000 };
    struct race *race = context;
    struct transfers transfers = { .bank = NULL };
    struct bank bank;
    quipu_error error;
    int counted = 0;

    open_bank(&bank, race->name);
    interposed.refused = &race->conflicts;
    quipu_process *process = open_transfers(
        &bank, &transfers,
        (quipu_process_options){ .batch_items = 50,
                                 .group = race->is_group ? &group : NULL });
    bool caught_up = false;

    atomic_store(&race->is_open, true);
    while (!caught_up || !is_over(&bank, race)) {
        int status = quipu_process_step(process, &caught_up, &error);

        if (!quipu_status_is_transient(status)) {
            assert_ok(status, &error);
        }
        atomic_fetch_add(&race->reactions, transfers.calls - counted);
        counted = transfers.calls;
        if (caught_up) {
            process_sleep(100000);
        }
    }
    assert_ok(quipu_process_close(process, &error), &error);
}

static struct race *begin_race(const struct acceptance *run, bool is_group)
{
    struct race *race = process_share(sizeof(*race));
    struct bank bank;

    backend = run->model;
    open_new_bank(&bank, race->name);
    close_bank(&bank);
    race->is_group = is_group;
    race->transfers = run->is_short ? 300 : 10000;
    return race;
}

/* Requests the transfers while the processes run. */
static void request_all(void *context)
{
    struct race *race = context;
    struct bank bank;

    open_bank(&bank, race->name);
    request_transfers(&bank, (int)race->transfers);
    close_bank(&bank);
}

static void end_race(struct race *race)
{
    struct bank bank;

    open_bank(&bank, race->name);
    struct audit found = audit(&bank, INT64_MAX);

    assert_audit(&found);
    assert_int_equal(found.requested, race->transfers);
    assert_int_equal(found.completed, race->transfers);
    close_bank(&bank);
}

/* Kills one of the two at random times, and starts it again. */
static int kill_both(struct race *race, int kills)
{
    pid_t customer = process_start(request_all, race);
    pid_t processes[2];
    int done = 0;

    for (int i = 0; i < 2; i++) {
        processes[i] = process_start(run_process, race);
    }
    while (done < kills) {
        int i = (int)process_random(2);

        process_wait_to_kill(processes[i], &race->is_open, 40000);
        done += process_kill(processes[i]); /* or it has ended */
        processes[i] = process_start(run_process, race);
    }
    assert_false(process_wait_killed(customer));
    assert_false(process_wait_killed(processes[0]));
    assert_false(process_wait_killed(processes[1]));
    return done;
}

static void run_races(struct acceptance *run)
{
    struct race *race = begin_race(run, true);

    (void)kill_both(race, 0);
    end_race(race);
    int conflicts = atomic_load(&race->conflicts);

    acceptance_note(run,
                    "%lld transfers over %d accounts by two members: %d "
                    "conflicts, lost 0, double 0",
                    (long long)race->transfers, ACCOUNTS, conflicts);

    race = begin_race(run, false);
    int kills = kill_both(race, run->is_short ? 3 : 50);

    end_race(race);
    acceptance_note(run,
                    "; by two of one name: %d kills, %d reactions run, lost "
                    "0, double 0",
                    kills, atomic_load(&race->reactions));
    /* Of a few transfers one member may do all before the other has joined. */
    assert_true(run->is_short || conflicts > 0);
}

const struct acceptance_test acceptance_races = {
    .name = "B2",
    .title = "two process managers race for one account",
    .run = run_races,
    .has_short = true,
};
