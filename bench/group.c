/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures the commit queue: threads that append one event at a time to one
 * datastore, each to sequences of its own, with shared commits and with one
 * commit each (group=1).  Beside them one writer appends by hand, as a program
 * without quipu does.  All take turns, a slice each.
 */
#include "benchmark.h"
#include "fail.h"
#include "figure.h"
#include "measure/clock.h"
#include "measure/workers.h"
#include "variant.h"

#include <stdio.h>
#include <string.h>

#define THREADS_MAX 32
#define SLICES 10
#define SLICE_SECONDS 0.1
#define SEQUENCE_ITEMS 10

struct thread {
    quipu_uuid sequence;
    size_t events; /* of the slice */
    struct measure_batch batch;
};

/* One of the two ways, with its store in the current round. */
struct group {
    struct bench_store store;
    quipu_datastore *datastore;
    quipu_records *records;
    size_t count; /* threads */
    struct thread threads[THREADS_MAX];
    struct measure_result round;
    double rates[MEASURE_ROUNDS_MAX];
    int64_t longest; /* nanoseconds, of all rounds */
};

/* The writer by hand. */
struct writer {
    const struct bench_variant *variant;
    struct bench_store store;
    void *opened;
    quipu_uuid sequence;
    size_t events;
    double seconds;
    double rates[MEASURE_ROUNDS_MAX];
};

static void open_writer(struct writer *writer,
                        const struct bench_driver *driver,
                        const struct bench_workspace *workspace)
{
    writer->variant = driver->hand;
    bench_store_init(&writer->store, driver, workspace, "hand");
    writer->opened = writer->variant->open(&writer->store);
    writer->events = 0;
    writer->seconds = 0;
}

static void run_writer(struct writer *writer)
{
    const double start = measure_clock_seconds();
    double now = start;

    while (now - start < SLICE_SECONDS) {
        const size_t position = writer->events++ % SEQUENCE_ITEMS;

        if (position == 0) {
            quipu_uuid_random(&writer->sequence);
        }
        writer->variant->append(writer->opened, &writer->sequence,
                                (int64_t)position, 1);
        now = measure_clock_seconds();
    }
    writer->seconds += now - start;
}

static void close_writer(struct writer *writer, size_t round)
{
    writer->rates[round] = (double)writer->events / writer->seconds;
    writer->variant->close(writer->opened);
    writer->store.driver->remove(&writer->store);
}

/* Appends one event; each thread begins a sequence after SEQUENCE_ITEMS. */
static int append_one(void *context, size_t number, quipu_error *error)
{
    struct group *group = context;
    struct thread *thread = &group->threads[number];

    if (thread->events++ % SEQUENCE_ITEMS == 0) {
        quipu_uuid_random(&thread->sequence);
    }
    const struct measure_event event = { thread->sequence,
                                         MEASURE_NEXT_POSITION };
    return measure_workload_append(group->records, &thread->batch, &event, 1,
                                   error);
}

static void run_slice(struct group *group)
{
    const struct measure_workers workers = { .count = group->count,
                                             .seconds = SLICE_SECONDS,
                                             .operate = append_one,
                                             .context = group };
    quipu_error error = { 0 };

    for (size_t i = 0; i < group->count; i++) {
        group->threads[i].events = 0;
    }
    bench_fail_on_error(measure_workers_run(&workers, &group->round, &error),
                        &error, "append");
}

static void open_group(struct group *group, const struct bench_driver *driver,
                       const struct bench_workspace *workspace, size_t limit)
{
    quipu_error error = { 0 };

    bench_store_init(&group->store, driver, workspace,
                     limit == 1 ? "alone" : "group");
    group->store.group = limit;
    group->datastore = bench_store_open(&group->store);
    bench_fail_on_error(quipu_records_open(group->datastore,
                                           quipu_schema_stored_events(),
                                           &group->records, &error),
                        &error, "open");
    memset(&group->round, 0, sizeof(group->round));
}

static void close_group(struct group *group, size_t round)
{
    const struct measure_histogram *durations = &group->round.durations;
    quipu_error error = { 0 };

    group->rates[round] = (double)durations->count / group->round.seconds;
    if (durations->longest > group->longest) {
        group->longest = durations->longest;
    }
    bench_fail_on_error(quipu_records_close(group->records, &error), &error,
                        "close");
    bench_fail_on_error(quipu_datastore_close(group->datastore, &error), &error,
                        "close");
    group->store.driver->remove(&group->store);
}

static void run_round(struct group *shared, struct group *alone,
                      struct writer *writer, const struct bench_driver *driver,
                      const struct bench_workspace *workspace, size_t round)
{
    open_group(shared, driver, workspace, 0);
    open_group(alone, driver, workspace, 1);
    open_writer(writer, driver, workspace);
    for (size_t slice = 0; slice < SLICES; slice++) {
        run_slice(slice % 2 == 0 ? shared : alone);
        run_slice(slice % 2 == 0 ? alone : shared);
        run_writer(writer);
    }
    close_group(shared, round);
    close_group(alone, round);
    close_writer(writer, round);
}

static void measure(const struct bench_driver *driver,
                    const struct bench_workspace *workspace, size_t rounds,
                    const char *name, size_t threads)
{
    struct group *shared = bench_allocate(sizeof(*shared));
    struct group *alone = bench_allocate(sizeof(*alone));
    struct writer writer = { .events = 0 };

    shared->count = alone->count = threads;
    for (size_t round = 0; round < rounds; round++) {
        run_round(shared, alone, &writer, driver, workspace, round);
    }
    struct bench_figure figure = {
        .driver = driver->name,
        .name = name,
        .suffix = "",
        .unit = "events/s",
        .longest = measure_clock_milliseconds(shared->longest),
        .baseline_longest = measure_clock_milliseconds(alone->longest)
    };
    bench_figure_report_rounds(figure, shared->rates, alone->rates, rounds);
    figure.suffix = ".hand";
    figure.longest = figure.baseline_longest = 0;
    bench_figure_report_rounds(figure, shared->rates, writer.rates, rounds);
    free(alone);
    free(shared);
}

void bench_group_run(const struct benchmark_selection *selection,
                     const struct bench_driver *driver,
                     const struct bench_workspace *workspace, size_t rounds)
{
    static const size_t threads[] = { 1, 4, 16, 32 };

    for (size_t i = 0; i < sizeof(threads) / sizeof(threads[0]); i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "append.1.group.%zu", threads[i]);
        if (benchmark_selected(selection, driver->name, name)) {
            measure(driver, workspace, rounds, name, threads[i]);
        }
    }
}
