/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key-value entries (K1 to K7): their database, and writing them in an append.
 * entry_list.c lists them.
 *
 * Each namespace has a database of them, which the first append with entries
 * creates; the key is that of the entry (format/entry_format.h).  A deleted
 * entry leaves nothing in it.  So that a key that is written again gets a
 * higher revision than before (K3), the largest revision of all deleted
 * entries of the namespace is kept, the revision floor; a new entry begins
 * above it.
 */
#ifndef LMDB_DRIVER_ENTRIES_H
#define LMDB_DRIVER_ENTRIES_H

#include "lmdb_driver.h"
#include "txn/write_txn.h"

/* The entries that a write transaction reads and writes. */
struct entries {
    quipu_driver_datastore *datastore;
    const struct write_txn *write;
    struct database database;
    struct btree_cursor path; /* the precheck of the database */
    bool begun;               /* the members above are set */
    unsigned deletions;       /* as quipu_lmdb_precheck_delete counts them */
    bool floor_is_read;
    bool floor_changed;
    int64_t floor;
};

/* Returns the database of the datastore's entries.  `dbi` is 0 until one of the
 * functions below has succeeded, or the database existed when the datastore was
 * opened. */
struct database quipu_lmdb_entries_database(
    const quipu_driver_datastore *datastore);

/* Opens the database of entries, if it exists, for LMDB's cursors.  Statuses as
 * quipu_lmdb_read_txn_run. */
int quipu_lmdb_entries_open(quipu_driver_datastore *datastore, int64_t deadline,
                            quipu_error *error);

/* Creates the database of entries in a transaction of its own, if it is
 * missing.  Statuses as quipu_lmdb_write_txn_run. */
int quipu_lmdb_entries_create(quipu_driver_datastore *datastore,
                              int64_t deadline, quipu_error *error);

/* Starts a transaction.  *entries has no memory of its own. */
static inline void quipu_lmdb_entries_begin(struct entries *entries,
                                            quipu_driver_datastore *datastore,
                                            const struct write_txn *write)
{
    entries->datastore = datastore;
    entries->write = write;
    entries->begun = entries->floor_changed = false;
}

/* The functions below return LMDB's codes, and check the pages that LMDB uses
 * beforehand (btree/precheck.h). */

/* Looks the revision of a key up.  MDB_NOTFOUND: there is no such entry. */
int quipu_lmdb_entries_find(struct entries *entries, quipu_bytes key,
                            int64_t *revision);
/* Writes or deletes an entry whose expectation holds. */
int quipu_lmdb_entries_write(struct entries *entries,
                             const quipu_entry_write *entry);
/* Stores the revision floor, if it has changed. */
int quipu_lmdb_entries_put_floor(struct entries *entries);

#endif
