/* SPDX-License-Identifier: Apache-2.0 */
/* A1: a projection is killed at each call of the driver.  "kills": projections
 * and subscriptions are killed at random times. */
#include "acceptance.h"
#include "core/consumer/kills_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

/* --------------------------------------------------------------------- A1 */

static void kill_at_calls(struct acceptance *run)
{
    const struct killed_projection killed = {
        .model = run->model,
        .options = { .batch_items = 7,
                     .batch_milliseconds = 10000,
                     .attempts = 1,
                     .on_failure = QUIPU_FAILURE_PARK },
        .refused = 13,
        .events = 300,
    };
    struct kill_counts counts = kill_at_each_call(&killed);

    acceptance_note(run,
                    "%d events, %d kills at the calls 1 to %d; twice 0, "
                    "missing 0",
                    killed.events, counts.kills, counts.rounds - 1);
    assert_true(counts.rounds > killed.events / 7);
}

const struct acceptance_test acceptance_kill_points = {
    .name = "A1",
    .title = "kill a projection at each call of the driver",
    .run = kill_at_calls,
};

/* ----------------------------------------------------------- random times */

struct victim {
    const struct model *model;
    char name[96];
    int64_t events;
    int sink; /* descriptor of the file with the effects of a subscription */
    atomic_bool is_open;
};

static void project(void *context)
{
    struct victim *victim = context;
    const quipu_projection_options options = {
        .batch_items = 50,
        .attempts = 1,
        .on_failure = QUIPU_FAILURE_PARK_SEQUENCE
    };
    struct applied applied = { .model = victim->model,
                               .refused = 97,
                               .refusal = QUIPU_NOT_FOUND,
                               .nanoseconds = 50000 };
    struct opened_log log;

    open_log(&log, victim->name);
    atomic_store(&victim->is_open, true);
    (void)acceptance_catch_up(open_applied(&log, &applied, options));
}

/* Writes the notification id of each item to a file before it acknowledges the
 * item. */
static void subscribe(void *context)
{
    struct victim *victim = context;
    const quipu_subscription_options options = { .struct_size = sizeof(options),
                                                 .consumer = "mailer",
                                                 .record_items = 3 };
    quipu_subscription *subscription;
    const quipu_item *item = NULL;
    struct opened_log log;
    quipu_error error;
    int64_t id = 0;

    open_log(&log, victim->name);
    atomic_store(&victim->is_open, true);
    assert_ok(quipu_subscription_open_events(log.store, &options, &subscription,
                                             &error),
              &error);
    while (id < victim->events) {
        assert_ok(quipu_subscription_next(subscription, &item, -1, &error),
                  &error);
        id = item->notification_id;
        process_sleep(50); /* of work */
        assert_int_equal(write(victim->sink, &id, sizeof(id)), sizeof(id));
        assert_ok(quipu_subscription_acknowledge(subscription, &error), &error);
    }
    assert_ok(quipu_subscription_close(subscription, &error), &error);
}

/* Each id must follow its predecessor, except where a process began again
 * behind the record.  Returns the number of repetitions. */
static int64_t check_sink(const struct victim *victim)
{
    int64_t repeated = 0;
    int64_t before = 0;
    int64_t id;

    assert_int_equal(lseek(victim->sink, 0, SEEK_SET), 0);
    while (read(victim->sink, &id, sizeof(id)) == sizeof(id)) {
        assert_true(id <= before + 1);
        repeated += id <= before;
        before = id > before ? id : before;
    }
    assert_int_equal(before, victim->events);
    return repeated;
}

/* Starts the process again and again; returns the number of kills. */
static int64_t kill_at_random(struct victim *victim, void (*work)(void *),
                              int64_t longest)
{
    int64_t kills = 0;
    pid_t process = 0;

    do {
        process = process_start(work, victim);
        process_wait_to_kill(process, &victim->is_open, longest);
        kills += process_is_running(process);
    } while (process_kill(process));
    return kills;
}

static void kill_projection(struct acceptance *run, struct victim *victim)
{
    int64_t kills = 0;

    for (int round = 0; round < 4; round++) {
        victim->events = 5000;
        acceptance_fill(run, "random", "durability=relaxed", victim->events,
                        100, victim->name);
        kills += kill_at_random(victim, project, 40000);
        struct model_counts counts =
            count_model(run->model, victim->name, "applied@1", 100);

        assert_exact(&counts);
        assert_int_equal(counts.record, victim->events);
        assert_int_equal(counts.rows + counts.parked, victim->events);
    }
    acceptance_note(run, "projection: %lld kills, twice 0, missing 0",
                    (long long)kills);
    assert_true(kills > 50);
}

static void kill_subscription(struct acceptance *run, struct victim *victim)
{
    int64_t kills = 0;
    int64_t repeated = 0;

    for (int round = 0; round < 4; round++) {
        victim->events = 2000;
        victim->sink = open(
            "sink", O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
        assert_true(victim->sink >= 0);
        acceptance_fill(run, "random", "durability=relaxed", victim->events,
                        100, victim->name);
        kills += kill_at_random(victim, subscribe, 30000);
        repeated += check_sink(victim);
        (void)close(victim->sink);
    }
    acceptance_note(run,
                    "; subscription: %lld kills, lost 0, out of order 0, "
                    "repeated %lld",
                    (long long)kills, (long long)repeated);
    assert_true(kills > 20);
}

static void kill_consumers(struct acceptance *run)
{
    struct victim *victim = process_share(sizeof(*victim));

    victim->model = run->model;
    kill_projection(run, victim);
    kill_subscription(run, victim);
}

const struct acceptance_test acceptance_kills = {
    .name = "kills",
    .title = "kill projections and subscriptions at random times",
    .run = kill_consumers,
};
