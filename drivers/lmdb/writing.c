/* SPDX-License-Identifier: Apache-2.0 */
/* The writing transaction: the turnstile around it, and its end. */
#include "store.h"

#include "common/safeguard.h"
#include "survey.h"

#include <errno.h>

#define COMMITS_A_LOOK 256

int quipu_lmdb_writing_enter(quipu_driver_datastore *datastore,
                             int64_t deadline, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    struct environment *environment = datastore->environment;
    if (datastore->readonly) {
        return host->error_set(error, QUIPU_DENIED, 0, NULL,
                               "\"%s\" is open with readonly=yes",
                               datastore->name);
    }
    if (pthread_equal(atomic_load(&environment->insider), pthread_self())) {
        return host->error_set(error, QUIPU_INTERNAL, 0, NULL,
                               "\"%s\" was called from the function inside "
                               "its own transaction; use the native handle "
                               "there",
                               datastore->name);
    }
    int code = quipu_common_fair_lock_acquire(environment->fair_lock, deadline);
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
    atomic_store(&environment->insider, pthread_self());
    return QUIPU_OK;
}

void quipu_lmdb_writing_leave(quipu_driver_datastore *datastore)
{
    atomic_store(&datastore->environment->insider, 0);
    quipu_common_fair_lock_release(datastore->environment->fair_lock);
}

static int refuse_poisoned(const quipu_driver_datastore *datastore,
                           quipu_error *error)
{
    return datastore->host->error_set(
        error, QUIPU_IO, 0, NULL,
        "a sync of \"%s\" has failed, and what the disk holds is not known; "
        "close all handles of this process on it, then open it again",
        datastore->name);
}

static int begin_inside(quipu_driver_datastore *datastore, int64_t deadline,
                        MDB_txn **txn, quipu_error *error)
{
    struct environment *environment = datastore->environment;
    for (;;) {
        int status = quipu_lmdb_map_enter(environment, deadline, error);
        if (status != QUIPU_OK) {
            return quipu_lmdb_as_busy(status, error);
        }
        size_t size = quipu_lmdb_map_size(environment);
        int code = mdb_txn_begin(environment->env, NULL, 0, txn);
        if (code == MDB_SUCCESS) {
            return QUIPU_OK;
        }
        quipu_lmdb_map_leave(environment);
        if (code != MDB_MAP_RESIZED) {
            return quipu_lmdb_fail(datastore->host, datastore->name, code,
                                   "write", error);
        }
        status = quipu_lmdb_map_grow(environment, size, deadline, error);
        if (status != QUIPU_OK) {
            return status;
        }
    }
}

/* LMDB's way to commit is the environment's, and that of whoever is inside. */
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
        return quipu_lmdb_fail(datastore->host, datastore->name, code,
                               "set the durability", error);
    }
    environment->relaxed = datastore->relaxed;
    return QUIPU_OK;
}

int quipu_lmdb_writing_begin(quipu_driver_datastore *datastore,
                             int64_t deadline, MDB_txn **txn,
                             quipu_error *error)
{
    if (atomic_load(&datastore->environment->poisoned)) {
        return refuse_poisoned(datastore, error);
    }
    int status = set_durability(datastore, error);
    return status == QUIPU_OK ? begin_inside(datastore, deadline, txn, error)
                              : status;
}

void quipu_lmdb_writing_undo(quipu_driver_datastore *datastore, MDB_txn *txn)
{
    mdb_txn_abort(txn);
    quipu_lmdb_map_leave(datastore->environment);
}

/* ----------------------------------------------------------------- commits */

static uint64_t last_committed(const struct environment *environment)
{
    MDB_envinfo info;
    (void)mdb_env_info(environment->env, &info);
    return info.me_last_txnid;
}

static int fail_unknown(quipu_driver_datastore *datastore, int code,
                        quipu_error *error)
{
    atomic_store(&datastore->environment->poisoned, true);
    return datastore->host->error_set(
        error, QUIPU_UNKNOWN_OUTCOME, code, NULL,
        "the commit in \"%s\" failed (%s): it may be stored or not; close all "
        "handles of this process on it, open it again, then repeat the append",
        datastore->name, mdb_strerror(code));
}

/*
 * LMDB writes the pages first, syncs them, and last of all, durably, the page
 * that makes them count.  Where there was no room for the pages nothing has
 * happened; after anything else a sync may have failed, and the system may take
 * for written what is not: so nobody writes on (V5).
 */
static bool is_certain(int code)
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

static int fail_commit(quipu_driver_datastore *datastore, int code,
                       uint64_t number, quipu_error *error)
{
    if (!is_certain(code) || last_committed(datastore->environment) >= number) {
        return fail_unknown(datastore, code, error);
    }
    if (code == MDB_BAD_TXN) {
        return datastore->host->error_set(
            error, QUIPU_INVALID, code, NULL,
            "the function in the transaction went on after an error of LMDB; "
            "nothing is stored");
    }
    return quipu_lmdb_fail(datastore->host, datastore->name, code, "commit",
                           error);
}

int quipu_lmdb_writing_sync(quipu_driver_datastore *datastore,
                            quipu_error *error)
{
    int code = mdb_env_sync(datastore->environment->env, 1);
    return code == MDB_SUCCESS ? QUIPU_OK
                               : fail_unknown(datastore, code, error);
}

/*
 * A reader syncs what is beyond `settled` (V2).  What a relaxed handle appends
 * may be seen at once; but what came before it, if a killed process left it
 * visible and not durable, has to be settled first.
 */
static int settle_before(quipu_driver_datastore *datastore, uint64_t number,
                         quipu_error *error)
{
    _Atomic uint64_t *settled = &datastore->environment->marks[MARK_SETTLED];
    if (!datastore->relaxed) {
        return QUIPU_OK;
    }
    int status = atomic_load(settled) + 1 >= number
                     ? QUIPU_OK
                     : quipu_lmdb_writing_sync(datastore, error);
    if (status == QUIPU_OK) {
        atomic_store(settled, number);
    }
    return status;
}

/* A process that was killed while it read would keep LMDB from using pages
 * anew; so it is looked for now and then. */
static void forget_the_dead(const struct environment *environment,
                            uint64_t number)
{
    int dead = 0;
    if (number % COMMITS_A_LOOK == 0) {
        (void)mdb_reader_check(environment->env, &dead);
    }
}

int quipu_lmdb_writing_commit(quipu_driver_datastore *datastore, MDB_txn *txn,
                              bool *full, quipu_error *error)
{
    struct environment *environment = datastore->environment;
    uint64_t number = mdb_txn_id(txn);
    *full = false;
    int status = settle_before(datastore, number, error);
    if (status != QUIPU_OK) {
        quipu_lmdb_writing_undo(datastore, txn);
        return status;
    }
    atomic_store(&environment->marks[MARK_BEGUN], number);
    int code = mdb_txn_commit(txn);
    *full = code == MDB_MAP_FULL;
    if (code != MDB_SUCCESS) {
        status = fail_commit(datastore, code, number, error);
    }
    atomic_store(&environment->marks[MARK_SETTLED],
                 code == MDB_SUCCESS ? last_committed(environment)
                                     : number - 1);
    forget_the_dead(environment, number);
    quipu_lmdb_map_leave(environment);
    return status;
}

/* --------------------------------------------------------------- the whole */

/* LMDB writes to the catalogue for who opens databases. */
static int survey(quipu_driver_datastore *datastore, MDB_txn *txn,
                  struct writing *writing, quipu_error *error)
{
    struct walk walk;
    int code =
        quipu_lmdb_survey_begin(datastore->environment, txn, &writing->before);
    if (code == MDB_SUCCESS && writing->names) {
        code =
            quipu_lmdb_survey_open(&walk, &writing->before, &quipu_lmdb_main);
    }
    if (code == MDB_SUCCESS && writing->names) {
        code = quipu_lmdb_survey_all(&walk);
    }
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_fail(datastore->host, datastore->name, code,
                                 "write", error);
}

static int run_once(quipu_driver_datastore *datastore, struct writing *writing,
                    int64_t deadline, bool *full, quipu_error *error)
{
    MDB_txn *txn = NULL;
    *full = false;
    writing->empty = false;
    int status = quipu_lmdb_writing_begin(datastore, deadline, &txn, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = survey(datastore, txn, writing, error);
    if (status == QUIPU_OK) {
        status = writing->change(datastore, txn, writing->context, full, error);
    }
    if (status != QUIPU_OK || *full || writing->empty) {
        quipu_lmdb_writing_undo(datastore, txn);
        return status;
    }
    return quipu_lmdb_writing_commit(datastore, txn, full, error);
}

static int run_named(quipu_driver_datastore *datastore, struct writing *writing,
                     int64_t deadline, bool *full, quipu_error *error)
{
    if (!writing->names) {
        return run_once(datastore, writing, deadline, full, error);
    }
    quipu_lmdb_naming_begin(datastore->environment);
    int status = run_once(datastore, writing, deadline, full, error);
    quipu_lmdb_naming_end(datastore->environment);
    return status;
}

int quipu_lmdb_writing_run(quipu_driver_datastore *datastore,
                           struct writing *writing, int64_t deadline,
                           quipu_error *error)
{
    struct environment *environment = datastore->environment;
    bool full = false;
    quipu_error own = { 0 };
    int status = quipu_lmdb_writing_enter(datastore, deadline, error);
    if (status != QUIPU_OK) {
        return status;
    }
    do {
        size_t size = quipu_lmdb_map_size(environment);
        status = run_named(datastore, writing, deadline, &full, &own);
        if (full) {
            status = quipu_lmdb_map_grow(environment, size, deadline, &own);
        }
    } while (full && status == QUIPU_OK);
    quipu_lmdb_writing_leave(datastore);
    if (status == QUIPU_OK) {
        quipu_common_commit_counter_advance(environment->commit_counter);
    }
    return quipu_common_error_pass(status, &own, error);
}
