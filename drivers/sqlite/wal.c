/* SPDX-License-Identifier: Apache-2.0 */
/* The write-ahead log, before it is used: after a crash, and at each opening.
 */
#include "sqlite.h"

#include "common/safeguard.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Syncs the WAL if there is one that is not empty.  SQLite has no locks on this
 * file that closing it could drop. */
static int sync_wal(quipu_driver_datastore *datastore, bool *found,
                    quipu_error *error)
{
    const quipu_host *host = datastore->host;
    struct text path = { .host = host };
    struct stat info = { .st_size = 0 };
    int code = 0;
    quipu_common_text_add(&path, datastore->path);
    quipu_common_text_add(&path, "-wal");
    if (path.failed) {
        quipu_common_text_finish(&path);
        return quipu_sqlite_no_memory(host, error);
    }
    int fd = open(path.data, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        code =
            fstat(fd, &info) != 0 || SAFEGUARDED("V2.log-of-the-dead-is-synced",
                                                 fdatasync(fd) != 0, false)
                ? errno
                : 0;
        (void)close(fd);
    } else if (errno != ENOENT) {
        code = errno;
    }
    *found = info.st_size > 0;
    int status = code == 0 ? QUIPU_OK
                           : quipu_common_error_set_system(host, path.data,
                                                           code, "sync", error);
    quipu_common_text_finish(&path);
    return status;
}

/*
 * The first to open a file after a crash makes durable what he finds, so that
 * nobody reads what a power cut could still take back (V2).  Where an earlier
 * sync failed the system may take for written what is not, and no other sync
 * mends that: what came behind it in the WAL would be lost.  So all of it is
 * copied into the database, and the WAL begins anew (V5).  Another program that
 * has the file open may prevent that.
 */
int quipu_sqlite_wal_settle(quipu_driver_datastore *datastore, int64_t deadline,
                            quipu_error *error)
{
    struct connection connection = { .db = NULL };
    bool found = false;
    int status = sync_wal(datastore, &found, error);
    if (status != QUIPU_OK || !found) {
        return status;
    }
    status = quipu_sqlite_connection_open(datastore, &connection,
                                          SQLITE_OPEN_READWRITE, error);
    if (status != QUIPU_OK) {
        return status;
    }
    connection.deadline = deadline;
    /* Before its first read a connection does not know of the WAL. */
    int code = sqlite3_exec(connection.db, "SELECT count(*) FROM sqlite_schema",
                            NULL, NULL, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_wal_checkpoint_v2(
            connection.db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    }
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) {
        status = quipu_sqlite_fail(datastore, connection.db, code,
                                   "copy the write-ahead log", error);
    }
    quipu_sqlite_connection_close(&connection);
    return status;
}

/* Counts the pages of the WAL; registered instead of SQLite's own checkpoints,
 * which would not wait at the gate. */
static int on_commit(void *context, sqlite3 *db, const char *name, int pages)
{
    quipu_driver_datastore *datastore = context;
    (void)db;
    if (strcmp(name, "main") == 0) {
        datastore->wal_pages = pages;
    }
    return SQLITE_OK;
}

int quipu_sqlite_wal_use(quipu_driver_datastore *datastore, quipu_error *error)
{
    sqlite3 *db = datastore->writer.db;
    sqlite3_stmt *mode = NULL;
    bool wal = false;
    int code =
        sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &mode, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(mode);
        wal = code == SQLITE_ROW &&
              strcmp((const char *)sqlite3_column_text(mode, 0), "wal") == 0;
    }
    if (code != SQLITE_ROW) {
        int status = quipu_sqlite_fail(datastore, db, code, "use a WAL", error);
        (void)sqlite3_finalize(mode);
        return status;
    }
    (void)sqlite3_finalize(mode);
    if (!wal) {
        return datastore->host->error_set(
            error, QUIPU_UNSUPPORTED, 0, NULL,
            "the file system of \"%s\" cannot share memory between processes, "
            "which a WAL needs; use a local one",
            datastore->name);
    }
    SAFEGUARD("V3.no-checkpoints-of-sqlites")
    (void)sqlite3_wal_hook(db, on_commit, datastore);
    return quipu_sqlite_catalogue_exec(datastore,
                                       datastore->relaxed
                                           ? "PRAGMA synchronous = NORMAL"
                                           : "PRAGMA synchronous = FULL",
                                       "set it up", error);
}
