/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that operate for a while, and what they took. */
#include "bench.h"
#include "interrupt.h"
#include "progress.h"
#include "text.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOK_EVERY 20000000 /* nanoseconds */

struct crew {
    pthread_mutex_t gate; /* held until all may start */
    atomic_bool stop;
};

struct member {
    struct bench_worker worker;
    struct crew *crew;
    pthread_t thread;
    struct bench_times *times;
    int64_t end;
    int status;
    quipu_error error;
};

static void operate(struct member *member)
{
    int64_t now = quipu_tool_now();

    do {
        const int64_t begin = now;

        member->status =
            member->worker.step->operate(&member->worker, &member->error);
        now = quipu_tool_now();
        if (member->status == QUIPU_OK) {
            quipu_tool_bench_time(member->times, now - begin);
        }
    } while (member->status == QUIPU_OK && !atomic_load(&member->crew->stop));
    member->end = now;
}

static void *run(void *context)
{
    struct member *member = context;

    pthread_mutex_lock(&member->crew->gate);
    pthread_mutex_unlock(&member->crew->gate);
    operate(member);
    quipu_cursor_close(member->worker.cursor);
    if (member->status != QUIPU_OK) {
        atomic_store(&member->crew->stop, true);
    }
    return NULL;
}

/* Lets the time go by, unless there is a reason to end. */
static void wait_until(const struct crew *crew, int64_t end)
{
    int64_t now = quipu_tool_now();

    while (now < end && !atomic_load(&crew->stop) &&
           !quipu_tool_interrupted()) {
        const int64_t pause = end - now < LOOK_EVERY ? end - now : LOOK_EVERY;
        const struct timespec time = { .tv_nsec = (long)pause };

        nanosleep(&time, NULL);
        now = quipu_tool_now();
    }
}

/* Starts the threads; the number of those that could be. */
static size_t start(struct bench *bench, const struct bench_step *step,
                    struct crew *crew, struct member *members)
{
    size_t started = 0;

    while (started < step->threads) {
        struct member *member = &members[started];

        member->worker.bench = bench;
        member->worker.step = step;
        member->crew = crew;
        member->times = quipu_tool_allocate(1, sizeof(*member->times));
        if (pthread_create(&member->thread, NULL, run, member) != 0) {
            free(member->times);
            break;
        }
        started++;
    }
    return started;
}

/* Ends the threads, and takes in what they have done until `end`. */
static int collect(struct member *members, size_t count, int64_t begin,
                   struct bench_result *result, quipu_error *error)
{
    int64_t end = begin;
    int status = QUIPU_OK;

    for (size_t i = 0; i < count; i++) {
        struct member *member = &members[i];

        pthread_join(member->thread, NULL);
        quipu_tool_bench_merge(&result->times, member->times);
        free(member->times);
        end = member->end > end ? member->end : end;
        if (status == QUIPU_OK && member->status != QUIPU_OK) {
            status = member->status;
            *error = member->error;
        }
    }
    result->seconds = (double)(end - begin) / 1e9;
    return status;
}

int quipu_tool_bench_measure(struct bench *bench, const struct bench_step *step,
                             struct bench_result *result, quipu_error *error)
{
    struct crew crew = { .gate = PTHREAD_MUTEX_INITIALIZER };
    struct member *members =
        quipu_tool_allocate(step->threads, sizeof(*members));
    int64_t begin;
    size_t started;
    int status;

    memset(result, 0, sizeof(*result));
    pthread_mutex_lock(&crew.gate);
    started = start(bench, step, &crew, members);
    begin = quipu_tool_now();
    atomic_store(&crew.stop, started < step->threads);
    pthread_mutex_unlock(&crew.gate);
    wait_until(&crew, begin + (int64_t)(bench->seconds * 1e9));
    atomic_store(&crew.stop, true);
    status = collect(members, started, begin, result, error);
    free(members);
    pthread_mutex_destroy(&crew.gate);
    return status == QUIPU_OK && started < step->threads
               ? quipu_error_set(error, QUIPU_INTERNAL,
                                 "cannot start %zu threads", step->threads)
               : status;
}
