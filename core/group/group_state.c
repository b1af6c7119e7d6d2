/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of a consumer group; group_state.h has their format. */
#include "group/group_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quipu/id.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "records/append.h"
#include "records/entry_value.h"

#define FORMAT 1
#define PARTITION_SIZE (1 + 16 + 8 + 16 + 16)
#define MEMBER_SIZE_LEAST (1 + 4 + 2)
#define SETTINGS_SIZE_LEAST (1 + 4 + 2)
#define UUID_TEXT_SIZE 36

/* ------------------------------------------------------------------- keys */

int quipu_group_state_check_consumer(const char *consumer, quipu_error *error)
{
    size_t size = consumer ? strlen(consumer) : 0;
    const char *why = NULL;

    if (!consumer) {
        why = "is NULL";
    } else if (size == 0 || size > QUIPU_GROUP_CONSUMER_MAX) {
        why = "must have 1 to 127 bytes";
    } else if (strchr(consumer, '/') ||
               !quipu_utf8_valid(quipu_bytes_of_text(consumer))) {
        why = "must be UTF-8 without '/'";
    }
    return why ? quipu_error_set(error, QUIPU_INVALID,
                                 "the consumer of a group %s", why)
               : QUIPU_OK;
}

static quipu_bytes write_key(char key[QUIPU_GROUP_KEY_SIZE],
                             const char *consumer, const char *rest)
{
    int size = snprintf(key, QUIPU_GROUP_KEY_SIZE, "quipu/group/%s/%s",
                        consumer, rest);

    return (quipu_bytes){ key, (size_t)size };
}

quipu_bytes quipu_group_state_prefix(const char *consumer,
                                     char prefix[QUIPU_GROUP_KEY_SIZE])
{
    return write_key(prefix, consumer, "");
}

quipu_bytes quipu_group_state_partition_key(char key[QUIPU_GROUP_KEY_SIZE],
                                            const char *consumer,
                                            uint32_t number)
{
    char rest[32];

    (void)snprintf(rest, sizeof(rest), "partition/%02" PRIu32, number);
    return write_key(key, consumer, rest);
}

/* ---------------------------------------------------------------- writing */

quipu_entry_write quipu_group_state_encode_partition(
    struct quipu_group_entry *entry, const char *consumer, uint32_t number,
    const struct quipu_group_partition *partition)
{
    uint8_t *at = entry->value;

    *at++ = FORMAT;
    quipu_value_put_uuid(&at, &partition->owner);
    quipu_value_put_number(&at, (uint64_t)partition->position.notification_id,
                           8);
    quipu_value_put_uuid(&at, &partition->position.event_id);
    quipu_value_put_uuid(&at, &partition->position.store);
    return (quipu_entry_write){
        .key = quipu_group_state_partition_key(entry->key, consumer, number),
        .value = { entry->value, (size_t)(at - entry->value) },
    };
}

quipu_entry_write quipu_group_state_encode_member(
    struct quipu_group_entry *entry, const char *consumer,
    const struct quipu_group_member *member)
{
    uint8_t *at = entry->value;
    char rest[64] = "member/";

    *at++ = FORMAT;
    quipu_value_put_number(&at, member->lease_milliseconds, 4);
    quipu_value_put_bytes(&at, quipu_bytes_of_text(member->name));
    quipu_uuid_format(&member->token, rest + strlen(rest));
    return (quipu_entry_write){
        .key = write_key(entry->key, consumer, rest),
        .value = { entry->value, (size_t)(at - entry->value) },
    };
}

quipu_entry_write quipu_group_state_encode_settings(
    struct quipu_group_entry *entry, const char *consumer,
    const struct quipu_group_settings *settings)
{
    uint8_t *at = entry->value;

    *at++ = FORMAT;
    quipu_value_put_number(&at, settings->partition_count, 4);
    quipu_value_put_bytes(&at, quipu_bytes_of_text(settings->log));
    return (quipu_entry_write){
        .key = write_key(entry->key, consumer, "settings"),
        .value = { entry->value, (size_t)(at - entry->value) },
    };
}

quipu_entry_write quipu_group_state_check_absence(
    char key[QUIPU_GROUP_KEY_SIZE], const char *consumer)
{
    return (quipu_entry_write){
        .key = write_key(key, consumer, "settings"),
        .flags = QUIPU_ENTRY_CHECK | QUIPU_ENTRY_EXPECT,
    };
}

int quipu_group_state_write(quipu_datastore *datastore,
                            const quipu_entry_write *writes, size_t count,
                            int64_t deadline, quipu_error *error)
{
    struct quipu_append_work none = { .function = NULL };
    const struct quipu_append_call call = { .datastore = datastore,
                                            .is_internal = true,
                                            .deadline = deadline,
                                            .work = &none };
    const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                          .entries = writes,
                                          .entry_count = count };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .conditions = &conditions };

    return quipu_append_execute(&call, &append, NULL, error);
}

/* ---------------------------------------------------------------- reading */

static int refuse_entry(const quipu_entry *entry, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_CORRUPT,
                           "the entry \"%.*s\" is not one of a consumer group",
                           (int)entry->key.size, (const char *)entry->key.data);
}

/* Takes a text of less than `size` bytes that ends the value. */
static bool take_text(const uint8_t **at, const uint8_t *end, char *text,
                      size_t size)
{
    quipu_bytes bytes;

    if (!quipu_value_take_bytes(at, end, &bytes) || *at != end ||
        bytes.size >= size) {
        return false;
    }
    memcpy(text, bytes.data, bytes.size);
    text[bytes.size] = '\0';
    return true;
}

int quipu_group_state_read_settings(quipu_datastore *datastore,
                                    const char *consumer,
                                    struct quipu_group_settings *settings,
                                    quipu_error *error)
{
    char key[QUIPU_GROUP_KEY_SIZE];
    quipu_entry *entry = NULL;

    (void)write_key(key, consumer, "settings");
    int status = quipu_entry_read(datastore, key, &entry, error);

    if (status != QUIPU_OK) {
        return status;
    }
    const uint8_t *at = entry->value.data;
    const uint8_t *end = at + entry->value.size;
    bool sound = entry->value.size >= SETTINGS_SIZE_LEAST && *at++ == FORMAT;

    if (sound) {
        settings->partition_count = (uint32_t)quipu_value_take_number(&at, 4);
        sound = settings->partition_count >= 1 &&
                settings->partition_count <= QUIPU_PARTITIONS_MAX &&
                take_text(&at, end, settings->log, sizeof(settings->log));
    }
    status = sound ? QUIPU_OK : refuse_entry(entry, error);
    quipu_entry_destroy(entry);
    return status;
}

/* Calls `take` for each entry whose key begins with the prefix. */
static int list(quipu_datastore *datastore, quipu_bytes prefix,
                struct quipu_group_state *state,
                int (*take)(struct quipu_group_state *state,
                            const quipu_entry *entry, const char *rest,
                            quipu_error *error),
                quipu_error *error)
{
    const quipu_entry *entry = NULL;
    quipu_entries *entries;
    int status = quipu_entries_open(datastore, prefix, &entries, error);

    if (status != QUIPU_OK) {
        return status;
    }
    do {
        status = quipu_entries_next(entries, &entry, error);
        if (status == QUIPU_OK && entry) {
            char rest[UUID_TEXT_SIZE + 1] = "";
            size_t size = entry->key.size - prefix.size;

            if (size < sizeof(rest)) {
                memcpy(rest, (const char *)entry->key.data + prefix.size, size);
            }
            status = take(state, entry, rest, error);
        }
    } while (status == QUIPU_OK && entry);
    quipu_entries_close(entries);
    return status;
}

/* Partitions are listed in the order of their numbers, from 0. */
static int take_partition(struct quipu_group_state *state,
                          const quipu_entry *entry, const char *rest,
                          quipu_error *error)
{
    const uint8_t *at = entry->value.data;

    if (state->partition_count == QUIPU_PARTITIONS_MAX ||
        strtoul(rest, NULL, 10) != state->partition_count ||
        entry->value.size != PARTITION_SIZE || *at++ != FORMAT) {
        return refuse_entry(entry, error);
    }
    struct quipu_group_partition *partition =
        &state->partitions[state->partition_count++];

    partition->revision = entry->revision;
    quipu_value_take_uuid(&at, &partition->owner);
    partition->position.notification_id =
        (int64_t)quipu_value_take_number(&at, 8);
    quipu_value_take_uuid(&at, &partition->position.event_id);
    quipu_value_take_uuid(&at, &partition->position.store);
    return QUIPU_OK;
}

static int reserve_member(struct quipu_group_state *state, quipu_error *error)
{
    if (state->member_count < state->member_capacity) {
        return QUIPU_OK;
    }
    size_t capacity = state->member_capacity * 2 + 8;
    void *members =
        quipu_reallocate(state->members, capacity * sizeof(*state->members));

    if (!members) {
        return quipu_error_no_memory(error);
    }
    state->members = members;
    state->member_capacity = capacity;
    return QUIPU_OK;
}

static int take_member(struct quipu_group_state *state,
                       const quipu_entry *entry, const char *rest,
                       quipu_error *error)
{
    const uint8_t *at = entry->value.data;
    const uint8_t *end = at + entry->value.size;
    struct quipu_group_member member = { .revision = entry->revision };

    if (entry->value.size < MEMBER_SIZE_LEAST || *at++ != FORMAT ||
        quipu_uuid_parse(&member.token, rest, NULL) != QUIPU_OK) {
        return refuse_entry(entry, error);
    }
    member.lease_milliseconds = (uint32_t)quipu_value_take_number(&at, 4);
    if (!take_text(&at, end, member.name, sizeof(member.name))) {
        return refuse_entry(entry, error);
    }
    int status = reserve_member(state, error);

    if (status == QUIPU_OK) {
        state->members[state->member_count++] = member;
    }
    return status;
}

const struct quipu_group_member *quipu_group_state_member(
    const struct quipu_group_state *state, const quipu_uuid *token)
{
    for (size_t i = 0; i < state->member_count; i++) {
        if (memcmp(&state->members[i].token, token, sizeof(*token)) == 0) {
            return &state->members[i];
        }
    }
    return NULL;
}

/* A revision that is read again keeps the time when it was read first. */
static void set_seen_times(struct quipu_group_state *state,
                           const struct quipu_group_state *before)
{
    int64_t now = quipu_clock_now();

    for (size_t i = 0; i < state->member_count; i++) {
        struct quipu_group_member *member = &state->members[i];
        const struct quipu_group_member *old =
            quipu_group_state_member(before, &member->token);

        member->seen_time =
            old && old->revision == member->revision ? old->seen_time : now;
    }
}

/* The partitions are listed before the members: an owner that is not listed
 * then has left or was removed, and has not just joined (INV1). */
int quipu_group_state_read(struct quipu_group_state *state,
                           quipu_datastore *datastore, const char *consumer,
                           quipu_error *error)
{
    struct quipu_group_state read = { .partition_count = 0 };
    char prefix[QUIPU_GROUP_KEY_SIZE];
    int status = list(datastore, write_key(prefix, consumer, "partition/"),
                      &read, take_partition, error);

    if (status == QUIPU_OK) {
        status = list(datastore, write_key(prefix, consumer, "member/"), &read,
                      take_member, error);
    }
    if (status == QUIPU_OK) {
        set_seen_times(&read, state);
        quipu_group_state_finish(state);
        *state = read;
    } else {
        quipu_group_state_finish(&read);
    }
    return status;
}

void quipu_group_state_finish(struct quipu_group_state *state)
{
    quipu_release(state->members);
    state->members = NULL;
    state->member_count = 0;
    state->member_capacity = 0;
}

static quipu_position extreme_position(const struct quipu_group_state *state,
                                       uint64_t partitions, bool highest)
{
    const quipu_position *extreme = NULL;

    for (uint32_t i = 0; i < state->partition_count; i++) {
        const quipu_position *position = &state->partitions[i].position;

        if ((partitions >> i & 1) != 0 &&
            (!extreme ||
             (position->notification_id != extreme->notification_id &&
              highest ==
                  (position->notification_id > extreme->notification_id)))) {
            extreme = position;
        }
    }
    return extreme ? *extreme : (quipu_position){ .notification_id = 0 };
}

quipu_position quipu_group_state_lowest(const struct quipu_group_state *state,
                                        uint64_t partitions)
{
    return extreme_position(state, partitions, false);
}

quipu_position quipu_group_state_highest(const struct quipu_group_state *state,
                                         uint64_t partitions)
{
    return extreme_position(state, partitions, true);
}
