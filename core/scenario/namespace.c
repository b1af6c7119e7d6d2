/* SPDX-License-Identifier: Apache-2.0 */
/* Empties the namespace of a store in which scenarios run. */
#include "scenario/namespace.h"

#include <string.h>

#include "base/memory.h"
#include "consumer/entry_writes.h"
#include "consumer/tracker.h"
#include "datastore/datastore.h"
#include "datastore/schema.h"

/* Sets *schema to a copy of the first schema, or to NULL if there is none. */
static int find_schema(quipu_datastore *datastore, quipu_schema **schema,
                       quipu_error *error)
{
    const quipu_schema *first = NULL;
    quipu_schemas *schemas = NULL;
    int status = quipu_schemas_open(datastore, &schemas, error);

    *schema = NULL;
    if (status == QUIPU_OK) {
        status = quipu_schemas_next(schemas, &first, error);
    }
    if (status == QUIPU_OK && first) {
        *schema = quipu_schema_copy(first);
        status = *schema ? QUIPU_OK : quipu_error_no_memory(error);
    }
    quipu_schemas_close(schemas);
    return status;
}

/* The listing is opened again after each one, since a change during a listing
 * may have to wait for its end. */
static int clear_schemas(quipu_datastore *datastore, quipu_error *error)
{
    quipu_schema *schema;
    int status = find_schema(datastore, &schema, error);

    while (status == QUIPU_OK && schema) {
        status = quipu_datastore_teardown(datastore, schema, error);
        quipu_release(schema);
        schema = NULL;
        if (status == QUIPU_OK) {
            status = find_schema(datastore, &schema, error);
        }
    }
    quipu_release(schema);
    return status;
}

/* Executes an append that may write entries of quipu's own. */
static int append(quipu_datastore *datastore, const quipu_tracking *tracking,
                  const quipu_conditions *conditions, quipu_error *error)
{
    struct quipu_tracker tracker = { .datastore = datastore };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .tracking = tracking,
                                  .conditions = conditions };

    return quipu_tracker_append(&tracker, &append, NULL, NULL, error);
}

static int clear_entries(quipu_datastore *datastore, quipu_error *error)
{
    struct quipu_entry_writes writes = { .items = NULL };
    int status = quipu_entry_writes_delete_all(&writes, datastore,
                                               (quipu_bytes){ NULL, 0 }, error);

    if (status == QUIPU_OK && writes.count > 0) {
        const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                              .entries = writes.items,
                                              .entry_count = writes.count };

        status = append(datastore, NULL, &conditions, error);
    }
    quipu_entry_writes_finish(&writes);
    return status;
}

/* Sets *tracking to a copy of the first tracking record, whose names are in the
 * arena; its consumer is absent if there is none. */
static int find_tracking(quipu_datastore *datastore, quipu_arena *names,
                         quipu_tracking *tracking, quipu_error *error)
{
    const quipu_tracking *first = NULL;
    quipu_trackings *trackings = NULL;
    int status = quipu_trackings_open(datastore, &trackings, error);

    *tracking = (quipu_tracking){ .consumer = { NULL, 0 } };
    if (status == QUIPU_OK) {
        status = quipu_trackings_next(trackings, &first, error);
    }
    if (status == QUIPU_OK && first) {
        *tracking = *first;
        tracking->consumer.data =
            quipu_arena_copy(names, first->consumer.data, first->consumer.size);
        tracking->log.data =
            quipu_arena_copy(names, first->log.data, first->log.size);
        status = tracking->consumer.data && tracking->log.data
                     ? QUIPU_OK
                     : quipu_error_no_memory(error);
    }
    quipu_trackings_close(trackings);
    return status;
}

static int clear_trackings(quipu_datastore *datastore, quipu_error *error)
{
    quipu_tracking tracking;
    quipu_arena names;

    quipu_arena_init(&names);
    int status = find_tracking(datastore, &names, &tracking, error);

    while (status == QUIPU_OK && tracking.consumer.data) {
        const quipu_conditions conditions = {
            .struct_size = sizeof(conditions),
            .flags = QUIPU_CONDITIONS_TRACKING_FROM |
                     QUIPU_CONDITIONS_TRACKING_REWIND,
            .tracking_from = tracking.position.notification_id,
        };

        tracking.position = (quipu_position){ .notification_id = 0 };
        status = append(datastore, &tracking, &conditions, error);
        if (status == QUIPU_OK) {
            status = find_tracking(datastore, &names, &tracking, error);
        }
    }
    quipu_arena_finish(&names);
    return status;
}

int quipu_namespace_check(const quipu_datastore *datastore, quipu_error *error)
{
    if (strncmp(datastore->name_space, QUIPU_NAMESPACE_DEFAULT,
                strlen(QUIPU_NAMESPACE_DEFAULT)) == 0) {
        return QUIPU_OK;
    }
    return quipu_error_set(error, QUIPU_INVALID,
                           "\"%s\" names the namespace \"%s\", which a "
                           "scenario would empty; name one that begins with "
                           "\"" QUIPU_NAMESPACE_DEFAULT "\", or none",
                           datastore->uri, datastore->name_space);
}

int quipu_namespace_clear(quipu_datastore *datastore, quipu_error *error)
{
    const uint32_t both = QUIPU_CAN_TRACK | QUIPU_CAN_ENTRIES;
    const uint32_t capabilities = datastore->opened.capabilities;
    int status = clear_schemas(datastore, error);

    if (status == QUIPU_OK && (capabilities & both) == both) {
        status = clear_trackings(datastore, error);
    }
    if (status == QUIPU_OK && (capabilities & QUIPU_CAN_ENTRIES)) {
        status = clear_entries(datastore, error);
    }
    return status;
}
