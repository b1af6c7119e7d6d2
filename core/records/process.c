/* SPDX-License-Identifier: Apache-2.0 */
/* Tells a process from the one that it was forked from, without a call. */
#include "records/process.h"

#include <pthread.h>
#include <stdatomic.h>

#include <quipu/error.h>

static atomic_uint generation;
static pthread_mutex_t watch_lock = PTHREAD_MUTEX_INITIALIZER;
static bool watching;

static void count_fork(void)
{
    atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
}

int quipu_process_watch(quipu_error *error)
{
    int failed = 0;
    pthread_mutex_lock(&watch_lock);
    if (!watching) {
        failed = pthread_atfork(NULL, NULL, count_fork);
        watching = failed == 0;
    }
    pthread_mutex_unlock(&watch_lock);
    if (failed) {
        return quipu_error_set(error, QUIPU_NO_MEMORY,
                               "no memory to watch for forks");
    }
    return QUIPU_OK;
}

unsigned quipu_process_generation(void)
{
    return atomic_load_explicit(&generation, memory_order_relaxed);
}
