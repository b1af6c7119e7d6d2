/* SPDX-License-Identifier: Apache-2.0 */
/* The writing transaction: the gate around it, its end, and checkpoints. */
#include "sqlite.h"

static int refuse_poisoned(quipu_driver_datastore *datastore,
                           quipu_error *error)
{
    return datastore->host->error_set(
        error, QUIPU_IO, 0, NULL,
        "a sync of \"%s\" has failed, and what the disk holds is not known; "
        "close all handles of this process on it, then open it again",
        datastore->path);
}

int quipu_sqlite_writing_begin(quipu_driver_datastore *datastore,
                               int64_t deadline, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    if (datastore->readonly) {
        return host->error_set(error, QUIPU_DENIED, 0, NULL,
                               "\"%s\" is open with readonly=yes",
                               datastore->path);
    }
    if (!quipu_sqlite_gate_enter(&datastore->gate, deadline)) {
        return host->error_set(error, QUIPU_BUSY, 0, NULL,
                               "other writers held \"%s\" until the deadline",
                               datastore->path != NULL ? datastore->path
                                                       : ":memory:");
    }
    int status = QUIPU_OK;
    if (quipu_sqlite_file_is_poisoned(datastore->file)) {
        status = refuse_poisoned(datastore, error);
    } else {
        datastore->writer.deadline = deadline;
        status = quipu_sqlite_statement_run(datastore, &datastore->writer, NULL,
                                            SQL_BEGIN, error);
    }
    if (status != QUIPU_OK) {
        quipu_sqlite_gate_leave(&datastore->gate);
    }
    return status;
}

void quipu_sqlite_writing_abandon(quipu_driver_datastore *datastore)
{
    if (sqlite3_get_autocommit(datastore->writer.db) == 0) {
        (void)quipu_sqlite_statement_run(datastore, &datastore->writer, NULL,
                                         SQL_ROLLBACK, NULL);
    }
    quipu_sqlite_gate_leave(&datastore->gate);
}

/* After a commit, with the gate held.  What fails here has nothing to do with
 * what was committed; the next one tries again. */
static void checkpoint(quipu_driver_datastore *datastore)
{
    int pages = datastore->wal_pages;
    if (datastore->path != NULL && pages >= datastore->checkpoint) {
        (void)sqlite3_wal_checkpoint_v2(datastore->writer.db, NULL,
                                        SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    }
}

static int fail_commit(quipu_driver_datastore *datastore, int code,
                       quipu_error *error)
{
    const quipu_host *host = datastore->host;
    int primary = code & 0xff;
    if (primary == SQLITE_BUSY) { /* nothing was written */
        return quipu_sqlite_fail(datastore, datastore->writer.db, code,
                                 "commit", error);
    }
    if (primary == SQLITE_IOERR || primary == SQLITE_FULL) {
        quipu_sqlite_file_poison(datastore->file);
    }
    return host->error_set(
        error, QUIPU_UNKNOWN_OUTCOME, code, NULL,
        "the commit in \"%s\" failed (%s) and may be stored or not; close "
        "all handles of this process on it, open it again, repeat the append",
        datastore->path != NULL ? datastore->path : ":memory:",
        sqlite3_errstr(code));
}

int quipu_sqlite_writing_commit(quipu_driver_datastore *datastore,
                                quipu_error *error)
{
    sqlite3_stmt *commit = NULL;
    int status = quipu_sqlite_statement_get(datastore, &datastore->writer, NULL,
                                            SQL_COMMIT, &commit, error);
    if (status != QUIPU_OK) {
        quipu_sqlite_writing_abandon(datastore);
        return status;
    }
    int code = sqlite3_step(commit);
    (void)sqlite3_reset(commit);
    if (code != SQLITE_DONE) {
        status = fail_commit(datastore, code, error);
        quipu_sqlite_writing_abandon(datastore);
        return status;
    }
    checkpoint(datastore);
    quipu_sqlite_gate_leave(&datastore->gate);
    quipu_sqlite_file_grew(datastore->file);
    return QUIPU_OK;
}
