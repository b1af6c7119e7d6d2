/* SPDX-License-Identifier: Apache-2.0 */
/* Times a work on several sides in turn and reports the ratios of medians. */
#include "bench.h"

#define SIDES 3
#define SLICES 20
#define SLICE_SECONDS 0.025

/* A side with a fresh store, and its part of a round. */
struct runner {
    const struct bench_side *side;
    struct bench_store store;
    void *opened;
    size_t done; /* how often the work was */
    double events;
    double seconds;
    double rates[BENCH_ROUNDS_MAX];
};

static void open_runner(struct runner *runner, const struct bench_work *work,
                        const struct bench_driver *driver,
                        const struct bench_place *place)
{
    bench_store_init(&runner->store, driver, place, runner->side->name);
    runner->store.relaxed = work->relaxed;
    runner->opened = runner->side->open(&runner->store);
    runner->events = runner->seconds = 0;
    runner->done = 0;
    if (work->prepare) {
        work->prepare(work, runner->side, runner->opened);
    }
}

static void close_runner(struct runner *runner)
{
    runner->side->close(runner->opened);
    runner->store.driver->remove(&runner->store);
}

static void run_slice(struct runner *runner, const struct bench_work *work)
{
    double start = bench_now();
    double now = start;
    while (now - start < SLICE_SECONDS) {
        for (size_t i = 0; i < work->times; i++) {
            runner->events += (double)work->run(work, runner->side,
                                                runner->opened, runner->done++);
        }
        now = bench_now();
    }
    runner->seconds += now - start;
}

/* One round: the sides take turns, a slice of the work each, so that what else
 * the machine does meets them all alike.  Reading begins with a slice that does
 * not count, which warms the caches. */
static void run_round(struct runner *runners, const struct bench_work *work,
                      const struct bench_driver *driver,
                      const struct bench_place *place, size_t round)
{
    for (size_t i = 0; i < SIDES; i++) {
        open_runner(&runners[i], work, driver, place);
    }
    if (work->prepare) {
        for (size_t i = 0; i < SIDES; i++) {
            run_slice(&runners[i], work);
            runners[i].events = runners[i].seconds = 0;
        }
    }
    for (size_t slice = 0; slice < SLICES; slice++) {
        for (size_t i = 0; i < SIDES; i++) {
            run_slice(&runners[(i + slice) % SIDES], work);
        }
    }
    for (size_t i = 0; i < SIDES; i++) {
        runners[i].rates[round] = runners[i].events / runners[i].seconds;
        close_runner(&runners[i]);
    }
}

void bench_measure(const struct bench_work *work,
                   const struct bench_driver *driver,
                   const struct bench_place *place, size_t rounds)
{
    struct runner runners[SIDES] = { { .side = driver->hand },
                                     { .side = &bench_records },
                                     { .side = &bench_events } };
    for (size_t round = 0; round < rounds; round++) {
        run_round(runners, work, driver, place, round);
    }
    for (size_t i = 1; i < SIDES; i++) {
        const struct bench_figure figure = { .driver = driver->name,
                                             .name = work->name,
                                             .suffix = i == 1 ? "" : ".events",
                                             .unit = "events/s" };
        bench_report_rounds(figure, runners[i].rates, runners[0].rates, rounds);
    }
}
