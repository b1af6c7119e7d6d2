/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading LMDB's B-trees: the only header of this folder, with precheck.h and
 * file_check.h, that the rest of the driver includes.
 *
 * A snapshot is the state that a transaction sees.  A cursor moves over the
 * entries of one database in a snapshot.  Two readers implement cursors:
 *
 *     page_cursor.c   the driver's own: walks through the pages in LMDB's map
 *                     and checks each page and entry before it follows it.  A
 *                     damaged page is MDB_CORRUPTED; LMDB would end the
 *                     process by an assertion or SIGSEGV.  Faster, since it
 *                     knows that notification ids have no gaps.
 *     mdb_cursor.c    LMDB's cursors.  Sees what a write transaction has
 *                     written, which lies outside the map; for reading it is
 *                     chosen by the URI option mdbcursor=yes, so that the tests
 *                     check one reader by the other.
 *
 * All functions return LMDB's codes: MDB_SUCCESS, MDB_NOTFOUND, and
 * MDB_CORRUPTED if the pages cannot be LMDB's work.  Keys and values that they
 * return lie in the map, or in the memory of a write transaction, and are
 * valid until the transaction ends or writes.
 */
#ifndef LMDB_DRIVER_BTREE_H
#define LMDB_DRIVER_BTREE_H

#include "btree/lmdb_format.h"

#include <lmdb.h>
#include <stdbool.h>
#include <string.h>

struct map;

#define FREE_LISTS 16 /* of the oldest lists of free pages that are known */
#define FREE_WORDS 16

struct snapshot {
    MDB_txn *txn; /* keeps LMDB from reusing the pages; NULL in file_check.c */
    /* For page_cursor.c; base NULL: cursors are LMDB's. */
    struct map *map;
    const unsigned char *base; /* address of page 0 */
    size_t page_size;          /* bytes */
    uint64_t last;             /* highest page number in use */
    struct lmdb_tree main;     /* the main database */
    struct lmdb_tree free;     /* the free list */
    bool strict; /* check all that LMDB trusts in a page (page.h, INV3) */
    /* Of a strict snapshot: lists of free pages, and for their numbers modulo
     * the number of bits, a bit that is set.  No page of a tree is in them. */
    unsigned free_lists;
    MDB_val free_list[FREE_LISTS];
    uint64_t free_bits[FREE_WORDS];
};

/* Trees of a store, by what their pages can contain. */
enum tree_kind {
    TREE_FREE,   /* transaction id -> pages */
    TREE_MAIN,   /* name -> record, or description of a named database */
    TREE_ITEMS,  /* notification id (MDB_INTEGERKEY), no gaps -> item */
    TREE_KEYS,   /* bytes -> a value that fits a leaf */
    TREE_ENTRIES /* bytes -> a value that may be on overflow pages */
};

#define DATABASE_NAME_MAX 24

struct database {
    MDB_dbi dbi;
    enum tree_kind kind;
    char name[DATABASE_NAME_MAX]; /* "": the main database */
};

/* A page on the path from the root to an entry. */
struct btree_step {
    const unsigned char *page;
    unsigned at; /* index of the entry */
    unsigned count;
};

struct btree_cursor {
    const struct snapshot *snapshot;
    MDB_cursor *lmdb; /* not NULL: the cursor is mdb_cursor.c's */
    bool integers;
    /* page_cursor.c's; path[depth - 1] is the leaf. */
    enum tree_kind kind;
    uint64_t root;
    unsigned levels; /* of the tree */
    uint64_t budget; /* pages that can still be visited before the next seek */
    int64_t first;   /* notification id of the leaf's first entry; 0: unknown */
    const unsigned char *ahead; /* part of the next leaf not yet prefetched */
    size_t ahead_left;
    size_t ahead_step; /* bytes to prefetch for each entry of this leaf */
    unsigned depth;
    struct btree_step path[LMDB_DEPTH_MAX];
};

/* ------------------------------------------------------------- snapshots */

/* Copies the meta page that transaction `number` writes, from the mapped file.
 * The copy may be torn, or of a later transaction: compare its txnid. */
void quipu_lmdb_snapshot_read_meta(const struct map *map, uint64_t number,
                                   struct lmdb_meta *meta);
/* Fills all members but txn and strict.  MDB_CORRUPTED if `meta` is not that
 * of transaction `number` or does not fit the map. */
int quipu_lmdb_snapshot_set(struct snapshot *snapshot, struct map *map,
                            const struct lmdb_meta *meta, uint64_t number);

/* ---------------------------------------------- the readers, see below */

int quipu_lmdb_page_cursor_open(struct btree_cursor *cursor,
                                const struct snapshot *snapshot,
                                const struct database *database);
/* Opens a cursor over a tree whose description is sound. */
void quipu_lmdb_page_cursor_open_tree(struct btree_cursor *cursor,
                                      const struct snapshot *snapshot,
                                      const struct lmdb_tree *tree,
                                      enum tree_kind kind);
int quipu_lmdb_page_cursor_seek(struct btree_cursor *cursor, MDB_val key);
int quipu_lmdb_page_cursor_seek_back(struct btree_cursor *cursor, MDB_val key);
int quipu_lmdb_page_cursor_step(struct btree_cursor *cursor, bool back);
int quipu_lmdb_page_cursor_entry(const struct btree_cursor *cursor,
                                 MDB_val *key, MDB_val *value);
int quipu_lmdb_page_cursor_get(struct btree_cursor *cursor, MDB_val key,
                               MDB_val *value);
/* Moves to the entry with that key; MDB_NOTFOUND: it is missing, and the path
 * leads to the leaf that would have it. */
int quipu_lmdb_page_cursor_find(struct btree_cursor *cursor, MDB_val key);
int quipu_lmdb_page_cursor_get_id(struct btree_cursor *cursor, int64_t id,
                                  MDB_val *value);
void quipu_lmdb_page_cursor_prefetch(struct btree_cursor *cursor, bool back);
/* Moves from the page on level `level` of the path (0: the root) to the one
 * beside it on that level, and down to the first entry below that page. */
int quipu_lmdb_page_cursor_step_page(struct btree_cursor *cursor,
                                     unsigned level, bool back);
/* Moves down to the first entry below the page on that level of the path. */
int quipu_lmdb_page_cursor_descend(struct btree_cursor *cursor, unsigned level);
/* Compares the key of an entry of the cursor's tree with another, in LMDB's
 * order: below 0, 0, above 0. */
struct page_entry;
int quipu_lmdb_page_cursor_compare(const struct btree_cursor *cursor,
                                   const struct page_entry *entry,
                                   const MDB_val *key);

int quipu_lmdb_mdb_cursor_open(struct btree_cursor *cursor,
                               const struct snapshot *snapshot,
                               const struct database *database);
int quipu_lmdb_mdb_cursor_seek(struct btree_cursor *cursor, MDB_val key);
int quipu_lmdb_mdb_cursor_seek_back(struct btree_cursor *cursor, MDB_val key);
int quipu_lmdb_mdb_cursor_step(struct btree_cursor *cursor, bool back);
int quipu_lmdb_mdb_cursor_entry(const struct btree_cursor *cursor, MDB_val *key,
                                MDB_val *value);
int quipu_lmdb_mdb_cursor_get(struct btree_cursor *cursor, MDB_val key,
                              MDB_val *value);

/* --------------------------------------------------------------- cursors */

/* Opens a cursor over a database that this process has opened.  MDB_NOTFOUND:
 * the snapshot has no such database. */
static inline int btree_open(struct btree_cursor *cursor,
                             const struct snapshot *snapshot,
                             const struct database *database)
{
    return snapshot->base
               ? quipu_lmdb_page_cursor_open(cursor, snapshot, database)
               : quipu_lmdb_mdb_cursor_open(cursor, snapshot, database);
}

/* Allowed after a failed btree_open, and twice. */
static inline void btree_close(struct btree_cursor *cursor)
{
    if (cursor->lmdb) {
        mdb_cursor_close(cursor->lmdb);
        cursor->lmdb = NULL;
    }
}

/* Moves to the first entry whose key is not below `key`. */
static inline int btree_seek(struct btree_cursor *cursor, MDB_val key)
{
    return cursor->lmdb ? quipu_lmdb_mdb_cursor_seek(cursor, key)
                        : quipu_lmdb_page_cursor_seek(cursor, key);
}

/* Moves to the last entry whose key is not above `key`. */
static inline int btree_seek_back(struct btree_cursor *cursor, MDB_val key)
{
    return cursor->lmdb ? quipu_lmdb_mdb_cursor_seek_back(cursor, key)
                        : quipu_lmdb_page_cursor_seek_back(cursor, key);
}

/* Moves to the next or previous entry.  MDB_NOTFOUND at the end, where the
 * cursor stays. */
static inline int btree_step(struct btree_cursor *cursor, bool back)
{
    return cursor->lmdb ? quipu_lmdb_mdb_cursor_step(cursor, back)
                        : quipu_lmdb_page_cursor_step(cursor, back);
}

/* Reads the entry at which a seek or step that succeeded has arrived. */
static inline int btree_entry(const struct btree_cursor *cursor, MDB_val *key,
                              MDB_val *value)
{
    return cursor->lmdb ? quipu_lmdb_mdb_cursor_entry(cursor, key, value)
                        : quipu_lmdb_page_cursor_entry(cursor, key, value);
}

/* Moves to the entry with that key and reads its value. */
static inline int btree_get(struct btree_cursor *cursor, MDB_val key,
                            MDB_val *value)
{
    return cursor->lmdb ? quipu_lmdb_mdb_cursor_get(cursor, key, value)
                        : quipu_lmdb_page_cursor_get(cursor, key, value);
}

/* The same by notification id, in a database of integers. */
static inline int btree_get_id(struct btree_cursor *cursor, int64_t id,
                               MDB_val *value)
{
    const MDB_val key = { sizeof(id), &id };
    return cursor->lmdb ? quipu_lmdb_mdb_cursor_get(cursor, key, value)
                        : quipu_lmdb_page_cursor_get_id(cursor, id, value);
}

/* To be called for each entry by a caller that goes on in this direction:
 * prefetches a part of the next leaf into the processor's cache. */
static inline void btree_prefetch(struct btree_cursor *cursor, bool back)
{
    if (!cursor->lmdb) {
        quipu_lmdb_page_cursor_prefetch(cursor, back);
    }
}

/* Reads the value of one key of a database. */
static inline int btree_lookup(const struct snapshot *snapshot,
                               const struct database *database, MDB_val key,
                               MDB_val *value)
{
    struct btree_cursor cursor;
    if (!snapshot->base) {
        return mdb_get(snapshot->txn, database->dbi, &key, value);
    }
    int code = quipu_lmdb_page_cursor_open(&cursor, snapshot, database);
    return code == MDB_SUCCESS ? quipu_lmdb_page_cursor_get(&cursor, key, value)
                               : code;
}

#endif
