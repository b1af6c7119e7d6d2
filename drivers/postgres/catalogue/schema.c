/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas: their definitions in the catalogue, and binding. */
#include "schema.h"

#include "net/errors.h"
#include "net/query.h"

#include "common/schema.h"
#include "common/text.h"

#include <string.h>

/* Columns of SQL_SCHEMA_FIND. */
enum { COLUMN_NUMBER, COLUMN_TABLE = 2, COLUMN_PARTS };

/* ------------------------------------------------------------- comparing */

static int compare_parts(const quipu_driver_datastore *datastore,
                         const quipu_schema *schema, const PGresult *result,
                         quipu_error *error)
{
    const char *stored[SCHEMA_PARTS];
    for (int i = 0; i < SCHEMA_PARTS; i++) {
        stored[i] = quipu_postgres_binary_get_text(result, 0, COLUMN_PARTS + i);
    }
    return quipu_common_schema_compare_parts(datastore->host, schema, stored,
                                             error);
}

/* `result` has a row for each further column: name and kind. */
static int compare_columns(const quipu_driver_datastore *datastore,
                           const quipu_schema *schema, const PGresult *result,
                           struct schema_entry *entry, quipu_error *error)
{
    const size_t stored = (size_t)PQntuples(result);
    const size_t wanted = entry->former ? 0 : schema->column_count;
    int status = QUIPU_OK;
    entry->columns = stored;
    for (size_t i = 0; status == QUIPU_OK && (i < stored || i < wanted); i++) {
        const char *name = NULL;
        const char *kind = NULL;
        if (i < stored) {
            name = quipu_postgres_binary_get_text(result, (int)i, 0);
            kind = quipu_postgres_binary_get_text(result, (int)i, 1);
        }
        status = quipu_common_schema_compare_column(datastore->host, schema, i,
                                                    name, kind, error);
    }
    return status;
}

static int find_columns(const struct lease *lease, const quipu_schema *schema,
                        struct schema_entry *entry)
{
    quipu_driver_datastore *datastore = lease->datastore;
    struct connection *connection = lease->connection;
    PGresult *result = NULL;
    quipu_postgres_binary_begin(&connection->arguments);
    quipu_postgres_binary_add_int4(&connection->arguments,
                                   datastore->namespace_number);
    quipu_postgres_binary_add_int8(&connection->arguments, entry->number);
    int status =
        quipu_postgres_query_run(lease, &datastore->sql[SQL_SCHEMA_COLUMNS],
                                 "read the catalogue", &result);
    if (status == QUIPU_OK) {
        status =
            compare_columns(datastore, schema, result, entry, lease->error);
    }
    PQclear(result);
    return status;
}

int quipu_postgres_schema_find(const struct lease *lease,
                               const quipu_schema *schema,
                               struct schema_entry *entry)
{
    quipu_driver_datastore *datastore = lease->datastore;
    struct connection *connection = lease->connection;
    quipu_error *error = lease->error;
    const quipu_host *host = datastore->host;
    PGresult *result = NULL;
    entry->table = NULL;
    quipu_postgres_binary_begin(&connection->arguments);
    quipu_postgres_binary_add_int4(&connection->arguments,
                                   datastore->namespace_number);
    quipu_postgres_binary_add_text(&connection->arguments, schema->table);
    int status = quipu_postgres_query_run(
        lease, &datastore->sql[SQL_SCHEMA_FIND], "read the catalogue", &result);
    if (status != QUIPU_OK) {
        return status;
    }
    if (PQntuples(result) == 0) {
        status = host->error_set(
            error, QUIPU_NOT_FOUND, 0, NULL,
            "schema \"%s\" is not set up; call quipu_datastore_setup",
            schema->table);
    } else {
        entry->number = quipu_postgres_binary_get_int(result, 0, COLUMN_NUMBER);
        entry->table = quipu_common_text_copy(
            host, quipu_postgres_binary_get_text(result, 0, COLUMN_TABLE));
        status = entry->table ? compare_parts(datastore, schema, result, error)
                              : quipu_postgres_error_no_memory(host, error);
    }
    PQclear(result);
    if (status == QUIPU_OK) {
        status = find_columns(lease, schema, entry);
    }
    if (status != QUIPU_OK) {
        host->release(entry->table);
        entry->table = NULL;
    }
    return status;
}

/* ------------------------------------------------------------- item tables */

static bool has_column(const PGresult *columns, const char *name)
{
    for (int i = 0; i < PQntuples(columns); i++) {
        if (strcmp(quipu_postgres_binary_get_text(columns, i, 0), name) == 0) {
            return true;
        }
    }
    return false;
}

/* The first of a schema's columns that a table lacks, or NULL. */
static const char *find_missing(const quipu_schema *schema,
                                const PGresult *columns)
{
    const char *const fixed[] = {
        "quipu_namespace", schema->notification_id, schema->sequence_id,
        schema->position,  schema->topic,           schema->state,
        schema->event_id,  schema->metadata,        schema->time,
    };
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        if (fixed[i] && !has_column(columns, fixed[i])) {
            return fixed[i];
        }
    }
    for (size_t i = 0; i < schema->column_count; i++) {
        if (!has_column(columns, schema->columns[i].name)) {
            return schema->columns[i].name;
        }
    }
    return NULL;
}

static int check_table(const struct lease *lease, const quipu_schema *schema,
                       const char *table)
{
    quipu_driver_datastore *datastore = lease->datastore;
    struct connection *connection = lease->connection;
    PGresult *result = NULL;
    quipu_postgres_binary_begin(&connection->arguments);
    quipu_postgres_binary_add_text(&connection->arguments, datastore->schema);
    quipu_postgres_binary_add_text(&connection->arguments, table);
    int status = quipu_postgres_query_run(
        lease, &datastore->sql[SQL_TABLE_COLUMNS], "look at a table", &result);
    const char *missing =
        status == QUIPU_OK ? find_missing(schema, result) : NULL;
    if (missing) {
        status =
            datastore->host->error_set(lease->error, QUIPU_CORRUPT, 0, NULL,
                                       "table \"%s\" in %s has lost its column "
                                       "\"%s\"; restore the column, "
                                       "or a backup",
                                       table, datastore->name, missing);
    }
    PQclear(result);
    return status;
}

struct check {
    const quipu_schema *schema;
    struct schema_entry *entry;
};

static int check_once(const struct lease *lease, void *context)
{
    const struct check *check = context;
    lease->datastore->host->release(check->entry->table);
    *check->entry = (struct schema_entry){ .table = NULL };
    int status = quipu_postgres_schema_find(lease, check->schema, check->entry);
    return status == QUIPU_OK
               ? check_table(lease, check->schema, check->entry->table)
               : status;
}

int quipu_postgres_schema_check(quipu_driver_datastore *datastore,
                                const quipu_schema *schema, int64_t deadline,
                                struct schema_entry *entry, quipu_error *error)
{
    struct check check = { schema, entry };
    *entry = (struct schema_entry){ .table = NULL };
    return quipu_postgres_query_repeat(datastore, check_once, &check, deadline,
                                       error);
}

/* ----------------------------------------------------------------- binding */

/* Takes the table's name over. */
static quipu_driver_schema *create(const quipu_host *host,
                                   const quipu_schema *schema,
                                   struct schema_entry *entry)
{
    quipu_driver_schema *bound = host->allocate(sizeof(*bound));
    if (bound) {
        memset(bound, 0, sizeof(*bound));
        bound->number = entry->number;
        bound->table = entry->table;
        entry->table = NULL;
        bound->names = quipu_common_schema_copy(host, schema, &bound->schema);
    }
    return bound;
}

int quipu_postgres_schema_bind(quipu_driver_datastore *datastore,
                               const quipu_schema *schema, int64_t deadline,
                               quipu_driver_schema **bound, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    quipu_driver_schema *made = NULL;
    struct schema_entry entry = { .table = NULL };
    int status =
        quipu_postgres_schema_check(datastore, schema, deadline, &entry, error);
    if (status == QUIPU_OK) {
        made = create(host, schema, &entry);
        status =
            made && made->names
                ? quipu_postgres_item_sql_make(datastore, &made->schema,
                                               made->table, made->sql, error)
                : quipu_postgres_error_no_memory(host, error);
    }
    host->release(entry.table);
    if (status != QUIPU_OK) {
        quipu_postgres_schema_unbind(datastore, made);
        return status;
    }
    *bound = made;
    return QUIPU_OK;
}

void quipu_postgres_schema_unbind(quipu_driver_datastore *datastore,
                                  quipu_driver_schema *bound)
{
    if (bound) {
        quipu_postgres_item_sql_finish(bound->sql, datastore->host);
        datastore->host->release(bound->names);
        datastore->host->release(bound->table);
        datastore->host->release(bound);
    }
}

int quipu_postgres_schema_check_columns(const struct lease *lease,
                                        const quipu_driver_schema *bound,
                                        const char *what)
{
    quipu_driver_datastore *datastore = lease->datastore;
    struct arguments *arguments = &lease->connection->arguments;
    PGresult *result = NULL;
    quipu_postgres_binary_begin(arguments);
    quipu_postgres_binary_add_int4(arguments, datastore->namespace_number);
    quipu_postgres_binary_add_int8(arguments, bound->number);
    int status =
        quipu_postgres_query_run(lease, &datastore->sql[SQL_SCHEMA_COLUMNS],
                                 "read the catalogue", &result);
    if (status == QUIPU_OK &&
        (size_t)PQntuples(result) > bound->schema.column_count) {
        status = datastore->host->error_set(
            lease->error, QUIPU_NOT_FOUND, 0, NULL,
            "columns were added to schema \"%s\" of %s after it was bound; "
            "open it with its present definition to %s",
            bound->schema.table, datastore->name, what);
    }
    PQclear(result);
    return status;
}

int quipu_postgres_schema_torn_down(const quipu_driver_datastore *datastore,
                                    const quipu_driver_schema *bound,
                                    quipu_error *error)
{
    return datastore->host->error_set(error, QUIPU_NOT_FOUND, 0, NULL,
                                      "schema \"%s\" of %s is no longer set "
                                      "up; it was torn down after it was "
                                      "bound",
                                      bound->schema.table, datastore->name);
}
