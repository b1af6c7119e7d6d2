/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event store: opens and closes it, and reads events.
 *
 * A store is a mapper over the records of one schema.  append.c stores events;
 * events.c has the cursor that reading returns.
 */
#include "store/store.h"

#include <string.h>

#include <quipu/id.h>

#include "base/error.h"
#include "base/memory.h"
#include "mapper/mapper.h"

/* Returns true if a mapping gives that name, or none: it is the default. */
static bool is_attribute(const char *given, const char *name)
{
    return !given || strcmp(given, name) == 0;
}

/* Opens the mapper and the records of a store; both or none. */
static int open_parts(quipu_store *store, quipu_datastore *datastore,
                      const quipu_schema *schema, const quipu_mapping *mapping,
                      quipu_error *error)
{
    int status = quipu_mapper_open(schema, mapping, &store->mapper, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_records_open(datastore, schema, &store->records, error);
    if (status != QUIPU_OK) {
        quipu_mapper_close(store->mapper);
    }
    return status;
}

int quipu_store_open(quipu_datastore *datastore, const quipu_schema *schema,
                     const quipu_mapping *mapping, quipu_store **store,
                     quipu_error *error)
{
    quipu_store *opened = NULL;
    int status = QUIPU_OK;

    if (!datastore || !schema || !mapping || !store) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_store_open: an argument is NULL");
    }
    opened = quipu_allocate_zeroed(sizeof(*opened));
    if (!opened) {
        return quipu_error_no_memory(error);
    }
    status = open_parts(opened, datastore, schema, mapping, error);
    if (status != QUIPU_OK) {
        quipu_release(opened);
        return status;
    }
    opened->schema_flags = schema->flags;
    opened->keeps_versions =
        is_attribute(mapping->sequence_id, "originator_id") &&
        is_attribute(mapping->position, "originator_version");
    atomic_init(&opened->users, 0);
    *store = opened;
    return QUIPU_OK;
}

int quipu_store_close(quipu_store *store, quipu_error *error)
{
    int status = QUIPU_OK;

    if (!store) {
        return QUIPU_OK;
    }
    if (atomic_load(&store->users) > 0) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the store is in use: close its cursors, "
                               "persistence policies and repositories first");
    }
    status = quipu_records_close(store->records, error);
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_mapper_close(store->mapper);
    quipu_release(store);
    return QUIPU_OK;
}

quipu_records *quipu_store_records(const quipu_store *store)
{
    return store->records;
}

const quipu_mapper *quipu_store_mapper(const quipu_store *store)
{
    return store->mapper;
}

void quipu_store_id_text(const quipu_store *store, const quipu_id *id,
                         char text[QUIPU_STORE_ID_TEXT_SIZE])
{
    quipu_uuid uuid;

    if (!(store->schema_flags & QUIPU_SCHEMA_TEXT_IDS) &&
        id->size == sizeof(uuid.bytes)) {
        memcpy(uuid.bytes, id->data, sizeof(uuid.bytes));
        quipu_uuid_format(&uuid, text);
        return;
    }
    memcpy(text, id->data, id->size);
    text[id->size] = '\0';
}

/* ---------------------------------------------------------------- reading */

int quipu_store_read(quipu_store *store, const quipu_id *id,
                     const quipu_query *query, quipu_events **events,
                     quipu_error *error)
{
    if (!store || !id || !events) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_store_read: an argument is NULL");
    }
    return quipu_events_open(store, id, query, events, error);
}

int quipu_store_read_log(quipu_store *store, const quipu_query *query,
                         quipu_events **events, quipu_error *error)
{
    if (!store || !events) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_store_read_log: an argument is NULL");
    }
    return quipu_events_open(store, NULL, query, events, error);
}

/* NOT_FOUND, naming the sequence. */
static int no_event(const quipu_store *store, const quipu_id *id,
                    quipu_error *error)
{
    char text[QUIPU_STORE_ID_TEXT_SIZE];

    quipu_store_id_text(store, id, text);
    return quipu_error_set(error, QUIPU_NOT_FOUND,
                           "the sequence %s has no event", text);
}

/* Opens a cursor that begins at the last item, and sets *item to that; NULL:
 * there is none. */
static int open_last(quipu_store *store, const quipu_id *id,
                     const quipu_query *query, quipu_cursor **cursor,
                     const quipu_item **item, quipu_error *error)
{
    int status = quipu_records_read(store->records, quipu_id_bytes(id), query,
                                    cursor, error);

    return status == QUIPU_OK ? quipu_cursor_next(*cursor, item, error)
                              : status;
}

/* UNSUPPORTED, naming the sequence: it exists, but has nothing to show. */
static int all_passed_over(const quipu_store *store, const quipu_id *id,
                           quipu_error *error)
{
    char text[QUIPU_STORE_ID_TEXT_SIZE];

    quipu_store_id_text(store, id, text);
    return quipu_error_set(error, QUIPU_UNSUPPORTED,
                           "all events of the sequence %s were erased or are "
                           "of retired topics",
                           text);
}

/* Reads the last item that is not passed over; NULL: there is no item.  At
 * first it asks for one item only, which nearly always is the one. */
static int read_last(quipu_store *store, const quipu_id *id,
                     quipu_cursor **cursor, const quipu_item **item,
                     quipu_error *error)
{
    quipu_query query = {
        .struct_size = sizeof(query),
        .flags = QUIPU_QUERY_LIMIT | QUIPU_QUERY_DESCENDING,
        .limit = 1,
    };
    int status = open_last(store, id, &query, cursor, item, error);

    if (status != QUIPU_OK || !*item || !quipu_events_pass_over(store, *item)) {
        return status;
    }
    quipu_cursor_close(*cursor);
    *cursor = NULL;
    query.flags = QUIPU_QUERY_DESCENDING;
    status = open_last(store, id, &query, cursor, item, error);
    while (status == QUIPU_OK && *item &&
           quipu_events_pass_over(store, *item)) {
        status = quipu_cursor_next(*cursor, item, error);
    }
    return status == QUIPU_OK && !*item ? all_passed_over(store, id, error)
                                        : status;
}

/* Decodes the last item.  NOT_FOUND becomes UNSUPPORTED: an unknown topic must
 * not look like a sequence without events. */
static int decode_last(const quipu_store *store, const quipu_item *item,
                       quipu_event **event, quipu_error *error)
{
    quipu_error cause = { 0 };
    int status = quipu_mapper_event(store->mapper, item, event, &cause);

    if (status != QUIPU_OK) {
        if (status == QUIPU_NOT_FOUND) {
            status = QUIPU_UNSUPPORTED;
        }
        quipu_error_set(error, status, "%s", cause.message);
    }
    return status;
}

int quipu_store_last(quipu_store *store, const quipu_id *id,
                     quipu_event **event, quipu_error *error)
{
    const quipu_item *item = NULL;
    quipu_cursor *cursor = NULL;
    int status = QUIPU_OK;

    if (!store || !id || !event) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_store_last: an argument is NULL");
    }
    status = read_last(store, id, &cursor, &item, error);
    if (status == QUIPU_OK) {
        status = item ? decode_last(store, item, event, error)
                      : no_event(store, id, error);
    }
    quipu_cursor_close(cursor);
    return status;
}
