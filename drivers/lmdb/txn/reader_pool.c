/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Idle reading transactions, and how one begins on a state that is whole.
 *
 * The pool is an array of atomic pointers.  A thread takes a transaction by
 * exchanging its pointer for NULL, and returns it by exchanging a NULL for it;
 * so a transaction belongs to one thread at a time, and no lock is taken.
 *
 * LMDB keeps two states of the file, in meta pages that transactions write by
 * turns.  A reading transaction notes the number of the latest one and then
 * copies that page.  If two commits fall between these two steps, the page that
 * it copies is that of a later transaction, or half of one: the reader sees a
 * state that its slot does not protect.  So after the begin it is checked that
 * the commit after the next had not begun, and otherwise begun again:
 *   - with the lock file, from the number of the last commit that has begun,
 *     which all writers publish there;
 *   - without it, from the meta page itself, read before and after.
 */
#include "txn/reader_pool.h"

#include "btree/btree.h"
#include "environment.h"

#include "common/clock.h"

#define BEGIN_TRIES 10000

static MDB_txn *take_idle(struct environment *environment)
{
    for (size_t i = 0; i < READERS_IDLE_MAX; i++) {
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
    for (size_t i = 0; i < READERS_IDLE_MAX; i++) {
        MDB_txn *none = NULL;
        _Atomic(MDB_txn *) *place = &environment->idle[i];
        if (!atomic_load_explicit(place, memory_order_relaxed) &&
            atomic_compare_exchange_strong(place, &none, txn)) {
            return;
        }
    }
    mdb_txn_abort(txn);
}

/* Returns true if the transaction's state is protected and whole; copies its
 * meta page. */
static bool is_whole(const struct environment *environment,
                     struct reader *reader)
{
    const struct map *map = &environment->map;
    uint64_t number = mdb_txn_id(reader->txn);
    struct lmdb_meta after;
    reader->has_meta = map->base != NULL;
    if (reader->has_meta) {
        quipu_lmdb_snapshot_read_meta(map, number, &reader->meta);
    }
    if (environment->has_lock_file) {
        return atomic_load(&environment->marks[MARK_COMMIT_BEGUN]) <=
               number + 1;
    }
    if (environment->lockless || !reader->has_meta) {
        return true;
    }
    quipu_lmdb_snapshot_read_meta(map, number, &after);
    return reader->meta.txnid == number && after.txnid == number;
}

int quipu_lmdb_reader_pool_begin(struct environment *environment,
                                 struct reader *reader)
{
    reader->txn = take_idle(environment);
    int code = reader->txn ? mdb_txn_renew(reader->txn)
                           : mdb_txn_begin(environment->env, NULL, MDB_RDONLY,
                                           &reader->txn);
    if (!reader->txn) {
        return code;
    }
    for (int i = 0; code == MDB_SUCCESS && i < BEGIN_TRIES &&
                    !is_whole(environment, reader);
         i++) {
        mdb_txn_reset(reader->txn);
        code = mdb_txn_renew(reader->txn);
    }
    if (code != MDB_SUCCESS) {
        quipu_lmdb_reader_pool_end(environment, reader->txn);
    }
    return code;
}

void quipu_lmdb_reader_pool_end(struct environment *environment, MDB_txn *txn)
{
    mdb_txn_reset(txn);
    keep_idle(environment, txn);
}

bool quipu_lmdb_reader_pool_wait(struct environment *environment,
                                 int64_t deadline)
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

void quipu_lmdb_reader_pool_finish(struct environment *environment)
{
    for (size_t i = 0; i < READERS_IDLE_MAX; i++) {
        mdb_txn_abort(atomic_exchange(&environment->idle[i], NULL));
    }
}
