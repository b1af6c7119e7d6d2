/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver as somebody wrote it for ABI 1, compiled with the headers of that
 * time: its table ends where the table ended then.  It keeps the items of one
 * schema in memory, without event ids, log or tracking, and is kept as it is.
 */
#include "kept.h"

#include <string.h>

bool kept_same(quipu_bytes a, quipu_bytes b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

/* How many of the first `end` items are in the sequence: they are 0, 1, 2 ...
 */
int64_t kept_length(const quipu_driver_datastore *datastore, size_t end,
                    quipu_bytes id)
{
    int64_t found = 0;

    for (size_t i = 0; i < end; i++) {
        found += kept_same(datastore->items[i].sequence_id, id);
    }
    return found;
}

/* ------------------------------------------------- opening and closing */

static int kept_open(const quipu_host *host, const quipu_open *how,
                     int64_t deadline, quipu_driver_datastore **datastore,
                     quipu_opened *opened, quipu_error *error)
{
    quipu_driver_datastore *made = host->allocate(sizeof *made);

    (void)how;
    (void)deadline;
    if (!made) {
        return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL, "no memory");
    }
    memset(made, 0, sizeof *made);
    made->host = host;
    pthread_mutex_init(&made->lock, NULL);
    opened->identity.bytes[0] = 1;
    opened->limits.state_size = UINT64_C(16) << 20;
    opened->limits.append_items = 100000;
    opened->limits.append_size = UINT64_C(256) << 20;
    *datastore = made;
    return QUIPU_OK;
}

static void kept_close(quipu_driver_datastore *datastore)
{
    const quipu_host *host = datastore->host;

    while (datastore->count > 0) {
        host->release((void *)datastore->items[--datastore->count].topic.data);
    }
    pthread_mutex_destroy(&datastore->lock);
    host->release(datastore);
}

static void kept_interrupt(quipu_driver_datastore *datastore)
{
    (void)datastore;
}

static const char *kept_library(void)
{
    return "kept 1";
}

/* -------------------------------------------------------------- schemas */

static int kept_setup(quipu_driver_datastore *datastore,
                      const quipu_schema *schema, int64_t deadline,
                      quipu_error *error)
{
    quipu_driver_schema *table = &datastore->table;
    const char *given[] = { schema->table,       schema->notification_id,
                            schema->sequence_id, schema->position,
                            schema->topic,       schema->state };
    const char **kept[] = {
        &table->schema.table,       &table->schema.notification_id,
        &table->schema.sequence_id, &table->schema.position,
        &table->schema.topic,       &table->schema.state
    };

    (void)deadline;
    if (schema->flags & QUIPU_SCHEMA_SPARSE || schema->event_id ||
        schema->metadata || schema->time || schema->column_count > 0) {
        return datastore->host->error_set(error, QUIPU_INVALID, 0, NULL,
                                          "kept keeps the least only");
    }
    table->schema.struct_size = sizeof table->schema;
    table->schema.flags = schema->flags;
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        strncpy(table->names[i], given[i], QUIPU_NAME_MAX);
        *kept[i] = table->names[i];
    }
    datastore->is_set_up = true;
    return QUIPU_OK;
}

static int kept_bind(quipu_driver_datastore *datastore,
                     const quipu_schema *schema, int64_t deadline,
                     quipu_driver_schema **bound, quipu_error *error)
{
    (void)deadline;
    if (!datastore->is_set_up ||
        strcmp(schema->table, datastore->table.schema.table) != 0) {
        return datastore->host->error_set(error, QUIPU_NOT_FOUND, 0, NULL,
                                          "no schema \"%s\"", schema->table);
    }
    *bound = &datastore->table;
    return QUIPU_OK;
}

static void kept_unbind(quipu_driver_datastore *datastore,
                        quipu_driver_schema *bound)
{
    (void)datastore;
    (void)bound;
}

static int kept_teardown(quipu_driver_datastore *datastore,
                         const quipu_schema *schema, int64_t deadline,
                         quipu_error *error)
{
    quipu_driver_schema *bound;
    int status = kept_bind(datastore, schema, deadline, &bound, error);

    datastore->is_set_up = datastore->is_set_up && status != QUIPU_OK;
    return status;
}

static const quipu_driver driver = {
    .struct_size = sizeof driver,
    .abi = QUIPU_DRIVER_ABI,
    .name = "kept",
    .version = "1.0.0",
    .library = kept_library,
    .open = kept_open,
    .close = kept_close,
    .interrupt = kept_interrupt,
    .setup = kept_setup,
    .teardown = kept_teardown,
    .bind = kept_bind,
    .unbind = kept_unbind,
    .append = kept_append,
    .read_sequence = kept_read_sequence,
    .list_schemas = kept_list_schemas,
    .list_sequences = kept_list_sequences,
    .step = kept_step,
    .cursor_close = kept_cursor_close,
    .last_position = kept_last_position,
};

QUIPU_DRIVER_ENTRY(kept)
{
    return &driver;
}
