/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inserting the requests of an append into LMDB's databases, and the look-ups
 * that their preconditions need.
 */
#ifndef LMDB_DRIVER_INSERT_H
#define LMDB_DRIVER_INSERT_H

#include "btree/btree.h"
#include "entries.h"
#include "lmdb_driver.h"
#include "txn/write_txn.h"

#include "common/preconditions.h"

/* The state of an append in its write transaction.  One schema at a time is
 * selected; the members below `bound` belong to it. */
struct insert {
    quipu_driver_datastore *datastore;
    struct write_txn *write;
    struct btree_cursor tracked_path; /* precheck of the tracking records */
    unsigned tracked_deletions; /* as quipu_lmdb_precheck_delete counts them */
    struct entries entries;
    bool format_is_raised; /* an item was inserted that is erased */

    quipu_driver_schema *bound; /* NULL: none is selected */
    int64_t head; /* of its log, with the requests of this append */
    bool head_changed;
    /* LMDB's cursors.  Entries that are put one after the other are mostly
     * neighbours, and a cursor need not search for them from the root. */
    MDB_cursor *items;
    MDB_cursor *events;
    struct btree_cursor index;
    /* The precheck of each database. */
    struct btree_cursor items_path;
    struct btree_cursor events_path;
    struct btree_cursor index_path;
};

/* Starts an append.  Call quipu_lmdb_insert_finish whatever this returns. */
int quipu_lmdb_insert_begin(struct insert *insert,
                            quipu_driver_datastore *datastore,
                            struct write_txn *write, quipu_error *error);

/* Selects a request's schema, and writes the head of the one before.  *alive
 * false: the schema was torn down. */
int quipu_lmdb_insert_select_schema(struct insert *insert,
                                    quipu_driver_schema *bound, bool *alive,
                                    quipu_error *error);

/* Inserts the items of a request whose preconditions hold, writes its entries
 * and its tracking record, and fills in its result.  *violation: an index has
 * refused an event id or a position; the transaction has to be aborted, since
 * parts of the request are in it.  CORRUPT, IO; write->full if the map was
 * full. */
int quipu_lmdb_insert_request(struct insert *insert,
                              const struct preconditions *check,
                              bool *violation, quipu_error *error);

/* Writes the head of the schema selected last, and the revision floor. */
int quipu_lmdb_insert_end(struct insert *insert, quipu_error *error);

/* Closes LMDB's cursors.  Before the transaction ends. */
void quipu_lmdb_insert_finish(struct insert *insert);

/* The look-ups of preconditions; their context is a struct insert. */
extern const struct preconditions_lookups quipu_lmdb_insert_lookups;

#endif
