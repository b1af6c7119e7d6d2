/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures the variants of one benchmark.
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
static void run_round(struct runner *runners, size_t count,
                      const struct benchmark *benchmark,
                      const struct bench_driver *driver,
                      const struct bench_workspace *workspace)
{
    for (size_t i = 0; i < count; i++) {
        open_runner(&runners[i], benchmark, driver, workspace);
    }
    if (benchmark->prepare) {
        for (size_t i = 0; i < count; i++) {
            run_slice(&runners[i], benchmark);
            runners[i].events = runners[i].seconds = 0;
        }
    }
    for (size_t slice = 0; slice < SLICES; slice++) {
        for (size_t i = 0; i < count; i++) {
            run_slice(&runners[(i + slice) % count], benchmark);
        }
    }
    for (size_t i = 0; i < count; i++) {
        close_runner(&runners[i]);
    }
}

void bench_comparison_measure(const struct benchmark *benchmark,
                              const struct bench_driver *driver,
                              const struct bench_workspace *workspace,
                              const struct bench_variants *variants,
                              size_t rounds)
{
    struct runner runners[BENCH_VARIANTS_MAX];

    for (size_t i = 0; i < variants->count; i++) {
        runners[i] = (struct runner){ .variant = variants->list[i] };
    }
    for (size_t round = 0; round < rounds; round++) {
        run_round(runners, variants->count, benchmark, driver, workspace);
        for (size_t i = 0; i < variants->count; i++) {
            variants->rates[i][round] = runners[i].events / runners[i].seconds;
        }
    }
}

void bench_comparison_run(const struct benchmark *benchmark,
                          const struct bench_driver *driver,
                          const struct bench_workspace *workspace,
                          size_t rounds)
{
    double rates[BENCH_VARIANTS_MAX][MEASURE_ROUNDS_MAX];
    /* Each after its baseline. */
    const struct bench_variants variants = {
        .list = { driver->hand, &bench_variant_records, driver->hand_events,
                  &bench_variant_events },
        .count = 4,
        .rates = rates,
    };

    bench_comparison_measure(benchmark, driver, workspace, &variants, rounds);
    for (size_t i = 1; i < variants.count; i += 2) {
        const struct bench_figure figure = { .driver = driver->name,
                                             .name = benchmark->name,
                                             .suffix = i == 1 ? "" : ".events",
                                             .unit = "events/s" };

        bench_figure_report_rounds(figure, rates[i], rates[i - 1], rounds);
    }
}
