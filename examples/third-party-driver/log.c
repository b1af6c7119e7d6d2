/* SPDX-License-Identifier: Apache-2.0 */
/* The log: its head, the last positions of its sequences, and waiting for it to
 * grow. */
#include "memory.h"

#include <string.h>

int memory_log_last_position(quipu_driver_datastore *datastore,
                             quipu_driver_schema *bound,
                             quipu_bytes sequence_id, int64_t deadline,
                             bool *found, int64_t *position, quipu_error *error)
{
    int status = memory_store_lock(datastore->store, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    const struct sequence *sequence =
        memory_table_find_sequence(bound, sequence_id);
    *found = sequence && sequence->records.count > 0;
    if (*found) {
        size_t last = sequence->records.count - 1;

        *position = sequence->records.at[last]->item.position;
    }
    memory_store_unlock(datastore->store);
    return QUIPU_OK;
}

int memory_log_head(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, int64_t deadline,
                    quipu_position *head, quipu_error *error)
{
    int status = memory_store_lock(datastore->store, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    *head = (quipu_position){
        .notification_id = (int64_t)bound->contents->log.count,
        .store = datastore->store->identity,
    };
    if (bound->schema.event_id && bound->contents->log.count > 0) {
        memcpy(&head->event_id,
               bound->contents->log.at[bound->contents->log.count - 1]
                   ->item.event_id.data,
               sizeof(head->event_id));
    }
    memory_store_unlock(datastore->store);
    return QUIPU_OK;
}

/* Sets *head, and returns true if it is above `after`.  An append that still
 * runs does not show. */
static bool has_grown(const quipu_driver_schema *bound, int64_t after,
                      int64_t *head)
{
    *head = bound->contents->head;
    return *head > after;
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
    while (!(done = has_grown(bound, after, head) ||
                    datastore->interrupts != before) &&
           in_time) {
        in_time = memory_store_wait(store, deadline);
    }
    pthread_mutex_unlock(&store->lock);
    return done ? QUIPU_OK
                : store->host->error_set(error, QUIPU_TIMEOUT, 0, NULL,
                                         "the log did not grow in time");
}
