/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading transactions.  Idle ones are kept, with their slots in LMDB's table
 * of readers, so that reading takes no lock: they are taken from and returned
 * to an array of atomic pointers.
 */
#include "store.h"

#include "common/clock.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define TRIES 10000 /* to see a state before the one after the next begins */

static MDB_txn *take_idle(struct environment *environment)
{
    for (size_t i = 0; i < IDLE_MAX; i++) {
        _Atomic(MDB_txn *) *place = &environment->idle[i];
        if (atomic_load_explicit(place, memory_order_relaxed)) {
            MDB_txn *txn = atomic_exchange(place, NULL);
            if (txn) {
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
        if (!atomic_load_explicit(place, memory_order_relaxed) &&
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
 * until the commit after the next has not begun.  The same page is copied here.
 */
static bool is_true(const struct environment *environment, uint64_t number,
                    struct meta *meta, bool *located)
{
    struct meta after;
    *located = quipu_lmdb_map_meta(environment, number, meta);
    if (environment->gated) {
        return atomic_load(&environment->marks[MARK_BEGUN]) <= number + 1;
    }
    return environment->lockless ||
           !quipu_lmdb_map_meta(environment, number, &after) ||
           (meta->txnid == number && after.txnid == number);
}

/* A transaction that has begun, or again as long as what it sees is not true;
 * an LMDB code. */
static int renew(struct environment *environment, struct view *view)
{
    struct meta meta;
    bool located = false;
    int code = MDB_SUCCESS;
    for (int i = 0;
         code == MDB_SUCCESS && i < TRIES &&
         !is_true(environment, mdb_txn_id(view->txn), &meta, &located);
         i++) {
        mdb_txn_reset(view->txn);
        code = mdb_txn_renew(view->txn);
    }
    return code == MDB_SUCCESS && located
               ? quipu_lmdb_map_view(environment, &meta, mdb_txn_id(view->txn),
                                     view)
               : code;
}

/* A transaction on the latest state; an LMDB code. */
static int begin(struct environment *environment, struct view *view)
{
    *view = (struct view){ .txn = take_idle(environment),
                           .environment = environment };
    int code = view->txn ? mdb_txn_renew(view->txn)
                         : mdb_txn_begin(environment->env, NULL, MDB_RDONLY,
                                         &view->txn);
    if (!view->txn) {
        return code;
    }
    if (code == MDB_SUCCESS) {
        code = renew(environment, view);
    }
    if (code != MDB_SUCCESS) {
        mdb_txn_reset(view->txn);
        keep_idle(environment, view->txn);
    }
    return code;
}

/* Any address in a page tells: a page begins with its own number. */
static void locate(struct environment *environment, const void *inside)
{
    MDB_stat stat;
    uint64_t number;
    const unsigned char *at = inside;
    (void)mdb_env_stat(environment->env, &stat);
    at -= (uintptr_t)at & (stat.ms_psize - 1);
    memcpy(&number, at, sizeof(number));
    environment->map.page = stat.ms_psize;
    environment->map.size = quipu_lmdb_map_size(environment);
    environment->map.base = at - number * stat.ms_psize;
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

int quipu_lmdb_map_locate(struct environment *environment, int64_t deadline)
{
    struct view view;
    MDB_val key = store_key();
    MDB_val value;
    int code = begin(environment, &view);
    while (code == MDB_READERS_FULL && wait_for_slot(environment, deadline)) {
        code = begin(environment, &view);
    }
    if (code != MDB_SUCCESS) {
        return code;
    }
    code = quipu_lmdb_main_open(view.txn);
    if (code == MDB_SUCCESS) {
        code = mdb_get(view.txn, MAIN_DBI, &key, &value);
    }
    if (code == MDB_SUCCESS) {
        locate(environment, value.mv_data);
    }
    mdb_txn_reset(view.txn);
    keep_idle(environment, view.txn);
    return code;
}

static int begin_inside(struct environment *environment, int64_t deadline,
                        struct view *view, quipu_error *error)
{
    const quipu_host *host = environment->host;
    for (;;) {
        int status = quipu_lmdb_map_enter(environment, deadline, error);
        if (status != QUIPU_OK) {
            return status;
        }
        size_t size = quipu_lmdb_map_size(environment);
        int code = begin(environment, view);
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
                             struct view *view, quipu_error *error)
{
    int status = begin_inside(environment, deadline, view, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = settle(environment, view->txn, error);
    if (status != QUIPU_OK) {
        quipu_lmdb_reading_end(view);
    }
    return status;
}

void quipu_lmdb_reading_end(const struct view *view)
{
    mdb_txn_reset(view->txn);
    keep_idle(view->environment, view->txn);
    quipu_lmdb_map_leave(view->environment);
}

void quipu_lmdb_reading_named(const struct view *view)
{
    (void)mdb_txn_commit(view->txn);
    quipu_lmdb_map_leave(view->environment);
}

int quipu_lmdb_reading_run(quipu_driver_datastore *datastore, int64_t deadline,
                           quipu_lmdb_look look, void *context,
                           quipu_error *error)
{
    struct view view;
    int status = quipu_lmdb_reading_begin(datastore->environment, deadline,
                                          &view, error);
    if (status == QUIPU_OK) {
        status = look(datastore, &view, context, error);
        quipu_lmdb_reading_end(&view);
    }
    return status;
}
