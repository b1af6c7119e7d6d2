/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares the variants of one benchmark.
 *
 * The variants take turns, a slice of SLICE_SECONDS each, so that other load of
 * the machine affects all of them alike; the order changes from slice to slice.
 * A round is SLICES slices of each variant in fresh stores.  The rate of a
 * round is the number of events over the time of its slices; the ratio of two
 * variants is computed from the rates of all rounds (measure/report.h).
 */
#include "benchmark.h"
#include "figure.h"
#include "measure/clock.h"

#define VARIANTS 3
#define SLICES 20
#define SLICE_SECONDS 0.025

/* A variant with its store in the current round. */
struct runner {
    const struct bench_variant *variant;
    struct bench_store store;
    void *opened;
    size_t runs; /* calls of benchmark->run */
    double events;
    double seconds;
    double rates[MEASURE_ROUNDS_MAX];
};

static void open_runner(struct runner *runner,
                        const struct benchmark *benchmark,
                        const struct bench_driver *driver,
                        const struct bench_workspace *workspace)
{
    bench_store_init(&runner->store, driver, workspace, runner->variant->name);
    runner->store.relaxed = benchmark->relaxed;
    runner->opened = runner->variant->open(&runner->store);
    runner->events = runner->seconds = 0;
    runner->runs = 0;
    if (benchmark->prepare) {
        benchmark->prepare(benchmark, runner->variant, runner->opened);
    }
}

static void close_runner(struct runner *runner)
{
    runner->variant->close(runner->opened);
    runner->store.driver->remove(&runner->store);
}

static void run_slice(struct runner *runner, const struct benchmark *benchmark)
{
    const double start = measure_clock_seconds();
    double now = start;

    while (now - start < SLICE_SECONDS) {
        for (size_t i = 0; i < benchmark->repetitions; i++) {
            runner->events += (double)benchmark->run(
                benchmark, runner->variant, runner->opened, runner->runs++);
        }
        now = measure_clock_seconds();
    }
    runner->seconds += now - start;
}

/* Runs one round.  A benchmark that reads begins with a slice that does not
 * count, which warms the caches. */
static void run_round(struct runner *runners, const struct benchmark *benchmark,
                      const struct bench_driver *driver,
                      const struct bench_workspace *workspace, size_t round)
{
    for (size_t i = 0; i < VARIANTS; i++) {
        open_runner(&runners[i], benchmark, driver, workspace);
    }
    if (benchmark->prepare) {
        for (size_t i = 0; i < VARIANTS; i++) {
            run_slice(&runners[i], benchmark);
            runners[i].events = runners[i].seconds = 0;
        }
    }
    for (size_t slice = 0; slice < SLICES; slice++) {
        for (size_t i = 0; i < VARIANTS; i++) {
            run_slice(&runners[(i + slice) % VARIANTS], benchmark);
        }
    }
    for (size_t i = 0; i < VARIANTS; i++) {
        runners[i].rates[round] = runners[i].events / runners[i].seconds;
        close_runner(&runners[i]);
    }
}

void bench_comparison_run(const struct benchmark *benchmark,
                          const struct bench_driver *driver,
                          const struct bench_workspace *workspace,
                          size_t rounds)
{
    struct runner runners[VARIANTS] = { { .variant = driver->hand },
                                        { .variant = &bench_variant_records },
                                        { .variant = &bench_variant_events } };

    for (size_t round = 0; round < rounds; round++) {
        run_round(runners, benchmark, driver, workspace, round);
    }
    for (size_t i = 1; i < VARIANTS; i++) {
        const struct bench_figure figure = { .driver = driver->name,
                                             .name = benchmark->name,
                                             .suffix = i == 1 ? "" : ".events",
                                             .unit = "events/s" };

        bench_figure_report_rounds(figure, runners[i].rates, runners[0].rates,
                                   rounds);
    }
}
