/* SPDX-License-Identifier: Apache-2.0 */
/* The lock of a store, with deadlines. */
#include "memory.h"

#include <errno.h>
#include <time.h>

bool memory_store_wait(struct store *store, int64_t deadline)
{
    struct timespec at = { .tv_sec = (time_t)(deadline / 1000000000),
                           .tv_nsec = (long)(deadline % 1000000000) };

    if (deadline == INT64_MAX) {
        return pthread_cond_wait(&store->changed, &store->lock) == 0;
    }
    return deadline > 0 && pthread_cond_timedwait(&store->changed, &store->lock,
                                                  &at) != ETIMEDOUT;
}

int memory_store_lock(struct store *store, int64_t deadline, quipu_error *error)
{
    bool in_time = true;

    pthread_mutex_lock(&store->lock);
    while (store->appending && in_time) {
        in_time = memory_store_wait(store, deadline);
    }
    if (!store->appending) {
        return QUIPU_OK;
    }
    pthread_mutex_unlock(&store->lock);
    return store->host->error_set(error, QUIPU_BUSY, 0, NULL,
                                  "another append did not end in time");
}

void memory_store_lock_always(struct store *store)
{
    pthread_mutex_lock(&store->lock);
    while (store->appending) {
        pthread_cond_wait(&store->changed, &store->lock);
    }
}

void memory_store_unlock(struct store *store)
{
    pthread_mutex_unlock(&store->lock);
}
