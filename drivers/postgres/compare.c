/* SPDX-License-Identifier: Apache-2.0 */
/* A schema against what the catalogue says of it. */
#include "postgres.h"

#include <string.h>

/* Of SQL_SCHEMA_FIND's and SQL_SCHEMA_NEXT's columns. */
#define FIRST_PART 3

static const char *shown(const char *name)
{
    return name != NULL ? name : "(none)";
}

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static int differs(quipu_driver_datastore *datastore,
                   const quipu_schema *schema, const char *part,
                   const char *wanted, const char *stored, quipu_error *error)
{
    return datastore->host->error_set(
        error, QUIPU_CONFLICT, 0, NULL,
        "schema \"%s\" is set up otherwise: its %s is %s, not %s",
        schema->table, part, shown(stored), shown(wanted));
}

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
    size_t count = schema->column_count;
    for (size_t i = 0; i < stored || i < count; i++) {
        const char *wanted = i < count ? schema->columns[i].name : NULL;
        const char *name = i < stored ? text_at(result, (int)i, 0) : NULL;
        if (!same(wanted, name)) {
            return differs(datastore, schema, "further column", wanted, name,
                           error);
        }
        const char *kind = text_at(result, (int)i, 1);
        if (schema->columns[i].kind != quipu_shared_kind_of(kind)) {
            return differs(datastore, schema, "kind of a further column",
                           quipu_shared_kind_name(schema->columns[i].kind),
                           kind, error);
        }
    }
    return QUIPU_OK;
}

static int compare_names(quipu_driver_datastore *datastore,
                         const quipu_schema *schema, const PGresult *result,
                         quipu_error *error)
{
    const struct {
        const char *part;
        const char *wanted;
    } parts[] = {
        { "kind of ids",
          schema->flags & QUIPU_SCHEMA_TEXT_IDS ? "text" : "uuid" },
        { "kind of positions",
          schema->flags & QUIPU_SCHEMA_SPARSE ? "sparse" : "contiguous" },
        { "notification id", schema->notification_id },
        { "sequence id", schema->sequence_id },
        { "position", schema->position },
        { "topic", schema->topic },
        { "state", schema->state },
        { "event id", schema->event_id },
        { "metadata", schema->metadata },
        { "time", schema->time },
    };
    for (int i = 0; i < (int)(sizeof parts / sizeof parts[0]); i++) {
        const char *stored = text_at(result, 0, FIRST_PART + i);
        if (!same(parts[i].wanted, stored)) {
            return differs(datastore, schema, parts[i].part, parts[i].wanted,
                           stored, error);
        }
    }
    return QUIPU_OK;
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
        *table = quipu_shared_text_copy(host, PQgetvalue(result, 0, 2));
        status = *table != NULL
                     ? compare_names(datastore, schema, result, error)
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
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (missing == NULL && own[i] != NULL && !has(columns, own[i])) {
            missing = own[i];
        }
    }
    for (size_t i = 0; i < schema->column_count; i++) {
        if (missing == NULL && !has(columns, schema->columns[i].name)) {
            missing = schema->columns[i].name;
        }
    }
    if (missing == NULL) {
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
