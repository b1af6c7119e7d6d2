/* SPDX-License-Identifier: Apache-2.0 */
/* The progress of a consumer, shared with other threads under a mutex. */
#include "consumer/progress.h"

#include <stdio.h>
#include <time.h>

#include "base/error.h"
#include "base/structs.h"

int quipu_progress_init(struct quipu_progress *progress, quipu_error *error)
{
    *progress = (struct quipu_progress){ .shown = { .struct_size = sizeof(
                                                        progress->shown) } };
    return pthread_mutex_init(&progress->mutex, NULL) == 0
               ? QUIPU_OK
               : quipu_error_no_memory(error);
}

void quipu_progress_finish(struct quipu_progress *progress)
{
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
    (void)pthread_mutex_lock(&progress->mutex);
    progress->shown.position = position;
    progress->shown.head = head;
    (void)pthread_mutex_unlock(&progress->mutex);
}

void quipu_progress_yielded(struct quipu_progress *progress,
                            const quipu_item *item)
{
    (void)pthread_mutex_lock(&progress->mutex);
    progress->shown.yielded++;
    progress->has_item_time = item->flags & QUIPU_ITEM_TIME;
    progress->item_time = item->time;
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
}

/* Returns the microseconds since the item yielded last was stored, by the
 * clock of this machine; -1: unknown. */
static int64_t age(const struct quipu_progress *progress)
{
    struct timespec now;

    if (!progress->has_item_time) {
        return -1;
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    int64_t passed = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 -
                     progress->item_time.microseconds;

    return passed > 0 ? passed : 0;
}

int quipu_progress_read(struct quipu_progress *progress,
                        quipu_consumer_status *status, quipu_error *error)
{
    (void)pthread_mutex_lock(&progress->mutex);
    quipu_consumer_status shown = progress->shown;

    shown.behind =
        shown.head > shown.position ? shown.head - shown.position : 0;
    shown.behind_microseconds = shown.behind == 0 ? 0 : age(progress);
    (void)pthread_mutex_unlock(&progress->mutex);
    return quipu_struct_give(status, &shown, sizeof(shown), "status", error);
}
