/* SPDX-License-Identifier: Apache-2.0 */
/* The writing transaction: the turnstile around it, its end, checkpoints. */
#include "sqlite.h"

#include "common/clock.h"
#include "common/safeguard.h"

#include <errno.h>

/* A WAL so many times the usual length is emptied, and readers waited for. */
#define CHECKPOINT_URGENT 8
#define CHECKPOINT_PATIENCE (100 * CLOCK_MILLISECOND)

int quipu_sqlite_turnstile_take(quipu_driver_datastore *datastore,
                                int64_t deadline, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    struct file *file = datastore->file;
    if (SAFEGUARDED("V5.call-from-inside",
                    pthread_equal(atomic_load(&file->insider), pthread_self()),
                    false)) {
        return host->error_set(error, QUIPU_INTERNAL, 0, NULL,
                               "\"%s\" was called from the function inside "
                               "its own transaction; use the native handle "
                               "there",
                               datastore->name);
    }
    int code = quipu_common_fair_lock_acquire(datastore->fair_lock, deadline);
    if (code == ETIMEDOUT) {
        return host->error_set(error, QUIPU_BUSY, 0, NULL,
                               "others held \"%s\" until the deadline; try "
                               "again, or raise timeout",
                               datastore->name);
    }
    if (code != 0) {
        return quipu_common_error_set_system(
            host, datastore->name, code, "lock the writers' queue of", error);
    }
    atomic_store(&file->insider, pthread_self());
    return QUIPU_OK;
}

void quipu_sqlite_turnstile_give(quipu_driver_datastore *datastore)
{
    atomic_store(&datastore->file->insider, 0);
    quipu_common_fair_lock_release(datastore->fair_lock);
}

static int refuse_poisoned(quipu_driver_datastore *datastore,
                           quipu_error *error)
{
    return datastore->host->error_set(
        error, QUIPU_IO, 0, NULL,
        "a sync of \"%s\" has failed, and what the disk holds is not known; "
        "close all handles of this process on it, then open it again",
        datastore->name);
}

int quipu_sqlite_writing_begin(quipu_driver_datastore *datastore,
                               int64_t deadline, quipu_error *error)
{
    if (SAFEGUARDED("F4.readonly", datastore->readonly, false)) {
        return datastore->host->error_set(error, QUIPU_DENIED, 0, NULL,
                                          "\"%s\" is open with readonly=yes",
                                          datastore->name);
    }
    int status = quipu_sqlite_turnstile_take(datastore, deadline, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (SAFEGUARDED("V5.refusal-after-a-failed-sync",
                    atomic_load(&datastore->file->poisoned), false)) {
        status = refuse_poisoned(datastore, error);
    } else {
        datastore->writer.deadline = deadline;
        status = quipu_sqlite_statement_run(datastore, &datastore->writer, NULL,
                                            SQL_BEGIN, error);
    }
    if (status != QUIPU_OK) {
        quipu_sqlite_turnstile_give(datastore);
    }
    return status;
}

void quipu_sqlite_writing_undo(quipu_driver_datastore *datastore)
{
    if (sqlite3_get_autocommit(datastore->writer.db) == 0) {
        (void)quipu_sqlite_statement_run(datastore, &datastore->writer, NULL,
                                         SQL_ROLLBACK, NULL);
    }
}

void quipu_sqlite_writing_abandon(quipu_driver_datastore *datastore)
{
    quipu_sqlite_writing_undo(datastore);
    quipu_sqlite_turnstile_give(datastore);
}

/* ------------------------------------------------------------- checkpoints */

/* What fails here has nothing to do with what was committed, and the next one
 * tries again, unless it is the disk. */
static void checkpoint_failed(quipu_driver_datastore *datastore, int code)
{
    SAFEGUARD("V5.failed-checkpoint-is-noted")
    if ((code & 0xff) == SQLITE_IOERR) {
        atomic_store(&datastore->file->poisoned, true);
    }
    datastore->host->message(QUIPU_LEVEL_WARNING,
                             "the write-ahead log of \"%s\" cannot be copied "
                             "into it, and grows: %s",
                             datastore->name, sqlite3_errstr(code));
}

/* After a commit, inside the turnstile.  A passive one waits for nobody; then
 * the WAL begins anew as soon as no reader is in it.  Where readers never let
 * it, they are waited for, for a while. */
static void checkpoint(quipu_driver_datastore *datastore)
{
    int64_t pages = datastore->wal_pages;
    int64_t usual = datastore->options.checkpoint;
    if (pages <= datastore->wal_done) {
        datastore->wal_done = 0; /* it began anew */
    }
    if (!datastore->path || pages - datastore->wal_done < usual) {
        return;
    }
    bool urgent = pages / CHECKPOINT_URGENT >= usual;
    datastore->writer.deadline = clock_now() + CHECKPOINT_PATIENCE;
    int code = sqlite3_wal_checkpoint_v2(datastore->writer.db, "main",
                                         urgent ? SQLITE_CHECKPOINT_RESTART
                                                : SQLITE_CHECKPOINT_PASSIVE,
                                         NULL, NULL);
    if (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY) {
        datastore->wal_done = pages;
    } else {
        checkpoint_failed(datastore, code);
    }
}

/* ---------------------------------------------------------------- commits */

/*
 * BUSY says that nothing was written.  After anything else the frames may be
 * in the WAL and a later recovery may find them whole.  When it was not mere
 * want of room, a sync may have failed, and the system may take for written
 * what is not: so nobody writes on (V5).
 */
static int fail_commit(quipu_driver_datastore *datastore, int code,
                       quipu_error *error)
{
    int primary = code & 0xff;
    if (primary == SQLITE_BUSY) {
        return quipu_sqlite_fail(datastore, datastore->writer.db, code,
                                 "commit", error);
    }
    if (SAFEGUARDED("V5.failed-sync-is-noted", primary != SQLITE_FULL, false)) {
        atomic_store(&datastore->file->poisoned, true);
    }
    return datastore->host->error_set(
        error,
        SAFEGUARDED("V5.unknown-outcome", QUIPU_UNKNOWN_OUTCOME, QUIPU_IO),
        code, NULL,
        "the commit in \"%s\" failed (%s): it may be stored or not; %s, then "
        "repeat the append",
        datastore->name, sqlite3_errstr(code),
        primary == SQLITE_FULL
            ? "make room on the disk"
            : "close all handles of this process on it, open it again");
}

/* The checkpoint precedes the release of the lock. The first safeguard proves
 * the order directly, the second by a soak. */
#define CHECKPOINT_INSIDE(inside, outside)                                    \
    SAFEGUARDED("V3.checkpoint-inside-the-gate",                              \
                SAFEGUARDED("V3.last-look-is-ones-own", (inside), (outside)), \
                (outside))

int quipu_sqlite_writing_commit(quipu_driver_datastore *datastore,
                                quipu_error *error)
{
    sqlite3_stmt *commit = NULL;
    int status = quipu_sqlite_statement_get(datastore, &datastore->writer, NULL,
                                            SQL_COMMIT, &commit, error);
    if (status == QUIPU_OK) {
        int code = sqlite3_step(commit);
        (void)sqlite3_reset(commit);
        if (code != SQLITE_DONE) {
            status = fail_commit(datastore, code, error);
        }
    }
    if (status != QUIPU_OK) {
        quipu_sqlite_writing_abandon(datastore);
        return status;
    }
    CHECKPOINT_INSIDE(checkpoint, quipu_sqlite_turnstile_give)(datastore);
    CHECKPOINT_INSIDE(quipu_sqlite_turnstile_give, checkpoint)(datastore);
    SAFEGUARD("L4.beat")
    quipu_common_commit_counter_advance(datastore->commit_counter);
    return QUIPU_OK;
}
