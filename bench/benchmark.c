/* SPDX-License-Identifier: Apache-2.0 */
/* The list of benchmarks. */
#include "benchmark.h"
#include "fail.h"

#include <stdio.h>
#include <string.h>

#define APPEND_SEQUENCE_LENGTH 10
#define SCAN_ITEMS 100000

/* Appends `batch` events.  A sequence gets ten events, or those of one commit
 * if that has more. */
static size_t run_append(const struct benchmark *benchmark,
                         const struct bench_variant *variant, void *opened,
                         size_t n)
{
    size_t commits = APPEND_SEQUENCE_LENGTH / benchmark->batch;
    commits = commits > 0 ? commits : 1; /* per sequence */
    quipu_uuid id = measure_workload_sequence(n / commits);
    variant->append(opened, &id, (int64_t)(n % commits * benchmark->batch),
                    benchmark->batch);
    return benchmark->batch;
}

/* Stores SCAN_ITEMS items in sequences of `batch` items.  The sequences grow in
 * turn, a tenth of a sequence at a time. */
static void prepare_read(const struct benchmark *benchmark,
                         const struct bench_variant *variant, void *opened)
{
    static struct measure_event events[MEASURE_BATCH_MAX];
    size_t sequences = SCAN_ITEMS / benchmark->batch;
    size_t step = benchmark->batch / 10;
    size_t count = 0;
    for (size_t n = 0; n < SCAN_ITEMS; n++) {
        size_t turn = n / step;
        events[count++] = (struct measure_event){
            measure_workload_sequence(turn % sequences),
            (int64_t)(turn / sequences * step + n % step)
        };
        if (count == MEASURE_BATCH_MAX) {
            variant->fill(opened, events, count);
            count = 0;
        }
    }
}

static size_t run_read(const struct benchmark *benchmark,
                       const struct bench_variant *variant, void *opened,
                       size_t n)
{
    quipu_uuid id =
        measure_workload_sequence(n * 7919 % (SCAN_ITEMS / benchmark->batch));
    size_t seen = variant->read(opened, &id);
    if (seen != benchmark->batch) {
        bench_fail(variant->name, "a sequence has a wrong number of items");
    }
    return seen;
}

static size_t run_scan(const struct benchmark *benchmark,
                       const struct bench_variant *variant, void *opened,
                       size_t n)
{
    (void)benchmark;
    (void)n;
    size_t seen = variant->scan(opened);
    if (seen != SCAN_ITEMS) {
        bench_fail(variant->name, "the log has a wrong number of items");
    }
    return seen;
}

const struct benchmark benchmark_list[] = {
    { .name = "append.1", .run = run_append, .batch = 1, .repetitions = 1 },
    { .name = "append.100", .run = run_append, .batch = 100, .repetitions = 1 },
    { .name = "relaxed.append.1",
      .run = run_append,
      .batch = 1,
      .repetitions = 10,
      .relaxed = true },
    { .name = "relaxed.append.100",
      .run = run_append,
      .batch = 100,
      .repetitions = 1,
      .relaxed = true },
    { .name = "read.10",
      .prepare = prepare_read,
      .run = run_read,
      .batch = 10,
      .repetitions = 50,
      .relaxed = true },
    { .name = "read.1000",
      .prepare = prepare_read,
      .run = run_read,
      .batch = 1000,
      .repetitions = 1,
      .relaxed = true },
    { .name = "scan",
      .prepare = prepare_read,
      .run = run_scan,
      .batch = 1000,
      .repetitions = 1,
      .relaxed = true },
};
const size_t benchmark_count =
    sizeof(benchmark_list) / sizeof(benchmark_list[0]);

bool benchmark_selected(const struct benchmark_selection *selection,
                        const char *driver, const char *name)
{
    char full_name[96];

    (void)snprintf(full_name, sizeof(full_name), "%s.%s", driver, name);
    for (size_t i = 0; i < selection->count; i++) {
        if (strstr(full_name, selection->patterns[i])) {
            return true;
        }
    }
    return selection->count == 0;
}
