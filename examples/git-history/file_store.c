/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the datastore, its schema and the repository of files; reads events. */
#include "file_store.h"

#include <string.h>

void file_store_schema(quipu_schema *schema)
{
    quipu_schema_init(schema, sizeof(*schema), quipu_schema_stored_events());
    schema->table = "file_events";
    schema->time = "time";
}

/* Queries do not create a store; a `create` in the URI overrides that. */
static int open_datastore(struct file_store *store, const char *uri,
                          bool writing, quipu_error *error)
{
    const quipu_option option = { .name = "create", .value = "no" };
    const quipu_settings settings = { .struct_size = sizeof(settings),
                                      .defaults = &option,
                                      .default_count = 1 };

    return quipu_datastore_open(uri, writing ? NULL : &settings,
                                &store->datastore, error);
}

static int open_files(struct file_store *store, const quipu_schema *schema,
                      quipu_error *error)
{
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = file_events,
                                    .type_count = FILE_EVENT_COUNT };
    int status = quipu_store_open(store->datastore, schema, &mapping,
                                  &store->store, error);

    if (status == QUIPU_OK) {
        status = quipu_repository_open(store->store, store->bus, &file_type,
                                       &store->files, error);
    }
    return status;
}

int file_store_open(struct file_store *store, const char *uri, bool writing,
                    quipu_error *error)
{
    quipu_schema schema;
    int status;

    memset(store, 0, sizeof(*store));
    file_store_schema(&schema);
    status = open_datastore(store, uri, writing, error);
    if (status == QUIPU_OK && writing) {
        status = quipu_datastore_setup(store->datastore, &schema, error);
    }
    if (status == QUIPU_OK && writing) {
        status = quipu_bus_open(&store->bus, error);
    }
    if (status == QUIPU_OK) {
        status = open_files(store, &schema, error);
    }
    if (status != QUIPU_OK) {
        file_store_close(store);
    }
    return status;
}

void file_store_close(struct file_store *store)
{
    quipu_repository_close(store->files);
    quipu_bus_close(store->bus, NULL);
    quipu_store_close(store->store, NULL);
    quipu_datastore_close(store->datastore, NULL);
    memset(store, 0, sizeof(*store));
}

/* Reads a cursor to its end, and closes it. */
static int read_all(quipu_events *events, file_store_visit visit, void *context,
                    quipu_error *error)
{
    const quipu_event *event = NULL;
    int status = quipu_events_next(events, &event, error);

    while (status == QUIPU_OK && event) {
        status = visit(context, (const struct file_event *)event, error);
        if (status == QUIPU_OK) {
            status = quipu_events_next(events, &event, error);
        }
    }
    quipu_events_close(events);
    return status;
}

int file_store_read_log(const struct file_store *store, file_store_visit visit,
                        void *context, quipu_error *error)
{
    quipu_events *events = NULL;
    const int status = quipu_store_read_log(store->store, NULL, &events, error);

    return status == QUIPU_OK ? read_all(events, visit, context, error)
                              : status;
}

int file_store_read_file(const struct file_store *store, const quipu_id *id,
                         file_store_visit visit, void *context,
                         quipu_error *error)
{
    quipu_events *events = NULL;
    const int status = quipu_store_read(store->store, id, NULL, &events, error);

    return status == QUIPU_OK ? read_all(events, visit, context, error)
                              : status;
}
