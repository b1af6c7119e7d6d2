/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A9: the time from a stop to the return of quipu_projection_run: by `stop`
 * from a thread, and by `request_stop` from the handler of SIGTERM, while the
 * projection waits, applies a batch, or pauses after a failure (B7, P8).
 *
 * The limits are those of the guarantees.  The medians must keep them; maxima
 * depend on the load of the machine, and are printed.
 */
#include "acceptance.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#define STOPS 200        /* of each kind */
#define AT_ONCE 20       /* projections that one signal stops */
#define FUNCTION 1000    /* microseconds that an event takes */
#define COMMIT 20000     /* microseconds that a commit may take */
#define BATCH 50000      /* microseconds: the default batch_milliseconds */
#define MILLISECOND 1000 /* in microseconds */

enum situation { IN_WAIT, IN_PAUSE, IN_BATCH, SITUATIONS };
static const char *const names[SITUATIONS] = { "wait", "pause", "batch" };

/* A projection in a thread of its own. */
struct runner {
    quipu_projection_type type; /* with a version, so a record, of its own */
    quipu_projection *projection;
    pthread_t thread;
    int64_t ended; /* when */
};

static struct runner runners[AT_ONCE];
static size_t runner_count;
static enum situation situation;

static int apply(void *native, void *context, const quipu_event *event,
                 const quipu_item *item, quipu_error *error)
{
    (void)native;
    (void)context;
    (void)event;
    (void)item;
    (void)error;
    if (situation == IN_BATCH) {
        process_sleep(FUNCTION);
    }
    return QUIPU_OK;
}

static const quipu_projection_handler handlers[] = {
    { .event = &credited, .apply = apply },
    { 0 },
};

static void *run(void *context)
{
    struct runner *runner = context;
    quipu_error error;

    assert_ok(quipu_projection_run(runner->projection, &error), &error);
    runner->ended = process_now();
    return NULL;
}

static void start(struct opened_log *log, struct runner *runner)
{
    static uint32_t version;
    quipu_error error;

    version++;
    runner->type = (quipu_projection_type){ .name = "stopped",
                                            .version = version,
                                            .handlers = handlers };
    assert_ok(quipu_projection_open(log->store, &runner->type, NULL,
                                    &runner->projection, &error),
              &error);
}

static bool has_arrived(const struct runner *runner)
{
    quipu_consumer_status status = { .struct_size = sizeof(status) };
    quipu_error error;

    assert_ok(quipu_projection_status(runner->projection, &status, &error),
              &error);
    return situation == IN_WAIT    ? status.state == QUIPU_CONSUMER_LIVE
           : situation == IN_PAUSE ? status.retries > 1
                                   : status.yielded > 10;
}

static void handle_signal(int number)
{
    (void)number;
    for (size_t i = 0; i < runner_count; i++) {
        /* NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c): made for it. */
        quipu_projection_request_stop(runners[i].projection);
    }
}

/* Runs projections until they are in the situation, and stops them.  Adds to
 * `times` the microseconds that each took. */
static void stop_some(struct opened_log *log, bool by_signal, int64_t *times)
{
    quipu_error error;

    for (size_t i = 0; i < runner_count; i++) {
        start(log, &runners[i]);
    }
    interposed.status = QUIPU_IO;
    interposed.times = 1 << 30;
    interposed.fail_at =
        situation == IN_PAUSE ? atomic_load(&interposed.calls) + 1 : 0;
    for (size_t i = 0; i < runner_count; i++) {
        assert_int_equal(
            pthread_create(&runners[i].thread, NULL, run, &runners[i]), 0);
    }
    for (size_t i = 0; i < runner_count; i++) {
        while (!has_arrived(&runners[i])) {
            process_sleep(MILLISECOND);
        }
    }
    process_sleep(process_random(60 * MILLISECOND));
    int64_t begin = process_now();

    if (by_signal) {
        (void)raise(SIGTERM);
    } else {
        quipu_projection_stop(runners[0].projection);
    }
    for (size_t i = 0; i < runner_count; i++) {
        assert_int_equal(pthread_join(runners[i].thread, NULL), 0);
        times[i] = runners[i].ended - begin;
    }
    interposed.fail_at = 0;
    for (size_t i = 0; i < runner_count; i++) {
        assert_ok(quipu_projection_close(runners[i].projection, &error),
                  &error);
    }
}

static void measure(struct acceptance *acceptance, struct opened_log *log,
                    bool by_signal, int64_t limit)
{
    int64_t times[STOPS];

    runner_count = by_signal && situation != IN_BATCH ? AT_ONCE : 1;
    for (size_t i = 0; i < STOPS; i += runner_count) {
        stop_some(log, by_signal, &times[i]);
    }
    int64_t median = acceptance_quantile(times, STOPS, 0.5);
    int64_t longest = acceptance_quantile(times, STOPS, 1);
    size_t within = 0;

    while (within < STOPS && times[within] <= limit) {
        within++;
    }
    acceptance_note(acceptance, "%s%s in %s %.1f (%.1f)",
                    situation == IN_WAIT && !by_signal ? "" : ", ",
                    by_signal ? "signal" : "stop", names[situation],
                    (double)median / 1000, (double)longest / 1000);
    if (within < STOPS) {
        acceptance_note(acceptance, " [%zu over %lld]", STOPS - within,
                        (long long)limit / 1000);
    }
    assert_true(median <= limit);
}

static void stop_often(struct acceptance *acceptance)
{
    /* By a thread, by a signal; microseconds. */
    static const int64_t limits[SITUATIONS][2] = {
        [IN_WAIT] = { 10 * MILLISECOND, 1000 * MILLISECOND },
        [IN_PAUSE] = { 10 * MILLISECOND, 1000 * MILLISECOND },
        [IN_BATCH] = { BATCH + FUNCTION + COMMIT, BATCH + FUNCTION + COMMIT },
    };
    struct opened_log log;
    char name[96];

    (void)signal(SIGTERM, handle_signal);
    acceptance_fill(acceptance, "stops", "durability=relaxed", 2000, 1, name);
    open_log(&log, name);
    acceptance_note(acceptance, "%d each, median (longest) in ms: ", STOPS);
    for (situation = IN_WAIT; situation < SITUATIONS; situation++) {
        measure(acceptance, &log, false, limits[situation][0]);
        measure(acceptance, &log, true, limits[situation][1]);
    }
    close_log(&log);
}

const struct acceptance_test acceptance_stops = {
    .name = "A9",
    .title = "the time to stop a consumer",
    .run = stop_often,
};
