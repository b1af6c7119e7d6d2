/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of a consumer from outside its program: each is one commit that
 * expects the tracking record where the caller has seen it (T1). */
#include "consumer/consumer.h"

#include <inttypes.h>
#include <string.h>

#include <quipu/entries.h>
#include <quipu/id.h>

#include "base/cancellation.h"
#include "base/error.h"
#include "consumer/entry_writes.h"
#include "consumer/parked.h"
#include "consumer/projection.h"
#include "group/group_state.h"
#include "records/append.h"
#include "records/validate.h"

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

/* Commits the entries, and the record at `position` if that is another one. */
static int commit(quipu_datastore *tracking, const quipu_consumer *consumer,
                  const quipu_position *position,
                  const struct quipu_entry_writes *writes, quipu_error *error)
{
    struct quipu_append_work none = { .function = NULL };
    const struct quipu_append_call call = { .datastore = tracking,
                                            .is_internal = true,
                                            .work = &none };
    const int64_t from = consumer->position.notification_id;
    const bool moves = consumer->log && from != position->notification_id;
    const quipu_tracking record = {
        .consumer = quipu_bytes_of_text(consumer->name),
        .log = quipu_bytes_of_text(consumer->log),
        .position = *position,
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

/* Adds the condition that the consumer is no projection. */
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
        .key = quipu_model_key(consumer->name, key),
        .flags = QUIPU_ENTRY_CHECK | QUIPU_ENTRY_EXPECT,
    };
    quipu_error cause;
    int status = quipu_entry_read(tracking, key, &mark, &cause);

    quipu_entry_destroy(mark);
    if (status == QUIPU_NOT_FOUND) {
        return quipu_entry_writes_add(writes, &absent, error);
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

/* Adds the deletions of all entries of a consumer. */
static int delete_entries(quipu_datastore *tracking, const char *name,
                          struct quipu_entry_writes *writes, quipu_error *error)
{
    char key[QUIPU_PARKED_KEY_SIZE];

    if (strlen(name) > QUIPU_CONSUMER_NAME_MAX) {
        return QUIPU_OK;
    }
    const quipu_entry_write mark = { .key = quipu_model_key(name, key),
                                     .flags = QUIPU_ENTRY_DELETE };
    int status = quipu_entry_writes_add(writes, &mark, error);

    if (status == QUIPU_OK) {
        status = quipu_entry_writes_delete_all(
            writes, tracking, quipu_parked_prefix(name, key), error);
    }
    return status == QUIPU_OK ? quipu_entry_writes_delete_all(
                                    writes, tracking,
                                    quipu_group_state_prefix(name, key), error)
                              : status;
}

int quipu_consumer_remove(quipu_datastore *tracking,
                          const quipu_consumer *consumer, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    const quipu_position none = { .notification_id = 0 };
    struct quipu_entry_writes writes = { .count = 0 };
    int status = check(tracking, consumer, error);

    if (status == QUIPU_OK) {
        status = delete_entries(tracking, consumer->name, &writes, error);
    }
    if (status == QUIPU_OK) {
        status = commit(tracking, consumer, &none, &writes, error);
    }
    quipu_entry_writes_finish(&writes);
    return status;
}
