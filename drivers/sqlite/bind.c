/* SPDX-License-Identifier: Apache-2.0 */
/* Binding a schema: a copy of it, checked against the catalogue, and its SQL.
 */
#include "sqlite.h"

#include <string.h>

/* Looks a schema up outside of a transaction of its own. */
int quipu_sqlite_schema_find(quipu_driver_datastore *datastore,
                             const quipu_schema *schema, int64_t deadline,
                             int64_t *number, quipu_error *error)
{
    struct connection *reader = NULL;
    int status =
        quipu_sqlite_reader_borrow(datastore, deadline, &reader, error);
    if (status == QUIPU_OK) {
        status = quipu_sqlite_catalogue_find(datastore, reader, schema, number,
                                             error);
        if (status == QUIPU_OK) {
            status = quipu_sqlite_table_check(datastore, reader, schema, error);
        }
        quipu_sqlite_reader_return(datastore, reader);
    }
    return status;
}

/* Deep copies of names go one after the other into `names`. */
static size_t name_size(const char *name)
{
    return name != NULL ? strlen(name) + 1 : 0;
}

static const char *put_name(char **at, const char *name)
{
    size_t size = name_size(name);
    char *copy = *at;
    if (size == 0) {
        return NULL;
    }
    memcpy(copy, name, size);
    *at += size;
    return copy;
}

static size_t names_size(const quipu_schema *schema)
{
    size_t size = name_size(schema->table) +
                  name_size(schema->notification_id) +
                  name_size(schema->sequence_id) + name_size(schema->position) +
                  name_size(schema->topic) + name_size(schema->state) +
                  name_size(schema->event_id) + name_size(schema->metadata) +
                  name_size(schema->time);
    for (size_t i = 0; i < schema->column_count; i++) {
        size += name_size(schema->columns[i].name);
    }
    return size;
}

/* The block: first the columns, then all names. */
char *quipu_sqlite_schema_copy(const quipu_host *host, const quipu_schema *from,
                               quipu_schema *to)
{
    size_t columns = from->column_count * sizeof *from->columns;
    char *block = host->allocate(columns + names_size(from));
    if (block == NULL) {
        return NULL;
    }
    quipu_column *column = (quipu_column *)(void *)block;
    char *at = block + columns;
    *to = *from;
    to->columns = from->column_count > 0 ? column : NULL;
    to->table = put_name(&at, from->table);
    to->notification_id = put_name(&at, from->notification_id);
    to->sequence_id = put_name(&at, from->sequence_id);
    to->position = put_name(&at, from->position);
    to->topic = put_name(&at, from->topic);
    to->state = put_name(&at, from->state);
    to->event_id = put_name(&at, from->event_id);
    to->metadata = put_name(&at, from->metadata);
    to->time = put_name(&at, from->time);
    for (size_t i = 0; i < from->column_count; i++) {
        column[i] =
            (quipu_column){ .name = put_name(&at, from->columns[i].name),
                            .kind = from->columns[i].kind };
    }
    return block;
}

int quipu_sqlite_bind(quipu_driver_datastore *datastore,
                      const quipu_schema *schema, int64_t deadline,
                      quipu_driver_schema **bound, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    int64_t number = 0;
    int status =
        quipu_sqlite_schema_find(datastore, schema, deadline, &number, error);
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_driver_schema *made = host->allocate(sizeof *made);
    if (made == NULL) {
        return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                               "no memory for a schema");
    }
    *made = (quipu_driver_schema){ .number = number };
    made->names = quipu_sqlite_schema_copy(host, schema, &made->schema);
    char *table = quipu_sqlite_schema_table(datastore, schema->table);
    status = made->names != NULL && table != NULL
                 ? quipu_sqlite_schema_sql(made, host, table, error)
                 : host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                                   "no memory for a schema");
    host->release(table);
    if (status != QUIPU_OK) {
        quipu_sqlite_unbind(datastore, made);
        return status;
    }
    (void)pthread_mutex_lock(&datastore->lock);
    made->serial = ++datastore->serials;
    (void)pthread_mutex_unlock(&datastore->lock);
    *bound = made;
    return QUIPU_OK;
}

void quipu_sqlite_unbind(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound)
{
    quipu_sqlite_schema_sql_finish(bound, datastore->host);
    datastore->host->release(bound->names);
    datastore->host->release(bound);
}
