/* SPDX-License-Identifier: Apache-2.0 */
/* The WAL mark: a row of the database that tells whether the database file
 * lacks commits, and which WAL belongs to it.
 *
 * PURPOSE
 *
 * While a store is open, its newest commits are in the WAL alone. A copy of the
 * database file without the WAL lacks them, and looks like a sound store. A
 * database file that was restored beside the WAL of another state is mixed with
 * it by SQLite, which checks the WAL but not what it belongs to. Both must be
 * noticed before anything is changed.
 *
 * METHOD
 *
 * The table quipu_wal has one row, which is read twice: from the database file
 * alone (through a connection with immutable=1), and through the WAL, as every
 * connection reads it. Its columns:
 *
 *   epoch           random number, drawn for each WAL; at least EPOCH_LEAST
 *   previous        epoch of the WAL before; EPOCH_LEAST: there was none
 *   complete        0: commits follow in the WAL
 *   schema_version  SQLite's, when `complete` became 0, plus VERSION_LEAST
 *
 * Before the first commit in an empty WAL, and at each checkpoint, the owner of
 * the fair lock goes through three steps:
 *
 *   announce    commit a row with complete = 0, and with a new epoch if the
 *               database file is known to have the present one
 *   checkpoint  copies this row, like all that was committed before, into the
 *               database file
 *   complete    commit a row with complete = 1, which stays in the WAL; and
 *               with previous = epoch, if all of the WAL has been copied
 *
 * So the file alone says that it is incomplete, while the database read through
 * the WAL says that it is complete. The last process that closes the store
 * copies that row, too. The same holds for every program that copies the WAL
 * into the database, or that makes a backup through SQLite.
 *
 * A process may be killed between announce and complete. If the next program
 * that opens the store is another one than quipu, it copies all of the WAL and
 * removes it: then the file is sound, and says that it is incomplete. So the
 * page of the lock file, which is left behind, has the epoch that is announced
 * (marks[1]), and the one before if that was not completed (marks[0]). A file
 * with one of these epochs, and without a WAL, is complete.
 *
 * INVARIANTS
 *
 *   INV1  The epoch in the database file is the epoch or the previous one of
 *         the row that is read through the WAL: a new epoch is drawn only if
 *         the file has the present one, and complete() does not forget the
 *         previous one before the file has the present one.
 *   INV2  If the file says that it is incomplete, its WAL exists and is not
 *         empty. The WAL has the announcement before the file has it. A WAL is
 *         emptied by a TRUNCATE checkpoint or by the last connection only, and
 *         the row is completed before (recovery.c, checkpoint.c). A WAL that is
 *         begun again keeps its size.
 *   INV3  The row need not be synced for its own sake. A checkpoint syncs the
 *         WAL before it copies, so the announcement is durable before it is in
 *         the file; a row that a power cut takes out of the WAL leaves the one
 *         before, for which INV1 and INV2 hold.
 *   INV4  A power cut during a checkpoint may leave a page of the file torn
 *         between two sectors. The row lies in the last sector of its page and
 *         has the same size at all times, so that it is the old one or the new
 *         one; only when the table is new it may be neither. The lower bounds
 *         of the numbers show that, and provide for the size.
 *   INV5  Backups that are made through SQLite between announce and complete
 *         say that they are incomplete, and are not. They are told by SQLite's
 *         schema version, the only number that every copy of the file keeps
 *         and no backup does: sqlite3_backup stores that of its target, plus
 *         1, and VACUUM INTO that of its source, plus 1. SQLite counts it from
 *         0, so that the target may have any of the store's numbers but one
 *         less: a new file gives 1, which a restored store has too. So the
 *         announcement draws the schema version at random if it is not the one
 *         that the announcement before recorded. A target has it, less 1, by
 *         chance alone: 1 of 2^29.
 *   INV6  While a mark of the lock page is not 0, the WAL has no commit behind
 *         the announcement of its epoch, but perhaps complete(). The marks are
 *         set before the announcement is committed. Every owner of the fair
 *         lock that finds them completes the row, and sets them to 0, before
 *         it commits anything else (checkpoint.c).
 *
 * LIMITS
 *
 * A checkpoint that a reader holds back may copy a row with complete = 1 and
 * not what follows; until the next checkpoint a copy of the file alone is not
 * noticed. A store that an earlier release wrote has no row until its first
 * append. A WAL that is removed by hand after a process was killed between
 * announce and complete cannot be told from one that another program has
 * copied; nor, after a power cut, if the page of the lock file was written to
 * the disk between the two and not since. */
#include "common/error.h"
#include "common/safeguard.h"
#include "sqlite.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#define EPOCH_LEAST (INT64_C(1) << 62)
#define VERSION_LEAST (INT64_C(1) << 48)
/* SQLite's schema version has 32 bits with a sign. Those that are drawn leave
 * room above for changes of the schema. */
#define DRAWN_LEAST (INT64_C(1) << 30)
#define DRAWN_BITS ((INT64_C(1) << 29) - 1)
#define CHECKS 100

struct mark {
    bool found;
    int64_t epoch;
    int64_t previous;
    bool complete;
    bool is_drawn;  /* the recorded schema version was drawn */
    bool is_backup; /* made through SQLite (INV5) */
};

/* -------------------------------------------------------------- the row */

static const char create_table[] = "CREATE TABLE IF NOT EXISTS quipu_wal ("
                                   "epoch INTEGER NOT NULL, "
                                   "previous INTEGER NOT NULL, "
                                   "complete INTEGER NOT NULL, "
                                   "schema_version INTEGER NOT NULL"
                                   ") STRICT";

static int run(const struct connection *connection, const char *sql)
{
    return sqlite3_exec(connection->db, SAFEGUARD_SQL(sql), NULL, NULL, NULL);
}

/* Copies a row; returns false for one that nothing but a torn page explains
 * (INV4). */
static bool take_row(sqlite3_stmt *row, struct mark *mark)
{
    const int64_t version = sqlite3_column_int64(row, 3);

    *mark = (struct mark){
        .found = true,
        .epoch = sqlite3_column_int64(row, 0),
        .previous = sqlite3_column_int64(row, 1),
        .complete = sqlite3_column_int(row, 2) != 0,
        .is_drawn = version - VERSION_LEAST >= DRAWN_LEAST,
        .is_backup = version - VERSION_LEAST != sqlite3_column_int64(row, 4),
    };
    return mark->epoch >= EPOCH_LEAST && mark->previous >= EPOCH_LEAST &&
           version >= VERSION_LEAST;
}

/* Reads the row; a store without the table has none. Returns a result code;
 * SQLITE_CORRUPT also for a torn row. */
static int read_mark(const struct connection *connection, struct mark *mark)
{
    sqlite3_stmt *row = NULL;
    int code = quipu_sqlite_statement_prepare(
        connection,
        "SELECT epoch, previous, complete, quipu_wal.schema_version, "
        "now.schema_version FROM quipu_wal, pragma_schema_version AS now",
        &row);

    *mark = (struct mark){ .epoch = EPOCH_LEAST, .previous = EPOCH_LEAST };
    if (code == SQLITE_ERROR) {
        return SQLITE_OK;
    }
    if (code == SQLITE_OK) {
        code = sqlite3_step(row);
    }
    if (code == SQLITE_ROW && !take_row(row, mark)) {
        code = SQLITE_CORRUPT;
    }
    (void)sqlite3_finalize(row);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

static int64_t draw_epoch(void)
{
    int64_t epoch = 0;

    sqlite3_randomness(sizeof(epoch), &epoch);
    return (epoch & (EPOCH_LEAST - 1)) | EPOCH_LEAST;
}

/* Gives the database a schema version that no other has, so that backups can be
 * told (INV5). All connections read the schema again. */
static int draw_schema_version(const struct connection *connection)
{
    int64_t drawn = 0;

    sqlite3_randomness(sizeof(drawn), &drawn);
    drawn = (drawn & DRAWN_BITS) + DRAWN_LEAST;
    char *sql = sqlite3_mprintf("PRAGMA schema_version = %lld", drawn);
    if (!sql) {
        return SQLITE_NOMEM;
    }
    /* Later releases ignore the statement if the switch is on. */
    (void)sqlite3_db_config(connection->db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    int code = sqlite3_exec(connection->db, sql, NULL, NULL, NULL);
    (void)sqlite3_db_config(connection->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_free(sql);
    return code;
}

/* Replaces the row by an announcement. */
static int insert_announcement(const struct connection *connection,
                               int64_t epoch, int64_t previous)
{
    sqlite3_stmt *insert = NULL;
    int code = run(connection, "DELETE FROM quipu_wal");

    if (code == SQLITE_OK) {
        code = quipu_sqlite_statement_prepare(
            connection,
            "INSERT INTO quipu_wal SELECT ?1, ?2, 0, ?3 + schema_version "
            "FROM pragma_schema_version",
            &insert);
    }
    if (code == SQLITE_OK) {
        (void)sqlite3_bind_int64(insert, 1, epoch);
        (void)sqlite3_bind_int64(insert, 2, previous);
        (void)sqlite3_bind_int64(insert, 3, VERSION_LEAST);
        code = sqlite3_step(insert);
    }
    (void)sqlite3_finalize(insert);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* Returns the two marks of the lock page; NULL: the store has none. */
static _Atomic uint64_t *marks_of(const quipu_driver_datastore *datastore)
{
    struct lock_page *page =
        datastore->file ? datastore->file->lock_file.page : NULL;

    return page ? page->marks : NULL;
}

bool quipu_sqlite_wal_mark_is_announced(const quipu_driver_datastore *datastore)
{
    _Atomic uint64_t *marks = marks_of(datastore);

    return marks &&
           (atomic_load(&marks[0]) != 0 || atomic_load(&marks[1]) != 0);
}

/* Notes in the lock page that `epoch` is announced; `present` is that of the
 * row so far (INV6). */
static void note_announced(const quipu_driver_datastore *datastore,
                           int64_t epoch, int64_t present)
{
    const bool was_announced = quipu_sqlite_wal_mark_is_announced(datastore);
    _Atomic uint64_t *marks = marks_of(datastore);

    if (marks) {
        atomic_store(&marks[0], was_announced ? (uint64_t)present : 0);
        atomic_store(&marks[1], (uint64_t)epoch);
    }
}

static void note_completed(const quipu_driver_datastore *datastore)
{
    _Atomic uint64_t *marks = marks_of(datastore);

    if (marks) {
        atomic_store(&marks[1], 0);
        atomic_store(&marks[0], 0);
    }
}

/* Writes the announcement, in a transaction. */
static int write_announcement(const struct connection *connection)
{
    struct mark mark = { .found = false };
    int code = run(connection, create_table);

    if (code == SQLITE_OK) {
        code = read_mark(connection, &mark);
    }
    if (code == SQLITE_OK &&
        SAFEGUARDED("F4.schema-version-of-its-own",
                    !mark.found || mark.is_backup || !mark.is_drawn, false)) {
        code = draw_schema_version(connection);
    }
    if (code != SQLITE_OK) {
        return code;
    }
    /* The file has the present epoch if that is also the previous one, or if
     * there is nothing in the WAL (INV1). */
    bool draw = mark.epoch == mark.previous ||
                quipu_sqlite_wal_mark_wal_size(connection->datastore) <= 0;
    const int64_t epoch = draw ? draw_epoch() : mark.epoch;

    SAFEGUARD("F4.announced-epoch-is-noted")
    note_announced(connection->datastore, epoch, mark.epoch);
    return insert_announcement(connection, epoch,
                               draw ? mark.epoch : mark.previous);
}

int quipu_sqlite_wal_mark_announce(const struct connection *connection)
{
    int code = run(connection, "BEGIN IMMEDIATE");

    if (code != SQLITE_OK) {
        return code;
    }
    code = write_announcement(connection);
    if (code == SQLITE_OK) {
        code = run(connection, "COMMIT");
    }
    if (sqlite3_get_autocommit(connection->db) == 0) {
        (void)run(connection, "ROLLBACK");
    }
    return code;
}

int quipu_sqlite_wal_mark_complete(const struct connection *connection,
                                   bool copied)
{
    int code = run(connection, copied ? "UPDATE quipu_wal SET complete = 1, "
                                        "previous = epoch WHERE complete = 0"
                                      : "UPDATE quipu_wal SET complete = 1 "
                                        "WHERE complete = 0");

    if (code == SQLITE_ERROR) {
        code = SQLITE_OK; /* no such table */
    }
    if (code == SQLITE_OK) {
        note_completed(connection->datastore);
    }
    return code;
}

/* ------------------------------------------------------------- the check */

int64_t quipu_sqlite_wal_mark_wal_size(const quipu_driver_datastore *datastore)
{
    struct stat info;
    char *path = sqlite3_mprintf("%s-wal", datastore->path);
    int64_t size = path && stat(path, &info) == 0 ? (int64_t)info.st_size : -1;

    sqlite3_free(path);
    return size;
}

/* Reads the row from the database file alone. Returns false if it cannot be
 * read: a checkpoint that is under way, or that a killed process or a power cut
 * ended, may have copied one page and not another. */
static bool read_file(quipu_driver_datastore *datastore, struct mark *mark)
{
    struct connection connection = { .db = NULL };
    bool done = false;

    if (quipu_sqlite_connection_open(datastore, &connection,
                                     SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
                                     NULL) == QUIPU_OK) {
        done = read_mark(&connection, mark) == SQLITE_OK;
        quipu_sqlite_connection_close(&connection);
    }
    return done;
}

/* The row, as file and WAL show it at one instant. */
struct marks {
    struct mark file;
    struct mark seen; /* through the WAL */
    int64_t wal_size;
    bool is_readable; /* through the WAL */
};

/* Reads the row in both ways. Other processes may run a checkpoint meanwhile;
 * then the file has another epoch afterwards, and *stable is false. */
static bool read_marks(const struct connection *view, struct marks *marks,
                       bool *stable)
{
    struct mark again;

    *stable = true;
    if (!read_file(view->datastore, &marks->file)) {
        return false;
    }
    int code = read_mark(view, &marks->seen);
    marks->wal_size = quipu_sqlite_wal_mark_wal_size(view->datastore);
    marks->is_readable = code == SQLITE_OK;
    if ((code != SQLITE_OK && (code & 0xff) != SQLITE_CORRUPT &&
         code != SQLITE_NOTADB) ||
        !read_file(view->datastore, &again)) {
        return false;
    }
    *stable = again.found == marks->file.found &&
              again.epoch == marks->file.epoch &&
              again.previous == marks->file.previous &&
              again.complete == marks->file.complete;
    return true;
}

/* Whether the file is one to which the WAL can be applied (INV1). */
static bool belong_together(const struct marks *marks)
{
    const struct mark *file = &marks->file;
    const struct mark *seen = &marks->seen;

    if (!marks->is_readable || !seen->found) {
        return !file->found;
    }
    return file->found
               ? file->epoch == seen->epoch || file->epoch == seen->previous
               : seen->previous == EPOCH_LEAST;
}

static int refuse_mixture(const quipu_driver_datastore *datastore,
                          quipu_error *error)
{
    return datastore->host->error_set(
        error, QUIPU_CORRUPT, 0, NULL,
        "\"%s\" and the write-ahead log \"%s-wal\" beside it do not belong "
        "together: one of them was replaced. Put the right pair in place, or "
        "restore a backup with `quipu restore FILE URI`, which removes the "
        "old log",
        datastore->name, datastore->name);
}

static int refuse_copy(const quipu_driver_datastore *datastore,
                       quipu_error *error)
{
    return datastore->host->error_set(
        error, QUIPU_CORRUPT, 0, NULL,
        "\"%s\" lacks the commits of its write-ahead log, %s. Copy it with "
        "its \"-wal\", or by `quipu backup`, and restore that with `quipu "
        "restore FILE URI`; if this is the newest state you have, UPDATE "
        "quipu_wal SET complete = 1 by SQLite's shell accepts it as it is",
        datastore->name,
        datastore->immutable
            ? "which immutable=yes and a read-only file system leave out"
            : "which is missing: it was copied or restored without it");
}

/* The usual case, without a connection for the file alone: there is no WAL, so
 * any connection reads the file, and the row says that it is complete. */
static bool is_complete(const struct connection *view)
{
    struct mark mark;

    return quipu_sqlite_wal_mark_wal_size(view->datastore) <= 0 &&
           read_mark(view, &mark) == SQLITE_OK &&
           (!mark.found || mark.complete || mark.is_backup);
}

/* Sets *interrupted to whether a process was killed after it had announced that
 * epoch, and nothing was committed since (INV6): by the lock file that it has
 * left. */
static int look_for_interruption(const quipu_driver_datastore *datastore,
                                 int64_t epoch, bool *interrupted,
                                 quipu_error *error)
{
    char *path = sqlite3_mprintf("%s-quipu", datastore->path);
    const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    const int fd = path ? open(path, flags) : -1;
    uint64_t marks[2] = { 0, 0 };
    struct stat info;
    int code = 0;

    if (fd >= 0 && stat(datastore->path, &info) == 0) {
        const struct file_identity file = { info.st_dev, info.st_ino };

        code = quipu_common_lock_page_read_marks(fd, &file, marks);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    *interrupted = marks[0] == (uint64_t)epoch || marks[1] == (uint64_t)epoch;
    const int status =
        code == 0 ? QUIPU_OK
                  : quipu_common_error_set_system(datastore->host, path, code,
                                                  "read", error);
    sqlite3_free(path);
    return status;
}

/* Refuses a database whose last checkpoint lacks a part of its log, unless that
 * is the checkpoint of a process that was killed. */
static int check_completeness(const quipu_driver_datastore *datastore,
                              const struct marks *marks, quipu_error *error)
{
    bool interrupted = false;

    if (!marks->file.found || marks->file.complete || marks->file.is_backup) {
        return QUIPU_OK;
    }
    if (marks->wal_size <= 0) {
        int status = look_for_interruption(datastore, marks->file.epoch,
                                           &interrupted, error);

        if (status != QUIPU_OK) {
            return status;
        }
    }
    return interrupted ? QUIPU_OK : refuse_copy(datastore, error);
}

int quipu_sqlite_wal_mark_check(const struct connection *view,
                                quipu_error *error)
{
    const quipu_driver_datastore *datastore = view->datastore;
    struct marks marks;
    bool stable = is_complete(view);

    if (stable) {
        return QUIPU_OK;
    }
    for (int i = 0; i < CHECKS && !stable; i++) {
        if (!read_marks(view, &marks, &stable)) {
            return QUIPU_OK;
        }
    }
    if (!stable) {
        return QUIPU_OK; /* other processes run checkpoints all the time */
    }
    /* cppcheck-suppress uninitvar ; the loop has run */
    if (marks.wal_size > 0 && !datastore->immutable) {
        return SAFEGUARDED("F4.log-of-another-state", belong_together(&marks),
                           true)
                   ? QUIPU_OK
                   : refuse_mixture(datastore, error);
    }
    return SAFEGUARDED("F4.copy-without-its-log",
                       check_completeness(datastore, &marks, error), QUIPU_OK);
}
