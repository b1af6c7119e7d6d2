/* SPDX-License-Identifier: Apache-2.0 */
/* The works: appends of some events a commit, replays, scans of the log. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

#define APPEND_SEQUENCE_LENGTH 10
#define SCAN_ITEMS 100000

const unsigned char bench_state[BENCH_STATE_SIZE] = {
    0x81, 0xa4, 'd', 'a', 't', 'a', 0xc4, 191, /* {"data": 191 bytes} */
};

void bench_touch(const void *data, size_t size)
{
    static volatile unsigned char sink;
    const unsigned char *bytes = data;
    sink = (unsigned char)(sink ^ bytes[0] ^ bytes[size - 1]);
}

void bench_die(const char *what, const char *why)
{
    (void)fprintf(stderr, "quipu-bench: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

void *bench_allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL) {
        bench_die("memory", "there is none left");
    }
    return memory;
}

void bench_need(int status, const quipu_error *error, const char *what)
{
    if (status != QUIPU_OK) {
        bench_die(what, error->message);
    }
}

/* The id of the n-th sequence: spread over the key space as random ids are. */
static quipu_uuid sequence_id(size_t n)
{
    static const quipu_uuid name_space = { { 0x71, 0x75, 0x69, 0x70, 0x75 } };
    quipu_uuid id;
    quipu_uuid_of_name(&id, &name_space, &n, sizeof n);
    return id;
}

/* Appends `batch` events a commit; sequences grow to ten events or to one
 * commit's, whichever is more. */
static size_t run_append(const struct bench_work *work,
                         const struct bench_side *side, void *opened,
                         size_t slice)
{
    size_t commits = APPEND_SEQUENCE_LENGTH / work->batch; /* of a sequence */
    commits = commits > 0 ? commits : 1;
    for (size_t i = 0; i < work->times; i++) {
        size_t commit = slice * work->times + i;
        quipu_uuid id = sequence_id(commit / commits);
        side->append(opened, &id, (int64_t)(commit % commits * work->batch),
                     work->batch);
    }
    return work->times * work->batch;
}

/* Stores SCAN_ITEMS items in sequences of `batch` items, which grow in turn,
 * a tenth of a sequence at a time. */
static void prepare_read(const struct bench_work *work,
                         const struct bench_side *side, void *opened)
{
    size_t sequences = SCAN_ITEMS / work->batch;
    size_t step = work->batch / 10;
    for (size_t first = 0; first < work->batch; first += step) {
        for (size_t n = 0; n < sequences; n++) {
            quipu_uuid id = sequence_id(n);
            side->append(opened, &id, (int64_t)first, step);
        }
    }
}

static size_t run_read(const struct bench_work *work,
                       const struct bench_side *side, void *opened,
                       size_t slice)
{
    size_t sequences = SCAN_ITEMS / work->batch;
    size_t events = 0;
    for (size_t i = 0; i < work->times; i++) {
        quipu_uuid id =
            sequence_id(((slice * work->times + i) * 7919) % sequences);
        size_t seen = side->read(opened, &id);
        if (seen != work->batch) {
            bench_die(side->name, "a sequence has not the items it should");
        }
        events += seen;
    }
    return events;
}

static size_t run_scan(const struct bench_work *work,
                       const struct bench_side *side, void *opened,
                       size_t slice)
{
    (void)slice;
    size_t events = 0;
    for (size_t i = 0; i < work->times; i++) {
        size_t seen = side->scan(opened);
        if (seen != SCAN_ITEMS) {
            bench_die(side->name, "the log has not the items it should");
        }
        events += seen;
    }
    return events;
}

#define EVENTS .unit = "events/s"

const struct bench_work bench_works[] = {
    { .name = "append.1", .run = run_append, .batch = 1, .times = 100, EVENTS },
    { .name = "append.100",
      .run = run_append,
      .batch = 100,
      .times = 20,
      EVENTS },
    { .name = "relaxed.append.1",
      .run = run_append,
      .batch = 1,
      .times = 500,
      .relaxed = true,
      EVENTS },
    { .name = "relaxed.append.100",
      .run = run_append,
      .batch = 100,
      .times = 20,
      .relaxed = true,
      EVENTS },
    { .name = "read.10",
      .prepare = prepare_read,
      .run = run_read,
      .batch = 10,
      .times = 500,
      .relaxed = true,
      EVENTS },
    { .name = "read.1000",
      .prepare = prepare_read,
      .run = run_read,
      .batch = 1000,
      .times = 20,
      .relaxed = true,
      EVENTS },
    { .name = "scan",
      .prepare = prepare_read,
      .run = run_scan,
      .batch = 1000,
      .times = 1,
      .relaxed = true,
      EVENTS },
};
const size_t bench_work_count = sizeof bench_works / sizeof bench_works[0];
