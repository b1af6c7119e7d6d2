/* SPDX-License-Identifier: Apache-2.0 */
/* A schema against what the catalogue says of it. */
#include "sqlite.h"

#include "common/safeguard.h"
#include "common/schema.h"

#include <string.h>

static const char *column_text(sqlite3_stmt *row, int column)
{
    return (const char *)sqlite3_column_text(row, column);
}

static int compare_columns(quipu_driver_datastore *datastore,
                           struct connection *connection,
                           const quipu_schema *schema, int64_t number,
                           quipu_error *error)
{
    sqlite3_stmt *row = NULL;
    int status = quipu_sqlite_statement_get(datastore, connection, NULL,
                                            SQL_COLUMNS, &row, error);
    if (status != QUIPU_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(row, 1, number);
    size_t i = 0;
    int code;
    while ((code = sqlite3_step(row)) == SQLITE_ROW && status == QUIPU_OK) {
        status = quipu_common_schema_compare_column(datastore->host, schema,
                                                    i++, column_text(row, 0),
                                                    column_text(row, 1), error);
    }
    if (status == QUIPU_OK && code != SQLITE_DONE) {
        status = quipu_sqlite_fail(datastore, connection->db, code,
                                   "read the catalogue", error);
    } else if (status == QUIPU_OK &&
               SAFEGUARDED("F4.fewer-columns", i < schema->column_count,
                           false)) {
        status = quipu_common_schema_compare_column(datastore->host, schema, i,
                                                    NULL, NULL, error);
    }
    (void)sqlite3_reset(row);
    return status;
}

static int compare_parts(quipu_driver_datastore *datastore,
                         const quipu_schema *schema, sqlite3_stmt *row,
                         quipu_error *error)
{
    const char *stored[SCHEMA_PARTS];
    for (int i = 0; i < SCHEMA_PARTS; i++) {
        stored[i] = column_text(row, i + 2);
    }
    return quipu_common_schema_compare_parts(datastore->host, schema, stored,
                                             error);
}

static const char find_schema[] =
    "SELECT number, name, ids, positions, notification_id, sequence_id,"
    " position, topic, state, event_id, metadata, time FROM quipu_schemas"
    " WHERE namespace = ?1 AND name = ?2";

int quipu_sqlite_catalogue_find(quipu_driver_datastore *datastore,
                                struct connection *connection,
                                const quipu_schema *schema, int64_t *number,
                                quipu_error *error)
{
    sqlite3_stmt *row = NULL;
    int status = QUIPU_OK;
    int code = sqlite3_prepare_v2(connection->db, find_schema, -1, &row, NULL);
    if (code == SQLITE_OK) {
        (void)sqlite3_bind_int64(row, 1, datastore->space);
        (void)sqlite3_bind_text(row, 2, schema->table, -1, SQLITE_STATIC);
        code = sqlite3_step(row);
    }
    if (code == SQLITE_ROW) {
        *number = sqlite3_column_int64(row, 0);
        status = compare_parts(datastore, schema, row, error);
    } else if (code == SQLITE_DONE) {
        status = datastore->host->error_set(
            error, QUIPU_NOT_FOUND, 0, NULL,
            "schema \"%s\" is not set up; call quipu_datastore_setup",
            schema->table);
    } else {
        status = quipu_sqlite_fail(datastore, connection->db, code,
                                   "read the catalogue", error);
    }
    (void)sqlite3_finalize(row);
    if (status == QUIPU_OK) {
        status = compare_columns(datastore, connection, schema, *number, error);
    }
    return status;
}

/* -------------------------------------------------------------- the table */

static int lacks(quipu_driver_datastore *datastore, const quipu_schema *schema,
                 const char *column, quipu_error *error)
{
    return datastore->host->error_set(
        error, QUIPU_CORRUPT, 0, NULL,
        "the table of schema \"%s\" in \"%s\" has no column \"%s\", which "
        "quipu made; restore it, or a backup",
        schema->table, datastore->name, column);
}

/* Asks for one column of the table bound to the statement. */
static int find_column(quipu_driver_datastore *datastore, sqlite3_stmt *row,
                       const quipu_schema *schema, const char *column,
                       quipu_error *error)
{
    if (!column) {
        return QUIPU_OK;
    }
    (void)sqlite3_bind_text(row, 2, column, -1, SQLITE_STATIC);
    int code = sqlite3_step(row);
    int status = QUIPU_OK;
    if (code == SQLITE_DONE) {
        status = lacks(datastore, schema, column, error);
    } else if (code != SQLITE_ROW) {
        status = quipu_sqlite_fail(datastore, sqlite3_db_handle(row), code,
                                   "look at a table", error);
    }
    (void)sqlite3_reset(row);
    return status;
}

static int find_columns(quipu_driver_datastore *datastore, sqlite3_stmt *row,
                        const quipu_schema *schema, quipu_error *error)
{
    const char *const names[] = {
        schema->notification_id, schema->sequence_id, schema->position,
        schema->topic,           schema->state,       schema->event_id,
        schema->metadata,        schema->time,
    };
    int status = QUIPU_OK;
    for (size_t i = 0;
         status == QUIPU_OK && i < sizeof(names) / sizeof(names[0]); i++) {
        status = find_column(datastore, row, schema, names[i], error);
    }
    for (size_t i = 0; status == QUIPU_OK && i < schema->column_count; i++) {
        status =
            find_column(datastore, row, schema, schema->columns[i].name, error);
    }
    return status;
}

int quipu_sqlite_table_check(quipu_driver_datastore *datastore,
                             struct connection *connection,
                             const quipu_schema *schema, quipu_error *error)
{
    sqlite3_stmt *row = NULL;
    char *table = quipu_sqlite_schema_table(datastore, schema->table);
    if (!table) {
        return quipu_sqlite_no_memory(datastore->host, error);
    }
    int code = sqlite3_prepare_v2(
        connection->db, "SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2",
        -1, &row, NULL);
    int status = QUIPU_OK;
    if (code == SQLITE_OK) {
        (void)sqlite3_bind_text(row, 1, table, -1, SQLITE_STATIC);
        status = find_columns(datastore, row, schema, error);
    } else {
        status = quipu_sqlite_fail(datastore, connection->db, code,
                                   "look at a table", error);
    }
    (void)sqlite3_finalize(row);
    datastore->host->release(table);
    return status;
}
