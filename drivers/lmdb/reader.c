/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading transactions.  Idle ones are kept, with their slots in LMDB's table
 * of readers, so that reading takes no lock: they are taken from and returned
 * to an array of atomic pointers.
 */
#include "lmdb_driver.h"

#include "shared/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <unistd.h>

static MDB_txn *take_idle(struct environment *environment)
{
    for (size_t i = 0; i < IDLE_MAX; i++) {
        _Atomic(MDB_txn *) *place = &environment->idle[i];
        if (atomic_load_explicit(place, memory_order_relaxed) != NULL) {
            MDB_txn *txn = atomic_exchange(place, NULL);
            if (txn != NULL) {
                return txn;
            }
        }
    }
    return NULL;
}

static void keep_idle(struct environment *environment, MDB_txn *txn)
{
    for (size_t i = 0; i < IDLE_MAX; i++) {
        MDB_txn *none = NULL;
        _Atomic(MDB_txn *) *place = &environment->idle[i];
        if (atomic_load_explicit(place, memory_order_relaxed) == NULL &&
            atomic_compare_exchange_strong(place, &none, txn)) {
            return;
        }
    }
    mdb_txn_abort(txn);
}

/*
 * LMDB has two states by turns in its file's first two pages.  It notes which
 * is the latest, then copies that page; if two commits have passed between, it
 * copies another state than it thinks, or half of one.  So it is asked again
 * until the commit after the next has not begun.
 */
static bool is_true(const struct environment *environment, MDB_txn *txn)
{
    uint64_t number = mdb_txn_id(txn);
    if (environment->gated) {
        return atomic_load(&environment->marks[MARK_BEGUN]) <= number + 1;
    }
    return environment->lockless ||
           quipu_lmdb_map_state(environment, number) == number;
}

/* A transaction on the latest state; an LMDB code. */
static int begin(struct environment *environment, MDB_txn **txn)
{
    *txn = take_idle(environment);
    if (*txn == NULL) {
        int code = mdb_txn_begin(environment->env, NULL, MDB_RDONLY, txn);
        if (code != MDB_SUCCESS || is_true(environment, *txn)) {
            return code;
        }
        mdb_txn_reset(*txn);
    }
    int code = mdb_txn_renew(*txn);
    while (code == MDB_SUCCESS && !is_true(environment, *txn)) {
        mdb_txn_reset(*txn);
        code = mdb_txn_renew(*txn);
    }
    if (code != MDB_SUCCESS) {
        keep_idle(environment, *txn);
    }
    return code;
}

/* V2: what is appended with durability=full LMDB shows an instant before its
 * sync has returned.  Who sees it that early syncs it himself. */
static int settle(struct environment *environment, MDB_txn *txn,
                  quipu_error *error)
{
    uint64_t seen = mdb_txn_id(txn);
    uint64_t settled = atomic_load(&environment->marks[MARK_SETTLED]);
    mdb_filehandle_t fd;
    if (seen <= settled || environment->lockless) {
        return QUIPU_OK;
    }
    (void)mdb_env_get_fd(environment->env, &fd);
    if (fdatasync(fd) != 0) {
        int code = errno;
        atomic_store(&environment->poisoned, true);
        return quipu_lmdb_fail(environment->host, environment->path, code,
                               "sync what another has just written", error);
    }
    while (settled < seen &&
           !atomic_compare_exchange_weak(&environment->marks[MARK_SETTLED],
                                         &settled, seen)) {
    }
    return QUIPU_OK;
}

/* All slots are taken: those of dead processes are freed, else it waits.  False
 * when the deadline is past. */
static bool wait_for_slot(struct environment *environment, int64_t deadline)
{
    int dead = 0;
    if (mdb_reader_check(environment->env, &dead) == MDB_SUCCESS && dead > 0) {
        return true;
    }
    if (clock_now() >= deadline) {
        return false;
    }
    clock_sleep_until(clock_after(CLOCK_MILLISECOND, deadline));
    return true;
}

static int begin_inside(struct environment *environment, int64_t deadline,
                        MDB_txn **txn, quipu_error *error)
{
    const quipu_host *host = environment->host;
    for (;;) {
        int status = quipu_lmdb_map_enter(environment, deadline, error);
        if (status != QUIPU_OK) {
            return status;
        }
        size_t size = quipu_lmdb_map_size(environment);
        int code = begin(environment, txn);
        if (code == MDB_SUCCESS) {
            return QUIPU_OK;
        }
        quipu_lmdb_map_leave(environment);
        if (code == MDB_MAP_RESIZED) {
            status = quipu_lmdb_map_grow(environment, size, deadline, error);
            if (status != QUIPU_OK) {
                return status;
            }
        } else if (code != MDB_READERS_FULL ||
                   !wait_for_slot(environment, deadline)) {
            return quipu_lmdb_fail(host, environment->path, code, "read",
                                   error);
        }
    }
}

int quipu_lmdb_reading_begin(struct environment *environment, int64_t deadline,
                             MDB_txn **txn, quipu_error *error)
{
    int status = begin_inside(environment, deadline, txn, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = settle(environment, *txn, error);
    if (status != QUIPU_OK) {
        quipu_lmdb_reading_end(environment, *txn);
    }
    return status;
}

void quipu_lmdb_reading_end(struct environment *environment, MDB_txn *txn)
{
    mdb_txn_reset(txn);
    keep_idle(environment, txn);
    quipu_lmdb_map_leave(environment);
}

void quipu_lmdb_reading_named(struct environment *environment, MDB_txn *txn)
{
    (void)mdb_txn_commit(txn);
    quipu_lmdb_map_leave(environment);
}

/* ---------------------------------------------------------- damaged pages */

/* Where this thread goes on when LMDB asserts what a damaged page breaks. */
static _Thread_local jmp_buf *refuge;

/* A writer has no refuge: its transaction cannot be undone any more, and LMDB's
 * lock, which others wait for, is only given back by the end of the process. */
void quipu_lmdb_on_assert(MDB_env *env, const char *message)
{
    const struct environment *environment = mdb_env_get_userctx(env);
    environment->host->message(QUIPU_LEVEL_WARNING,
                               "\"%s\" is damaged; restore it from a backup. "
                               "LMDB found: %s",
                               environment->path, message);
    if (refuge != NULL) {
        longjmp(*refuge, 1);
    }
}

int quipu_lmdb_guard(quipu_driver_datastore *datastore, MDB_txn *txn,
                     quipu_lmdb_look look, void *context, quipu_error *error)
{
    jmp_buf here;
    int status = QUIPU_CORRUPT;
    if (setjmp(here) == 0) {
        refuge = &here;
        status = look(datastore, txn, context, error);
        refuge = NULL;
        return status;
    }
    refuge = NULL;
    return quipu_lmdb_fail(datastore->host, datastore->name, MDB_CORRUPTED,
                           "read", error);
}

int quipu_lmdb_reading_run(quipu_driver_datastore *datastore, int64_t deadline,
                           quipu_lmdb_look look, void *context,
                           quipu_error *error)
{
    struct environment *environment = datastore->environment;
    MDB_txn *txn = NULL;
    int status = quipu_lmdb_reading_begin(environment, deadline, &txn, error);
    if (status == QUIPU_OK) {
        status = quipu_lmdb_guard(datastore, txn, look, context, error);
        quipu_lmdb_reading_end(environment, txn);
    }
    return status;
}
