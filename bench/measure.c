/* SPDX-License-Identifier: Apache-2.0 */
/* Times a work on several sides in turn and prints the ratios of medians. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SIDES_MAX 4
#define ROUNDS_MAX 32

static double seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A store's files: the path itself and what the back end lays beside it. */
static void remove_store(const char *path)
{
    static const char *const suffixes[] = { "", "-wal", "-shm", "-quipu" };
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char name[600];
        (void)snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        (void)unlink(name);
    }
}

/* A side with a fresh store, and its part of a round. */
struct runner {
    const struct bench_side *side;
    struct bench_store store;
    void *opened;
    double events;
    double seconds;
};

static void open_runner(struct runner *runner, const struct bench_work *work,
                        const char *folder)
{
    runner->store = (struct bench_store){ .relaxed = work->relaxed };
    (void)snprintf(runner->store.path, sizeof runner->store.path, "%s/%s.db",
                   folder, runner->side->name);
    runner->opened = runner->side->open(&runner->store);
    runner->events = runner->seconds = 0;
    if (work->prepare != NULL) {
        work->prepare(work, runner->side, runner->opened);
    }
}

static void close_runner(struct runner *runner)
{
    runner->side->close(runner->opened);
    remove_store(runner->store.path);
}

static void run_slice(struct runner *runner, const struct bench_work *work,
                      size_t slice)
{
    double start = seconds_now();
    runner->events +=
        (double)work->run(work, runner->side, runner->opened, slice);
    runner->seconds += seconds_now() - start;
}

/* One round: the sides take turns, a slice of the work each, so that what else
 * the machine does meets them all alike.  Reading begins with a slice that does
 * not count, which warms the caches. */
static void run_round(struct runner *runners, size_t count,
                      const struct bench_work *work, const char *folder,
                      size_t round, double (*rates)[ROUNDS_MAX])
{
    for (size_t i = 0; i < count; i++) {
        open_runner(&runners[i], work, folder);
    }
    if (work->prepare != NULL) {
        for (size_t i = 0; i < count; i++) {
            run_slice(&runners[i], work, 0);
            runners[i].events = runners[i].seconds = 0;
        }
    }
    for (size_t slice = 0; slice < BENCH_SLICES; slice++) {
        for (size_t i = 0; i < count; i++) {
            run_slice(&runners[(i + slice) % count], work, slice);
        }
    }
    for (size_t i = 0; i < count; i++) {
        rates[i][round] = runners[i].events / runners[i].seconds;
        close_runner(&runners[i]);
    }
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_doubles);
    return count % 2 == 1 ? values[count / 2]
                          : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static void print_line(const struct bench_work *work, const char *driver,
                       const char *suffix, double quipu, double hand)
{
    (void)printf("{\"bench\":\"%s.%s%s\",\"quipu\":%.0f,\"baseline\":%.0f,"
                 "\"unit\":\"%s\",\"ratio\":%.3f}\n",
                 driver, work->name, suffix, quipu, hand, work->unit,
                 quipu / hand);
    (void)fflush(stdout);
}

void bench_measure(const struct bench_work *work, const char *driver,
                   const struct bench_side *hand,
                   const struct bench_side *const *others, size_t other_count,
                   size_t rounds)
{
    double rates[SIDES_MAX][ROUNDS_MAX];
    char folder[] = "quipu-bench-XXXXXX";
    if (mkdtemp(folder) == NULL || other_count >= SIDES_MAX ||
        rounds > ROUNDS_MAX) {
        bench_die(work->name, "cannot make a folder for the stores here");
    }
    struct runner runners[SIDES_MAX] = { { .side = hand } };
    for (size_t i = 0; i < other_count; i++) {
        runners[i + 1].side = others[i];
    }
    for (size_t round = 0; round < rounds; round++) {
        run_round(runners, other_count + 1, work, folder, round, rates);
    }
    (void)rmdir(folder);
    double baseline = median(rates[0], rounds);
    for (size_t i = 0; i < other_count; i++) {
        char suffix[32] = "";
        if (i > 0) {
            (void)snprintf(suffix, sizeof suffix, ".%s", others[i]->name);
        }
        print_line(work, driver, suffix, median(rates[i + 1], rounds),
                   baseline);
    }
}
