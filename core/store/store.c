/* SPDX-License-Identifier: Apache-2.0 */
/* Opens and closes event stores: a mapper over records. */
#include "store/store.h"

#include <string.h>

#include <quipu/id.h>

#include "base/error.h"
#include "base/memory.h"

/* Whether an attribute is the one named, which is also the default. */
static bool is_attribute(const char *given, const char *name)
{
    return !given || strcmp(given, name) == 0;
}

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

void quipu_store_hold(quipu_store *store)
{
    atomic_fetch_add(&store->users, 1);
}

void quipu_store_release(quipu_store *store)
{
    atomic_fetch_sub(&store->users, 1);
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
