/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the store, its schema and the repository of files. */
#include "ledger.h"

#include <string.h>

/* The preset's names but for the table's, and a column for the time. */
static void make_schema(quipu_schema *schema)
{
    quipu_schema_init(schema, sizeof(*schema), quipu_schema_stored_events());
    schema->table = "file_events";
    schema->time = "time";
}

/* A question makes no store; unless the URI says what is to be. */
static int open_datastore(struct ledger *ledger, const char *uri, bool writing,
                          quipu_error *error)
{
    const quipu_option option = { .name = "create", .value = "no" };
    const quipu_settings settings = { .struct_size = sizeof(settings),
                                      .defaults = &option,
                                      .default_count = 1 };

    return quipu_datastore_open(uri, writing ? NULL : &settings,
                                &ledger->datastore, error);
}

static int open_files(struct ledger *ledger, const quipu_schema *schema,
                      quipu_error *error)
{
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = file_events,
                                    .type_count = FILE_EVENT_COUNT };
    int status = quipu_store_open(ledger->datastore, schema, &mapping,
                                  &ledger->store, error);

    if (status == QUIPU_OK) {
        status = quipu_repository_open(ledger->store, ledger->bus, &file_type,
                                       &ledger->files, error);
    }
    return status;
}

int ledger_open(struct ledger *ledger, const char *uri, bool writing,
                quipu_error *error)
{
    quipu_schema schema;
    int status;

    memset(ledger, 0, sizeof(*ledger));
    make_schema(&schema);
    status = open_datastore(ledger, uri, writing, error);
    if (status == QUIPU_OK && writing) {
        status = quipu_datastore_setup(ledger->datastore, &schema, error);
    }
    if (status == QUIPU_OK && writing) {
        status = quipu_bus_open(&ledger->bus, error);
    }
    if (status == QUIPU_OK) {
        status = open_files(ledger, &schema, error);
    }
    if (status != QUIPU_OK) {
        ledger_close(ledger);
    }
    return status;
}

void ledger_close(struct ledger *ledger)
{
    quipu_repository_close(ledger->files);
    quipu_bus_close(ledger->bus, NULL);
    quipu_store_close(ledger->store, NULL);
    quipu_datastore_close(ledger->datastore, NULL);
    memset(ledger, 0, sizeof(*ledger));
}

/* Visits what a cursor yields, and closes it. */
static int drain(quipu_events *events, ledger_visit visit, void *context,
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

int ledger_walk(const struct ledger *ledger, ledger_visit visit, void *context,
                quipu_error *error)
{
    quipu_events *events = NULL;
    const int status =
        quipu_store_read_log(ledger->store, NULL, &events, error);

    return status == QUIPU_OK ? drain(events, visit, context, error) : status;
}

int ledger_walk_file(const struct ledger *ledger, const quipu_id *id,
                     ledger_visit visit, void *context, quipu_error *error)
{
    quipu_events *events = NULL;
    const int status =
        quipu_store_read(ledger->store, id, NULL, &events, error);

    return status == QUIPU_OK ? drain(events, visit, context, error) : status;
}
