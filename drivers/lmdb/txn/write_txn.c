/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Write transactions: the fair lock around them, their commit, and what a
 * failed sync means.
 *
 * How a commit becomes durable.  LMDB writes the pages, syncs them, and then
 * writes the meta page that makes them current and syncs that.  durability=full
 * does all of it; durability=relaxed leaves out the last sync
 * (MDB_NOMETASYNC), which the next commit makes up for.  The flag belongs to
 * the environment, which handles of both kinds share; so the holder of the fair
 * lock sets it for its own transaction.
 *
 * Two marks in the lock file tell other processes how far commits are:
 *   MARK_COMMIT_BEGUN  the last transaction whose commit has begun; stored
 *                      before the commit (reader_pool.c).
 *   MARK_DURABLE       all transactions up to this one may be shown to
 *                      readers; stored after the commit (read_txn.c).
 *
 * INV1  Only the holder of the fair lock begins, commits or aborts a write
 *       transaction, changes MDB_NOMETASYNC, or raises MARK_COMMIT_BEGUN.
 * INV2  MARK_DURABLE never covers a full commit that is not synced.  Before a
 *       relaxed commit raises it, earlier commits that a killed process left
 *       unsynced are synced.
 * INV3  After a sync has failed the kernel may report the pages as clean
 *       although they are not on disk.  No transaction begins afterwards until
 *       all handles of the process are closed (V5).
 */
#include "txn/write_txn.h"

#include "btree/precheck.h"
#include "catalogue/store.h"
#include "environment.h"
#include "error.h"
#include "txn/map.h"

#include "common/error.h"
#include "common/safeguard.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMITS_PER_READER_CHECK 256
#define ROOM 65536 /* bytes that a disk that is not full has */

/* --------------------------------------------------------------- fair lock */

static struct writer_call call_of(const quipu_driver_datastore *datastore)
{
    return (struct writer_call){ datastore->host, datastore->name,
                                 datastore->environment->fair_lock };
}

static int lock_writer(quipu_driver_datastore *datastore, int64_t deadline,
                       quipu_error *error)
{
    const struct writer_call call = call_of(datastore);
    if (datastore->readonly) {
        return datastore->host->error_set(error, QUIPU_DENIED, 0, NULL,
                                          "\"%s\" is open with readonly=yes",
                                          datastore->name);
    }
    return quipu_common_writer_lock(&datastore->environment->writer, &call,
                                    deadline, error);
}

static void unlock_writer(quipu_driver_datastore *datastore)
{
    const struct writer_call call = call_of(datastore);
    quipu_common_writer_unlock(&datastore->environment->writer, &call);
}

/* ------------------------------------------------------------ begin, abort */

static int begin_inside(quipu_driver_datastore *datastore,
                        struct write_txn *write, int64_t deadline,
                        quipu_error *error)
{
    struct environment *environment = datastore->environment;
    for (;;) {
        int status = quipu_lmdb_map_enter(environment, deadline, error);
        if (status != QUIPU_OK) {
            return quipu_lmdb_error_as_busy(status, error);
        }
        size_t size = quipu_lmdb_map_size(environment);
        int code = mdb_txn_begin(environment->env, NULL, 0, &write->txn);
        if (code == MDB_SUCCESS) {
            write->snapshot = (struct snapshot){ .txn = write->txn };
            return QUIPU_OK;
        }
        quipu_lmdb_map_leave(environment);
        if (code != MDB_MAP_RESIZED) {
            return quipu_lmdb_error_set(datastore->host, datastore->name, code,
                                        "write", error);
        }
        status = quipu_lmdb_map_grow(environment, size, deadline, error);
        if (status != QUIPU_OK) {
            return status;
        }
    }
}

/* Sets LMDB's flag for the commits of this handle. */
static int set_durability(quipu_driver_datastore *datastore, quipu_error *error)
{
    struct environment *environment = datastore->environment;
    const bool is_set =
        SAFEGUARDED("V3.durability-of-the-handle",
                    environment->relaxed == datastore->relaxed,
                    environment->relaxed || !datastore->relaxed);
    if (SAFEGUARDED("V3.sync-of-a-commit", is_set, false)) {
        return QUIPU_OK;
    }
    int code = SAFEGUARDED(
        "V3.sync-of-a-commit",
        mdb_env_set_flags(environment->env, MDB_NOMETASYNC, datastore->relaxed),
        mdb_env_set_flags(environment->env, MDB_NOSYNC, 1));
    if (code != MDB_SUCCESS) {
        return quipu_lmdb_error_set(datastore->host, datastore->name, code,
                                    "set the durability", error);
    }
    environment->relaxed = datastore->relaxed;
    return QUIPU_OK;
}

static int begin(quipu_driver_datastore *datastore, struct write_txn *write,
                 int64_t deadline, quipu_error *error)
{
    const struct writer_call call = call_of(datastore);
    int status = quipu_common_writer_check(&datastore->environment->writer,
                                           &call, error); /* INV3 */
    if (status == QUIPU_OK) {
        status = quipu_common_file_names_check(
            &datastore->environment->file_names, error);
    }
    if (status == QUIPU_OK) {
        status = set_durability(datastore, error);
    }
    return status == QUIPU_OK ? begin_inside(datastore, write, deadline, error)
                              : status;
}

static void abort_txn(quipu_driver_datastore *datastore,
                      struct write_txn *write)
{
    mdb_txn_abort(write->txn);
    write->txn = NULL;
    quipu_lmdb_map_leave(datastore->environment);
}

/* ------------------------------------------------------------------ commit */

static uint64_t last_committed(const struct environment *environment)
{
    MDB_envinfo info;
    (void)mdb_env_info(environment->env, &info);
    return info.me_last_txnid;
}

static int fail_unknown(quipu_driver_datastore *datastore, int code,
                        quipu_error *error)
{
    atomic_store(&datastore->environment->writer.poisoned, true);
    return datastore->host->error_set(
        error, QUIPU_UNKNOWN_OUTCOME, code, NULL,
        "the commit in \"%s\" failed (%s): it may be stored or not; close all "
        "handles of this process on it, open it again, then repeat the append",
        datastore->name, mdb_strerror(code));
}

/* Returns true for errors that come before LMDB writes the meta page, so that
 * nothing is stored.  After any other error a sync may have failed (INV3). */
static bool is_before_meta(int code)
{
    switch (code) {
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
    case MDB_MAP_FULL:
    case MDB_BAD_TXN:
    case MDB_TXN_FULL:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
        return true;
    default:
        return false;
    }
}

/* LMDB reports a write that was cut short as EIO.  Returns ENOSPC or EDQUOT if
 * that is the cause: the disk has no room now, and no sync has failed, which a
 * descriptor of the driver's own would tell, too.  Otherwise returns `code`. */
static int true_code(const quipu_driver_datastore *datastore, int code)
{
    const struct environment *environment = datastore->environment;
    struct stat info;
    mdb_filehandle_t fd;
    (void)mdb_env_get_fd(environment->env, &fd);
    if (code != EIO || environment->sync_fd < 0 || fstat(fd, &info) != 0 ||
        fallocate(fd, FALLOC_FL_KEEP_SIZE, info.st_size, ROOM) == 0) {
        return code;
    }
    const int cause = errno;
    return (cause == ENOSPC || cause == EDQUOT) &&
                   fdatasync(environment->sync_fd) == 0
               ? cause
               : code;
}

static int fail_commit(quipu_driver_datastore *datastore, int code,
                       uint64_t number, quipu_error *error)
{
    const bool is_stored = last_committed(datastore->environment) >= number;
    if (!is_stored) {
        code = true_code(datastore, code);
    }
    if (is_stored || !is_before_meta(code)) {
        return fail_unknown(datastore, code, error);
    }
    return quipu_lmdb_error_set(datastore->host, datastore->name, code,
                                "commit", error);
}

int quipu_lmdb_write_txn_sync(quipu_driver_datastore *datastore,
                              quipu_error *error)
{
    int code = mdb_env_sync(datastore->environment->env, 1);
    return code == MDB_SUCCESS ? QUIPU_OK
                               : fail_unknown(datastore, code, error);
}

/* INV2, before a relaxed commit. */
static int sync_before(quipu_driver_datastore *datastore, uint64_t number,
                       quipu_error *error)
{
    _Atomic uint64_t *durable = &datastore->environment->marks[MARK_DURABLE];
    if (!datastore->relaxed) {
        return QUIPU_OK;
    }
    int status = atomic_load(durable) + 1 >= number
                     ? QUIPU_OK
                     : quipu_lmdb_write_txn_sync(datastore, error);
    if (status == QUIPU_OK) {
        atomic_store(durable, number);
    }
    return status;
}

/* Now and then the reader slots of killed processes are freed: until then LMDB
 * cannot reuse the pages that they have seen. */
static void free_dead_readers(const struct environment *environment,
                              uint64_t number)
{
    int dead = 0;
    if (number % COMMITS_PER_READER_CHECK == 0) {
        (void)mdb_reader_check(environment->env, &dead);
    }
}

/* After the commit: nothing is acknowledged that the name does not lead to. */
static int check_names(quipu_driver_datastore *datastore, quipu_error *error)
{
    quipu_error own = { 0 };
    if (quipu_common_file_names_check(&datastore->environment->file_names,
                                      &own) == QUIPU_OK) {
        return QUIPU_OK;
    }
    return datastore->host->error_set(
        error, QUIPU_UNKNOWN_OUTCOME, 0, NULL,
        "the commit was stored in a file that its name may not lead to: %s",
        own.message);
}

static int commit(quipu_driver_datastore *datastore, struct write_txn *write,
                  quipu_error *error)
{
    struct environment *environment = datastore->environment;
    uint64_t number = mdb_txn_id(write->txn);
    int status = sync_before(datastore, number, error);
    if (status != QUIPU_OK) {
        abort_txn(datastore, write);
        return status;
    }
    atomic_store(&environment->marks[MARK_COMMIT_BEGUN], number);
    int code = mdb_txn_commit(write->txn);
    write->txn = NULL;
    write->full = code == MDB_MAP_FULL;
    if (code != MDB_SUCCESS) {
        status = fail_commit(datastore, code, number, error);
    } else {
        status = check_names(datastore, error);
    }
    atomic_store(&environment->marks[MARK_DURABLE],
                 code == MDB_SUCCESS ? last_committed(environment)
                                     : number - 1);
    free_dead_readers(environment, number);
    quipu_lmdb_map_leave(environment);
    return status;
}

/* --------------------------------------------------------------- the whole */

int quipu_lmdb_write_txn_fail(const quipu_driver_datastore *datastore,
                              struct write_txn *write, int code,
                              const char *what, quipu_error *error)
{
    write->full = code == MDB_MAP_FULL;
    if (code == MDB_BAD_TXN) {
        return datastore->host->error_set(
            error, QUIPU_INVALID, code, NULL,
            "the function in the transaction went on after an error of LMDB; "
            "nothing is stored");
    }
    return quipu_lmdb_error_set(datastore->host, datastore->name,
                                true_code(datastore, code), what, error);
}

/* LMDB writes to the main database for a transaction that opens databases, so
 * all of it is checked then. */
static int precheck(quipu_driver_datastore *datastore, struct write_txn *write,
                    quipu_error *error)
{
    struct btree_cursor cursor;
    struct environment *environment = datastore->environment;
    int code = quipu_lmdb_precheck_begin(&environment->map, write->txn,
                                         !environment->free_list_is_checked,
                                         &write->before);
    environment->free_list_is_checked |= code == MDB_SUCCESS;
    if (code == MDB_SUCCESS && write->names) {
        code = quipu_lmdb_precheck_open(&cursor, &write->before,
                                        &quipu_lmdb_store_main);
    }
    if (code == MDB_SUCCESS && write->names) {
        code = quipu_lmdb_precheck_all(&cursor);
    }
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_error_set(datastore->host, datastore->name, code,
                                      "write", error);
}

static int run_once(quipu_driver_datastore *datastore, struct write_txn *write,
                    int64_t deadline, quipu_error *error)
{
    write->full = write->empty = write->retry = false;
    int status = begin(datastore, write, deadline, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = precheck(datastore, write, error);
    if (status == QUIPU_OK) {
        status = write->work(datastore, write, error);
    }
    if (status != QUIPU_OK || write->full || write->retry || write->empty) {
        abort_txn(datastore, write);
        return status;
    }
    return commit(datastore, write, error);
}

static int run_named(quipu_driver_datastore *datastore, struct write_txn *write,
                     int64_t deadline, quipu_error *error)
{
    write->full = write->retry = false;
    if (!write->names) {
        return run_once(datastore, write, deadline, error);
    }
    int status = quipu_lmdb_environment_lock_names(datastore->environment,
                                                   deadline, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = run_once(datastore, write, deadline, error);
    quipu_lmdb_environment_unlock_names(datastore->environment);
    return status;
}

int quipu_lmdb_write_txn_run(quipu_driver_datastore *datastore,
                             struct write_txn *write, int64_t deadline,
                             quipu_error *error)
{
    struct environment *environment = datastore->environment;
    quipu_error own = { 0 };
    int status = lock_writer(datastore, deadline, error);
    if (status != QUIPU_OK) {
        return status;
    }
    do {
        size_t size = quipu_lmdb_map_size(environment);
        status = run_named(datastore, write, deadline, &own);
        if (write->full) {
            status = quipu_lmdb_map_grow(environment, size, deadline, &own);
        }
    } while ((write->full || write->retry) && status == QUIPU_OK);
    unlock_writer(datastore);
    if (status == QUIPU_OK) {
        quipu_common_commit_counter_advance(environment->commit_counter);
    }
    return quipu_common_error_pass(status, &own, error);
}
