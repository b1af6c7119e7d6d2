/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue: quipu's own tables, which list the namespaces of a store, its
 * schemas and their columns, and hold the heads of the logs and the tracking
 * records.
 *
 *   - Heads and schemas are separate tables, so that an append rewrites a row
 *     of a few bytes.
 *   - The number of a schema is never used again (AUTOINCREMENT): a handle that
 *     is bound to a schema that was torn down must not reach a later one.
 *   - The format of the store is in a table, since PRAGMA user_version belongs
 *     to the application that may keep tables of its own in the same file.
 *   - In a namespace other than the default one, the name of a schema's table
 *     in the database begins with "quipu_<number>_", which is reserved: no
 *     schema has a name that begins with "quipu_". */
#include "common/error.h"
#include "common/safeguard.h"
#include "common/schema.h"
#include "common/store_identity.h"
#include "sqlite.h"

#include <stdio.h>
#include <string.h>

#define LITERAL_(x) #x
#define LITERAL(x) LITERAL_(x)

static const char create_catalogue[] = "PRAGMA application_id = " LITERAL(
    STORE_APPLICATION_ID) ";"

                          "CREATE TABLE quipu_store ("
                          "format INTEGER NOT NULL"
                          ") STRICT;"
                          "INSERT INTO quipu_store VALUES (" LITERAL(
                              STORE_FORMAT) ");"

                                            "CREATE TABLE quipu_namespaces ("
                                            "number INTEGER PRIMARY KEY, "
                                            "name TEXT NOT NULL UNIQUE, "
                                            "identity BLOB NOT NULL"
                                            ") STRICT;"

                                            "CREATE TABLE quipu_schemas ("
                                            "number INTEGER PRIMARY KEY "
                                            "AUTOINCREMENT, "
                                            "namespace INTEGER NOT NULL, "
                                            "name TEXT NOT NULL, "
                                            "ids TEXT NOT NULL, "
                                            "positions TEXT NOT NULL, "
                                            "notification_id TEXT NOT NULL, "
                                            "sequence_id TEXT NOT NULL, "
                                            "position TEXT NOT NULL, "
                                            "topic TEXT NOT NULL, "
                                            "state TEXT NOT NULL, "
                                            "event_id TEXT, "
                                            "metadata TEXT, "
                                            "time TEXT, "
                                            "UNIQUE (namespace, name)"
                                            ") STRICT;"

                                            "CREATE TABLE quipu_columns ("
                                            "schema INTEGER NOT NULL, "
                                            "ordinal INTEGER NOT NULL, "
                                            "name TEXT NOT NULL, "
                                            "kind TEXT NOT NULL, "
                                            "PRIMARY KEY (schema, ordinal)"
                                            ") STRICT, WITHOUT ROWID;"

                                            "CREATE TABLE quipu_heads ("
                                            "schema INTEGER PRIMARY KEY, "
                                            "head INTEGER NOT NULL"
                                            ") STRICT;"

                                            "CREATE TABLE quipu_tracking ("
                                            "namespace INTEGER NOT NULL, "
                                            "consumer TEXT NOT NULL, "
                                            "log TEXT NOT NULL, "
                                            "notification_id INTEGER NOT NULL, "
                                            "store BLOB NOT NULL, "
                                            "event_id BLOB NOT NULL, "
                                            "PRIMARY KEY (namespace, consumer, "
                                            "log)"
                                            ") STRICT, WITHOUT ROWID;";

int quipu_sqlite_catalogue_create(quipu_driver_datastore *datastore,
                                  quipu_error *error)
{
    return quipu_sqlite_statement_execute(&datastore->writer, create_catalogue,
                                          "create the catalogue", error);
}

/* -------------------------------------------------------------- namespaces */

/* Reads number and identity of the datastore's namespace. */
static int read_namespace(quipu_driver_datastore *datastore,
                          const struct connection *connection, bool *found,
                          quipu_error *error)
{
    sqlite3_stmt *row = NULL;
    int code = quipu_sqlite_statement_prepare(
        connection,
        "SELECT number, identity FROM quipu_namespaces WHERE name = ?1", &row);

    if (code == SQLITE_OK) {
        (void)sqlite3_bind_text(row, 1, datastore->name_space, -1,
                                SQLITE_STATIC);
        code = sqlite3_step(row);
    }
    *found = code == SQLITE_ROW && sqlite3_column_bytes(row, 1) == 16;
    if (*found) {
        datastore->name_space_number = sqlite3_column_int64(row, 0);
        memcpy(datastore->identity.bytes, sqlite3_column_blob(row, 1), 16);
    }
    (void)sqlite3_finalize(row);
    return code == SQLITE_ROW || code == SQLITE_DONE
               ? QUIPU_OK
               : quipu_sqlite_error_set(connection, code, "read the namespaces",
                                        error);
}

static int insert_namespace(quipu_driver_datastore *datastore,
                            quipu_error *error)
{
    sqlite3_stmt *insert = NULL;
    quipu_uuid identity;

    if (!quipu_common_store_identity_make(&identity)) {
        return datastore->host->error_set(
            error, QUIPU_INTERNAL, 0, NULL,
            "the system supplies no random bytes for the identity of \"%s\"",
            datastore->name);
    }
    int code = quipu_sqlite_statement_prepare(
        &datastore->writer,
        "INSERT INTO quipu_namespaces (name, identity) VALUES (?1, ?2)",
        &insert);
    if (code == SQLITE_OK) {
        (void)sqlite3_bind_text(insert, 1, datastore->name_space, -1,
                                SQLITE_STATIC);
        (void)sqlite3_bind_blob(insert, 2, identity.bytes, 16, SQLITE_STATIC);
        code = sqlite3_step(insert);
    }
    (void)sqlite3_finalize(insert);
    return code == SQLITE_DONE
               ? quipu_sqlite_authorizer_check_change(
                     &datastore->writer, "quipu_namespaces", 1, error)
               : quipu_sqlite_error_set(&datastore->writer, code,
                                        "create the namespace", error);
}

/* Creates the namespace, unless another process has done so since the last
 * look. */
static int create_namespace(quipu_driver_datastore *datastore, int64_t deadline,
                            quipu_error *error)
{
    const struct connection *writer = &datastore->writer;
    bool found = false;
    int status = quipu_sqlite_transaction_begin(datastore, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = read_namespace(datastore, writer, &found, error);
    if (status == QUIPU_OK && !found) {
        status = insert_namespace(datastore, error);
    }
    if (status == QUIPU_OK && !found) {
        status = read_namespace(datastore, writer, &found, error);
    }
    if (status != QUIPU_OK) {
        quipu_sqlite_transaction_abandon(datastore);
        return status;
    }
    return quipu_sqlite_transaction_commit(datastore, error);
}

int quipu_sqlite_catalogue_identity(quipu_driver_datastore *datastore,
                                    bool create, int64_t deadline,
                                    quipu_error *error)
{
    struct reader_use use = { .datastore = datastore, .deadline = deadline };
    bool found = false;
    int status;

    do {
        status = quipu_sqlite_reader_borrow(&use, error);
        if (status == QUIPU_OK) {
            found = false;
            status = read_namespace(datastore, use.reader, &found, error);
        }
    } while (quipu_sqlite_reader_return(&use, &status, error));
    if (status != QUIPU_OK || found) {
        return status;
    }
    if (!create) {
        return datastore->host->error_set(
            error, QUIPU_NOT_FOUND, 0, NULL,
            "\"%s\" has no namespace \"%s\"; create=yes creates it",
            datastore->name, datastore->name_space);
    }
    return create_namespace(datastore, deadline, error);
}

/* ----------------------------------------------------------------- schemas */

static const char *text_at(sqlite3_stmt *row, int column)
{
    return (const char *)sqlite3_column_text(row, column);
}

static int compare_columns(struct connection *connection,
                           const quipu_schema *schema, int64_t number,
                           size_t *present, quipu_error *error)
{
    const quipu_host *host = connection->datastore->host;
    sqlite3_stmt *row = NULL;
    size_t i = 0;
    int code = SQLITE_DONE;
    int status =
        quipu_sqlite_statement_get(connection, NULL, SQL_COLUMNS, &row, error);

    if (status != QUIPU_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(row, 1, number);
    while ((code = sqlite3_step(row)) == SQLITE_ROW && status == QUIPU_OK) {
        status = quipu_common_schema_compare_column(
            host, schema, i++, text_at(row, 0), text_at(row, 1), error);
    }
    if (status == QUIPU_OK && code != SQLITE_DONE) {
        status = quipu_sqlite_error_set(connection, code, "read the catalogue",
                                        error);
    } else if (status == QUIPU_OK && !present &&
               SAFEGUARDED("F4.fewer-columns", i < schema->column_count,
                           false)) {
        status = quipu_common_schema_compare_column(host, schema, i, NULL, NULL,
                                                    error);
    }
    (void)sqlite3_reset(row);
    if (present) {
        *present = i;
    }
    return status;
}

static int compare_parts(const quipu_host *host, const quipu_schema *schema,
                         sqlite3_stmt *row, quipu_error *error)
{
    const char *stored[SCHEMA_PARTS];

    for (int i = 0; i < SCHEMA_PARTS; i++) {
        stored[i] = text_at(row, i + 2);
    }
    return quipu_common_schema_compare_parts(host, schema, stored, error);
}

int quipu_sqlite_catalogue_find(struct connection *connection,
                                const quipu_schema *schema, int64_t *number,
                                size_t *present, quipu_error *error)
{
    const quipu_driver_datastore *datastore = connection->datastore;
    sqlite3_stmt *row = NULL;
    int status = QUIPU_OK;
    int code = quipu_sqlite_statement_prepare(
        connection,
        "SELECT number, name, ids, positions, notification_id, sequence_id, "
        "position, topic, state, event_id, metadata, time "
        "FROM quipu_schemas WHERE namespace = ?1 AND name = ?2",
        &row);

    if (code == SQLITE_OK) {
        (void)sqlite3_bind_int64(row, 1, datastore->name_space_number);
        (void)sqlite3_bind_text(row, 2, schema->table, -1, SQLITE_STATIC);
        code = sqlite3_step(row);
    }
    if (code == SQLITE_ROW) {
        *number = sqlite3_column_int64(row, 0);
        status = compare_parts(datastore->host, schema, row, error);
    } else if (code == SQLITE_DONE) {
        status = datastore->host->error_set(
            error, QUIPU_NOT_FOUND, 0, NULL,
            "schema \"%s\" is not set up; call quipu_datastore_setup",
            schema->table);
    } else {
        status = quipu_sqlite_error_set(connection, code, "read the catalogue",
                                        error);
    }
    (void)sqlite3_finalize(row);
    return status == QUIPU_OK
               ? compare_columns(connection, schema, *number, present, error)
               : status;
}

/* --------------------------------------------------------- tables of items */

char *quipu_sqlite_catalogue_table_name(const quipu_driver_datastore *datastore,
                                        const char *table)
{
    struct text text = { .host = datastore->host };
    char prefix[40] = "";

    if (SAFEGUARDED("F3.tables-of-a-namespace",
                    datastore->name_space[0] != '\0', false)) {
        (void)snprintf(prefix, sizeof(prefix), "quipu_%lld_",
                       (long long)datastore->name_space_number);
    }
    quipu_common_text_add(&text, prefix);
    quipu_common_text_add(&text, table);
    if (text.failed) {
        quipu_common_text_finish(&text);
    }
    return text.data;
}

/* Checks that the table bound to the statement has a column; NULL: nothing to
 * check. */
static int check_column(const struct connection *connection, sqlite3_stmt *row,
                        const quipu_schema *schema, const char *column,
                        quipu_error *error)
{
    const quipu_driver_datastore *datastore = connection->datastore;
    int status = QUIPU_OK;

    if (!column) {
        return QUIPU_OK;
    }
    (void)sqlite3_bind_text(row, 2, column, -1, SQLITE_STATIC);
    int code = sqlite3_step(row);
    if (code == SQLITE_DONE) {
        status = datastore->host->error_set(
            error, QUIPU_CORRUPT, 0, NULL,
            "the table of schema \"%s\" in \"%s\" has no column \"%s\", which "
            "quipu created; restore the column, or a backup",
            schema->table, datastore->name, column);
    } else if (code != SQLITE_ROW) {
        status = quipu_sqlite_error_set(
            connection, code, "read the definition of a table", error);
    }
    (void)sqlite3_reset(row);
    return status;
}

static int check_columns(const struct connection *connection, sqlite3_stmt *row,
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
        status = check_column(connection, row, schema, names[i], error);
    }
    for (size_t i = 0; status == QUIPU_OK && i < schema->column_count; i++) {
        status = check_column(connection, row, schema, schema->columns[i].name,
                              error);
    }
    return status;
}

int quipu_sqlite_catalogue_has_column(const struct connection *connection,
                                      const char *table, const char *column,
                                      bool *found, quipu_error *error)
{
    sqlite3_stmt *row = NULL;
    int code =
        quipu_sqlite_statement_prepare(connection,
                                       "SELECT 1 FROM pragma_table_info(?1) "
                                       "WHERE name = ?2 COLLATE NOCASE",
                                       &row);

    if (code == SQLITE_OK) {
        (void)sqlite3_bind_text(row, 1, table, -1, SQLITE_STATIC);
        (void)sqlite3_bind_text(row, 2, column, -1, SQLITE_STATIC);
        code = sqlite3_step(row);
    }
    *found = code == SQLITE_ROW;
    (void)sqlite3_finalize(row);
    return code == SQLITE_ROW || code == SQLITE_DONE
               ? QUIPU_OK
               : quipu_sqlite_error_set(
                     connection, code, "read the definition of a table", error);
}

int quipu_sqlite_catalogue_check_table(struct connection *connection,
                                       const quipu_schema *schema,
                                       quipu_error *error)
{
    const quipu_host *host = connection->datastore->host;
    sqlite3_stmt *row = NULL;
    int status = QUIPU_OK;
    char *table =
        quipu_sqlite_catalogue_table_name(connection->datastore, schema->table);

    if (!table) {
        return quipu_sqlite_error_no_memory(host, error);
    }
    int code = quipu_sqlite_statement_prepare(
        connection, "SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2",
        &row);
    if (code == SQLITE_OK) {
        (void)sqlite3_bind_text(row, 1, table, -1, SQLITE_STATIC);
        status = check_columns(connection, row, schema, error);
    } else {
        status = quipu_sqlite_error_set(
            connection, code, "read the definition of a table", error);
    }
    (void)sqlite3_finalize(row);
    host->release(table);
    return status;
}
