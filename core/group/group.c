/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and leaving a consumer group, and its part in commits; group.h has
 * the method. */
#include "group/group.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <quipu/id.h>
#include <quipu/records.h>

#include "base/cancellation.h"
#include "base/memory.h"
#include "base/structs.h"
#include "base/utf8.h"
#include "datastore/datastore.h"
#include "records/append.h"

#define LEASE_MILLISECONDS 10000
#define LEASE_LEAST 100
#define LEASE_MOST 3600000

/* ---------------------------------------------------------------- options */

static int refuse_option(const char *why, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_INVALID, "group options: %s", why);
}

static void name_process(char name[QUIPU_GROUP_MEMBER_NAME_SIZE])
{
    char host[40] = "";

    if (gethostname(host, sizeof(host) - 1) != 0 ||
        !quipu_utf8_valid(quipu_bytes_of_text(host))) {
        host[0] = '\0';
    }
    (void)snprintf(name, QUIPU_GROUP_MEMBER_NAME_SIZE, "%s:%ld", host,
                   (long)getpid());
}

static int take_options(struct quipu_group *group,
                        const quipu_group_options *given,
                        quipu_group_options *options, quipu_error *error)
{
    int status = QUIPU_OK;

    *options = (quipu_group_options){ .struct_size = sizeof(*options) };
    if (given) {
        status = quipu_struct_take(options, sizeof(*options), given,
                                   "group options", error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (options->partitions > QUIPU_PARTITIONS_MAX) {
        return refuse_option("partitions is above 64", error);
    }
    if (options->lease_milliseconds == 0) {
        options->lease_milliseconds = LEASE_MILLISECONDS;
    }
    if (options->lease_milliseconds < LEASE_LEAST ||
        options->lease_milliseconds > LEASE_MOST) {
        return refuse_option("lease_milliseconds is not from 100 to 3600000",
                             error);
    }
    if (options->member &&
        (strlen(options->member) >= sizeof(group->self.name) ||
         !quipu_utf8_valid(quipu_bytes_of_text(options->member)))) {
        return refuse_option("member is no text of up to 63 bytes", error);
    }
    group->self.lease_milliseconds = options->lease_milliseconds;
    if (options->member) {
        (void)snprintf(group->self.name, sizeof(group->self.name), "%s",
                       options->member);
    } else {
        name_process(group->self.name);
    }
    return QUIPU_OK;
}

/* --------------------------------------------------------------- creating */

/* The entries of a new group. */
struct creation {
    struct quipu_group_entry entries[QUIPU_PARTITIONS_MAX + 1];
    quipu_entry_write writes[QUIPU_PARTITIONS_MAX + 1];
};

/* Creates the group: the settings, which must not exist (CONFLICT), and all
 * partitions; removes the tracking record (T2). */
static int create(const struct quipu_group *group,
                  const struct quipu_group_settings *settings,
                  const quipu_position *begin, struct creation *creation,
                  quipu_error *error)
{
    struct quipu_append_work none = { .function = NULL };
    const struct quipu_append_call call = { .datastore = group->datastore,
                                            .is_internal = true,
                                            .work = &none };
    const struct quipu_group_partition partition = { .position = *begin };
    const uint32_t count = settings->partition_count;
    const quipu_tracking removal = {
        .consumer = quipu_bytes_of_text(group->consumer),
        .log = quipu_bytes_of_text(settings->log),
    };
    const bool has_record = settings->log[0] != '\0';
    const quipu_conditions conditions = {
        .struct_size = sizeof(conditions),
        .flags = has_record ? QUIPU_CONDITIONS_TRACKING_FROM |
                                  QUIPU_CONDITIONS_TRACKING_REWIND
                            : 0u,
        .tracking_from = begin->notification_id,
        .entries = creation->writes,
        .entry_count = count + 1,
    };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .tracking = has_record ? &removal : NULL,
                                  .conditions = &conditions };

    for (uint32_t i = 0; i < count; i++) {
        creation->writes[i] = quipu_group_state_encode_partition(
            &creation->entries[i], group->consumer, i, &partition);
    }
    creation->writes[count] = quipu_group_state_encode_settings(
        &creation->entries[count], group->consumer, settings);
    creation->writes[count].flags = QUIPU_ENTRY_EXPECT;
    return quipu_append_execute(&call, &append, NULL, error);
}

static int compare_settings(const struct quipu_group *group,
                            const struct quipu_group_settings *found,
                            const struct quipu_group_settings *wanted,
                            quipu_error *error)
{
    if (strcmp(found->log, wanted->log) != 0) {
        return quipu_error_set(
            error, QUIPU_CONFLICT,
            "group \"%s\" exists, but handles %s%s%s, not %s%s%s",
            group->consumer, found->log[0] ? "the log \"" : "no log",
            found->log, found->log[0] ? "\"" : "",
            wanted->log[0] ? "the log \"" : "no log", wanted->log,
            wanted->log[0] ? "\"" : "");
    }
    if (wanted->partition_count != 0 &&
        wanted->partition_count != found->partition_count) {
        return quipu_error_set(
            error, QUIPU_CONFLICT,
            "group \"%s\" has %" PRIu32 " partitions, not %" PRIu32
            "; the number cannot be changed",
            group->consumer, found->partition_count, wanted->partition_count);
    }
    return QUIPU_OK;
}

/* Finds the group, or creates it.  *moved: the record is not at `begin`. */
static int find_or_create(const struct quipu_group *group,
                          const struct quipu_group_settings *wanted,
                          const quipu_position *begin, bool *moved,
                          quipu_error *error)
{
    struct quipu_group_settings found;
    struct quipu_group_settings created = *wanted;
    quipu_error cause;
    int status = quipu_group_state_read_settings(
        group->datastore, group->consumer, &found, &cause);

    *moved = false;
    if (status == QUIPU_NOT_FOUND) {
        struct creation *creation = quipu_allocate_zeroed(sizeof(*creation));

        if (!creation) {
            return quipu_error_no_memory(error);
        }
        created.partition_count += created.partition_count == 0;
        status = create(group, &created, begin, creation, &cause);
        quipu_release(creation);
        if (status == QUIPU_OK) {
            return QUIPU_OK;
        }
        int failure = status;
        quipu_error why = cause;

        /* Perhaps another process has created it meanwhile. */
        status = quipu_group_state_read_settings(
            group->datastore, group->consumer, &found, &cause);
        if (status == QUIPU_NOT_FOUND) {
            *moved = failure == QUIPU_CONFLICT;
            status = failure;
            cause = why;
        }
    }
    if (status != QUIPU_OK) {
        if (error) {
            *error = cause;
        }
        return status;
    }
    return compare_settings(group, &found, wanted, error);
}

int quipu_group_init(struct quipu_group *group, quipu_datastore *datastore,
                     const char *consumer, const char *log,
                     const quipu_position *begin,
                     const quipu_group_options *given, bool *moved,
                     quipu_error *error)
{
    struct quipu_group_settings settings;
    quipu_group_options options;
    int status = quipu_group_state_check_consumer(consumer, error);

    *moved = false;
    *group = (struct quipu_group){ .datastore = datastore };
    if (status == QUIPU_OK) {
        status = take_options(group, given, &options, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    (void)snprintf(group->consumer, sizeof(group->consumer), "%s", consumer);
    for (uint32_t i = 0; i < QUIPU_PARTITIONS_MAX; i++) {
        (void)quipu_group_state_partition_key(group->fence_keys[i], consumer,
                                              i);
    }
    settings.partition_count = options.partitions;
    (void)snprintf(settings.log, sizeof(settings.log), "%s", log);
    status = find_or_create(group, &settings, begin, moved, error);
    if (status == QUIPU_OK) {
        status =
            quipu_group_state_read(&group->state, datastore, consumer, error);
        group->partition_count = group->state.partition_count;
    }
    return status;
}

void quipu_group_finish(struct quipu_group *group)
{
    quipu_group_state_finish(&group->state);
}

int quipu_group_leave(struct quipu_group *group, quipu_error *error)
{
    struct quipu_group_entry entry;

    group->held = 0;
    group->is_known = false;
    group->is_changed = true;
    if (quipu_uuid_is_nil(&group->self.token)) {
        return QUIPU_OK;
    }
    quipu_entry_write deletion =
        quipu_group_state_encode_member(&entry, group->consumer, &group->self);

    deletion.value = (quipu_bytes){ NULL, 0 };
    deletion.flags = QUIPU_ENTRY_DELETE;
    group->self.revision = 0;
    group->self.token = (quipu_uuid){ .bytes = { 0 } };
    return quipu_group_state_write(group->datastore, &deletion, 1, 0, error);
}

/* ---------------------------------------------------------------- commits */

size_t quipu_group_fill(struct quipu_group *group,
                        const quipu_position *position, bool rewinds,
                        quipu_entry_write *writes)
{
    const struct quipu_group_state *state = &group->state;
    size_t count = 0;

    for (uint32_t i = 0; i < state->partition_count; i++) {
        struct quipu_group_partition next = state->partitions[i];
        quipu_entry_write *write = &writes[count];

        if (!rewinds && (group->held >> i & 1) == 0) {
            continue;
        }
        bool moves = rewinds ||
                     next.position.notification_id < position->notification_id;

        next.position = *position;
        *write = quipu_group_state_encode_partition(&group->scratch[count++],
                                                    group->consumer, i, &next);
        if (!rewinds) {
            write->flags = QUIPU_ENTRY_EXPECT;
            write->revision = next.revision;
        }
        if (!moves) {
            write->flags |= QUIPU_ENTRY_CHECK;
            write->value = (quipu_bytes){ NULL, 0 };
        }
    }
    return count;
}

void quipu_group_committed(struct quipu_group *group,
                           const quipu_position *position, bool rewinds)
{
    for (uint32_t i = 0; i < group->state.partition_count; i++) {
        struct quipu_group_partition *partition = &group->state.partitions[i];

        if ((group->held >> i & 1) != 0 &&
            partition->position.notification_id < position->notification_id) {
            partition->position = *position;
            partition->revision++; /* K3 */
        }
    }
    if (rewinds) {
        quipu_group_doubt(group);
    }
}

bool quipu_group_has_handled(const struct quipu_group *group,
                             const quipu_schema *schema, const quipu_item *item)
{
    uint32_t partition = quipu_filter_partition(schema, item->sequence_id,
                                                group->state.partition_count);

    return item->notification_id <=
           group->state.partitions[partition].position.notification_id;
}

/* ----------------------------------------------- loops of a program's own */

int quipu_group_open(quipu_datastore *datastore, const char *consumer,
                     const quipu_group_options *options, quipu_group **group,
                     quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    const quipu_position begin = { .notification_id = 0 };
    bool moved;
    int status = quipu_datastore_enter(datastore, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!group) {
        return quipu_argument_missing("group", error);
    }
    quipu_group *created = quipu_allocate_zeroed(sizeof(*created));

    if (!created) {
        return quipu_error_no_memory(error);
    }
    status = quipu_group_init(created, datastore, consumer, "", &begin, options,
                              &moved, error);
    if (status != QUIPU_OK) {
        quipu_release(created);
        return status;
    }
    atomic_fetch_add(&datastore->children, 1);
    *group = created;
    return QUIPU_OK;
}

static int enter(const quipu_group *group, quipu_error *error)
{
    return group ? quipu_datastore_enter(group->datastore, error)
                 : quipu_argument_missing("group", error);
}

int quipu_group_renew(quipu_group *group, uint64_t *held, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    int status = enter(group, error);

    if (status == QUIPU_OK) {
        status = quipu_group_look(group, error);
    }
    if (status == QUIPU_OK && held) {
        *held = group->held;
    }
    return status;
}

bool quipu_group_fence(const quipu_group *group, uint32_t partition,
                       quipu_entry_write *fence)
{
    if (!group || !fence || partition >= QUIPU_PARTITIONS_MAX ||
        (group->held >> partition & 1) == 0) {
        return false;
    }
    const char *key = group->fence_keys[partition];

    *fence = (quipu_entry_write){
        .key = quipu_bytes_of_text(key),
        .flags = QUIPU_ENTRY_CHECK | QUIPU_ENTRY_EXPECT,
        .revision = group->state.partitions[partition].revision,
    };
    return true;
}

int quipu_group_close(quipu_group *group, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    if (!group) {
        return QUIPU_OK;
    }
    int status = enter(group, error);

    if (status != QUIPU_OK) {
        return status; /* in a child of fork */
    }
    status = quipu_group_leave(group, error);
    atomic_fetch_sub(&group->datastore->children, 1);
    quipu_group_finish(group);
    quipu_release(group);
    return status;
}
