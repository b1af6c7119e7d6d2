/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of a consumer from outside its program: each is one commit that
 * expects the tracking record where the caller has seen it (T1). */
#include "consumer/consumer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <quipu/entries.h>
#include <quipu/id.h>

#include "base/cancellation.h"
#include "base/error.h"
#include "consumer/entry_writes.h"
#include "consumer/parked.h"

#include "consumer/shown.h"
#include "consumer/skipped.h"
#include "group/group_state.h"
#include "records/append.h"
#include "records/validate.h"

quipu_bytes quipu_consumer_mark_key(const char *consumer,
                                    char key[QUIPU_CONSUMER_KEY_SIZE])
{
    int size =
        snprintf(key, QUIPU_CONSUMER_KEY_SIZE, "quipu/projection/%s", consumer);

    return (quipu_bytes){ key, (size_t)size };
}

bool quipu_consumer_is_retired(const quipu_entry *mark)
{
    return quipu_bytes_equal(mark->value,
                             quipu_bytes_of_text(QUIPU_CONSUMER_RETIRED));
}

int quipu_consumer_open_log(quipu_datastore *logs, const char *name,
                            quipu_records **records, quipu_error *error)
{
    const quipu_schema *schema = NULL;
    quipu_schemas *schemas;
    int status = quipu_schemas_open(logs, &schemas, error);

    if (status != QUIPU_OK) {
        return status;
    }
    do {
        status = quipu_schemas_next(schemas, &schema, error);
    } while (status == QUIPU_OK && schema && strcmp(schema->table, name) != 0);
    if (status == QUIPU_OK && !schema) {
        status = quipu_error_set(error, QUIPU_NOT_FOUND,
                                 "the datastore has no log \"%s\"", name);
    } else if (status == QUIPU_OK) {
        status = quipu_records_open(logs, schema, records, error);
    }
    quipu_schemas_close(schemas);
    return status;
}

/* Checks the caller's consumer, and that the datastore can compare records. */
static int check(quipu_datastore *tracking, const quipu_consumer *consumer,
                 quipu_error *error)
{
    quipu_bytes name = quipu_bytes_of_text(consumer ? consumer->name : NULL);
    int status = quipu_datastore_enter(tracking, error);

    if (status == QUIPU_OK && !consumer) {
        status = quipu_argument_missing("consumer", error);
    }
    if (status == QUIPU_OK) {
        status = quipu_validate_text(name, quipu_validate_argument,
                                     "consumer->name", error);
    }
    if (status == QUIPU_OK && consumer->log) {
        status = quipu_validate_text(quipu_bytes_of_text(consumer->log),
                                     quipu_validate_argument, "consumer->log",
                                     error);
    }
    if (status == QUIPU_OK && consumer->position.notification_id < 0) {
        status = quipu_error_set(error, QUIPU_INVALID,
                                 "the position of the consumer is negative");
    }
    if (status == QUIPU_OK &&
        !(tracking->opened.capabilities & QUIPU_CAN_ENTRIES)) {
        status = quipu_error_set(
            error, QUIPU_UNSUPPORTED,
            "consumer \"%s\" cannot be changed: driver \"%s\" keeps no "
            "key-value entries, and therefore moves no tracking record "
            "backwards",
            consumer->name, tracking->driver->name);
    }
    return status;
}

/* Commits the entries and, unless it is NULL, the record at `position` if that
 * is another one than that of the consumer. */
static int commit(quipu_datastore *tracking, const quipu_consumer *consumer,
                  const quipu_position *position,
                  const struct quipu_entry_writes *writes, quipu_error *error)
{
    struct quipu_append_work none = { .function = NULL };
    const struct quipu_append_call call = { .datastore = tracking,
                                            .is_internal = true,
                                            .work = &none };
    const int64_t from = consumer->position.notification_id;
    const bool moves =
        position && consumer->log && from != position->notification_id;
    const quipu_tracking record = {
        .consumer = quipu_bytes_of_text(consumer->name),
        .log = quipu_bytes_of_text(consumer->log),
        .position =
            moves ? *position : (quipu_position){ .notification_id = 0 },
    };
    const quipu_conditions conditions = {
        .struct_size = sizeof(conditions),
        .flags = moves ? QUIPU_CONDITIONS_TRACKING_FROM |
                             QUIPU_CONDITIONS_TRACKING_REWIND
                       : 0,
        .tracking_from = moves ? from : 0,
        .entries = writes->items,
        .entry_count = writes->count,
    };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .tracking = moves ? &record : NULL,
                                  .conditions = &conditions };

    return moves || writes->count > 0
               ? quipu_append_execute(&call, &append, NULL, error)
               : QUIPU_OK;
}

/* -------------------------------------------------------------- resetting */

/* Reads the position of an item of the consumer's log; that of 0 is empty. */
static int find_position(quipu_datastore *logs, const quipu_consumer *consumer,
                         int64_t notification_id, quipu_position *position,
                         quipu_error *error)
{
    quipu_records *records;

    *position = (quipu_position){ .notification_id = 0 };
    if (notification_id == 0) {
        return QUIPU_OK;
    }
    int status = quipu_consumer_open_log(logs, consumer->log, &records, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_records_position(records, notification_id, position, error);
    (void)quipu_records_close(records, NULL);
    return status;
}

/* Adds the conditions that the consumer is no projection and no group. */
static int require_no_projection(quipu_datastore *tracking,
                                 const quipu_consumer *consumer,
                                 struct quipu_entry_writes *writes,
                                 quipu_error *error)
{
    char key[QUIPU_PARKED_KEY_SIZE];
    quipu_entry *mark = NULL;

    if (strlen(consumer->name) > QUIPU_CONSUMER_NAME_MAX) {
        return QUIPU_OK;
    }
    const quipu_entry_write absent = {
        .key = quipu_consumer_mark_key(consumer->name, key),
        .flags = QUIPU_ENTRY_CHECK | QUIPU_ENTRY_EXPECT,
    };
    quipu_error cause;
    int status = quipu_entry_read(tracking, key, &mark, &cause);

    quipu_entry_destroy(mark);
    if (status == QUIPU_NOT_FOUND) {
        status = quipu_entry_writes_add(writes, &absent, error);
        if (status == QUIPU_OK) {
            const quipu_entry_write no_group =
                quipu_group_state_check_absence(key, consumer->name);

            status = quipu_entry_writes_add(writes, &no_group, error);
        }
        return status;
    }
    if (status != QUIPU_OK) {
        return quipu_error_set(error, status, "%s", cause.message);
    }
    return quipu_error_set(
        error, QUIPU_INVALID,
        "consumer \"%s\" is a projection: if its tracking record alone were "
        "moved, its read model would have events twice or lack some; its "
        "program resets both with quipu_projection_reset",
        consumer->name);
}

int quipu_consumer_reset(quipu_datastore *tracking, quipu_datastore *logs,
                         const quipu_consumer *consumer,
                         int64_t notification_id, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    struct quipu_entry_writes writes = { .count = 0 };
    quipu_position position;
    int status = check(tracking, consumer, error);

    if (status == QUIPU_OK && (!consumer->log || notification_id < 0)) {
        status = quipu_error_set(error, QUIPU_INVALID,
                                 consumer->log ? "notification_id is negative"
                                               : "consumer->log is NULL");
    }
    if (status == QUIPU_OK) {
        status = require_no_projection(tracking, consumer, &writes, error);
    }
    if (status == QUIPU_OK) {
        status = find_position(logs ? logs : tracking, consumer,
                               notification_id, &position, error);
    }
    if (status == QUIPU_OK) {
        status = commit(tracking, consumer, &position, &writes, error);
    }
    quipu_entry_writes_finish(&writes);
    return status;
}

/* --------------------------------------------------------------- removing */

/* Adds the deletions of the entries of a group, in their revisions.  *is_group:
 * there are some.  CONFLICT: it is not where the consumer was listed. */
static int delete_group(quipu_datastore *tracking,
                        const quipu_consumer *consumer,
                        struct quipu_entry_writes *writes, bool *is_group,
                        quipu_error *error)
{
    struct quipu_group_state state = { .partition_count = 0 };
    char prefix[QUIPU_GROUP_KEY_SIZE];
    const size_t before = writes->count;
    int status = quipu_entry_writes_delete_all(
        writes, tracking, quipu_group_state_prefix(consumer->name, prefix),
        error);

    *is_group = writes->count > before;
    if (status != QUIPU_OK || !*is_group) {
        return status;
    }
    /* A commit since then changes a revision. */
    status = quipu_group_state_read(&state, tracking, consumer->name, error);
    if (status == QUIPU_OK) {
        const quipu_position now = quipu_group_state_lowest(
            &state, quipu_group_all_partitions(state.partition_count));

        if (now.notification_id != consumer->position.notification_id) {
            status = quipu_error_set(
                error, QUIPU_CONFLICT,
                "the group of consumer \"%s\" was expected at notification "
                "%" PRId64 ", but it is at %" PRId64 ": it is running",
                consumer->name, consumer->position.notification_id,
                now.notification_id);
        }
    }
    quipu_group_state_finish(&state);
    return status;
}

/* Adds the deletion of the entry that names the version that is shown, if it
 * is this consumer. */
static int delete_shown(quipu_datastore *tracking, const char *name,
                        struct quipu_entry_writes *writes, quipu_error *error)
{
    struct quipu_shown shown;
    bool is_shown;
    int status = quipu_shown_find(&shown, tracking, name, &is_shown, error);

    if (status != QUIPU_OK || !is_shown) {
        return status;
    }
    const quipu_entry_write deletion = {
        .key = quipu_bytes_of_text(shown.key),
        .flags = QUIPU_ENTRY_DELETE | QUIPU_ENTRY_EXPECT,
        .revision = shown.revision,
    };

    return quipu_entry_writes_add(writes, &deletion, error);
}

/* Adds the deletions of all entries of a consumer. */
static int delete_entries(quipu_datastore *tracking,
                          const quipu_consumer *consumer,
                          struct quipu_entry_writes *writes, bool *is_group,
                          quipu_error *error)
{
    char key[QUIPU_PARKED_KEY_SIZE];

    *is_group = false;
    if (strlen(consumer->name) > QUIPU_CONSUMER_NAME_MAX) {
        return QUIPU_OK;
    }
    const quipu_entry_write mark = { .key = quipu_consumer_mark_key(
                                         consumer->name, key),
                                     .flags = QUIPU_ENTRY_DELETE };
    int status = quipu_entry_writes_add(writes, &mark, error);

    if (status == QUIPU_OK) {
        const quipu_entry_write skipped = { .key = quipu_skipped_key(
                                                consumer->name, key),
                                            .flags = QUIPU_ENTRY_DELETE };

        status = quipu_entry_writes_add(writes, &skipped, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_entry_writes_delete_all(
            writes, tracking, quipu_parked_prefix(consumer->name, key), error);
    }
    if (status == QUIPU_OK) {
        status = delete_shown(tracking, consumer->name, writes, error);
    }
    return status == QUIPU_OK
               ? delete_group(tracking, consumer, writes, is_group, error)
               : status;
}

int quipu_consumer_remove(quipu_datastore *tracking,
                          const quipu_consumer *consumer, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    const quipu_position none = { .notification_id = 0 };
    struct quipu_entry_writes writes = { .count = 0 };
    bool is_group = false;
    int status = check(tracking, consumer, error);

    if (status == QUIPU_OK) {
        status = delete_entries(tracking, consumer, &writes, &is_group, error);
    }
    if (status == QUIPU_OK) {
        status =
            commit(tracking, consumer, is_group ? NULL : &none, &writes, error);
    }
    quipu_entry_writes_finish(&writes);
    return status;
}
