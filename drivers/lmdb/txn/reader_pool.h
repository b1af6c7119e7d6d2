/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Idle reading transactions of an environment.
 *
 * LMDB gives each reading transaction a slot in a table that all processes
 * share, under a lock.  A transaction that was reset keeps its slot and is
 * renewed without a lock.  So the pool keeps up to READERS_IDLE_MAX idle
 * transactions; a thread takes one, renews it, and returns it.
 */
#ifndef LMDB_DRIVER_READER_POOL_H
#define LMDB_DRIVER_READER_POOL_H

#include "btree/lmdb_format.h"

#include <lmdb.h>
#include <stdbool.h>

#define READERS_IDLE_MAX 64

struct environment;

/* A reading transaction, and the meta page that it has begun with. */
struct reader {
    MDB_txn *txn;
    struct lmdb_meta meta;
    bool has_meta; /* false: the map is not located */
};

/* Begins a transaction on the latest state.  Returns LMDB's code;
 * MDB_READERS_FULL: all slots are in use. */
int quipu_lmdb_reader_pool_begin(struct environment *environment,
                                 struct reader *reader);
void quipu_lmdb_reader_pool_end(struct environment *environment, MDB_txn *txn);

/* To be called after MDB_READERS_FULL: frees the slots of dead processes, or
 * waits a moment.  Returns false if the deadline has passed. */
bool quipu_lmdb_reader_pool_wait(struct environment *environment,
                                 int64_t deadline);

/* Aborts all idle transactions. */
void quipu_lmdb_reader_pool_finish(struct environment *environment);

#endif
