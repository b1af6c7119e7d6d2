/* SPDX-License-Identifier: Apache-2.0 */
/* What SQLite's and the system's answers mean to the caller. */
#include "sqlite.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct meaning {
    int code; /* extended, or primary for all the others of its kind */
    int status;
    const char *way_out;
};

static const char may[] = "check the permissions of the file and of its "
                          "folder, or open it with readonly=yes";
static const char may_read[] =
    "check the permissions of the file and of its folder";
static const char may_beside[] =
    "a WAL database needs files beside it: open it where the folder may be "
    "written, or with immutable=yes if nobody changes it";
static const char damaged[] = "see what PRAGMA integrity_check says, or "
                              "restore it from a backup";
static const char altered[] = "its tables are not as quipu made them; restore "
                              "them, or a backup";

static const struct meaning meanings[] = {
    { SQLITE_READONLY_DBMOVED, QUIPU_IO,
      "the file was moved or removed while open; put it back" },
    { SQLITE_READONLY_ROLLBACK, QUIPU_DENIED,
      "a writer died; open it once without readonly=yes" },
    { SQLITE_READONLY_RECOVERY, QUIPU_DENIED,
      "a writer died; open it once without readonly=yes" },
    { SQLITE_READONLY_CANTINIT, QUIPU_DENIED,
      "a writer died; open it once without readonly=yes" },
    { SQLITE_IOERR_NOMEM, QUIPU_NO_MEMORY, "free some memory" },
    { SQLITE_BUSY, QUIPU_BUSY, "another program is using the file; try again" },
    { SQLITE_LOCKED, QUIPU_BUSY, "try again" },
    { SQLITE_NOMEM, QUIPU_NO_MEMORY, "free some memory" },
    { SQLITE_FULL, QUIPU_IO, "the disk is full; make room" },
    { SQLITE_IOERR, QUIPU_IO, "the disk or its file system fails" },
    { SQLITE_CANTOPEN, QUIPU_IO, "look whether file and folder are there" },
    { SQLITE_PROTOCOL, QUIPU_IO, "the file system's locks do not work" },
    { SQLITE_READONLY, QUIPU_DENIED, may },
    { SQLITE_PERM, QUIPU_DENIED, may },
    { SQLITE_AUTH, QUIPU_DENIED, may },
    { SQLITE_CORRUPT, QUIPU_CORRUPT, damaged },
    { SQLITE_NOTADB, QUIPU_CORRUPT, "it is no store; check the path" },
    { SQLITE_ERROR, QUIPU_CORRUPT, altered },
    { SQLITE_SCHEMA, QUIPU_CORRUPT, altered },
    { SQLITE_CONSTRAINT, QUIPU_CORRUPT, altered },
    { SQLITE_MISMATCH, QUIPU_CORRUPT, altered },
};

static const struct meaning *look_up(int code)
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
    const struct meaning *meaning = look_up(code);
    if (!meaning) {
        meaning = look_up(code & 0xff);
    }
    return meaning ? meaning : &other;
}

int quipu_sqlite_fail(const quipu_driver_datastore *datastore, sqlite3 *db,
                      int code, const char *what, quipu_error *error)
{
    const struct meaning *meaning = find(code);
    /* What the connection says is about its latest call. */
    bool latest = db && sqlite3_extended_errcode(db) == code;
    int number = latest ? sqlite3_system_errno(db) : 0;
    bool cannot_open = (code & 0xff) == SQLITE_CANTOPEN;
    if (cannot_open && quipu_common_error_is_denied(number)) {
        meaning = find(SQLITE_PERM);
    }
    const char *way_out = meaning->way_out;
    if (way_out == may && datastore->readonly) {
        way_out = access(datastore->path, R_OK) == 0 ? may_beside : may_read;
    }
    bool tell = number != 0 && (cannot_open || (code & 0xff) == SQLITE_IOERR);
    return datastore->host->error_set(
        error, meaning->status, code, NULL, "cannot %s in \"%s\": %s%s%s; %s",
        what, datastore->name,
        latest ? sqlite3_errmsg(db) : sqlite3_errstr(code), tell ? ": " : "",
        tell ? strerrordesc_np(number) : "", way_out);
}

int quipu_sqlite_no_memory(const quipu_host *host, quipu_error *error)
{
    return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                           "no memory for the SQLite driver");
}
