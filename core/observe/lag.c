/* SPDX-License-Identifier: Apache-2.0 */
/* The list of open consumers. */
#include "observe/lag.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct quipu_lag *first; /* under the mutex, as all that follows */
static struct quipu_lag **end = &first;
static size_t open_count;

void quipu_lag_add(struct quipu_lag *lag)
{
    pthread_mutex_lock(&mutex);
    lag->next = NULL;
    lag->at = end;
    *end = lag;
    end = &lag->next;
    open_count++;
    pthread_mutex_unlock(&mutex);
}

void quipu_lag_remove(struct quipu_lag *lag)
{
    if (!lag->at) {
        return;
    }
    pthread_mutex_lock(&mutex);
    *lag->at = lag->next;
    if (lag->next) {
        lag->next->at = lag->at;
    } else {
        end = lag->at;
    }
    lag->at = NULL;
    open_count--;
    pthread_mutex_unlock(&mutex);
}

static bool is_same(const struct quipu_lag_sum *sum,
                    const struct quipu_lag *lag)
{
    return sum->driver == lag->metrics->driver &&
           strcmp(sum->consumer, lag->consumer) == 0 &&
           strcmp(sum->log, lag->log) == 0 &&
           memcmp(&sum->store, &lag->store, sizeof(sum->store)) == 0;
}

/* Returns the sum of a consumer; a new one at the end of the array if there is
 * none yet. */
static struct quipu_lag_sum *find(struct quipu_lag_sum *sums, size_t *count,
                                  const struct quipu_lag *lag)
{
    for (size_t i = 0; i < *count; i++) {
        if (is_same(&sums[i], lag)) {
            return &sums[i];
        }
    }
    struct quipu_lag_sum *sum = &sums[(*count)++];

    sum->driver = lag->metrics->driver;
    sum->store = lag->store;
    sum->position = INT64_MAX;
    (void)snprintf(sum->consumer, sizeof(sum->consumer), "%s", lag->consumer);
    (void)snprintf(sum->log, sizeof(sum->log), "%s", lag->log);
    return sum;
}

static void add(struct quipu_lag_sum *sum, const quipu_consumer_status *status)
{
    if (status->state >= 0 && status->state <= QUIPU_CONSUMER_STANDBY) {
        sum->states[status->state]++;
    }
    if (status->position < sum->position) {
        sum->position = status->position;
    }
    if (status->behind > sum->behind) {
        sum->behind = status->behind;
    }
    /* One whose age is unknown may be the oldest. */
    if (status->behind_microseconds < 0 || sum->behind_microseconds < 0) {
        sum->behind_microseconds = -1;
    } else if (status->behind_microseconds > sum->behind_microseconds) {
        sum->behind_microseconds = status->behind_microseconds;
    }
}

int quipu_lag_list(struct quipu_lag_sum **sums, size_t *count,
                   quipu_error *error)
{
    *count = 0;
    pthread_mutex_lock(&mutex);
    *sums = quipu_allocate_array(open_count + 1, sizeof(**sums));
    if (*sums) {
        for (struct quipu_lag *lag = first; lag; lag = lag->next) {
            quipu_consumer_status status = { .struct_size = sizeof(status) };

            lag->read(lag, &status);
            add(find(*sums, count, lag), &status);
        }
    }
    pthread_mutex_unlock(&mutex);
    return *sums ? QUIPU_OK : quipu_error_no_memory(error);
}
