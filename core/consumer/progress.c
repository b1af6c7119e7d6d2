/* SPDX-License-Identifier: Apache-2.0 */
/* The progress of a consumer, shared with other threads. */
#include "consumer/progress.h"

#include <stdio.h>

#include <quipu/id.h>

#include "base/error.h"
#include "base/structs.h"
#include "mapper/envelope.h"

int quipu_progress_init(struct quipu_progress *progress, quipu_error *error)
{
    *progress = (struct quipu_progress){ .shown = { .struct_size = sizeof(
                                                        progress->shown) } };
    return pthread_mutex_init(&progress->mutex, NULL) == 0
               ? QUIPU_OK
               : quipu_error_no_memory(error);
}

static void read_lag(struct quipu_lag *lag, quipu_consumer_status *status)
{
    struct quipu_progress *progress =
        (struct quipu_progress *)((char *)lag -
                                  offsetof(struct quipu_progress, lag));

    (void)quipu_progress_read(progress, status, NULL);
}

void quipu_progress_publish(struct quipu_progress *progress,
                            enum quipu_call_operation operation,
                            const quipu_records *records, const char *consumer,
                            const char *log)
{
    progress->operation = operation;
    progress->lag = (struct quipu_lag){
        .metrics = records->datastore->metrics,
        .consumer = consumer ? consumer : "",
        .log = log ? log : records->schema->table,
        .store = records->datastore->opened.identity,
        .read = read_lag,
    };
    quipu_lag_add(&progress->lag);
}

void quipu_progress_finish(struct quipu_progress *progress)
{
    quipu_lag_remove(&progress->lag);
    (void)pthread_mutex_destroy(&progress->mutex);
}

void quipu_progress_state(struct quipu_progress *progress,
                          enum quipu_consumer_state state)
{
    (void)pthread_mutex_lock(&progress->mutex);
    progress->shown.state = (int32_t)state;
    (void)pthread_mutex_unlock(&progress->mutex);
}

void quipu_progress_position(struct quipu_progress *progress, int64_t position,
                             int64_t head)
{
    atomic_store_explicit(&progress->head, head, memory_order_relaxed);
    atomic_store_explicit(&progress->position, position, memory_order_release);
}

int64_t quipu_progress_event_time(const quipu_item *item)
{
    quipu_event event = { .type = NULL };
    quipu_payload payload;
    quipu_decoder decoder = { .state = item->state,
                              .reader = quipu_reader_of(item->state) };

    if (item->flags & QUIPU_ITEM_TIME) {
        return item->time.microseconds;
    }
    return quipu_envelope_read(&decoder, &payload, &event) == QUIPU_OK
               ? event.time.microseconds
               : 0;
}

/* Only the thread of the consumer writes it, so that the addition need not be
 * atomic. */
void quipu_progress_yielded(struct quipu_progress *progress, uint64_t count)
{
    uint64_t yielded =
        atomic_load_explicit(&progress->yielded, memory_order_relaxed);

    atomic_store_explicit(&progress->yielded, yielded + count,
                          memory_order_relaxed);
}

void quipu_progress_oldest(struct quipu_progress *progress,
                           const quipu_item *item)
{
    atomic_store_explicit(&progress->oldest_time,
                          item ? quipu_progress_event_time(item) : 0,
                          memory_order_relaxed);
}

void quipu_progress_skipped(struct quipu_progress *progress)
{
    (void)pthread_mutex_lock(&progress->mutex);
    progress->shown.skipped++;
    (void)pthread_mutex_unlock(&progress->mutex);
}

void quipu_progress_recorded(struct quipu_progress *progress)
{
    (void)pthread_mutex_lock(&progress->mutex);
    progress->shown.recorded++;
    (void)pthread_mutex_unlock(&progress->mutex);
}

void quipu_progress_failed(struct quipu_progress *progress,
                           enum quipu_consumer_state state,
                           const quipu_error *error)
{
    quipu_consumer_status *shown = &progress->shown;

    (void)pthread_mutex_lock(&progress->mutex);
    shown->state = (int32_t)state;
    shown->retries += state == QUIPU_CONSUMER_RETRYING;
    shown->last_code = error->code;
    (void)snprintf(shown->last_message, sizeof(shown->last_message), "%.255s",
                   error->message);
    (void)pthread_mutex_unlock(&progress->mutex);
    if (state == QUIPU_CONSUMER_RETRYING && progress->lag.metrics) {
        quipu_metrics_retry(progress->lag.metrics, progress->operation,
                            error->code);
    }
}

/* Returns the microseconds since that time, by the clock of this machine; -1 if
 * it is unknown. */
static int64_t age(int64_t time)
{
    int64_t passed = quipu_time_now().microseconds - time;

    if (time == 0) {
        return -1;
    }
    return passed > 0 ? passed : 0;
}

int quipu_progress_read(struct quipu_progress *progress,
                        quipu_consumer_status *status, quipu_error *error)
{
    (void)pthread_mutex_lock(&progress->mutex);
    quipu_consumer_status shown = progress->shown;

    (void)pthread_mutex_unlock(&progress->mutex);
    shown.position =
        atomic_load_explicit(&progress->position, memory_order_acquire);
    shown.head = atomic_load_explicit(&progress->head, memory_order_relaxed);
    shown.yielded =
        atomic_load_explicit(&progress->yielded, memory_order_relaxed);
    shown.behind =
        shown.head > shown.position ? shown.head - shown.position : 0;
    shown.behind_microseconds =
        shown.behind == 0 ? 0
                          : age(atomic_load_explicit(&progress->oldest_time,
                                                     memory_order_relaxed));
    return quipu_struct_give(status, &shown, sizeof(shown), "status", error);
}
