/* SPDX-License-Identifier: Apache-2.0 */
/* quipu's own tables: what the store is, its namespaces, and its schemas. */
#include "sqlite.h"

#include "common/safeguard.h"
#include "common/store_identity.h"

#include <stdio.h>
#include <string.h>

#define LITERAL_(x) #x
#define LITERAL(x) LITERAL_(x)

/*
 * Heads and schemas are two tables so that an append rewrites a row of a few
 * bytes.  A schema's number is never given again (AUTOINCREMENT): who is bound
 * to one that was removed must not find another in its place.  The format is
 * in a table, since PRAGMA user_version belongs to whoever keeps tables of his
 * own in the same file.
 */
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

const char *const quipu_sqlite_common_sql[SQL_COMMON_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_SAVEPOINT] = "SAVEPOINT quipu",
    [SQL_ROLLBACK_TO] = "ROLLBACK TO quipu",
    [SQL_RELEASE] = "RELEASE quipu",
    [SQL_TRACKING_READ] =
        "SELECT notification_id, store, event_id FROM quipu_tracking "
        "WHERE namespace = ?1 AND consumer = ?2 AND log = ?3",
    [SQL_TRACKING_WRITE] =
        "INSERT INTO quipu_tracking VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
        "ON CONFLICT DO UPDATE "
        "SET notification_id = ?4, store = ?5, event_id = ?6",
    [SQL_TRACKING_NEXT] =
        "SELECT notification_id, store, event_id, consumer, log "
        "FROM quipu_tracking "
        "WHERE namespace = ?1 AND (consumer, log) > (?2, ?3) "
        "ORDER BY consumer, log LIMIT 1",
    [SQL_SCHEMAS_NEXT] =
        "SELECT number, name, ids, positions, notification_id, sequence_id, "
        "position, topic, state, event_id, metadata, time "
        "FROM quipu_schemas "
        "WHERE namespace = ?1 AND name > ?2 "
        "ORDER BY name LIMIT 1",
    [SQL_HEAD] = "SELECT head FROM quipu_heads WHERE schema = ?1",
    [SQL_SET_HEAD] = "UPDATE quipu_heads SET head = ?2 WHERE schema = ?1",
    [SQL_COLUMNS] = "SELECT name, kind FROM quipu_columns "
                    "WHERE schema = ?1 ORDER BY ordinal",
};

int quipu_sqlite_catalogue_exec(quipu_driver_datastore *datastore,
                                const char *sql, const char *what,
                                quipu_error *error)
{
    sqlite3 *db = datastore->writer.db;
    int code = sqlite3_exec(db, SAFEGUARD_SQL(sql), NULL, NULL, NULL);
    return code == SQLITE_OK
               ? QUIPU_OK
               : quipu_sqlite_fail(datastore, db, code, what, error);
}

int quipu_sqlite_catalogue_create(quipu_driver_datastore *datastore,
                                  quipu_error *error)
{
    return quipu_sqlite_catalogue_exec(datastore, create_catalogue,
                                       "make the catalogue", error);
}

/* ------------------------------------------------------------- namespaces */

static const char find_namespace[] =
    "SELECT number, identity FROM quipu_namespaces WHERE name = ?1";

static int read_namespace(quipu_driver_datastore *datastore,
                          const struct connection *connection, bool *found,
                          quipu_error *error)
{
    sqlite3 *db = connection->db;
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, find_namespace, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        (void)sqlite3_bind_text(statement, 1, datastore->name_space, -1,
                                SQLITE_STATIC);
        code = sqlite3_step(statement);
    }
    *found = code == SQLITE_ROW && sqlite3_column_bytes(statement, 1) == 16;
    if (*found) {
        datastore->space = sqlite3_column_int64(statement, 0);
        memcpy(datastore->identity.bytes, sqlite3_column_blob(statement, 1),
               16);
    }
    (void)sqlite3_finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE
               ? QUIPU_OK
               : quipu_sqlite_fail(datastore, db, code, "read the namespaces",
                                   error);
}

static int insert_namespace(quipu_driver_datastore *datastore,
                            quipu_error *error)
{
    sqlite3 *db = datastore->writer.db;
    sqlite3_stmt *statement = NULL;
    quipu_uuid identity;
    if (!quipu_common_store_identity_make(&identity)) {
        return datastore->host->error_set(error, QUIPU_INTERNAL, 0, NULL,
                                          "the system has no random bytes");
    }
    int code = sqlite3_prepare_v2(
        db, "INSERT INTO quipu_namespaces (name, identity) VALUES (?1, ?2)", -1,
        &statement, NULL);
    if (code == SQLITE_OK) {
        (void)sqlite3_bind_text(statement, 1, datastore->name_space, -1,
                                SQLITE_STATIC);
        (void)sqlite3_bind_blob(statement, 2, identity.bytes, 16,
                                SQLITE_STATIC);
        code = sqlite3_step(statement);
    }
    (void)sqlite3_finalize(statement);
    return code == SQLITE_DONE ? QUIPU_OK
                               : quipu_sqlite_fail(datastore, db, code,
                                                   "make the namespace", error);
}

/* Makes the namespace, unless another was quicker. */
static int make_namespace(quipu_driver_datastore *datastore, int64_t deadline,
                          quipu_error *error)
{
    bool found = false;
    const struct connection *writer = &datastore->writer;
    int status = quipu_sqlite_writing_begin(datastore, deadline, error);
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
        quipu_sqlite_writing_abandon(datastore);
        return status;
    }
    return quipu_sqlite_writing_commit(datastore, error);
}

int quipu_sqlite_catalogue_identity(quipu_driver_datastore *datastore,
                                    bool create, int64_t deadline,
                                    quipu_error *error)
{
    bool found = false;
    struct connection *reader = NULL;
    int status =
        quipu_sqlite_reader_borrow(datastore, deadline, &reader, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = read_namespace(datastore, reader, &found, error);
    quipu_sqlite_reader_return(datastore, reader);
    if (status != QUIPU_OK || found) {
        return status;
    }
    if (!create) {
        return datastore->host->error_set(
            error, QUIPU_NOT_FOUND, 0, NULL,
            "\"%s\" has no namespace \"%s\"; create=yes makes it",
            datastore->name, datastore->name_space);
    }
    return make_namespace(datastore, deadline, error);
}
