/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading transactions: a snapshot of the latest state, inside the map.
 */
#ifndef LMDB_DRIVER_READ_TXN_H
#define LMDB_DRIVER_READ_TXN_H

#include "btree/btree.h"
#include "lmdb_driver.h"

/* Enters the map and begins a transaction on the latest state, which is durable
 * (V2).  The snapshot is read by the handle's reader (option mdbcursor).
 * TIMEOUT, BUSY (no reader slot until the deadline), IO, CORRUPT, NO_MEMORY. */
int quipu_lmdb_read_txn_begin(quipu_driver_datastore *datastore,
                              int64_t deadline, struct snapshot *snapshot,
                              quipu_error *error);
void quipu_lmdb_read_txn_end(quipu_driver_datastore *datastore,
                             const struct snapshot *snapshot);
/* Ends it so that the named databases that were opened in it stay open. */
void quipu_lmdb_read_txn_end_named(quipu_driver_datastore *datastore,
                                   const struct snapshot *snapshot);

/* Work inside a transaction; its status is that of the whole. */
typedef int (*quipu_lmdb_read_work)(quipu_driver_datastore *datastore,
                                    const struct snapshot *snapshot,
                                    void *context, quipu_error *error);

/* Begins, works and ends. */
int quipu_lmdb_read_txn_run(quipu_driver_datastore *datastore, int64_t deadline,
                            quipu_lmdb_read_work work, void *context,
                            quipu_error *error);

#endif
