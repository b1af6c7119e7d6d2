/* SPDX-License-Identifier: Apache-2.0 */
/* The benchmarks, and the functions that run them. */
#ifndef BENCH_BENCHMARK_H
#define BENCH_BENCHMARK_H

#include "measure/report.h"
#include "store.h"
#include "variant.h"

/* ---------------------------------------------------------- benchmark.c */

/* A piece of work that every variant does, repeated for a slice of time. */
struct benchmark {
    const char *name; /* "append.1" */
    /* Does the work for the n-th time; returns the number of events. */
    size_t (*run)(const struct benchmark *benchmark,
                  const struct bench_variant *variant, void *opened, size_t n);
    /* Fills the store before the measurement, or NULL. */
    void (*prepare)(const struct benchmark *benchmark,
                    const struct bench_variant *variant, void *opened);
    size_t batch;       /* events per commit, or items per sequence */
    size_t repetitions; /* between two readings of the clock */
    bool relaxed;       /* durability=relaxed */
};

extern const struct benchmark benchmark_list[];
extern const size_t benchmark_count;

/* The benchmarks that the command line names. */
struct benchmark_selection {
    const char *patterns[32];
    size_t count; /* 0: all benchmarks */
};

/* Returns true if "driver.name" contains one of the patterns. */
bool benchmark_selected(const struct benchmark_selection *selection,
                        const char *driver, const char *name);

/* -------------------------------------------------- comparison.c, group.c */

#define BENCH_VARIANTS_MAX 8

/* Variants that are measured together. */
struct bench_variants {
    const struct bench_variant *list[BENCH_VARIANTS_MAX];
    size_t count;
    double (*rates)[MEASURE_ROUNDS_MAX]; /* out: events per second, of each */
};

/* Measures the variants of a benchmark in turn, in fresh stores in each round,
 * which are named by the variants. */
void bench_comparison_measure(const struct benchmark *benchmark,
                              const struct bench_driver *driver,
                              const struct bench_workspace *workspace,
                              const struct bench_variants *variants,
                              size_t rounds);

/* Measures a benchmark by hand, by records and by events. */
void bench_comparison_run(const struct benchmark *benchmark,
                          const struct bench_driver *driver,
                          const struct bench_workspace *workspace,
                          size_t rounds);

/* Measures threads that append to one datastore, with shared commits and with
 * group=1, in turn. */
void bench_group_run(const struct benchmark_selection *selection,
                     const struct bench_driver *driver,
                     const struct bench_workspace *workspace, size_t rounds);

/* ---------------------------------------------------------- consumers.c */

/* Measures projections, appends beside them, and filtered reading. */
void bench_consumers_run(const struct benchmark_selection *selection,
                         const struct bench_driver *driver,
                         const struct bench_workspace *workspace,
                         size_t rounds);
/* Names of these benchmarks; NULL ends the list. */
extern const char *const bench_consumers_names[];

/* ------------------------------------------------------------ sealing.c */

/* Measures compressed and encrypted events, of a driver or of the mapper. */
void bench_sealing_run(const struct benchmark_selection *selection,
                       const struct bench_driver *driver,
                       const struct bench_workspace *workspace, size_t rounds);
/* Names of these benchmarks; NULL ends the list. */
extern const char *const bench_sealing_names[];
/* Stands for the mapper, which has no store. */
extern const struct bench_driver bench_mapper;

/* -------------------------------------------------------------- peers.c */

/* Measures appends of single events, each with the expected position of its
 * stream, at 1, 4 and 16 connections: with one category for all, and with one
 * for each.  message-db and quipu take turns.  `uri` leads to the database of
 * message-db; the stores of quipu are made on the server of the workspace. */
void bench_peers_run(const char *uri, const struct bench_workspace *workspace,
                     size_t rounds);

/* ------------------------------------------------------------- growth.c */

/* Measures appends, replays, scans, the size of the store and the memory of a
 * scan at each power of ten up to `most` items. */
void bench_growth_run(const struct bench_driver *driver,
                      const struct bench_workspace *workspace, size_t most);

#endif
