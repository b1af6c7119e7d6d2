/* SPDX-License-Identifier: Apache-2.0 */
/* The listing of the consumers of a datastore: their names are collected when
 * it is opened, and their logs are read one by one. */
#include <string.h>

#include <quipu/entries.h>
#include <quipu/id.h>

#include "base/arena.h"
#include "base/cancellation.h"
#include "base/error.h"
#include "base/memory.h"
#include "consumer/consumer.h"
#include "consumer/progress.h"
#include "consumer/shown.h"
#include "consumer/skipped.h"
#include "datastore/datastore.h"
#include "group/group_state.h"

/* A consumer that was found. */
struct found {
    quipu_consumer consumer;
    quipu_position highest; /* of the partitions of a group */
};

struct quipu_consumers {
    quipu_datastore *logs;
    quipu_arena memory;  /* names, partitions and members */
    struct found *items; /* owned */
    size_t count;
    size_t capacity;
    size_t next; /* to be returned */
    /* The log that was read last; they are mostly the same one. */
    const char *log;
    quipu_records *records; /* NULL: it was not found */
    quipu_position head;
};

/* ------------------------------------------------------------- collecting */

/* Adds a consumer.  `log` may be absent. */
static int add(quipu_consumers *consumers, quipu_bytes name, quipu_bytes log,
               quipu_consumer **added, quipu_error *error)
{
    if (consumers->count == consumers->capacity) {
        size_t capacity = consumers->capacity * 2 + 8;
        void *items = quipu_reallocate(consumers->items,
                                       capacity * sizeof(*consumers->items));

        if (!items) {
            return quipu_error_no_memory(error);
        }
        consumers->items = items;
        consumers->capacity = capacity;
    }
    char *name_copy =
        quipu_arena_copy(&consumers->memory, name.data, name.size);
    char *log_copy =
        log.data ? quipu_arena_copy(&consumers->memory, log.data, log.size)
                 : NULL;

    if (!name_copy || (log.data && !log_copy)) {
        return quipu_error_no_memory(error);
    }
    consumers->items[consumers->count] = (struct found){
        .consumer = { .name = name_copy, .log = log_copy },
    };
    *added = &consumers->items[consumers->count++].consumer;
    return QUIPU_OK;
}

static int add_records(quipu_consumers *consumers, quipu_datastore *tracking,
                       quipu_error *error)
{
    const quipu_tracking *record = NULL;
    quipu_consumer *added;
    quipu_trackings *trackings;
    int status = quipu_trackings_open(tracking, &trackings, error);

    if (status != QUIPU_OK) {
        return status;
    }
    do {
        status = quipu_trackings_next(trackings, &record, error);
        if (status == QUIPU_OK && record) {
            status =
                add(consumers, record->consumer, record->log, &added, error);
        }
        if (status == QUIPU_OK && record) {
            added->position = record->position;
        }
    } while (status == QUIPU_OK && record);
    quipu_trackings_close(trackings);
    return status;
}

/* An entry of quipu that belongs to a consumer. */
struct owned {
    quipu_bytes consumer;
    uint32_t flags;
    int64_t parked;
    int64_t skipped;
};

static bool take_prefix(quipu_bytes *key, const char *prefix)
{
    size_t size = strlen(prefix);

    if (key->size < size || memcmp(key->data, prefix, size) != 0) {
        return false;
    }
    key->data = (const char *)key->data + size;
    key->size -= size;
    return true;
}

/* Returns false if the entry belongs to no consumer. */
static bool read_entry(const quipu_entry *entry, struct owned *owned)
{
    quipu_bytes key = entry->key;

    *owned = (struct owned){ .flags = 0 };
    if (take_prefix(&key, "quipu/projection/")) {
        owned->flags = QUIPU_CONSUMER_PROJECTION;
    } else if (take_prefix(&key, "quipu/parked/")) {
        owned->parked = 1;
        while (key.size > 0 && ((const char *)key.data)[key.size - 1] != '/') {
            key.size--;
        }
        key.size -= key.size > 0;
    } else if (take_prefix(&key, "quipu/group/")) {
        const char *end = memchr(key.data, '/', key.size);

        owned->flags = QUIPU_CONSUMER_GROUP;
        key.size = end ? (size_t)(end - (const char *)key.data) : 0;
    } else if (take_prefix(&key, "quipu/skipped/")) {
        owned->skipped = quipu_skipped_count(entry);
    }
    owned->consumer = key;
    return (owned->flags || owned->parked > 0 || owned->skipped > 0) &&
           key.size > 0 && key.size <= QUIPU_CONSUMER_NAME_MAX;
}

/* Notes an entry with each log of its consumer. */
static int add_owned(quipu_consumers *consumers, const struct owned *owned,
                     quipu_error *error)
{
    const quipu_bytes none = { NULL, 0 };
    bool is_known = false;
    quipu_consumer *consumer;

    for (size_t i = 0; i < consumers->count; i++) {
        consumer = &consumers->items[i].consumer;
        if (quipu_bytes_equal(quipu_bytes_of_text(consumer->name),
                              owned->consumer)) {
            consumer->flags |= owned->flags;
            consumer->parked += owned->parked;
            consumer->skipped += owned->skipped;
            is_known = true;
        }
    }
    int status = QUIPU_OK;

    if (!is_known) {
        status = add(consumers, owned->consumer, none, &consumer, error);
        if (status == QUIPU_OK) {
            consumer->flags = owned->flags;
            consumer->parked = owned->parked;
            consumer->skipped = owned->skipped;
        }
    }
    return status;
}

static int add_entries(quipu_consumers *consumers, quipu_datastore *tracking,
                       quipu_error *error)
{
    const quipu_entry *entry = NULL;
    quipu_entries *entries;
    struct owned owned;
    int status = quipu_entries_open(
        tracking, quipu_bytes_of_text(QUIPU_CONSUMER_KEYS), &entries, error);

    if (status != QUIPU_OK) {
        return status;
    }
    do {
        status = quipu_entries_next(entries, &entry, error);
        if (status == QUIPU_OK && entry && !quipu_consumer_is_retired(entry) &&
            read_entry(entry, &owned)) {
            status = add_owned(consumers, &owned, error);
        }
    } while (status == QUIPU_OK && entry);
    quipu_entries_close(entries);
    return status;
}

/* ----------------------------------------------------------------- groups */

/* Copies the partitions and members of a group. */
static int copy_state(quipu_consumers *consumers, struct found *found,
                      const struct quipu_group_state *state, quipu_error *error)
{
    quipu_consumer *consumer = &found->consumer;
    quipu_consumer_partition *partitions = quipu_arena_allocate_array(
        &consumers->memory, state->partition_count, sizeof(*partitions));
    quipu_consumer_member *members = quipu_arena_allocate_array(
        &consumers->memory, state->member_count, sizeof(*members));

    if (!partitions || !members) {
        return quipu_error_no_memory(error);
    }
    for (size_t i = 0; i < state->member_count; i++) {
        const struct quipu_group_member *member = &state->members[i];

        members[i].token = member->token;
        members[i].lease_milliseconds = member->lease_milliseconds;
        members[i].name = quipu_arena_copy(&consumers->memory, member->name,
                                           strlen(member->name));
        if (!members[i].name) {
            return quipu_error_no_memory(error);
        }
    }
    for (size_t i = 0; i < state->partition_count; i++) {
        const struct quipu_group_member *owner =
            quipu_group_state_member(state, &state->partitions[i].owner);

        partitions[i].notification_id =
            state->partitions[i].position.notification_id;
        partitions[i].member = owner ? (int32_t)(owner - state->members) : -1;
    }
    consumer->partitions = partitions;
    consumer->partition_count = state->partition_count;
    consumer->members = members;
    consumer->member_count = state->member_count;
    return QUIPU_OK;
}

/* Reads the group of a consumer. */
static int read_group(quipu_consumers *consumers, struct found *found,
                      quipu_datastore *tracking, quipu_error *error)
{
    quipu_consumer *consumer = &found->consumer;
    struct quipu_group_state state = { .partition_count = 0 };
    struct quipu_group_settings settings;
    quipu_error cause;
    int status = quipu_group_state_read_settings(tracking, consumer->name,
                                                 &settings, &cause);

    if (status == QUIPU_NOT_FOUND) { /* it was removed meanwhile */
        consumer->flags &= ~(uint32_t)QUIPU_CONSUMER_GROUP;
        return QUIPU_OK;
    }
    if (status == QUIPU_OK) {
        status =
            quipu_group_state_read(&state, tracking, consumer->name, &cause);
    }
    if (status == QUIPU_OK) {
        const uint64_t all = quipu_group_all_partitions(state.partition_count);

        consumer->position = quipu_group_state_lowest(&state, all);
        found->highest = quipu_group_state_highest(&state, all);
        status = copy_state(consumers, found, &state, &cause);
    }
    if (status == QUIPU_OK && settings.log[0] != '\0') {
        consumer->log = quipu_arena_copy(&consumers->memory, settings.log,
                                         strlen(settings.log));
        status = consumer->log ? QUIPU_OK : quipu_error_no_memory(&cause);
    }
    quipu_group_state_finish(&state);
    return status == QUIPU_OK
               ? QUIPU_OK
               : quipu_error_set(error, status, "%s", cause.message);
}

/* Reads the entries that concern one consumer. */
static int read_details(quipu_consumers *consumers, quipu_datastore *tracking,
                        quipu_error *error)
{
    int status = QUIPU_OK;

    for (size_t i = 0; status == QUIPU_OK && i < consumers->count; i++) {
        struct found *found = &consumers->items[i];
        quipu_consumer *consumer = &found->consumer;
        struct quipu_shown shown;
        bool is_shown = false;

        if (consumer->flags & QUIPU_CONSUMER_GROUP) {
            status = read_group(consumers, found, tracking, error);
        }
        if (status == QUIPU_OK &&
            (consumer->flags & QUIPU_CONSUMER_PROJECTION)) {
            status = quipu_shown_find(&shown, tracking, consumer->name,
                                      &is_shown, error);
        }
        consumer->flags |= is_shown ? QUIPU_CONSUMER_SHOWN : 0;
    }
    return status;
}

/* ---------------------------------------------------------------- opening */

static int collect(quipu_consumers *consumers, quipu_datastore *tracking,
                   quipu_error *error)
{
    if (!(tracking->opened.capabilities & QUIPU_CAN_TRACK)) {
        return quipu_error_set(error, QUIPU_UNSUPPORTED,
                               "driver \"%s\" keeps no tracking records, and "
                               "therefore knows no consumers",
                               tracking->driver->name);
    }
    int status = add_records(consumers, tracking, error);

    if (status == QUIPU_OK &&
        (tracking->opened.capabilities & QUIPU_CAN_ENTRIES)) {
        status = add_entries(consumers, tracking, error);
    }
    return status == QUIPU_OK ? read_details(consumers, tracking, error)
                              : status;
}

int quipu_consumers_open(quipu_datastore *tracking, quipu_datastore *logs,
                         quipu_consumers **consumers, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    int status = quipu_datastore_enter(tracking, error);

    if (status == QUIPU_OK && logs) {
        status = quipu_datastore_enter(logs, error);
    }
    if (status == QUIPU_OK && !consumers) {
        status = quipu_argument_missing("consumers", error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_consumers *created = quipu_allocate_zeroed(sizeof(*created));

    if (!created) {
        return quipu_error_no_memory(error);
    }
    created->logs = logs ? logs : tracking;
    status = collect(created, tracking, error);
    if (status != QUIPU_OK) {
        quipu_consumers_close(created);
        return status;
    }
    *consumers = created;
    return QUIPU_OK;
}

static void forget_log(quipu_consumers *consumers)
{
    (void)quipu_records_close(consumers->records, NULL);
    consumers->records = NULL;
    consumers->log = NULL;
}

void quipu_consumers_close(quipu_consumers *consumers)
{
    QUIPU_UNCANCELLABLE;
    if (consumers) {
        forget_log(consumers);
        quipu_arena_finish(&consumers->memory);
        quipu_release(consumers->items);
        quipu_release(consumers);
    }
}

/* ---------------------------------------------------------------- reading */

/* Opens a log and reads its head, unless it is the one that was read last. */
static int read_log(quipu_consumers *consumers, const char *name,
                    quipu_error *error)
{
    quipu_error cause;

    if (consumers->log && strcmp(consumers->log, name) == 0) {
        return QUIPU_OK;
    }
    forget_log(consumers);
    int status = quipu_consumer_open_log(consumers->logs, name,
                                         &consumers->records, &cause);

    if (status == QUIPU_OK) {
        status =
            quipu_records_head(consumers->records, &consumers->head, &cause);
        if (status != QUIPU_OK) {
            forget_log(consumers);
        }
    }
    if (status != QUIPU_OK && status != QUIPU_NOT_FOUND &&
        status != QUIPU_UNSUPPORTED) {
        return quipu_error_set(error, status, "%s", cause.message);
    }
    consumers->log = name;
    return QUIPU_OK;
}

/* Sets the age of the first item behind a position; -1: unknown. */
static int read_age(quipu_records *records, int64_t position, int64_t *age,
                    quipu_error *error)
{
    const quipu_query query = { .struct_size = sizeof(query),
                                .flags = QUIPU_QUERY_GT | QUIPU_QUERY_LIMIT,
                                .gt = position,
                                .limit = 1 };
    const quipu_item *item = NULL;
    quipu_cursor *cursor;
    int status = quipu_records_read_log(records, &query, &cursor, error);

    *age = -1;
    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_cursor_next(cursor, &item, error);
    int64_t time =
        status == QUIPU_OK && item ? quipu_progress_event_time(item) : 0;

    if (time != 0) {
        *age = quipu_time_now().microseconds - time;
        *age = *age > 0 ? *age : 0;
    }
    quipu_cursor_close(cursor);
    return status;
}

/* Compares a consumer with its log, which was found. */
static int compare(quipu_consumers *consumers, struct found *found,
                   quipu_error *error)
{
    quipu_consumer *consumer = &found->consumer;
    quipu_error cause;
    int status = quipu_records_check_position(
        consumers->records,
        consumer->flags & QUIPU_CONSUMER_GROUP ? &found->highest
                                               : &consumer->position,
        &cause);

    consumer->flags |= QUIPU_CONSUMER_HEAD;
    consumer->head = consumers->head.notification_id;
    if (status == QUIPU_CONFLICT) {
        consumer->flags |= QUIPU_CONSUMER_SET_BACK;
        return QUIPU_OK;
    }
    if (status != QUIPU_OK) {
        return quipu_error_set(error, status, "%s", cause.message);
    }
    consumer->behind = consumer->head - consumer->position.notification_id;
    if (consumer->behind <= 0) {
        consumer->behind = 0;
        consumer->behind_microseconds = 0;
        return QUIPU_OK;
    }
    return read_age(consumers->records, consumer->position.notification_id,
                    &consumer->behind_microseconds, error);
}

int quipu_consumers_next(quipu_consumers *consumers,
                         const quipu_consumer **consumer, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    int status;

    if (!consumers || !consumer) {
        return quipu_argument_missing(consumers ? "consumer" : "consumers",
                                      error);
    }
    *consumer = NULL;
    status = quipu_datastore_enter(consumers->logs, error);
    if (status != QUIPU_OK || consumers->next == consumers->count) {
        return status;
    }
    struct found *found = &consumers->items[consumers->next];
    quipu_consumer *next = &found->consumer;

    next->head = -1;
    next->behind = -1;
    next->behind_microseconds = -1;
    if (next->log) {
        status = read_log(consumers, next->log, error);
    }
    if (status == QUIPU_OK && next->log && consumers->records) {
        status = compare(consumers, found, error);
    }
    if (status == QUIPU_OK) {
        *consumer = next;
        consumers->next++;
    }
    return status;
}
