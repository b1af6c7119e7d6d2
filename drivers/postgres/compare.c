/* SPDX-License-Identifier: Apache-2.0 */
/* A schema against what the catalogue says of it. */
#include "postgres.h"

#include "common/schema.h"

#include <string.h>

/* Of SQL_SCHEMA_FIND's and SQL_SCHEMA_NEXT's columns. */
#define FIRST_PART 3

/* libpq ends each value with a NUL, also in binary. */
static const char *text_at(const PGresult *result, int row, int column)
{
    return PQgetisnull(result, row, column) != 0
               ? NULL
               : PQgetvalue(result, row, column);
}

static int compare_columns(quipu_driver_datastore *datastore,
                           const quipu_schema *schema, const PGresult *result,
                           quipu_error *error)
{
    size_t stored = (size_t)PQntuples(result);
    int status = QUIPU_OK;
    for (size_t i = 0;
         status == QUIPU_OK && (i < stored || i < schema->column_count); i++) {
        bool there = i < stored;
        status = quipu_common_schema_compare_column(
            datastore->host, schema, i,
            there ? text_at(result, (int)i, 0) : NULL,
            there ? text_at(result, (int)i, 1) : NULL, error);
    }
    return status;
}

static int compare_parts(quipu_driver_datastore *datastore,
                         const quipu_schema *schema, const PGresult *result,
                         quipu_error *error)
{
    const char *stored[SCHEMA_PARTS];
    for (int i = 0; i < SCHEMA_PARTS; i++) {
        stored[i] = text_at(result, 0, FIRST_PART + i);
    }
    return quipu_common_schema_compare_parts(datastore->host, schema, stored,
                                             error);
}

static int find_columns(quipu_driver_datastore *datastore,
                        struct connection *connection,
                        const quipu_schema *schema, int64_t number,
                        int64_t deadline, quipu_error *error)
{
    PGresult *result = NULL;
    quipu_postgres_arguments_begin(&connection->arguments);
    quipu_postgres_add_int4(&connection->arguments, datastore->space);
    quipu_postgres_add_int8(&connection->arguments, number);
    int status = quipu_postgres_ask(
        datastore, connection, &datastore->common[SQL_SCHEMA_COLUMNS], deadline,
        "read the catalogue", &result, error);
    if (status == QUIPU_OK) {
        status = compare_columns(datastore, schema, result, error);
    }
    PQclear(result);
    return status;
}

int quipu_postgres_schema_find(quipu_driver_datastore *datastore,
                               struct connection *connection,
                               const quipu_schema *schema, int64_t deadline,
                               int64_t *number, char **table,
                               quipu_error *error)
{
    const quipu_host *host = datastore->host;
    PGresult *result = NULL;
    *table = NULL;
    quipu_postgres_arguments_begin(&connection->arguments);
    quipu_postgres_add_int4(&connection->arguments, datastore->space);
    quipu_postgres_add_text(&connection->arguments, schema->table);
    int status = quipu_postgres_ask(
        datastore, connection, &datastore->common[SQL_SCHEMA_FIND], deadline,
        "read the catalogue", &result, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (PQntuples(result) == 0) {
        status = host->error_set(
            error, QUIPU_NOT_FOUND, 0, NULL,
            "schema \"%s\" is not set up; call quipu_datastore_setup",
            schema->table);
    } else {
        *number = quipu_postgres_get_int(result, 0, 0);
        *table = quipu_common_text_copy(host, PQgetvalue(result, 0, 2));
        status = *table ? compare_parts(datastore, schema, result, error)
                        : quipu_postgres_no_memory(host, error);
    }
    PQclear(result);
    if (status == QUIPU_OK) {
        status = find_columns(datastore, connection, schema, *number, deadline,
                              error);
    }
    if (status != QUIPU_OK) {
        host->release(*table);
        *table = NULL;
    }
    return status;
}

/* ------------------------------------------------------------------ tables */

static bool has(const PGresult *columns, const char *name)
{
    for (int i = 0; i < PQntuples(columns); i++) {
        if (strcmp(PQgetvalue(columns, i, 0), name) == 0) {
            return true;
        }
    }
    return false;
}

static int check_columns(quipu_driver_datastore *datastore,
                         const quipu_schema *schema, const PGresult *columns,
                         const char *table, quipu_error *error)
{
    const char *const own[] = {
        "quipu_namespace", schema->notification_id, schema->sequence_id,
        schema->position,  schema->topic,           schema->state,
        schema->event_id,  schema->metadata,        schema->time,
    };
    const char *missing = NULL;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (!missing && own[i] && !has(columns, own[i])) {
            missing = own[i];
        }
    }
    for (size_t i = 0; i < schema->column_count; i++) {
        if (!missing && !has(columns, schema->columns[i].name)) {
            missing = schema->columns[i].name;
        }
    }
    if (!missing) {
        return QUIPU_OK;
    }
    return datastore->host->error_set(
        error, QUIPU_CORRUPT, 0, NULL,
        "table \"%s\" in %s has lost its column \"%s\"; restore it, or a "
        "backup",
        table, datastore->name, missing);
}

int quipu_postgres_table_check(quipu_driver_datastore *datastore,
                               struct connection *connection,
                               const quipu_schema *schema, const char *table,
                               int64_t deadline, quipu_error *error)
{
    PGresult *result = NULL;
    quipu_postgres_arguments_begin(&connection->arguments);
    quipu_postgres_add_text(&connection->arguments, datastore->schema);
    quipu_postgres_add_text(&connection->arguments, table);
    int status = quipu_postgres_ask(
        datastore, connection, &datastore->common[SQL_TABLE_COLUMNS], deadline,
        "look at a table", &result, error);
    if (status == QUIPU_OK) {
        status = check_columns(datastore, schema, result, table, error);
    }
    PQclear(result);
    return status;
}
