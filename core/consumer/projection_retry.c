/* SPDX-License-Identifier: Apache-2.0 */
/* Handling the parked events of a projection again. */
#include "consumer/projection.h"

#include <quipu/id.h>

#include "base/cancellation.h"
#include "base/memory.h"
#include "base/status.h"
#include "datastore/datastore.h"
#include "mapper/mapper.h"

/* One event that is tried again. */
struct retry {
    quipu_projection *projection;
    quipu_projection_apply apply;
    const quipu_event *event;
    const quipu_item *item;
};

static int run_apply(void *native, void *context, quipu_error *error)
{
    const struct retry *retry = context;
    int status = retry->apply(native, retry->projection->options.context,
                              retry->event, retry->item, error);

    return status == QUIPU_OK ? QUIPU_OK
                              : quipu_projection_refuse(status, error);
}

static quipu_projection_apply find_handler(const quipu_projection *projection,
                                           const quipu_event *event)
{
    const quipu_projection_handler *handler = projection->type->handlers;

    while (handler->event && handler->event != event->type) {
        handler++;
    }
    return handler->apply; /* NULL in the last row */
}

/* Applies the event, and deletes the entry in the same transaction. */
static int commit(struct retry *retry, const quipu_entry *entry,
                  quipu_error *error)
{
    const quipu_entry_write deletion = {
        .key = entry->key,
        .flags = QUIPU_ENTRY_DELETE | QUIPU_ENTRY_EXPECT,
        .revision = entry->revision,
    };
    const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                          .entries = &deletion,
                                          .entry_count = 1 };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .conditions = &conditions };

    return quipu_tracker_append(&retry->projection->tracker, &append, run_apply,
                                retry, error);
}

/* Reads the event of a parked entry from the log, and applies it.  *refused: it
 * stays parked. */
static int retry_one(quipu_projection *projection, const quipu_entry *entry,
                     int64_t notification_id, bool *refused, quipu_error *error)
{
    const quipu_query only = { .struct_size = sizeof(only),
                               .flags = QUIPU_QUERY_GTE | QUIPU_QUERY_LTE,
                               .gte = notification_id,
                               .lte = notification_id };
    struct retry retry = { .projection = projection };
    quipu_events *events;
    int status = quipu_store_read_log(projection->store, &only, &events, error);

    *refused = false;
    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_events_next(events, &retry.event, error);
    retry.item = quipu_events_item(events);
    if (status != QUIPU_OK && retry.item && status != QUIPU_NO_MEMORY) {
        *refused = true; /* it cannot be decoded */
        status = QUIPU_OK;
    } else if (status == QUIPU_OK && !retry.event) {
        status = quipu_error_set(error, QUIPU_CONFLICT,
                                 "the log ends before the parked event");
    } else if (status == QUIPU_OK) {
        retry.apply = find_handler(projection, retry.event);
        *refused = !retry.apply;
    }
    if (status == QUIPU_OK && !*refused) {
        status = commit(&retry, entry, error);
        *refused = status == QUIPU_PROJECTION_REFUSED;
    }
    quipu_events_close(events);
    return *refused ? QUIPU_OK : status;
}

/* The sequences of which an event was refused in this round. */
struct refused {
    struct quipu_parked_sequence *items;
    size_t count;
};

static bool is_blocked(const quipu_projection *projection,
                       const struct refused *refused, quipu_bytes id)
{
    const struct quipu_parked_sequences sequences = { .items = refused->items,
                                                      .count = refused->count };

    return projection->options.on_failure == QUIPU_FAILURE_PARK_SEQUENCE &&
           quipu_parked_sequences_find(&sequences, id);
}

static int block(struct refused *refused, quipu_bytes id, quipu_error *error)
{
    void *items = quipu_reallocate(refused->items, (refused->count + 1) *
                                                       sizeof(*refused->items));

    if (!items) {
        return quipu_error_no_memory(error);
    }
    refused->items = items;
    refused->items[refused->count].id = (quipu_id){ .size = (uint8_t)id.size };
    for (size_t i = 0; i < id.size; i++) {
        refused->items[refused->count].id.data[i] =
            ((const uint8_t *)id.data)[i];
    }
    refused->count++;
    return QUIPU_OK;
}

/* Retries the event of an entry, unless an earlier one of its sequence was
 * refused. */
static int retry_entry(quipu_projection *projection, const quipu_entry *entry,
                       struct refused *refused, int64_t *left,
                       quipu_error *error)
{
    quipu_parked_event event;
    bool stays = true;
    int status = quipu_parked_decode(entry, &event, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!is_blocked(projection, refused, event.sequence_id)) {
        status =
            retry_one(projection, entry, event.notification_id, &stays, error);
        if (status == QUIPU_OK && stays) {
            status = block(refused, event.sequence_id, error);
        }
    }
    *left += stays;
    return status;
}

static int retry_all(quipu_projection *projection, int64_t *left,
                     quipu_error *error)
{
    char prefix[QUIPU_PARKED_KEY_SIZE];
    struct refused refused = { .count = 0 };
    const quipu_entry *entry = NULL;
    quipu_entries *entries;
    int status = quipu_entries_open(
        projection->tracker.datastore,
        quipu_parked_prefix(projection->consumer, prefix), &entries, error);

    if (status != QUIPU_OK) {
        return status;
    }
    do {
        status = quipu_entries_next(entries, &entry, error);
        if (status == QUIPU_OK && entry) {
            status = retry_entry(projection, entry, &refused, left, error);
        }
    } while (status == QUIPU_OK && entry);
    quipu_entries_close(entries);
    quipu_release(refused.items);
    return status;
}

int quipu_projection_retry(quipu_projection *projection, int64_t *left,
                           quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    int64_t stay = 0;

    if (!projection) {
        return quipu_argument_missing("projection", error);
    }
    int status = quipu_records_enter(projection->records, error);

    if (status == QUIPU_OK && !projection->has_entries) {
        status = quipu_error_set(error, QUIPU_UNSUPPORTED,
                                 "projection \"%s\" has no parked events: its "
                                 "target keeps no key-value entries",
                                 projection->consumer);
    }
    if (status == QUIPU_OK) {
        status = retry_all(projection, &stay, error);
    }
    if (status == QUIPU_OK && left) {
        *left = stay;
    }
    return status;
}
