/* SPDX-License-Identifier: Apache-2.0 */
/* Writing transactions of the datastore's writing connection.
 *
 * The processes that write a file share the fair lock in its lock file; the
 * owner alone begins a transaction, so BEGIN IMMEDIATE waits only for programs
 * other than quipu. The lock is held from before BEGIN until after the
 * checkpoint that may follow COMMIT (checkpoint.c, INV1).
 *
 * Results of COMMIT:
 *
 *   SQLITE_BUSY  Nothing was written; the transaction is rolled back.
 *   otherwise    Frames may be in the WAL, and a later recovery may find them
 *                complete: the outcome is unknown. Unless the disk was only
 *                full, a sync may have failed. Then the state of the disk is
 *                unknown too, and the process stops writing the file (V5). */
#include "common/safeguard.h"
#include "sqlite.h"

static struct writer_call call_of(const quipu_driver_datastore *datastore)
{
    return (struct writer_call){ .host = datastore->host,
                                 .name = datastore->name,
                                 .fair_lock = datastore->fair_lock };
}

int quipu_sqlite_transaction_lock(quipu_driver_datastore *datastore,
                                  int64_t deadline, quipu_error *error)
{
    const struct writer_call call = call_of(datastore);

    return quipu_common_writer_lock(&datastore->file->writer, &call, deadline,
                                    error);
}

void quipu_sqlite_transaction_unlock(quipu_driver_datastore *datastore)
{
    const struct writer_call call = call_of(datastore);

    quipu_common_writer_unlock(&datastore->file->writer, &call);
}

int quipu_sqlite_transaction_begin(quipu_driver_datastore *datastore,
                                   int64_t deadline, quipu_error *error)
{
    const struct writer_call call = call_of(datastore);

    if (SAFEGUARDED("F4.readonly", datastore->readonly, false)) {
        return datastore->host->error_set(error, QUIPU_DENIED, 0, NULL,
                                          "\"%s\" is open with readonly=yes",
                                          datastore->name);
    }
    int status = quipu_sqlite_transaction_lock(datastore, deadline, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_common_writer_check(&datastore->file->writer, &call, error);
    if (status == QUIPU_OK) {
        status = quipu_common_file_names_check(&datastore->file->names, error);
    }
    if (status == QUIPU_OK) {
        datastore->writer.deadline = deadline;
        status = quipu_sqlite_checkpoint_begin(datastore, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_sqlite_statement_run(&datastore->writer, NULL, SQL_BEGIN,
                                            error);
    }
    if (status != QUIPU_OK) {
        quipu_sqlite_transaction_unlock(datastore);
    }
    return status;
}

void quipu_sqlite_transaction_rollback(quipu_driver_datastore *datastore)
{
    if (sqlite3_get_autocommit(datastore->writer.db) == 0) {
        (void)quipu_sqlite_statement_run(&datastore->writer, NULL, SQL_ROLLBACK,
                                         NULL);
    }
}

void quipu_sqlite_transaction_abandon(quipu_driver_datastore *datastore)
{
    quipu_sqlite_transaction_rollback(datastore);
    quipu_sqlite_transaction_unlock(datastore);
}

/* Translates a failed COMMIT; the head of this file lists the cases. */
static int fail_commit(quipu_driver_datastore *datastore, int code,
                       quipu_error *error)
{
    const int primary = code & 0xff;

    if (primary == SQLITE_BUSY) {
        return quipu_sqlite_error_set(&datastore->writer, code, "commit",
                                      error);
    }
    if (SAFEGUARDED("V5.failed-sync-is-noted", primary != SQLITE_FULL, false)) {
        atomic_store(&datastore->file->writer.poisoned, true);
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

/* After the commit: nothing is acknowledged that the name does not lead to. */
static int check_names(quipu_driver_datastore *datastore, quipu_error *error)
{
    quipu_error own = { 0 };

    if (quipu_common_file_names_check(&datastore->file->names, &own) ==
        QUIPU_OK) {
        return QUIPU_OK;
    }
    return datastore->host->error_set(
        error, QUIPU_UNKNOWN_OUTCOME, 0, NULL,
        "the commit was stored in a file that its name may not lead to: %s",
        own.message);
}

/* A checkpoint runs before the lock is released (checkpoint.c, INV1). Two
 * safeguards, as one test looks for a violation and another for its damage. */
#define BEFORE_UNLOCK(call, other)               \
    SAFEGUARDED("V3.checkpoint-inside-the-gate", \
                SAFEGUARDED("V3.last-look-is-ones-own", call, other), other)

int quipu_sqlite_transaction_commit(quipu_driver_datastore *datastore,
                                    quipu_error *error)
{
    sqlite3_stmt *commit = NULL;
    int status = quipu_sqlite_statement_get(&datastore->writer, NULL,
                                            SQL_COMMIT, &commit, error);

    if (status == QUIPU_OK) {
        int code = sqlite3_step(commit);
        (void)sqlite3_reset(commit);
        if (code != SQLITE_DONE) {
            status = fail_commit(datastore, code, error);
        }
    }
    if (status == QUIPU_OK) {
        status = check_names(datastore, error);
    }
    if (status != QUIPU_OK) {
        quipu_sqlite_transaction_abandon(datastore);
        return status;
    }
    BEFORE_UNLOCK(quipu_sqlite_checkpoint_run(datastore),
                  quipu_sqlite_transaction_unlock(datastore));
    BEFORE_UNLOCK(quipu_sqlite_transaction_unlock(datastore),
                  quipu_sqlite_checkpoint_run(datastore));
    SAFEGUARD("L4.beat")
    quipu_common_commit_counter_advance(datastore->commit_counter);
    return QUIPU_OK;
}
