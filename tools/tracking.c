/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of tracking records: reading, storing and comparing them. */
#include "tracking.h"
#include "output/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static quipu_bytes copy_of(quipu_bytes bytes)
{
    char *copy = memory_allocate(bytes.size + 1, 1);

    if (bytes.size > 0) {
        memcpy(copy, bytes.data, bytes.size);
    }
    return (quipu_bytes){ copy, bytes.size };
}

void tracking_add(struct tracking_list *list, const quipu_tracking *tracking)
{
    list->records =
        memory_resize(list->records, list->count + 1, sizeof(*list->records));
    quipu_tracking *added = &list->records[list->count++];
    memset(added, 0, sizeof(*added));
    added->consumer = copy_of(tracking->consumer);
    added->log = copy_of(tracking->log);
    added->position = tracking->position;
}

void tracking_finish(struct tracking_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free((void *)list->records[i].consumer.data);
        free((void *)list->records[i].log.data);
    }
    free(list->records);
    memset(list, 0, sizeof(*list));
}

int tracking_read(quipu_datastore *datastore, struct tracking_list *list,
                  quipu_error *error)
{
    quipu_trackings *listing = NULL;
    const quipu_tracking *tracking = NULL;
    int status = quipu_trackings_open(datastore, &listing, error);

    if (status == QUIPU_UNSUPPORTED) {
        return QUIPU_OK;
    }
    if (status == QUIPU_OK) {
        status = quipu_trackings_next(listing, &tracking, error);
    }
    while (status == QUIPU_OK && tracking) {
        tracking_add(list, tracking);
        status = quipu_trackings_next(listing, &tracking, error);
    }
    quipu_trackings_close(listing);
    return status;
}

int tracking_read_movable(quipu_datastore *datastore,
                          struct tracking_list *list, size_t *omitted,
                          quipu_error *error)
{
    const quipu_consumer *consumer = NULL;
    quipu_consumers *consumers = NULL;
    int status = quipu_consumers_open(datastore, NULL, &consumers, error);

    *omitted = 0;
    if (status == QUIPU_UNSUPPORTED) {
        return QUIPU_OK;
    }
    if (status == QUIPU_OK) {
        status = quipu_consumers_next(consumers, &consumer, error);
    }
    while (status == QUIPU_OK && consumer) {
        const bool stays = (consumer->flags & (QUIPU_CONSUMER_PROJECTION |
                                               QUIPU_CONSUMER_GROUP)) != 0;
        const quipu_tracking tracking = {
            .consumer = quipu_bytes_of_text(consumer->name),
            .log = quipu_bytes_of_text(consumer->log),
            .position = consumer->position,
        };

        *omitted += stays;
        if (!stays && consumer->position.notification_id > 0) {
            tracking_add(list, &tracking);
        }
        status = quipu_consumers_next(consumers, &consumer, error);
    }
    quipu_consumers_close(consumers);
    return status;
}

void tracking_report_omitted(size_t omitted)
{
    if (omitted > 0) {
        fprintf(stderr,
                "quipu: %zu projection%s or group%s omitted, since read models "
                "are not moved; their programs build them in the other store\n",
                omitted, omitted == 1 ? "" : "s",
                omitted == 1 ? " is" : "s are");
    }
}

static bool same_uuid(const quipu_uuid *a, const quipu_uuid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

void tracking_replace_store(struct tracking_list *list, const quipu_uuid *from,
                            const quipu_uuid *to)
{
    for (size_t i = 0; i < list->count && !quipu_uuid_is_nil(from); i++) {
        quipu_uuid *store = &list->records[i].position.store;

        if (same_uuid(store, from)) {
            *store = *to;
        }
    }
}

static bool same_position(const quipu_position *a, const quipu_position *b)
{
    return a->notification_id == b->notification_id &&
           same_uuid(&a->store, &b->store) &&
           same_uuid(&a->event_id, &b->event_id);
}

static int differs(const quipu_tracking *tracking, const char *how,
                   quipu_error *error)
{
    return quipu_error_set(
        error, QUIPU_CONFLICT,
        "the tracking record of consumer '%.*s' for log '%.*s' %s",
        (int)tracking->consumer.size, (const char *)tracking->consumer.data,
        (int)tracking->log.size, (const char *)tracking->log.data, how);
}

int tracking_store(quipu_records *records, const quipu_tracking *tracking,
                   quipu_error *error)
{
    const quipu_append append = { .struct_size = sizeof(append),
                                  .tracking = tracking };
    const char *const consumer = tracking->consumer.data;
    const char *const log = tracking->log.data;
    quipu_position stored;
    int status = quipu_records_append(records, &append, NULL, error);

    if (status != QUIPU_ALREADY && status != QUIPU_UNKNOWN_OUTCOME) {
        return status;
    }
    status = quipu_tracking_read(quipu_records_datastore(records), consumer,
                                 log, &stored, error);
    if (status == QUIPU_OK && !same_position(&stored, &tracking->position)) {
        return differs(tracking,
                       "is higher in the target already, or is at "
                       "another item",
                       error);
    }
    return status;
}

static const quipu_tracking *find(const struct tracking_list *list,
                                  const quipu_tracking *like)
{
    for (size_t i = 0; i < list->count; i++) {
        if (quipu_bytes_equal(list->records[i].consumer, like->consumer) &&
            quipu_bytes_equal(list->records[i].log, like->log)) {
            return &list->records[i];
        }
    }
    return NULL;
}

static int compare_one(const quipu_tracking *from, const quipu_tracking *to,
                       bool behind, quipu_error *error)
{
    if (!to) {
        return behind ? QUIPU_OK
                      : differs(from, "is missing in the target", error);
    }
    if (behind &&
        to->position.notification_id < from->position.notification_id) {
        return QUIPU_OK;
    }
    return same_position(&from->position, &to->position)
               ? QUIPU_OK
               : differs(from, "differs between both stores", error);
}

int tracking_compare(const struct tracking_list *from,
                     const struct tracking_list *to, bool behind,
                     quipu_error *error)
{
    int status = QUIPU_OK;

    for (size_t i = 0; status == QUIPU_OK && i < from->count; i++) {
        status = compare_one(&from->records[i], find(to, &from->records[i]),
                             behind, error);
    }
    return status;
}
