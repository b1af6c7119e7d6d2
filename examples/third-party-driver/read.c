/* SPDX-License-Identifier: Apache-2.0 */
/* Reads without a cursor: last positions, log heads, tracking records; and
 * waiting for the log to grow. */
#include "memory.h"

#include <errno.h>
#include <string.h>
#include <time.h>

struct tracking_record *memory_tracking_find(struct store *store,
                                             quipu_bytes consumer,
                                             quipu_bytes log,
                                             struct tracking_record ***where)
{
    struct tracking_record **link = &store->tracking_records;
    int order = 1;

    for (; *link; link = &(*link)->next) {
        order = memory_bytes_compare((*link)->row.consumer, consumer);
        order = order ? order : memory_bytes_compare((*link)->row.log, log);
        if (order >= 0) {
            break;
        }
    }
    *where = link;
    return *link && order == 0 ? *link : NULL;
}

int memory_read_tracking(quipu_driver_datastore *datastore,
                         quipu_bytes consumer, quipu_bytes log,
                         int64_t deadline, quipu_position *position,
                         quipu_error *error)
{
    struct store *store = datastore->store;
    struct tracking_record **where;
    const struct tracking_record *track;

    (void)deadline;
    pthread_mutex_lock(&store->lock);
    track = memory_tracking_find(store, consumer, log, &where);
    if (track) {
        *position = track->row.position;
    }
    pthread_mutex_unlock(&store->lock);
    return track ? QUIPU_OK
                 : store->host->error_set(
                       error, QUIPU_NOT_FOUND, 0, NULL,
                       "consumer \"%.*s\" has no tracking record of log "
                       "\"%.*s\"",
                       (int)consumer.size, (const char *)consumer.data,
                       (int)log.size, (const char *)log.data);
}

int memory_last_position(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound, quipu_bytes sequence_id,
                         int64_t deadline, bool *found, int64_t *position,
                         quipu_error *error)
{
    const struct sequence *sequence;

    (void)deadline;
    (void)error;
    pthread_mutex_lock(&datastore->store->lock);
    sequence = memory_sequence_find(bound, sequence_id);
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
    struct timespec at = { .tv_sec = deadline / 1000000000,
                           .tv_nsec = deadline % 1000000000 };

    if (deadline == INT64_MAX) {
        return pthread_cond_wait(&store->changed, &store->lock) == 0;
    }
    return deadline > 0 && pthread_cond_timedwait(&store->changed, &store->lock,
                                                  &at) != ETIMEDOUT;
}

int memory_wait(quipu_driver_datastore *datastore, quipu_driver_schema *bound,
                int64_t after, int64_t deadline, int64_t *head,
                quipu_error *error)
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
