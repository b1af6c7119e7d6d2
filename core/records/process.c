/* SPDX-License-Identifier: Apache-2.0 */
/* Tells a process from the one that it was forked from, without a call. */
#include "records/process.h"

#include <pthread.h>

#include <quipu/error.h>

atomic_uint quipu_process_forks;
static pthread_mutex_t watch_lock = PTHREAD_MUTEX_INITIALIZER;
static bool watching;

static void count_fork(void)
{
    atomic_fetch_add_explicit(&quipu_process_forks, 1, memory_order_relaxed);
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
