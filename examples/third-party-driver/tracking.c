/* SPDX-License-Identifier: Apache-2.0 */
/* Tracking records: a list in the order of consumer and log. */
#include "memory.h"

#include <string.h>

struct tracking_record *memory_tracking_find(struct store *store,
                                             quipu_bytes consumer,
                                             quipu_bytes log,
                                             struct tracking_record ***where)
{
    struct tracking_record **link = &store->tracking_records;
    int order = 1;

    for (; *link; link = &(*link)->next) {
        order = memory_map_compare((*link)->row.consumer, consumer);
        order = order ? order : memory_map_compare((*link)->row.log, log);
        if (order >= 0) {
            break;
        }
    }
    *where = link;
    return *link && order == 0 ? *link : NULL;
}

bool memory_tracking_store(struct store *store, const quipu_tracking *tracking)
{
    struct tracking_record **where;
    struct tracking_record *record =
        memory_tracking_find(store, tracking->consumer, tracking->log, &where);
    char *text;

    if (tracking->position.notification_id == 0) {
        if (record) {
            *where = record->next;
            store->host->release(record);
        }
        return true;
    }
    if (!record) {
        record = store->host->allocate(
            sizeof(*record) + tracking->consumer.size + tracking->log.size);
        if (!record) {
            return false;
        }
        memset(record, 0, sizeof(*record));
        text = (char *)(record + 1);
        memcpy(text, tracking->consumer.data, tracking->consumer.size);
        record->row.consumer = (quipu_bytes){ text, tracking->consumer.size };
        text += tracking->consumer.size;
        memcpy(text, tracking->log.data, tracking->log.size);
        record->row.log = (quipu_bytes){ text, tracking->log.size };
        record->next = *where;
        *where = record;
    }
    record->row.position = tracking->position;
    return true;
}

int memory_tracking_read(quipu_driver_datastore *datastore,
                         quipu_bytes consumer, quipu_bytes log,
                         int64_t deadline, quipu_position *position,
                         quipu_error *error)
{
    struct store *store = datastore->store;
    struct tracking_record **where;
    int status = memory_store_lock(store, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    const struct tracking_record *record =
        memory_tracking_find(store, consumer, log, &where);
    if (record) {
        *position = record->row.position;
    }
    memory_store_unlock(store);
    return record ? QUIPU_OK
                  : store->host->error_set(
                        error, QUIPU_NOT_FOUND, 0, NULL,
                        "consumer \"%.*s\" has no tracking record of log "
                        "\"%.*s\"",
                        (int)consumer.size, (const char *)consumer.data,
                        (int)log.size, (const char *)log.data);
}
