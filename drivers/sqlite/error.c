/* SPDX-License-Identifier: Apache-2.0 */
/* What SQLite's answers mean to the caller. */
#include "sqlite.h"

struct meaning {
    int code; /* primary */
    int status;
    const char *way_out;
};

static const struct meaning meanings[] = {
    { SQLITE_BUSY, QUIPU_BUSY, "another program is using the file; try again" },
    { SQLITE_LOCKED, QUIPU_BUSY, "try again" },
    { SQLITE_INTERRUPT, QUIPU_TIMEOUT, "give the call more time" },
    { SQLITE_NOMEM, QUIPU_NO_MEMORY, "free some memory" },
    { SQLITE_FULL, QUIPU_IO, "the disk is full; make room" },
    { SQLITE_IOERR, QUIPU_IO, "the disk or its file system fails" },
    { SQLITE_CANTOPEN, QUIPU_DENIED,
      "check that the folder is there and may be written" },
    { SQLITE_READONLY, QUIPU_DENIED, "check the permissions of the file" },
    { SQLITE_PERM, QUIPU_DENIED, "check the permissions of the file" },
    { SQLITE_AUTH, QUIPU_DENIED, "check the permissions of the file" },
    { SQLITE_CORRUPT, QUIPU_CORRUPT, "restore it from a backup" },
    { SQLITE_NOTADB, QUIPU_CORRUPT, "check the path" },
    { SQLITE_TOOBIG, QUIPU_INVALID, "make the item smaller" },
};

static const struct meaning *find(int code)
{
    static const struct meaning other = { 0, QUIPU_INTERNAL,
                                          "please report this" };
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (meanings[i].code == (code & 0xff)) {
            return &meanings[i];
        }
    }
    return &other;
}

int quipu_sqlite_fail(const quipu_driver_datastore *datastore, sqlite3 *db,
                      int code, const char *what, quipu_error *error)
{
    const struct meaning *meaning = find(code);
    const char *words = db != NULL && sqlite3_errcode(db) == (code & 0xff)
                            ? sqlite3_errmsg(db)
                            : sqlite3_errstr(code);
    return datastore->host->error_set(
        error, meaning->status, code, NULL, "cannot %s in \"%s\": %s; %s", what,
        datastore->path != NULL ? datastore->path : ":memory:", words,
        meaning->way_out);
}

int quipu_sqlite_error_pass(int status, const quipu_error *own,
                            quipu_error *error)
{
    if (status != QUIPU_OK && error != NULL) {
        *error = *own;
    }
    return status;
}
