/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints of the write-ahead log (WAL).
 *
 * METHOD
 *
 * A checkpoint copies the pages of the WAL into the database. SQLite would run
 * one on its own at the end of a commit, and when the last connection is
 * closed. The driver turns both off and runs checkpoints itself: after a
 * commit, on the writing connection, still as the owner of the fair lock.
 *
 * The method relies on these statements of SQLite's manual ("Write-Ahead
 * Logging" and the reference of sqlite3_wal_checkpoint_v2):
 *
 *   M1  sqlite3_wal_hook replaces automatic checkpoints: they are themselves a
 *       hook. The hook is called after each commit with the number of pages in
 *       the WAL.
 *   M2  A FULL checkpoint waits, with the busy handler, until all readers read
 *       the newest commit, and copies all pages. If the busy handler gives up,
 *       it copies as much as it can.
 *   M3  A RESTART checkpoint waits, with the busy handler, until all readers
 *       read from the database alone, so that the next writer starts the WAL
 *       from its beginning.
 *   M4  Once a checkpoint has copied all pages, and no reader uses the WAL, the
 *       next transaction that writes restarts the WAL ("WAL reset").
 *   M5  A checkpoint syncs the WAL before it copies and the database after it.
 *   M6  Releases before 3.51.3 can lose pages if a checkpoint of one connection
 *       coincides with the WAL reset of another one ("WAL-reset bug").
 *
 * INVARIANTS
 *
 *   INV1  Only the owner of the fair lock commits or runs a checkpoint. A WAL
 *         reset is part of a writing transaction (M4). So no checkpoint
 *         coincides with a commit or a WAL reset, which avoids M6.
 *   INV2  A checkpoint is due after `checkpoint` pages (an option) since the
 *         last one. Pages are counted by the hook (M1) in datastore->wal_pages;
 *         checkpointed_pages is the count at the last checkpoint. A count that
 *         is not above it tells that the WAL was reset since (M4).
 *   INV3  Checkpoints wait CHECKPOINT_PATIENCE for readers (M2): longer than a
 *         step of a cursor takes, and no time that a writer notices. If readers
 *         have prevented WAL resets until the WAL is CHECKPOINT_URGENT times as
 *         long as usual, a RESTART checkpoint (M3) waits for them up to
 *         RESTART_PATIENCE.
 *   INV4  A checkpoint that fails with an I/O error may have failed to sync
 *         (M5). Then the state of the disk is unknown, and the process stops
 *         writing the file (V5).
 *   INV5  A checkpoint stands between the two steps of the WAL mark
 *         (wal_mark.c). Before the first commit in an empty WAL there is one,
 *         too, which copies the mark alone. A process that finds that another
 *         one was killed between the steps takes the second one before its
 *         own first commit.
 *
 * Other programs that use the file, which adopt=yes invites, have checkpoints
 * of their own outside the fair lock; docs/sqlite.md says what that requires.
 */
#include "common/clock.h"
#include "common/safeguard.h"
#include "sqlite.h"

#include <string.h>

#define CHECKPOINT_URGENT 8
#define CHECKPOINT_PATIENCE (5 * CLOCK_MILLISECOND)
#define RESTART_PATIENCE (100 * CLOCK_MILLISECOND)

/* Counts the pages of the WAL after a commit (M1). */
static int on_commit(void *context, sqlite3 *db, const char *name, int pages)
{
    quipu_driver_datastore *datastore = context;

    (void)db;
    if (strcmp(name, "main") == 0) {
        datastore->wal_pages = pages;
    }
    return SQLITE_OK;
}

void quipu_sqlite_checkpoint_init(quipu_driver_datastore *datastore)
{
    SAFEGUARD("V3.no-checkpoints-of-sqlites")
    (void)sqlite3_wal_hook(datastore->writer.db, on_commit, datastore);
    datastore->wal_is_new = true;
}

/* A failed sync leaves the state of the disk unknown (INV4). */
static void note_failure(quipu_driver_datastore *datastore, int code)
{
    SAFEGUARD("V5.failed-checkpoint-is-noted")
    if ((code & 0xff) == SQLITE_IOERR) {
        atomic_store(&datastore->file->writer.poisoned, true);
    }
}

/* Sets the durability of the writing connection to that of the URI, or to that
 * of the WAL mark, which needs no sync of its own (wal_mark.c, INV3). */
static void set_durability(const quipu_driver_datastore *datastore, bool mark)
{
    if (!datastore->relaxed) {
        (void)quipu_sqlite_statement_execute(
            &datastore->writer,
            mark ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL",
            "set the durability", NULL);
    }
}

/* Runs a checkpoint between the two steps of the WAL mark. Returns a result
 * code; SQLITE_BUSY: readers held a part of the WAL back. */
static int run_marked(quipu_driver_datastore *datastore, int mode)
{
    const struct connection *writer = &datastore->writer;
    int pages = 0;
    int copied = -1;

    set_durability(datastore, true);
    int code = quipu_sqlite_wal_mark_announce(writer);
    if (code == SQLITE_OK) {
        code = sqlite3_wal_checkpoint_v2(writer->db, "main", mode, &pages,
                                         &copied);
        int completed =
            (code & 0xff) == SQLITE_IOERR
                ? SQLITE_OK
                : quipu_sqlite_wal_mark_complete(writer, copied == pages);
        code = code == SQLITE_OK ? completed : code;
    }
    set_durability(datastore, false);
    return code;
}

int quipu_sqlite_checkpoint_begin(quipu_driver_datastore *datastore,
                                  quipu_error *error)
{
    const bool interrupted = quipu_sqlite_wal_mark_is_announced(datastore);
    int code = SQLITE_OK;

    if (!datastore->wal_is_new && !interrupted) {
        return QUIPU_OK;
    }
    if (quipu_sqlite_wal_mark_wal_size(datastore) <= 0) {
        code = run_marked(datastore, SQLITE_CHECKPOINT_PASSIVE);
        note_failure(datastore, code);
    } else if (SAFEGUARDED("F4.killed-checkpoint-is-completed", interrupted,
                           false)) {
        code = quipu_sqlite_wal_mark_complete(&datastore->writer, false);
        note_failure(datastore, code);
    }
    datastore->wal_is_new = code != SQLITE_OK;
    return code == SQLITE_OK
               ? QUIPU_OK
               : quipu_sqlite_error_set(&datastore->writer, code,
                                        "begin the write-ahead log", error);
}

/* The commit before it is not affected, and the next checkpoint tries again,
 * unless a sync may have failed (INV4). */
static void checkpoint_failed(quipu_driver_datastore *datastore, int code)
{
    note_failure(datastore, code);
    datastore->host->message(QUIPU_LEVEL_WARNING,
                             "the write-ahead log of \"%s\" cannot be copied "
                             "into it, and grows: %s",
                             datastore->name, sqlite3_errstr(code));
}

void quipu_sqlite_checkpoint_run(quipu_driver_datastore *datastore)
{
    const int64_t pages = datastore->wal_pages;
    const int64_t usual = datastore->options.checkpoint;

    if (pages <= datastore->checkpointed_pages) {
        datastore->checkpointed_pages = 0; /* the WAL was reset (INV2) */
    }
    if (!datastore->path || pages - datastore->checkpointed_pages < usual) {
        return;
    }
    bool urgent = pages / CHECKPOINT_URGENT >= usual; /* INV3 */
    datastore->writer.deadline =
        clock_now() + (urgent ? RESTART_PATIENCE : CHECKPOINT_PATIENCE);
    int code = run_marked(datastore, urgent ? SQLITE_CHECKPOINT_RESTART
                                            : SQLITE_CHECKPOINT_FULL);
    if (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY) {
        datastore->checkpointed_pages = pages;
    } else {
        checkpoint_failed(datastore, code);
    }
}

/* The file of the WAL becomes empty, so its mark is completed before, as at the
 * end (wal_mark.c, INV2). Other processes do not look whether the WAL is empty
 * before they commit, so it is marked again at once (INV5). */
int quipu_sqlite_checkpoint_truncate(quipu_driver_datastore *datastore,
                                     quipu_error *error)
{
    struct connection *writer = &datastore->writer;
    int code = quipu_sqlite_wal_mark_complete(writer, false);

    if (code == SQLITE_OK) {
        code = sqlite3_wal_checkpoint_v2(writer->db, "main",
                                         SAFEGUARDED("E8.wal-is-emptied",
                                                     SQLITE_CHECKPOINT_TRUNCATE,
                                                     SQLITE_CHECKPOINT_PASSIVE),
                                         NULL, NULL);
    }
    note_failure(datastore, code);
    if (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY) {
        int marked = run_marked(datastore, SQLITE_CHECKPOINT_PASSIVE);

        if (marked != SQLITE_OK && (marked & 0xff) != SQLITE_BUSY) {
            checkpoint_failed(datastore, marked);
        }
    }
    if ((code & 0xff) == SQLITE_BUSY) {
        return datastore->host->error_set(
            error, QUIPU_BUSY, code, NULL,
            "the items are erased, but readers of \"%s\" kept their bytes in "
            "its write-ahead log until the deadline; erase again",
            datastore->name);
    }
    return code == SQLITE_OK
               ? QUIPU_OK
               : quipu_sqlite_error_set(writer, code,
                                        "empty the write-ahead log", error);
}

bool quipu_sqlite_checkpoint_finish(quipu_driver_datastore *datastore,
                                    int64_t deadline)
{
    struct connection *writer = &datastore->writer;

    writer->deadline = deadline;
    int code = quipu_sqlite_wal_mark_complete(writer, false);
    if (code == SQLITE_OK) {
        code = sqlite3_wal_checkpoint_v2(
            writer->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    }
    if (code != SQLITE_OK) {
        datastore->host->message(
            QUIPU_LEVEL_WARNING,
            "the write-ahead log of \"%s\" cannot be copied into it (%s): the "
            "file is complete only together with the \"-wal\" beside it",
            datastore->name, sqlite3_errstr(code));
    }
    return code == SQLITE_OK;
}
