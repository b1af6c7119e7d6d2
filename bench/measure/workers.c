/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that repeat an operation for a given time. */
#include "workers.h"
#include "clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define POLL_INTERVAL (MEASURE_CLOCK_SECOND / 50)

/* State that all threads of a run share. */
struct run {
    const struct measure_workers *workers;
    pthread_mutex_t start; /* locked until all threads exist */
    atomic_bool stop;
};

struct worker {
    struct run *run;
    size_t number;
    pthread_t thread;
    int64_t end; /* of the last operation */
    int status;
    quipu_error error;
    struct measure_histogram durations;
};

static void *work(void *context)
{
    struct worker *worker = context;
    struct run *run = worker->run;
    const struct measure_workers *workers = run->workers;

    pthread_mutex_lock(&run->start);
    pthread_mutex_unlock(&run->start);
    worker->end = measure_clock_now();
    do {
        const int64_t begin = worker->end;

        worker->status =
            workers->operate(workers->context, worker->number, &worker->error);
        worker->end = measure_clock_now();
        if (worker->status != QUIPU_OK) {
            atomic_store(&run->stop, true);
        } else {
            measure_histogram_add(&worker->durations, worker->end - begin);
        }
    } while (!atomic_load(&run->stop));
    return NULL;
}

/* Sleeps until the time is over, a worker fails, or the caller interrupts. */
static void wait_until(struct run *run, int64_t end)
{
    bool (*interrupted)(void) = run->workers->interrupted;

    while (!atomic_load(&run->stop) && !(interrupted && interrupted())) {
        const int64_t left = end - measure_clock_now();

        if (left <= 0) {
            break;
        }
        measure_clock_sleep(left < POLL_INTERVAL ? left : POLL_INTERVAL);
    }
    atomic_store(&run->stop, true);
}

/* Returns the number of threads that could be started. */
static size_t start(struct run *run, struct worker *workers)
{
    size_t started = 0;

    while (started < run->workers->count) {
        struct worker *worker = &workers[started];

        worker->run = run;
        worker->number = started;
        if (pthread_create(&worker->thread, NULL, work, worker) != 0) {
            break;
        }
        started++;
    }
    return started;
}

/* Joins the threads and adds their operations to the result. */
static int join(struct worker *workers, size_t count, int64_t begin,
                struct measure_result *result, quipu_error *error)
{
    int64_t end = begin;
    int status = QUIPU_OK;

    for (size_t i = 0; i < count; i++) {
        struct worker *worker = &workers[i];

        pthread_join(worker->thread, NULL);
        measure_histogram_merge(&result->durations, &worker->durations);
        end = worker->end > end ? worker->end : end;
        if (status == QUIPU_OK && worker->status != QUIPU_OK) {
            status = worker->status;
            *error = worker->error;
        }
    }
    result->seconds += (double)(end - begin) / (double)MEASURE_CLOCK_SECOND;
    return status;
}

int measure_workers_run(const struct measure_workers *workers,
                        struct measure_result *result, quipu_error *error)
{
    struct run run = { .workers = workers, .start = PTHREAD_MUTEX_INITIALIZER };
    struct worker *threads = calloc(workers->count, sizeof(*threads));

    if (!threads) {
        return quipu_error_set(error, QUIPU_NO_MEMORY,
                               "cannot measure with %zu threads: out of memory",
                               workers->count);
    }
    pthread_mutex_lock(&run.start);
    const size_t started = start(&run, threads);
    const int64_t begin = measure_clock_now();
    atomic_store(&run.stop, started < workers->count);
    pthread_mutex_unlock(&run.start);
    wait_until(&run, begin + (int64_t)(workers->seconds *
                                       (double)MEASURE_CLOCK_SECOND));
    int status = join(threads, started, begin, result, error);
    free(threads);
    pthread_mutex_destroy(&run.start);
    if (status == QUIPU_OK && started < workers->count) {
        status = quipu_error_set(error, QUIPU_INTERNAL,
                                 "cannot measure with %zu threads: the system "
                                 "started only %zu",
                                 workers->count, started);
    }
    return status;
}
