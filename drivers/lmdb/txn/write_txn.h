/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Write transactions.
 *
 * Writers of all processes queue on the fair lock in the lock file, in order of
 * arrival and with a deadline; only its holder begins a write transaction, so
 * LMDB's own writer lock, which has no deadline, is free then.
 */
#ifndef LMDB_DRIVER_WRITE_TXN_H
#define LMDB_DRIVER_WRITE_TXN_H

#include "btree/btree.h"
#include "lmdb_driver.h"

struct write_txn;

/* The change that a transaction makes.  Any status but OK aborts it. */
typedef int (*quipu_lmdb_write_work)(quipu_driver_datastore *datastore,
                                     struct write_txn *write,
                                     quipu_error *error);

struct write_txn {
    /* Set by the caller. */
    quipu_lmdb_write_work work;
    void *context;
    bool names; /* it opens named databases */
    /* Valid inside work. */
    MDB_txn *txn;
    struct snapshot snapshot; /* of txn, read by LMDB's cursors */
    struct snapshot before;   /* the file's state at its begin (precheck.h) */
    /* Set by work. */
    bool empty; /* nothing is to be committed: abort, with the status */
    bool full;  /* the map was full: enlarge it and run again */
    bool retry; /* abort and run again */
};

/* Acquires the fair lock, runs the work in a transaction, commits, releases and
 * advances the commit counter; again if the map was full or the work asks for
 * it.  DENIED (readonly), BUSY, IO (nothing is stored), UNKNOWN_OUTCOME;
 * INTERNAL if this thread holds the lock already. */
int quipu_lmdb_write_txn_run(quipu_driver_datastore *datastore,
                             struct write_txn *write, int64_t deadline,
                             quipu_error *error);

/* Inside work: fills *error with LMDB's code as quipu_lmdb_error_set does, and
 * sets write->full for MDB_MAP_FULL. */
int quipu_lmdb_write_txn_fail(const quipu_driver_datastore *datastore,
                              struct write_txn *write, int code,
                              const char *what, quipu_error *error);

/* Makes all commits durable, those of other processes too.
 * UNKNOWN_OUTCOME. */
int quipu_lmdb_write_txn_sync(quipu_driver_datastore *datastore,
                              quipu_error *error);

#endif
