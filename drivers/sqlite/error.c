/* SPDX-License-Identifier: Apache-2.0 */
/* Translation of SQLite's result codes into statuses and messages.
 *
 * An extended result code is looked up first, then its primary code. Codes that
 * only a changed or foreign schema can cause (SQLITE_ERROR, SQLITE_SCHEMA,
 * SQLITE_CONSTRAINT, SQLITE_MISMATCH) are CORRUPT: the driver's own statements
 * fit the tables that it created. */
#include "common/error.h"
#include "sqlite.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct meaning {
    int code; /* an extended result code, or a primary one for the others */
    int status;
    const char *remedy;
};

static const char check_access[] =
    "check the permissions of the file and of its "
    "folder, or open it with readonly=yes";
static const char check_read_access[] =
    "check the permissions of the file and of its folder";
static const char after_a_kill[] =
    "a writer was killed; open it once without readonly=yes";
static const char needs_writer[] =
    "its write-ahead log is in use, or a killed process left it, and cannot be "
    "read without write permission: let a user who may write to the file and "
    "its folder open it once, and close it; after that, readonly=yes or "
    "immutable=yes reads it";
static const char damaged[] = "run PRAGMA integrity_check, or "
                              "restore the file from a backup";
static const char altered[] = "its tables are not as quipu created them; "
                              "restore them, or a backup";

static const char of_trigger[] = "a trigger of the application refuses or "
                                 "fails; change or drop it";

static const struct meaning meanings[] = {
    { SQLITE_READONLY_DBMOVED, QUIPU_IO,
      "the file was moved or removed while open; put it back" },
    { SQLITE_READONLY_ROLLBACK, QUIPU_DENIED, after_a_kill },
    { SQLITE_READONLY_RECOVERY, QUIPU_DENIED, after_a_kill },
    { SQLITE_READONLY_CANTINIT, QUIPU_DENIED, after_a_kill },
    { SQLITE_IOERR_NOMEM, QUIPU_NO_MEMORY, "free some memory" },
    { SQLITE_CONSTRAINT_TRIGGER, QUIPU_DENIED, of_trigger },
    { SQLITE_TOOBIG, QUIPU_DENIED, of_trigger },
    { SQLITE_BUSY, QUIPU_BUSY, "another program is using the file; try again" },
    { SQLITE_LOCKED, QUIPU_BUSY, "try again" },
    { SQLITE_NOMEM, QUIPU_NO_MEMORY, "free some memory" },
    { SQLITE_FULL, QUIPU_IO, "the disk is full; make room" },
    { SQLITE_IOERR, QUIPU_IO, "the disk or its file system fails" },
    { SQLITE_CANTOPEN, QUIPU_IO, "check that the file and its folder exist" },
    { SQLITE_PROTOCOL, QUIPU_IO, "the locks of the file system do not work" },
    { SQLITE_READONLY, QUIPU_DENIED, check_access },
    { SQLITE_PERM, QUIPU_DENIED, check_access },
    { SQLITE_AUTH, QUIPU_DENIED, check_access },
    { SQLITE_CORRUPT, QUIPU_CORRUPT, damaged },
    { SQLITE_NOTADB, QUIPU_CORRUPT, "the file is not a store; check the path" },
    { SQLITE_ERROR, QUIPU_CORRUPT, altered },
    { SQLITE_SCHEMA, QUIPU_CORRUPT, altered },
    { SQLITE_CONSTRAINT, QUIPU_CORRUPT, altered },
    { SQLITE_MISMATCH, QUIPU_CORRUPT, altered },
};

static const struct meaning *find_exactly(int code)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (meanings[i].code == code) {
            return &meanings[i];
        }
    }
    return NULL;
}

static const struct meaning *find(int code)
{
    static const struct meaning other = { 0, QUIPU_INTERNAL,
                                          "please report this" };
    const struct meaning *meaning = find_exactly(code);
    if (!meaning) {
        meaning = find_exactly(code & 0xff);
    }
    return meaning ? meaning : &other;
}

/* The remedy for the lack of a right depends on how the file was opened. */
static const char *remedy_of(const quipu_driver_datastore *datastore,
                             const struct meaning *meaning)
{
    if (meaning->remedy == after_a_kill && datastore->readonly &&
        access(datastore->path, W_OK) != 0) {
        return needs_writer;
    }
    if (meaning->remedy == check_access && datastore->readonly) {
        return access(datastore->path, R_OK) == 0 ? needs_writer
                                                  : check_read_access;
    }
    return meaning->remedy;
}

/* The authorizer has refused a trigger; it refuses no statement of the driver's
 * own for another reason. */
static int set_refused_trigger(const struct connection *connection,
                               const char *what, quipu_error *error)
{
    const quipu_driver_datastore *datastore = connection->datastore;
    const struct authorizer *authorizer = &connection->authorizer;

    return datastore->host->error_set(
        error, QUIPU_DENIED, SQLITE_AUTH, NULL,
        "cannot %s in \"%s\": trigger \"%s\" writes to table \"%s\", which is "
        "for quipu alone; change or drop it",
        what, datastore->name, authorizer->trigger, authorizer->table);
}

int quipu_sqlite_error_set(const struct connection *connection, int code,
                           const char *what, quipu_error *error)
{
    if (code == SQLITE_AUTH && connection->authorizer.trigger[0] != '\0') {
        return set_refused_trigger(connection, what, error);
    }
    const quipu_driver_datastore *datastore = connection->datastore;
    sqlite3 *db = connection->db;
    const struct meaning *meaning = find(code);
    /* sqlite3_errmsg is about the latest call on the connection. */
    const bool latest = db && sqlite3_extended_errcode(db) == code;
    const int number = latest ? sqlite3_system_errno(db) : 0;
    const bool cannot_open = (code & 0xff) == SQLITE_CANTOPEN;

    /* A reader that may not create the index of a WAL finds none. */
    const bool lacks_index = number == ENOENT && datastore->readonly &&
                             access(datastore->path, R_OK) == 0;

    if (cannot_open && (quipu_common_error_is_denied(number) || lacks_index)) {
        meaning = find(SQLITE_PERM);
    }
    const bool show_errno =
        number != 0 && (cannot_open || (code & 0xff) == SQLITE_IOERR);
    return datastore->host->error_set(
        error, meaning->status, code, NULL, "cannot %s in \"%s\": %s%s%s; %s",
        what, datastore->name,
        latest ? sqlite3_errmsg(db) : sqlite3_errstr(code),
        show_errno ? ": " : "",
        show_errno ? quipu_common_error_describe(number) : "",
        remedy_of(datastore, meaning));
}

int quipu_sqlite_error_no_memory(const quipu_host *host, quipu_error *error)
{
    return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                           "no memory for the SQLite driver");
}
