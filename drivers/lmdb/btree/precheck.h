/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Precheck: reads the pages that LMDB is about to use, before LMDB does.
 *
 * LMDB ends the process when it meets a damaged page, and a write transaction
 * cannot be aborted from there.  So before LMDB writes in a place, the driver's
 * own reader follows the path to that place and checks every page on it, entry
 * by entry.  A damaged page makes the operation fail with MDB_CORRUPTED before
 * LMDB has seen it.
 *
 * All functions return MDB_SUCCESS or MDB_CORRUPTED.  Cursors are
 * page_cursor.c's and need no btree_close.
 */
#ifndef LMDB_DRIVER_PRECHECK_H
#define LMDB_DRIVER_PRECHECK_H

#include "btree/btree.h"

/* Sets *before to the state in the file that the write transaction has begun
 * with, and checks the free list, from which LMDB takes its first pages; all of
 * it with `whole`.  The snapshot keeps that state while the transaction
 * writes. */
int quipu_lmdb_precheck_begin(struct map *map, MDB_txn *txn, bool whole,
                              struct snapshot *before);

/* Opens a cursor for the functions below.  A database that does not exist yet
 * is sound. */
int quipu_lmdb_precheck_open(struct btree_cursor *cursor,
                             const struct snapshot *before,
                             const struct database *database);

/* Checks the path to a key, and to the key before it. */
int quipu_lmdb_precheck_path(struct btree_cursor *cursor, MDB_val key);

/* The same for a key that LMDB is about to put, perhaps in the place of an old
 * value, whose overflow pages it then frees; after `deletions` in this database
 * and transaction. */
int quipu_lmdb_precheck_put(struct btree_cursor *cursor, MDB_val key,
                            unsigned deletions);

/* Checks what LMDB uses when it deletes a key, and counts the deletion. */
int quipu_lmdb_precheck_delete(struct btree_cursor *cursor, MDB_val key,
                               unsigned *deletions);

/* Checks all pages of the database. */
int quipu_lmdb_precheck_all(struct btree_cursor *cursor);

#endif
