/* SPDX-License-Identifier: Apache-2.0 */
/* The probe: finding out the kind of a file before it is opened for writing.
 *
 * METHOD
 *
 * A file that quipu refuses must stay as it was, with nothing new beside it
 * (F4). But SQLite creates a -wal and a -shm file even to read a WAL database,
 * and rolls an unfinished transaction back as soon as a connection may write.
 * So:
 *
 *   - The file is read by read-only connections.
 *   - If the header asks for a WAL, and there is no WAL or an empty one, the
 *     file is first read as an immutable one, without files beside it. A
 *     refusal found in this way counts if the file did not change meanwhile.
 *     Otherwise the usual read follows: a store creates the files anyway.
 *   - If a read fails because a killed process left an unfinished transaction,
 *     SQLite may roll it back only in a store of quipu, or where the file was
 *     empty before that transaction. Everything else is left to the program
 *     that wrote it.
 *
 * The method relies on SQLite's file format: byte 19 of the database header is
 * 2 if readers need the WAL; bytes 16 to 19 of a rollback journal are the
 * number of pages of the database before the transaction. */
#include "common/error.h"
#include "common/safeguard.h"
#include "sqlite.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define BESIDE_MAX \
    600 /* a path of at most 500 bytes (path.c), and a suffix \
         */

static void name_beside(const quipu_driver_datastore *datastore,
                        const char *suffix, char name[BESIDE_MAX])
{
    (void)snprintf(name, BESIDE_MAX, "%s%s", datastore->path, suffix);
}

/* ---------------------------------------------------- contents of a database
 */

struct findings {
    int64_t objects;     /* tables, indexes, views, triggers */
    int64_t catalogue;   /* 1: quipu's table of the format exists */
    int64_t application; /* PRAGMA application_id */
    int64_t utf8;        /* 1: text is UTF-8 */
    int64_t format;      /* of quipu; 0: the table has no row */
    int64_t page;        /* bytes of a page */
    bool torn;           /* the file ends within a page */
};

/* Reads the number that a statement returns, if it returns a row. */
static int ask(const struct connection *connection, const char *sql,
               int64_t *answer)
{
    sqlite3_stmt *statement = NULL;
    int code = quipu_sqlite_statement_prepare(connection, sql, &statement);

    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            *answer = sqlite3_column_int64(statement, 0);
        }
    }
    (void)sqlite3_finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

/* SQLite notices missing pages, but not that a part of one is missing. With a
 * WAL that is not empty the file may have any length. */
static int find_torn_page(const struct connection *connection,
                          struct findings *found)
{
    const char *path = connection->datastore->path;
    struct stat info;
    sqlite3_file *wal = NULL;
    sqlite3_int64 size = 0;
    int code = ask(connection, "PRAGMA page_size", &found->page);

    (void)sqlite3_file_control(connection->db, "main",
                               SQLITE_FCNTL_JOURNAL_POINTER, &wal);
    if (wal && wal->pMethods) {
        (void)wal->pMethods->xFileSize(wal, &size);
    }
    if (code == SQLITE_OK && found->page > 0 && size == 0 && path &&
        stat(path, &info) == 0) {
        SAFEGUARD("F4.torn-file")
        found->torn = info.st_size % found->page != 0;
    }
    return code;
}

static int find_contents(const struct connection *connection,
                         struct findings *found)
{
    int code =
        ask(connection, "SELECT count(*) FROM sqlite_schema", &found->objects);

    if (code == SQLITE_OK) {
        code = ask(connection,
                   "SELECT count(*) FROM sqlite_schema "
                   "WHERE type = 'table' AND name = 'quipu_store'",
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
    return code == SQLITE_OK ? find_torn_page(connection, found) : code;
}

/* Checks a database with quipu's catalogue. */
static int check_store(const quipu_driver_datastore *datastore,
                       const struct findings *found, quipu_error *error)
{
    const quipu_host *host = datastore->host;

    if (SAFEGUARDED("F4.no-format", found->format < 1, false)) {
        return host->error_set(
            error, QUIPU_CORRUPT, 0, NULL,
            "\"%s\" has a table quipu_store that names no format; restore it "
            "from a backup",
            datastore->name);
    }
    if (SAFEGUARDED("F4.newer-format", found->format > STORE_FORMAT_ERASED,
                    false)) {
        return host->error_set(error, QUIPU_UNSUPPORTED, 0, NULL,
                               "\"%s\" has format %lld, but this driver "
                               "supports formats up to %d; "
                               "use a newer quipu",
                               datastore->name, (long long)found->format,
                               STORE_FORMAT_ERASED);
    }
    return QUIPU_OK;
}

/* Checks a database without quipu's catalogue, in which a store may be created.
 */
static int check_other(const quipu_driver_datastore *datastore,
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
            "\"%s\" is a file of another application (application_id %lld) and "
            "not a store of quipu; name another file",
            datastore->name, (long long)found->application);
    }
    if (SAFEGUARDED("F4.utf-16", found->utf8 == 0, false)) {
        return host->error_set(
            error, QUIPU_UNSUPPORTED, 0, NULL,
            "\"%s\" encodes text as UTF-16, but a store needs UTF-8; name "
            "another file",
            datastore->name);
    }
    return QUIPU_OK;
}

int quipu_sqlite_probe_connection(struct connection *connection,
                                  enum store_kind *kind, quipu_error *error)
{
    const quipu_driver_datastore *datastore = connection->datastore;
    struct findings found = { 0 };
    /* One transaction: another process may be creating the store. */
    bool own = sqlite3_get_autocommit(connection->db) != 0;
    int code = own ? sqlite3_exec(connection->db, "BEGIN", NULL, NULL, NULL)
                   : SQLITE_OK;

    if (code == SQLITE_OK) {
        code = find_contents(connection, &found);
    }
    int status = code == SQLITE_OK
                     ? QUIPU_OK
                     : quipu_sqlite_error_set(connection, code,
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
        return check_store(datastore, &found, error);
    }
    *kind = found.objects != 0 ? STORE_FOREIGN : STORE_EMPTY;
    return check_other(datastore, &found, error);
}

/* ------------------------------------------------------- probe of an idle WAL
 */

/* Returns true if the header of the file asks for a WAL. */
static bool needs_wal(const struct connection *connection)
{
    unsigned char header[20];
    sqlite3_file *file = NULL;

    (void)sqlite3_file_control(connection->db, "main",
                               SQLITE_FCNTL_FILE_POINTER, &file);
    return file && file->pMethods &&
           file->pMethods->xRead(file, header, sizeof(header), 0) ==
               SQLITE_OK &&
           memcmp(header, "SQLite format 3", 16) == 0 && header[19] == 2;
}

/* Probes a file whose WAL is idle as an immutable one. *refused: the status is
 * that of a refusal, which counts. */
static int probe_idle(quipu_driver_datastore *datastore, enum store_kind *kind,
                      bool *refused, quipu_error *error)
{
    struct connection connection = { .db = NULL };
    struct idle_state before;
    struct idle_state after;

    *refused = false;
    quipu_sqlite_idle_read(datastore, &before);
    if (!before.idle) {
        return QUIPU_OK;
    }
    int status = quipu_sqlite_connection_open(
        datastore, &connection, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, error);
    if (status != QUIPU_OK) {
        return QUIPU_OK;
    }
    if (needs_wal(&connection)) {
        status = quipu_sqlite_wal_mark_check(&connection, error);
        if (status == QUIPU_OK) {
            status = quipu_sqlite_probe_connection(&connection, kind, error);
        }
        quipu_sqlite_idle_read(datastore, &after);
        SAFEGUARD("F4.look-before-touching")
        *refused = (status != QUIPU_OK || *kind != STORE_OURS) && after.idle &&
                   quipu_sqlite_idle_is_unchanged(&before, &after);
    }
    quipu_sqlite_connection_close(&connection);
    return *refused ? status : QUIPU_OK;
}

int quipu_sqlite_probe_file(quipu_driver_datastore *datastore, int64_t deadline,
                            enum store_kind *kind, quipu_error *error)
{
    struct reader_use use = { .datastore = datastore, .deadline = deadline };
    quipu_error own = { 0 };
    bool refused = false;
    int status = probe_idle(datastore, kind, &refused, &own);

    if (refused) {
        return quipu_common_error_pass(status, &own, error);
    }
    do {
        status = quipu_sqlite_reader_borrow(&use, error);
        if (status == QUIPU_OK) {
            status = quipu_sqlite_wal_mark_check(use.reader, error);
        }
        if (status == QUIPU_OK) {
            status = quipu_sqlite_probe_connection(use.reader, kind, error);
        }
    } while (quipu_sqlite_reader_return(&use, &status, error));
    return status;
}

/* --------------------------------------------------- unfinished transactions
 */

/* Returns true if the database was empty when the transaction of its rollback
 * journal began. */
static bool was_empty(const quipu_driver_datastore *datastore)
{
    static const unsigned char zero[4];
    unsigned char header[20];
    char journal[BESIDE_MAX];

    name_beside(datastore, "-journal", journal);
    int fd = open(journal, O_RDONLY | O_CLOEXEC);
    bool empty = fd >= 0 &&
                 read(fd, header, sizeof(header)) == sizeof(header) &&
                 memcmp(header + 16, zero, sizeof(zero)) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return empty;
}

/* Returns true if the file, read without its journal, has quipu's application
 * id. */
static bool is_marked(quipu_driver_datastore *datastore)
{
    struct connection connection = { .db = NULL };
    int64_t application = 0;

    if (quipu_sqlite_connection_open(datastore, &connection,
                                     SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
                                     NULL) != QUIPU_OK) {
        return false;
    }
    (void)ask(&connection, "PRAGMA application_id", &application);
    quipu_sqlite_connection_close(&connection);
    return application == STORE_APPLICATION_ID;
}

bool quipu_sqlite_probe_is_recoverable(quipu_driver_datastore *datastore,
                                       const quipu_error *error)
{
    if (datastore->readonly) {
        return false;
    }
    switch (error->native) {
    case SQLITE_READONLY_RECOVERY: /* of a WAL, which changes no page of the
                                      file */
    case SQLITE_READONLY_CANTINIT:
        return true;
    case SQLITE_READONLY_ROLLBACK:
        return SAFEGUARDED("F4.unfinished-work-of-others",
                           datastore->options.adopt || was_empty(datastore) ||
                               is_marked(datastore),
                           true);
    default:
        return false;
    }
}

bool quipu_sqlite_probe_is_read_only(const quipu_driver_datastore *datastore)
{
    struct statvfs info;

    return statvfs(datastore->path, &info) == 0 &&
           (info.f_flag & ST_RDONLY) != 0;
}
