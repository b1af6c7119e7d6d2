/* SPDX-License-Identifier: Apache-2.0 */
/* What a file is: found out by reading alone. */
#include "sqlite.h"

#include "common/safeguard.h"

#include <sys/stat.h>

struct findings {
    int64_t objects;     /* tables, indexes, views, triggers */
    int64_t catalogue;   /* 1: quipu's table of the format is there */
    int64_t application; /* PRAGMA application_id */
    int64_t utf8;
    int64_t format; /* of quipu; 0: the table names none */
    int64_t page;   /* bytes */
    bool torn;      /* the file ends within a page */
};

/* The number that a statement of one row answers, if it has one. */
static int ask(const struct connection *connection, const char *sql,
               int64_t *answer)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(connection->db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            *answer = sqlite3_column_int64(statement, 0);
        }
    }
    (void)sqlite3_finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

/* SQLite finds out by itself that pages are missing, but not that a part of one
 * is.  With a WAL to copy from, the file may be anything. */
static int look_at_end(const quipu_driver_datastore *datastore,
                       const struct connection *connection,
                       struct findings *found)
{
    struct stat info;
    sqlite3_file *wal = NULL;
    sqlite3_int64 size = 0;
    int code = ask(connection, "PRAGMA page_size", &found->page);
    (void)sqlite3_file_control(connection->db, "main",
                               SQLITE_FCNTL_JOURNAL_POINTER, &wal);
    if (wal && wal->pMethods) {
        (void)wal->pMethods->xFileSize(wal, &size);
    }
    if (code == SQLITE_OK && found->page > 0 && size == 0 && datastore->path &&
        stat(datastore->path, &info) == 0) {
        SAFEGUARD("F4.torn-file")
        found->torn = info.st_size % found->page != 0;
    }
    return code;
}

static int look(const quipu_driver_datastore *datastore,
                const struct connection *connection, struct findings *found)
{
    int code =
        ask(connection, "SELECT count(*) FROM sqlite_schema", &found->objects);
    if (code == SQLITE_OK) {
        code = ask(connection,
                   "SELECT count(*) FROM sqlite_schema"
                   " WHERE type = 'table' AND name = 'quipu_store'",
                   &found->catalogue);
    }
    if (code == SQLITE_OK) {
        code = ask(connection, "PRAGMA application_id", &found->application);
    }
    if (code == SQLITE_OK) {
        code = ask(connection, "SELECT encoding = 'UTF-8' FROM pragma_encoding",
                   &found->utf8);
    }
    if (code == SQLITE_OK && found->catalogue != 0) {
        code =
            ask(connection, "SELECT format FROM quipu_store", &found->format);
    }
    return code == SQLITE_OK ? look_at_end(datastore, connection, found) : code;
}

static int judge_store(quipu_driver_datastore *datastore,
                       const struct findings *found, quipu_error *error)
{
    if (SAFEGUARDED("F4.no-format", found->format < 1, false)) {
        return datastore->host->error_set(
            error, QUIPU_CORRUPT, 0, NULL,
            "\"%s\" has a table quipu_store that names no format; restore it "
            "from a backup",
            datastore->name);
    }
    if (SAFEGUARDED("F4.newer-format", found->format > STORE_FORMAT, false)) {
        return datastore->host->error_set(
            error, QUIPU_UNSUPPORTED, 0, NULL,
            "\"%s\" has format %lld, and this driver knows none above %d; use "
            "a newer quipu",
            datastore->name, (long long)found->format, STORE_FORMAT);
    }
    return QUIPU_OK;
}

static int judge_other(quipu_driver_datastore *datastore,
                       const struct findings *found, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    if (found->application == STORE_APPLICATION_ID) {
        return host->error_set(error, QUIPU_CORRUPT, 0, NULL,
                               "\"%s\" was a store, but has lost its table "
                               "quipu_store; restore it from a backup",
                               datastore->name);
    }
    if (SAFEGUARDED("F4.foreign-application", found->application != 0, false)) {
        return host->error_set(
            error, QUIPU_CORRUPT, 0, NULL,
            "\"%s\" is another application's file (application_id %lld) and no "
            "store of quipu; name another",
            datastore->name, (long long)found->application);
    }
    if (SAFEGUARDED("F4.utf-16", found->utf8 == 0, false)) {
        return host->error_set(
            error, QUIPU_UNSUPPORTED, 0, NULL,
            "\"%s\" keeps texts as UTF-16, and a store needs UTF-8; name "
            "another file",
            datastore->name);
    }
    return QUIPU_OK;
}

int quipu_sqlite_catalogue_check(quipu_driver_datastore *datastore,
                                 struct connection *connection,
                                 enum store_kind *kind, quipu_error *error)
{
    struct findings found = { 0 };
    /* One transaction: another process may be making the store just now. */
    bool own = sqlite3_get_autocommit(connection->db) != 0;
    int code = own ? sqlite3_exec(connection->db, "BEGIN", NULL, NULL, NULL)
                   : SQLITE_OK;
    if (code == SQLITE_OK) {
        code = look(datastore, connection, &found);
    }
    int status = code == SQLITE_OK
                     ? QUIPU_OK
                     : quipu_sqlite_fail(datastore, connection->db, code,
                                         "read the catalogue", error);
    if (own && sqlite3_get_autocommit(connection->db) == 0) {
        (void)sqlite3_exec(connection->db, "ROLLBACK", NULL, NULL, NULL);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (found.torn) {
        return datastore->host->error_set(
            error, QUIPU_CORRUPT, 0, NULL,
            "\"%s\" is cut off in the middle of a page; restore it from a "
            "backup",
            datastore->name);
    }
    if (found.catalogue != 0) {
        *kind = STORE_OURS;
        return judge_store(datastore, &found, error);
    }
    *kind = found.objects != 0 ? STORE_FOREIGN : STORE_EMPTY;
    return judge_other(datastore, &found, error);
}
