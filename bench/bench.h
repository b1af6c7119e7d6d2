/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Benchmarks: the same work by quipu and by a hand-written loop on the bare
 * library, in turn, in one program; figures are ratios of medians.
 *
 * A *side* does the work in one way: it appends, reads a sequence, scans the
 * log.  A *workload* is generic over sides.
 */
#ifndef BENCH_H
#define BENCH_H

#include <quipu/quipu.h>

#include <stddef.h>
#include <stdint.h>

#define BENCH_STATE_SIZE 200
#define BENCH_TOPIC "ledger.account:Credited"

/* What a store is opened for. */
struct bench_store {
    char path[512]; /* of a file or folder that is not there yet */
    bool relaxed;   /* durability=relaxed */
};

/*
 * One way to do the work.  Each function ends the program with a message if it
 * fails: a benchmark that half works measures nothing.  `append` commits
 * `count` events of one sequence at once, at the positions from `first` on;
 * `read` and `scan` touch each item's topic and state, and return the number
 * of items seen.
 */
struct bench_side {
    const char *name;
    void *(*open)(const struct bench_store *store);
    void (*append)(void *side, const quipu_uuid *sequence, int64_t first,
                   size_t count);
    size_t (*read)(void *side, const quipu_uuid *sequence);
    size_t (*scan)(void *side);
    void (*close)(void *side);
};

extern const struct bench_side bench_hand_sqlite;
extern const struct bench_side bench_records_sqlite;
extern const struct bench_side bench_events_sqlite;

#define BENCH_SLICES 20

/* A piece of work, timed a slice at a time. */
struct bench_work {
    const char *name; /* "append.1" */
    const char *unit;
    /* Does one of BENCH_SLICES slices; returns the number of events. */
    size_t (*run)(const struct bench_work *work, const struct bench_side *side,
                  void *opened, size_t slice);
    /* Prepares a store before the clock starts, or NULL. */
    void (*prepare)(const struct bench_work *work,
                    const struct bench_side *side, void *opened);
    size_t batch; /* events a commit, or items a sequence */
    size_t times; /* commits, or reads, of a slice */
    bool relaxed;
};

extern const struct bench_work bench_works[];
extern const size_t bench_work_count;

/*
 * Measures `work` on the hand-written side and on others, in turn, `rounds`
 * times, each time in fresh stores, and prints one line of JSON for each other
 * side: its median, the hand-written one's, and their ratio.
 */
void bench_measure(const struct bench_work *work, const char *driver,
                   const struct bench_side *hand,
                   const struct bench_side *const *others, size_t other_count,
                   size_t rounds);

/* A state of BENCH_STATE_SIZE bytes, the same for all sides. */
extern const unsigned char bench_state[BENCH_STATE_SIZE];

/* Uses bytes so that no compiler leaves the reading out. */
void bench_touch(const void *data, size_t size);

/* Zeroed memory; never NULL. */
void *bench_allocate(size_t size);

/* Ends the program with what went wrong, unless `status` is QUIPU_OK. */
void bench_need(int status, const quipu_error *error, const char *what);
_Noreturn void bench_die(const char *what, const char *why);

#endif
