/* SPDX-License-Identifier: Apache-2.0 */
/* Recovery of a file that an earlier process left behind, when it is opened.
 *
 * METHOD
 *
 * A process that was killed leaves a WAL. SQLite's own recovery reads it: all
 * transactions that are complete in the WAL count. It does not ask whether they
 * have reached the disk. The first process that opens the file makes them
 * durable before any process reads them, while it holds the open lock of the
 * lock file (lock_file.h), so that no one else can open the file.
 *
 * The method relies on these statements of SQLite's manual:
 *
 *   M1  Recovery takes the longest prefix of the WAL with valid checksums ("WAL
 *       File Format"). With synchronous=NORMAL a commit does not sync the WAL.
 *   M2  A TRUNCATE checkpoint copies all pages, syncs the database and
 *       truncates the WAL to zero bytes; it fails with SQLITE_BUSY if a reader
 *       or a writer prevents that.
 *   M3  SQLite places no POSIX locks on the WAL itself. (fcntl locks of a
 *       process vanish when it closes any descriptor of the file; so the driver
 *       may open and close the WAL, but not the database or the -shm file.)
 *
 * INVARIANTS
 *
 *   INV1  Nobody reads a commit that a power cut could still take back, except
 *         a commit of a relaxed handle (V2): the WAL is synced first.
 *   INV2  After a failed sync the kernel may count pages as written that are
 *         not, and another sync does not write them. Frames after such a hole
 *         in the WAL would be lost by M1. So the WAL is not only synced but
 *         copied into the database and truncated (M2), while its pages can
 *         still be read (V5). Another program that has the file open may
 *         prevent that; then the WAL stays.
 *
 * recovery_rollback serves the case of a file without a WAL yet: a process that
 * was killed while it created the store leaves a rollback journal, which SQLite
 * rolls back at the next read by a connection that may write. */
#include "common/error.h"
#include "common/safeguard.h"
#include "sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A connection learns of WAL and journal at its first read. */
static const char first_read[] = "SELECT count(*) FROM sqlite_schema";

/* Syncs the WAL (INV1); *found tells that there is one that is not empty. */
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
        return quipu_sqlite_error_no_memory(host, error);
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

/* Copies the WAL into the database and empties it (INV2), as the WAL of a sound
 * store only (wal_mark.c). */
static int copy_wal(const struct connection *connection, quipu_error *error)
{
    int code = sqlite3_exec(connection->db, first_read, NULL, NULL, NULL);

    if (code == SQLITE_OK) {
        code = quipu_sqlite_wal_mark_complete(connection, false);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_wal_checkpoint_v2(
            connection->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    }
    return code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY
               ? QUIPU_OK
               : quipu_sqlite_error_set(connection, code,
                                        "copy the write-ahead log", error);
}

int quipu_sqlite_recovery_run(quipu_driver_datastore *datastore,
                              int64_t deadline, quipu_error *error)
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
    status = quipu_sqlite_wal_mark_check(&connection, error);
    if (status == QUIPU_OK) {
        status = copy_wal(&connection, error);
    }
    quipu_sqlite_connection_close(&connection);
    return status;
}

int quipu_sqlite_recovery_rollback(quipu_driver_datastore *datastore,
                                   int64_t deadline, quipu_error *error)
{
    struct connection connection = { .db = NULL };
    int status = quipu_sqlite_connection_open(datastore, &connection,
                                              SQLITE_OPEN_READWRITE, error);

    if (status != QUIPU_OK) {
        return status;
    }
    connection.deadline = deadline;
    int code = sqlite3_exec(connection.db, first_read, NULL, NULL, NULL);
    if (code != SQLITE_OK) {
        status = quipu_sqlite_error_set(
            &connection, code, "roll back the transaction of a killed process",
            error);
    }
    quipu_sqlite_connection_close(&connection);
    return status;
}
