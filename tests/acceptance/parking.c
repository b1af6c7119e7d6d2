/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A5: one event in a thousand cannot be applied, and the later events of its
 * sequence are parked behind it.  The fault is mended, and the parked events
 * are retried by another process, while the projection goes on and the log
 * grows.  Afterwards the read model is as if nothing had failed (P5).
 */
#include "acceptance.h"

enum { SEQUENCES = 37 };

/* The projection, in memory that the processes share. */
struct parking {
    struct applied applied;
    char name[96];
};

static const quipu_projection_options options = {
    .attempts = 1, .on_failure = QUIPU_FAILURE_PARK_SEQUENCE
};

/* The process of the projection; it is killed at the end. */
static void run_projection(void *context)
{
    struct parking *parking = context;
    struct opened_log log;
    quipu_error error;

    open_log(&log, parking->name);
    assert_ok(quipu_projection_run(
                  open_applied(&log, &parking->applied, options), &error),
              &error);
}

/* Waits until the projection has reached the end of the log. */
static void wait_for(struct opened_log *log, pid_t process)
{
    quipu_error error;
    int status;

    do {
        assert_true(process_is_running(process));
        status =
            quipu_tracking_wait(log->datastore, "applied@1", "stored_events",
                                log->stored, 1000, &error);
    } while (status == QUIPU_TIMEOUT);
    assert_ok(status, &error);
}

/* Appends and retries in turns until no event is left.  Returns the number of
 * rounds. */
static int retry_all(struct opened_log *log, struct parking *parking,
                     int64_t more, pid_t process)
{
    quipu_projection *projection =
        open_applied(log, &parking->applied, options);
    int64_t left = 1;
    int rounds = 0;
    quipu_error error;

    for (int64_t appended = 0; left > 0 || appended < more; rounds++) {
        if (appended < more) {
            fill_log(log, more / 20);
            appended += more / 20;
        }
        assert_ok(quipu_projection_retry(projection, &left, &error), &error);
    }
    wait_for(log, process);
    /* The runner may have parked an event behind the last one that was
     * parked. */
    assert_ok(quipu_projection_retry(projection, &left, &error), &error);
    assert_int_equal(left, 0);
    assert_ok(quipu_projection_close(projection, &error), &error);
    return rounds;
}

static void park_and_retry(struct acceptance *run)
{
    struct parking *parking = process_share(sizeof(*parking));
    int64_t events = run->is_short ? 2000 : 20000;
    struct opened_log log;

    parking->applied = (struct applied){ .model = run->model,
                                         .refused = run->is_short ? 100 : 1000,
                                         .refusal = QUIPU_NOT_FOUND };
    run->model->prepare("parking", "durability=relaxed", parking->name);
    pid_t process = process_start(run_projection, parking);

    open_log(&log, parking->name);
    log.sequences = SEQUENCES;
    fill_log(&log, events);
    wait_for(&log, process);
    close_log(&log);
    struct model_counts before =
        count_model(run->model, parking->name, "applied@1", SEQUENCES);

    open_log(&log, parking->name);
    log.sequences = SEQUENCES;
    log.stored = events;
    atomic_store(&parking->applied.is_mended, true);
    int rounds = retry_all(&log, parking, events / 2, process);

    assert_true(process_kill(process));
    close_log(&log);
    struct model_counts after =
        count_model(run->model, parking->name, "applied@1", SEQUENCES);

    acceptance_note(run,
                    "%lld events, %lld refused or behind one, %d rounds of "
                    "retries; parked %lld, out of order %lld, twice %lld, "
                    "missing %lld",
                    (long long)after.record, (long long)before.parked, rounds,
                    (long long)after.parked, (long long)after.disorder,
                    (long long)after.twice, (long long)after.missing);
    assert_exact(&before);
    assert_true(before.parked > events / parking->applied.refused);
    assert_exact(&after);
    assert_int_equal(after.parked, 0);
    assert_int_equal(after.rows, events + events / 2);
}

const struct acceptance_test acceptance_parking = {
    .name = "A5",
    .title = "park events, and retry them beside the projection",
    .run = park_and_retry,
    .has_short = true,
};
