/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of `quipu bench`. */
#ifndef QUIPU_TOOLS_BENCH_H
#define QUIPU_TOOLS_BENCH_H

#include "args.h"

#include <quipu/quipu.h>

#define BENCH_SEQUENCE 100   /* items of a sequence */
#define BENCH_SEQUENCES 1000 /* that are remembered for replaying */
#define BENCH_STATE 200      /* bytes */

/* Durations in constant memory: 32 buckets for each power of two, so that a
 * percentile is right to 3 %. */
#define BENCH_BUCKETS ((size_t)64 * 32)
struct bench_times {
    int64_t count;
    int64_t sum; /* nanoseconds */
    int64_t longest;
    int64_t buckets[BENCH_BUCKETS];
};
void quipu_tool_bench_time(struct bench_times *times, int64_t nanoseconds);
void quipu_tool_bench_merge(struct bench_times *times,
                            const struct bench_times *more);
/* Nanoseconds below which so many of a hundred operations took. */
int64_t quipu_tool_bench_percentile(const struct bench_times *times,
                                    int percent);

struct bench {
    double seconds; /* for each figure */
    double single;  /* items a second, appended one by one */
    quipu_records *records;
    quipu_uuid sequences[BENCH_SEQUENCES]; /* of BENCH_SEQUENCE items each */
    size_t sequence_count;
};

/* What one of the threads of a measurement has. */
struct bench_worker {
    struct bench *bench;
    const struct bench_step *step;
    size_t number;
    quipu_uuid sequence; /* that is appended to */
    int64_t position;    /* the next one in it */
    size_t replayed;
    quipu_cursor *cursor; /* over the log */
    char state[BENCH_STATE];
};

/* One line of the result. */
struct bench_step {
    const char *work;
    size_t threads;
    size_t items; /* of one operation */
    int (*operate)(struct bench_worker *worker, quipu_error *error);
};

struct bench_result {
    struct bench_times times;
    double seconds;
};

/* Operations: an append of `items`, a sequence read, items of the log read. */
int quipu_tool_bench_append(struct bench_worker *worker, quipu_error *error);
int quipu_tool_bench_replay(struct bench_worker *worker, quipu_error *error);
int quipu_tool_bench_scan(struct bench_worker *worker, quipu_error *error);

/* The name of this process's schema. */
#define BENCH_TABLE_SIZE 64
void quipu_tool_bench_table(char name[BENCH_TABLE_SIZE]);
/* Removes the schema of that name, and those of processes that were killed. */
int quipu_tool_bench_teardown(quipu_datastore *datastore, const char *table,
                              quipu_error *error);
int quipu_tool_bench_sweep(quipu_datastore *datastore, quipu_error *error);

/* Operates in as many threads as the step says until the time is over, or the
 * user asks to end. */
int quipu_tool_bench_measure(struct bench *bench, const struct bench_step *step,
                             struct bench_result *result, quipu_error *error);

#endif
