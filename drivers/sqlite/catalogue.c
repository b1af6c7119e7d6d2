/* SPDX-License-Identifier: Apache-2.0 */
/* quipu's own tables: what the store is, its namespaces, and its schemas. */
#include "sqlite.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define TEXT_OF_(x) #x
#define TEXT_OF(x) TEXT_OF_(x)

static const char tables[] =
    "CREATE TABLE quipu_namespaces (number INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL UNIQUE, identity BLOB NOT NULL) STRICT;"
    "CREATE TABLE quipu_schemas (number INTEGER PRIMARY KEY,"
    " namespace INTEGER NOT NULL, name TEXT NOT NULL,"
    " ids TEXT NOT NULL, positions TEXT NOT NULL,"
    " notification_id TEXT NOT NULL, sequence_id TEXT NOT NULL,"
    " position TEXT NOT NULL, topic TEXT NOT NULL, state TEXT NOT NULL,"
    " event_id TEXT, metadata TEXT, time TEXT,"
    " UNIQUE (namespace, name)) STRICT;"
    "CREATE TABLE quipu_columns (schema INTEGER NOT NULL,"
    " ordinal INTEGER NOT NULL, name TEXT NOT NULL, kind INTEGER NOT NULL,"
    " PRIMARY KEY (schema, ordinal)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE quipu_heads (schema INTEGER PRIMARY KEY,"
    " head INTEGER NOT NULL) STRICT;"
    "CREATE TABLE quipu_tracking (namespace INTEGER NOT NULL,"
    " consumer TEXT NOT NULL, log TEXT NOT NULL,"
    " notification_id INTEGER NOT NULL, store BLOB NOT NULL,"
    " event_id BLOB NOT NULL, PRIMARY KEY (namespace, consumer, log))"
    " STRICT, WITHOUT ROWID;"
    "PRAGMA application_id = " TEXT_OF(
        STORE_APPLICATION_ID) ";"
                              "PRAGMA user_version = " TEXT_OF(
                                  STORE_FORMAT) ";";

const char *const quipu_sqlite_common_sql[SQL_COMMON_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_SAVEPOINT] = "SAVEPOINT quipu",
    [SQL_ROLLBACK_TO] = "ROLLBACK TO quipu",
    [SQL_RELEASE] = "RELEASE quipu",
    [SQL_TRACKING_READ] =
        "SELECT notification_id, store, event_id FROM quipu_tracking"
        " WHERE namespace = ?1 AND consumer = ?2 AND log = ?3",
    [SQL_TRACKING_WRITE] =
        "INSERT INTO quipu_tracking VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
        " ON CONFLICT DO UPDATE SET notification_id = ?4, store = ?5,"
        " event_id = ?6",
    [SQL_TRACKING_NEXT] =
        "SELECT notification_id, store, event_id, consumer, log"
        " FROM quipu_tracking WHERE namespace = ?1 AND"
        " (consumer, log) > (?2, ?3) ORDER BY consumer, log LIMIT 1",
    [SQL_SCHEMAS_NEXT] =
        "SELECT number, name, ids, positions, notification_id, sequence_id,"
        " position, topic, state, event_id, metadata, time"
        " FROM quipu_schemas WHERE namespace = ?1 AND name > ?2"
        " ORDER BY name LIMIT 1",
    [SQL_COLUMNS] = "SELECT name, kind FROM quipu_columns WHERE schema = ?1"
                    " ORDER BY ordinal",
};

int quipu_sqlite_catalogue_exec(quipu_driver_datastore *datastore,
                                const char *sql, const char *what,
                                quipu_error *error)
{
    sqlite3 *db = datastore->writer.db;
    int code = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK
               ? QUIPU_OK
               : quipu_sqlite_fail(datastore, db, code, what, error);
}

int quipu_sqlite_catalogue_create(quipu_driver_datastore *datastore,
                                  quipu_error *error)
{
    return quipu_sqlite_catalogue_exec(datastore, tables, "make the catalogue",
                                       error);
}

/* ------------------------------------------------------------ what it is */

/* A number that a statement of one row answers; -1: it cannot be asked. */
static int ask(struct connection *connection, const char *sql, int64_t *answer)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(connection->db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            *answer = sqlite3_column_int64(statement, 0);
            code = SQLITE_OK;
        }
    }
    (void)sqlite3_finalize(statement);
    return code;
}

static int foreign(quipu_driver_datastore *datastore, quipu_error *error)
{
    return datastore->host->error_set(
        error, QUIPU_CORRUPT, 0, NULL,
        "\"%s\" is an SQLite database but no store of quipu; name another "
        "file",
        datastore->path);
}

int quipu_sqlite_catalogue_check(quipu_driver_datastore *datastore,
                                 struct connection *connection, bool *empty,
                                 quipu_error *error)
{
    int64_t application = 0;
    int64_t format = 0;
    int64_t objects = 0;
    int code = ask(connection, "PRAGMA application_id", &application);
    code = code ? code : ask(connection, "PRAGMA user_version", &format);
    code =
        code ? code
             : ask(connection, "SELECT count(*) FROM sqlite_schema", &objects);
    if (code != SQLITE_OK) {
        return quipu_sqlite_fail(datastore, connection->db, code,
                                 "read the catalogue", error);
    }
    *empty = objects == 0 && application == 0 && format == 0;
    if (*empty) {
        return QUIPU_OK;
    }
    if (application != STORE_APPLICATION_ID) {
        return foreign(datastore, error);
    }
    if (format != STORE_FORMAT) {
        return datastore->host->error_set(
            error, QUIPU_UNSUPPORTED, 0, NULL,
            "\"%s\" has format %lld, this driver reads %d; use a newer quipu",
            datastore->path, (long long)format, STORE_FORMAT);
    }
    return QUIPU_OK;
}

/* ------------------------------------------------------------- namespaces */

static const char find_namespace[] =
    "SELECT number, identity FROM quipu_namespaces WHERE name = ?1";

static int read_namespace(quipu_driver_datastore *datastore, bool *found,
                          quipu_error *error)
{
    sqlite3 *db = datastore->writer.db;
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

/* A random UUID: version 4 of RFC 9562. */
static bool make_identity(quipu_uuid *identity)
{
    if (getrandom(identity->bytes, sizeof identity->bytes, 0) !=
        sizeof identity->bytes) {
        return false;
    }
    identity->bytes[6] = (uint8_t)((identity->bytes[6] & 0x0f) | 0x40);
    identity->bytes[8] = (uint8_t)((identity->bytes[8] & 0x3f) | 0x80);
    return true;
}

static int insert_namespace(quipu_driver_datastore *datastore,
                            quipu_error *error)
{
    sqlite3 *db = datastore->writer.db;
    sqlite3_stmt *statement = NULL;
    quipu_uuid identity;
    if (!make_identity(&identity)) {
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

int quipu_sqlite_catalogue_identity(quipu_driver_datastore *datastore,
                                    bool create, int64_t deadline,
                                    quipu_error *error)
{
    bool found = false;
    int status = read_namespace(datastore, &found, error);
    if (status != QUIPU_OK || found) {
        return status;
    }
    if (!create) {
        return datastore->host->error_set(
            error, QUIPU_NOT_FOUND, 0, NULL,
            "\"%s\" has no namespace \"%s\", and may not make one",
            datastore->path, datastore->name_space);
    }
    status = quipu_sqlite_writing_begin(datastore, deadline, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = read_namespace(datastore, &found, error);
    if (status == QUIPU_OK && !found) {
        status = insert_namespace(datastore, error);
    }
    if (status == QUIPU_OK) {
        status = read_namespace(datastore, &found, error);
    }
    if (status != QUIPU_OK) {
        quipu_sqlite_writing_abandon(datastore);
        return status;
    }
    return quipu_sqlite_writing_commit(datastore, error);
}
