/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records in LMDB's main database, beside the names of the other databases:
 *
 *     quipu                    the store: its format, the next schema's number
 *     quipu.n.<namespace>      a namespace (namespace.h)
 *     quipu.s.<number>.<table> a schema of the namespace of that number
 *                              (catalogue.h)
 *     quipu.<slot>.head        the schema that has the slot, its log's head
 *     quipu.<slot>.erasures    a schema that has had the slot, its erasures
 *     quipu.r.<number>         the revision floor of a namespace (entries.h)
 *
 * and the names of the databases:
 *
 *     quipu.<slot>.items       notification id -> item (item_format.h)
 *     quipu.<slot>.index       sequence id, position (key.h) -> notification id
 *     quipu.<slot>.events      event id -> notification id
 *     quipu.t.<number>         tracking records of a namespace (tracking.h)
 *     quipu.e.<number>         entries of a namespace (entries.h)
 *
 * LMDB removes a named database at a high price only, so the slot of a schema
 * that was torn down is reused by the next one.  A handle that is bound to the
 * old schema sees by the schema's number in the head record, which is never
 * reused, that it is gone.
 *
 * The database of entries and the revision floor are created by the first
 * append with entries, so that a store without entries is one of an older
 * quipu.  An older quipu that opens a store with entries breaks no guarantee:
 * it does not know the names, never writes or drops what they name, and keeps
 * it in its backups, and its appends change no entry.  So the format stays the
 * same.
 *
 * The first commit that erases an item, or stores one that is erased already,
 * raises the format: an older quipu would take these items for damaged.  So
 * does the first alteration of a schema: an older quipu could not tell how many
 * columns an item has.
 *
 * Every record begins with its checksum.  Functions return LMDB's codes unless
 * they take a quipu_error.
 */
#ifndef LMDB_DRIVER_STORE_H
#define LMDB_DRIVER_STORE_H

#include "btree/btree.h"
#include "lmdb_driver.h"

#define STORE_FORMAT 1        /* of a store without erased items */
#define STORE_FORMAT_ERASED 2 /* of one with erased items */
/* Of one with a schema to which columns were added; perhaps with erased
 * items. */
#define STORE_FORMAT_ALTERED 3
#define STORE_MAIN_DBI 1 /* LMDB's number for the main database */
#define STORE_NAME_MAX 96

struct store_record {
    uint32_t checksum;
    uint32_t format;
    uint64_t next_schema;
    uint32_t next_namespace;
    uint32_t reserved;
};

struct head_record {
    uint32_t checksum;
    uint32_t reserved;
    uint64_t schema; /* its number; 0: the slot is free */
    int64_t head;    /* notification id of the log's last item, or 0 */
};

struct erasures_record {
    uint32_t checksum;
    uint32_t reserved;
    uint64_t schema; /* its number */
    int64_t commits; /* that have erased items of it */
};

struct floor_record {
    uint32_t checksum;
    uint32_t reserved;
    int64_t revision; /* the largest one of any entry that was deleted */
};

extern const struct database quipu_lmdb_store_main;

static inline MDB_val store_key(void)
{
    return (MDB_val){ 5, (void *)"quipu" };
}

/* Keys of the other records, in the caller's memory. */
MDB_val quipu_lmdb_store_namespace_key(char name[STORE_NAME_MAX],
                                       const char *name_space);
/* With `table` NULL: the common prefix of the namespace's schemas. */
MDB_val quipu_lmdb_store_schema_key(char name[STORE_NAME_MAX], uint32_t space,
                                    const char *table);
MDB_val quipu_lmdb_store_head_key(char name[STORE_NAME_MAX], uint32_t slot);

MDB_val quipu_lmdb_store_floor_key(char name[STORE_NAME_MAX], uint32_t space);

/* Reads a record of `size` bytes.  MDB_NOTFOUND, MDB_CORRUPTED. */
int quipu_lmdb_store_get(const struct snapshot *snapshot, MDB_val key,
                         void *record, size_t size);
/* Sets the record's checksum and writes it. */
int quipu_lmdb_store_put(MDB_txn *txn, MDB_val key, void *record, size_t size);

/* Raises the format, if it is lower, in a transaction that began with the state
 * `before`. */
int quipu_lmdb_store_raise_format(const struct snapshot *snapshot,
                                  const struct snapshot *before,
                                  uint32_t format);

/* Counts the records whose keys begin with `prefix`. */
int quipu_lmdb_store_count(const struct snapshot *snapshot, const char *prefix,
                           uint64_t *count);

/* Reads the head of a schema's log; *alive false: the schema was torn down.
 * MDB_CORRUPTED: the schema's slot has no record. */
int quipu_lmdb_store_get_head(const struct snapshot *snapshot,
                              const quipu_driver_schema *bound, bool *alive,
                              int64_t *head);
int quipu_lmdb_store_put_head(MDB_txn *txn, uint32_t slot, uint64_t number,
                              int64_t head);

/* Reads the number of commits that have erased items of a schema, and adds one,
 * in a transaction that began with the state `before`. */
int quipu_lmdb_store_get_erasures(const struct snapshot *snapshot,
                                  const quipu_driver_schema *bound,
                                  int64_t *commits);
int quipu_lmdb_store_add_erasure(const struct snapshot *snapshot,
                                 const struct snapshot *before,
                                 const quipu_driver_schema *bound);

/* Reads and writes the revision floor of a namespace; without a record it is
 * 0. */
int quipu_lmdb_store_get_floor(const struct snapshot *snapshot, uint32_t space,
                               int64_t *revision);
int quipu_lmdb_store_put_floor(MDB_txn *txn, uint32_t space, int64_t revision);

/* Writes the records of a new store. */
int quipu_lmdb_store_create(MDB_txn *txn);

/* Opens the databases of a slot, or of a namespace's tracking records or
 * entries; with
 * MDB_CREATE in `flags` they are created if they are missing.  The path that
 * LMDB takes in the snapshot's pages is checked first.  The caller holds the
 * lock on names. */
int quipu_lmdb_store_open_slot(const struct snapshot *snapshot, uint32_t slot,
                               unsigned flags, quipu_driver_schema *bound);
int quipu_lmdb_store_open_tracking(const struct snapshot *snapshot,
                                   uint32_t space, unsigned flags,
                                   struct database *tracked);
int quipu_lmdb_store_open_entries(const struct snapshot *snapshot,
                                  uint32_t space, unsigned flags,
                                  struct database *entries);

#endif
