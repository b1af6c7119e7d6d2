/* SPDX-License-Identifier: Apache-2.0 */
/* The works: appends of some events a commit, replays, scans of the log. */
#include "bench.h"

#define APPEND_SEQUENCE_LENGTH 10
#define SCAN_ITEMS 100000

/* Appends `batch` events; sequences grow to ten events or to one commit's,
 * whichever is more. */
static size_t run_append(const struct bench_work *work,
                         const struct bench_side *side, void *opened, size_t n)
{
    size_t commits = APPEND_SEQUENCE_LENGTH / work->batch; /* of a sequence */
    commits = commits > 0 ? commits : 1;
    quipu_uuid id = bench_sequence(n / commits);
    side->append(opened, &id, (int64_t)(n % commits * work->batch),
                 work->batch);
    return work->batch;
}

/* Stores SCAN_ITEMS items in sequences of `batch` items, which grow in turn,
 * a tenth of a sequence at a time. */
static void prepare_read(const struct bench_work *work,
                         const struct bench_side *side, void *opened)
{
    static struct bench_event events[BENCH_BATCH_MAX];
    size_t sequences = SCAN_ITEMS / work->batch;
    size_t step = work->batch / 10;
    size_t count = 0;
    for (size_t n = 0; n < SCAN_ITEMS; n++) {
        size_t turn = n / step; /* of a sequence */
        events[count++] = (struct bench_event){
            bench_sequence(turn % sequences),
            (int64_t)(turn / sequences * step + n % step)
        };
        if (count == BENCH_BATCH_MAX) {
            side->fill(opened, events, count);
            count = 0;
        }
    }
}

static size_t run_read(const struct bench_work *work,
                       const struct bench_side *side, void *opened, size_t n)
{
    quipu_uuid id = bench_sequence(n * 7919 % (SCAN_ITEMS / work->batch));
    size_t seen = side->read(opened, &id);
    if (seen != work->batch) {
        bench_die(side->name, "a sequence has not the items it should");
    }
    return seen;
}

static size_t run_scan(const struct bench_work *work,
                       const struct bench_side *side, void *opened, size_t n)
{
    (void)work;
    (void)n;
    size_t seen = side->scan(opened);
    if (seen != SCAN_ITEMS) {
        bench_die(side->name, "the log has not the items it should");
    }
    return seen;
}

const struct bench_work bench_works[] = {
    { .name = "append.1", .run = run_append, .batch = 1, .times = 1 },
    { .name = "append.100", .run = run_append, .batch = 100, .times = 1 },
    { .name = "relaxed.append.1",
      .run = run_append,
      .batch = 1,
      .times = 10,
      .relaxed = true },
    { .name = "relaxed.append.100",
      .run = run_append,
      .batch = 100,
      .times = 1,
      .relaxed = true },
    { .name = "read.10",
      .prepare = prepare_read,
      .run = run_read,
      .batch = 10,
      .times = 50,
      .relaxed = true },
    { .name = "read.1000",
      .prepare = prepare_read,
      .run = run_read,
      .batch = 1000,
      .times = 1,
      .relaxed = true },
    { .name = "scan",
      .prepare = prepare_read,
      .run = run_scan,
      .batch = 1000,
      .times = 1,
      .relaxed = true },
};
const size_t bench_work_count = sizeof(bench_works) / sizeof(bench_works[0]);
