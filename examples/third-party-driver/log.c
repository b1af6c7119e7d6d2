/* SPDX-License-Identifier: Apache-2.0 */
/* The log: its head, the last positions of its sequences, and waiting for it to
 * grow. */
#include "memory.h"

#include <errno.h>
#include <string.h>
#include <time.h>

int memory_log_last_position(quipu_driver_datastore *datastore,
                             quipu_driver_schema *bound,
                             quipu_bytes sequence_id, int64_t deadline,
                             bool *found, int64_t *position, quipu_error *error)
{
    const struct sequence *sequence;

    (void)deadline;
    (void)error;
    pthread_mutex_lock(&datastore->store->lock);
    sequence = memory_table_find_sequence(bound, sequence_id);
    *found = sequence && sequence->records.count > 0;
    if (*found) {
        size_t last = sequence->records.count - 1;

        *position = sequence->records.at[last]->item.position;
    }
    pthread_mutex_unlock(&datastore->store->lock);
    return QUIPU_OK;
}

int memory_log_head(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, int64_t deadline,
                    quipu_position *head, quipu_error *error)
{
    (void)deadline;
    (void)error;
    pthread_mutex_lock(&datastore->store->lock);
    *head = (quipu_position){
        .notification_id = (int64_t)bound->log.count,
        .store = datastore->store->identity,
    };
    if (bound->schema.event_id && bound->log.count > 0) {
        memcpy(&head->event_id,
               bound->log.at[bound->log.count - 1]->item.event_id.data,
               sizeof(head->event_id));
    }
    pthread_mutex_unlock(&datastore->store->lock);
    return QUIPU_OK;
}

/* Waits for a change; returns false if the deadline has passed. */
static bool sleep_until(struct store *store, int64_t deadline)
{
    struct timespec at = { .tv_sec = (time_t)(deadline / 1000000000),
                           .tv_nsec = (long)(deadline % 1000000000) };

    if (deadline == INT64_MAX) {
        return pthread_cond_wait(&store->changed, &store->lock) == 0;
    }
    return deadline > 0 && pthread_cond_timedwait(&store->changed, &store->lock,
                                                  &at) != ETIMEDOUT;
}

int memory_log_wait(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, int64_t after, int64_t deadline,
                    int64_t *head, quipu_error *error)
{
    struct store *store = datastore->store;
    bool in_time = true;
    bool done;
    unsigned before;

    pthread_mutex_lock(&store->lock);
    before = datastore->interrupts;
    while (!(done = (int64_t)bound->log.count > after ||
                    datastore->interrupts != before) &&
           in_time) {
        in_time = sleep_until(store, deadline);
    }
    *head = (int64_t)bound->log.count;
    pthread_mutex_unlock(&store->lock);
    return done ? QUIPU_OK
                : store->host->error_set(error, QUIPU_TIMEOUT, 0, NULL,
                                         "the log did not grow in time");
}
