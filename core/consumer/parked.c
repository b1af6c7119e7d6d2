/* SPDX-License-Identifier: Apache-2.0 */
/* Parked events; parked.h has the format of their entries. */
#include "consumer/parked.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quipu/id.h>

#include "base/error.h"
#include "base/memory.h"
#include "records/append.h"
#include "records/entry_value.h"

#define FORMAT 1
#define HEAD_SIZE 18 /* bytes before the sequence id */

/* ------------------------------------------------------------------- keys */

quipu_bytes quipu_parked_prefix(const char *consumer,
                                char prefix[QUIPU_PARKED_KEY_SIZE])
{
    int size =
        snprintf(prefix, QUIPU_PARKED_KEY_SIZE, "quipu/parked/%s/", consumer);

    return (quipu_bytes){ prefix, (size_t)size };
}

quipu_bytes quipu_parked_key(const char *consumer, int64_t notification_id,
                             char key[QUIPU_PARKED_KEY_SIZE])
{
    int size =
        snprintf(key, QUIPU_PARKED_KEY_SIZE, "quipu/parked/%s/%020" PRId64,
                 consumer, notification_id);

    return (quipu_bytes){ key, (size_t)size };
}

/* ----------------------------------------------------------------- values */

quipu_bytes quipu_parked_encode(const quipu_parked_event *event,
                                uint8_t value[QUIPU_PARKED_VALUE_SIZE])
{
    uint8_t *at = value;

    *at++ = FORMAT;
    quipu_value_put_number(&at, (uint32_t)event->code, 4);
    quipu_value_put_number(&at, event->attempts, 4);
    quipu_value_put_number(&at, (uint64_t)event->parked.microseconds, 8);
    *at++ = event->follows;
    quipu_value_put_bytes(&at, event->sequence_id);
    quipu_value_put_bytes(&at, event->topic);
    quipu_value_put_bytes(&at, event->message);
    return (quipu_bytes){ value, (size_t)(at - value) };
}

int quipu_parked_decode(const quipu_entry *entry, quipu_parked_event *event,
                        quipu_error *error)
{
    const uint8_t *at = entry->value.data;
    const uint8_t *end = at + entry->value.size;
    const char *key = entry->key.data;
    char digits[21] = "";

    *event = (quipu_parked_event){ .notification_id = 0 };
    if (entry->key.size > 20) {
        memcpy(digits, key + entry->key.size - 20, 20);
        event->notification_id = strtoll(digits, NULL, 10);
    }
    bool sound = entry->value.size >= HEAD_SIZE && *at++ == FORMAT &&
                 event->notification_id > 0;

    if (sound) {
        event->code = (int32_t)quipu_value_take_number(&at, 4);
        event->attempts = (uint32_t)quipu_value_take_number(&at, 4);
        event->parked.microseconds = (int64_t)quipu_value_take_number(&at, 8);
        event->follows = *at++ != 0;
    }
    sound = sound && quipu_value_take_bytes(&at, end, &event->sequence_id) &&
            quipu_value_take_bytes(&at, end, &event->topic) &&
            quipu_value_take_bytes(&at, end, &event->message) && at == end &&
            event->sequence_id.size <= QUIPU_ID_MAX;
    return sound ? QUIPU_OK
                 : quipu_error_set(error, QUIPU_CORRUPT,
                                   "the entry \"%.*s\" is not that of a parked "
                                   "event",
                                   (int)entry->key.size, key);
}

/* ---------------------------------------------------------------- listing */

struct quipu_parked_events {
    quipu_entries *entries;
    quipu_parked_event event; /* that is lent */
};

static int check_consumer(const char *consumer, quipu_error *error)
{
    size_t size = consumer ? strlen(consumer) : 0;

    if (size > 0 && size < 128) {
        return QUIPU_OK;
    }
    return quipu_error_set(error, QUIPU_INVALID,
                           "consumer %s; that of a projection is NAME@VERSION",
                           !consumer   ? "is NULL"
                           : size == 0 ? "is empty"
                                       : "is longer than 127 bytes");
}

int quipu_parked_events_open(quipu_datastore *target, const char *consumer,
                             quipu_parked_events **events, quipu_error *error)
{
    char prefix[QUIPU_PARKED_KEY_SIZE];
    int status = check_consumer(consumer, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!events) {
        return quipu_argument_missing("events", error);
    }
    quipu_parked_events *created = quipu_allocate_zeroed(sizeof(*created));

    if (!created) {
        return quipu_error_no_memory(error);
    }
    status = quipu_entries_open(target, quipu_parked_prefix(consumer, prefix),
                                &created->entries, error);
    if (status != QUIPU_OK) {
        quipu_release(created);
        return status;
    }
    *events = created;
    return QUIPU_OK;
}

int quipu_parked_events_next(quipu_parked_events *events,
                             const quipu_parked_event **event,
                             quipu_error *error)
{
    const quipu_entry *entry;

    if (!events || !event) {
        return quipu_argument_missing(events ? "event" : "events", error);
    }
    *event = NULL;
    int status = quipu_entries_next(events->entries, &entry, error);

    if (status != QUIPU_OK || !entry) {
        return status;
    }
    status = quipu_parked_decode(entry, &events->event, error);
    if (status == QUIPU_OK) {
        *event = &events->event;
    }
    return status;
}

void quipu_parked_events_close(quipu_parked_events *events)
{
    if (events) {
        quipu_entries_close(events->entries);
        quipu_release(events);
    }
}

/* ------------------------------------------------------------- discarding */

int quipu_parked_event_discard(quipu_datastore *target, const char *consumer,
                               int64_t notification_id, quipu_error *error)
{
    struct quipu_append_work none = { .function = NULL };
    const struct quipu_append_call call = { .datastore = target,
                                            .is_internal = true,
                                            .work = &none };
    char key[QUIPU_PARKED_KEY_SIZE];
    quipu_entry *entry = NULL;
    int status = check_consumer(consumer, error);

    if (status == QUIPU_OK) {
        (void)quipu_parked_key(consumer, notification_id, key);
        status = quipu_entry_read(target, key, &entry, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
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

    status = quipu_append_execute(&call, &append, NULL, error);
    quipu_entry_destroy(entry);
    return status;
}

/* -------------------------------------------------------------- sequences */

const struct quipu_parked_sequence *quipu_parked_sequences_find(
    const struct quipu_parked_sequences *sequences, quipu_bytes id)
{
    for (size_t i = 0; i < sequences->count; i++) {
        const struct quipu_parked_sequence *sequence = &sequences->items[i];

        if (sequence->id.size == id.size &&
            memcmp(sequence->id.data, id.data, id.size) == 0) {
            return sequence;
        }
    }
    return NULL;
}

static int add(struct quipu_parked_sequences *sequences,
               const quipu_parked_event *event, int64_t revision,
               quipu_error *error)
{
    if (quipu_parked_sequences_find(sequences, event->sequence_id)) {
        return QUIPU_OK; /* its first event was listed before */
    }
    if (sequences->count == sequences->capacity) {
        size_t capacity = sequences->capacity * 2 + 4;
        void *items = quipu_reallocate(sequences->items,
                                       capacity * sizeof(*sequences->items));

        if (!items) {
            return quipu_error_no_memory(error);
        }
        sequences->items = items;
        sequences->capacity = capacity;
    }
    struct quipu_parked_sequence *added = &sequences->items[sequences->count++];

    *added = (struct quipu_parked_sequence){
        .id = { .size = (uint8_t)event->sequence_id.size },
        .notification_id = event->notification_id,
        .revision = revision,
    };
    memcpy(added->id.data, event->sequence_id.data, event->sequence_id.size);
    return QUIPU_OK;
}

int quipu_parked_sequences_read(struct quipu_parked_sequences *sequences,
                                quipu_datastore *target, const char *consumer,
                                quipu_error *error)
{
    char prefix[QUIPU_PARKED_KEY_SIZE];
    const quipu_entry *entry = NULL;
    quipu_parked_event event;
    quipu_entries *entries;
    int status = quipu_entries_open(
        target, quipu_parked_prefix(consumer, prefix), &entries, error);

    if (status != QUIPU_OK) {
        return status;
    }
    sequences->count = 0;
    do {
        status = quipu_entries_next(entries, &entry, error);
        if (status == QUIPU_OK && entry) {
            status = quipu_parked_decode(entry, &event, error);
        }
        if (status == QUIPU_OK && entry) {
            status = add(sequences, &event, entry->revision, error);
        }
    } while (status == QUIPU_OK && entry);
    quipu_entries_close(entries);
    return status;
}

void quipu_parked_sequences_finish(struct quipu_parked_sequences *sequences)
{
    quipu_release(sequences->items);
    *sequences = (struct quipu_parked_sequences){ .items = NULL };
}
