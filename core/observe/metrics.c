/* SPDX-License-Identifier: Apache-2.0 */
/* Counts what datastores do, by driver. */
#include "observe/metrics.h"

#include <pthread.h>
#include <string.h>

atomic_uint quipu_metrics_flags;

const int64_t quipu_metrics_times[QUIPU_METRICS_TIMES] = {
    10000,      25000,      50000,      100000,      250000,
    500000,     1000000,    2500000,    5000000,     10000000,
    25000000,   50000000,   100000000,  250000000,   500000000,
    1000000000, 2500000000, 5000000000, 10000000000,
};

/* An element is set under the mutex, and then never changes; `count` is
 * released after it. */
static struct quipu_metrics all[QUIPU_METRICS_DRIVERS];
static atomic_size_t count;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void quipu_metrics_enable(bool enable)
{
    if (enable) {
        atomic_fetch_or(&quipu_metrics_flags, QUIPU_METRICS_ENABLED);
    } else {
        atomic_fetch_and(&quipu_metrics_flags, ~QUIPU_METRICS_ENABLED);
    }
}

struct quipu_metrics *quipu_metrics_of(const char *driver)
{
    size_t i = 0;

    pthread_mutex_lock(&mutex);
    while (i < QUIPU_METRICS_DRIVERS - 1 && all[i].driver &&
           strcmp(all[i].driver, driver) != 0) {
        i++;
    }
    if (!all[i].driver) {
        all[i].driver = i < QUIPU_METRICS_DRIVERS - 1 ? driver : "other";
        atomic_store_explicit(&count, i + 1, memory_order_release);
    }
    pthread_mutex_unlock(&mutex);
    return &all[i];
}

struct quipu_metrics *quipu_metrics_at(size_t index)
{
    return index < atomic_load_explicit(&count, memory_order_acquire)
               ? &all[index]
               : NULL;
}

/* ----------------------------------------------------------------- counting */

static void add(_Atomic uint64_t *counter, uint64_t number)
{
    atomic_fetch_add_explicit(counter, number, memory_order_relaxed);
}

static void add_duration(struct quipu_metrics_duration *duration,
                         int64_t nanoseconds)
{
    size_t i = 0;

    while (i < QUIPU_METRICS_TIMES && nanoseconds > quipu_metrics_times[i]) {
        i++;
    }
    add(&duration->buckets[i], 1);
    add(&duration->sum, (uint64_t)nanoseconds);
}

/* Functions of a program may return any number. */
static size_t index_of(int status)
{
    return status >= QUIPU_OK && status <= QUIPU_INTERNAL
               ? (size_t)status
               : QUIPU_METRICS_STATUSES - 1;
}

static void count_doubt(struct quipu_metrics *metrics,
                        const quipu_call_info *info)
{
    if (info->status == QUIPU_UNKNOWN_OUTCOME) {
        add(&metrics->doubts[QUIPU_METRICS_DOUBT_UNKNOWN], 1);
    } else if (info->result_flags & QUIPU_RESULT_IN_DOUBT) {
        add(&metrics->doubts[info->status == QUIPU_OK
                                 ? QUIPU_METRICS_DOUBT_STORED
                                 : QUIPU_METRICS_DOUBT_REFUSED],
            1);
    }
    if (info->result_flags & QUIPU_RESULT_REPEATED) {
        add(&metrics->repeated, 1);
    }
}

static void count_append(struct quipu_metrics *metrics,
                         const quipu_call_info *info)
{
    add_duration(&metrics->queued, info->queued_nanoseconds);
    count_doubt(metrics, info);
    if (info->status == QUIPU_CONFLICT && info->cause >= 0 &&
        info->cause < QUIPU_METRICS_CAUSES) {
        add(&metrics->conflicts[info->cause], 1);
    }
}

void quipu_metrics_call(struct quipu_metrics *metrics,
                        const quipu_call_info *info)
{
    struct quipu_metrics_operation *operation =
        &metrics->operations[info->operation];

    add(&operation->calls[index_of(info->status)], 1);
    add_duration(&operation->duration, info->nanoseconds);
    if (info->status == QUIPU_OK) {
        add(&operation->items, info->items);
        add(&operation->bytes, info->bytes);
    }
    if (info->operation == QUIPU_OPERATION_APPEND ||
        info->operation == QUIPU_OPERATION_TRANSACT) {
        count_append(metrics, info);
    }
}

static bool is_enabled(void)
{
    return atomic_load_explicit(&quipu_metrics_flags, memory_order_relaxed) &
           QUIPU_METRICS_ENABLED;
}

void quipu_metrics_retry(struct quipu_metrics *metrics,
                         enum quipu_call_operation operation, int status)
{
    if (is_enabled()) {
        add(&metrics->operations[operation].retries[index_of(status)], 1);
    }
}

void quipu_metrics_group(struct quipu_metrics *metrics, size_t appends)
{
    size_t i = 0;

    if (!is_enabled()) {
        return;
    }
    while (i < QUIPU_METRICS_GROUPS && appends > (size_t)1 << i) {
        i++;
    }
    add(&metrics->groups[i], 1);
    add(&metrics->grouped, appends);
}

const char *quipu_metrics_operation_name(int operation)
{
    static const char *const names[QUIPU_OPERATION_COUNT] = {
        "append",  "transact", "read",    "wait",  "unit",
        "project", "react",    "publish", "erase",
    };

    return names[operation];
}
