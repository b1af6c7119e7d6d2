/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Precheck of the pages that LMDB is about to use (precheck.h).
 *
 * Pages of a write transaction that it has written itself are not checked: they
 * are in its memory, and LMDB made them.  All others are pages of the snapshot
 * `before`, and LMDB reaches them from there only:
 *
 * INV1  LMDB copies a page before it changes it, so the pages of `before` keep
 *       their contents until the transaction ends.
 * INV2  An insert touches the pages on the path to its key.  If its page is
 *       full LMDB splits it, which touches the same path and new pages.
 * INV3  A cursor that inserts beside its last entry starts at the leaf; so a
 *       path that was checked covers every key of its leaf's range.
 * INV4  Nothing is deleted by an append: LMDB merges pages after a deletion,
 *       and would use those on both sides of the path.  A refused append is
 *       taken back by aborting the transaction (append.c).
 * INV5  LMDB takes pages from the oldest lists of the free list and adds a list
 *       at its end when it commits.
 *
 * Not covered: lists of free pages beyond the oldest FREE_LISTS, and what a
 * program's own function writes in a transaction.
 */
#include "btree/precheck.h"

#include "btree/page.h"
#include "txn/map.h"

#include "common/safeguard.h"

#define FREE_LISTS 16 /* of the oldest lists that are checked */
#define FREE_PAGES 64 /* page numbers of each */

static int found_or_not(int code)
{
    return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

/* --------------------------------------------------------------- free list */

/* Returns true if the value is a list of free pages: their count, then their
 * numbers. */
static bool is_free_list(const struct snapshot *snapshot, const MDB_val *value)
{
    uint64_t number;
    size_t count = value->mv_size / sizeof(number);
    const unsigned char *at = value->mv_data;
    if (count == 0) {
        return false;
    }
    memcpy(&number, at, sizeof(number));
    if (number > count - 1) {
        return false;
    }
    count = number < FREE_PAGES ? (size_t)number : FREE_PAGES;
    for (; count > 0; count--) {
        at += sizeof(number);
        memcpy(&number, at, sizeof(number));
        if (number < 2 || number > snapshot->last) {
            return false;
        }
    }
    return true;
}

/* Checks the oldest lists, and the path to the newest one (INV5). */
static int check_free_list(const struct snapshot *before)
{
    struct btree_cursor cursor;
    MDB_val key;
    MDB_val value;
    int64_t txnid = 0;
    quipu_lmdb_page_cursor_open_root(&cursor, before, before->free_root, true);
    int code = btree_seek(&cursor, (MDB_val){ sizeof(txnid), &txnid });
    for (int i = 0; code == MDB_SUCCESS && i < FREE_LISTS; i++) {
        code = btree_entry(&cursor, &key, &value);
        if (code == MDB_SUCCESS) {
            code = is_free_list(before, &value) ? btree_step(&cursor, false)
                                                : MDB_CORRUPTED;
        }
    }
    if (code == MDB_SUCCESS) {
        txnid = INT64_MAX;
        code = btree_seek(&cursor, (MDB_val){ sizeof(txnid), &txnid });
    }
    return found_or_not(code);
}

int quipu_lmdb_precheck_begin(struct map *map, MDB_txn *txn,
                              struct snapshot *before)
{
    struct lmdb_meta meta;
    uint64_t number = (uint64_t)mdb_txn_id(txn) - 1;
    *before = (struct snapshot){ .strict = true };
    if (!map->base) {
        return MDB_CORRUPTED;
    }
    quipu_lmdb_snapshot_read_meta(map, number, &meta);
    int code = quipu_lmdb_snapshot_set(before, map, &meta, number);
    return code == MDB_SUCCESS ? check_free_list(before) : code;
}

/* --------------------------------------------------------------- databases */

int quipu_lmdb_precheck_open(struct btree_cursor *cursor,
                             const struct snapshot *before,
                             const struct database *database)
{
    int code = quipu_lmdb_page_cursor_open(cursor, before, database);
    if (code == MDB_NOTFOUND) {
        quipu_lmdb_page_cursor_open_root(cursor, before, LMDB_NO_PAGE,
                                         database->integers);
    }
    return found_or_not(code);
}

/* Returns true if the tree has no leaf after the cursor's. */
static bool is_last_leaf(const struct btree_cursor *cursor)
{
    for (unsigned i = 0; i + 1 < cursor->depth; i++) {
        if (cursor->path[i].at + 1 < cursor->path[i].count) {
            return false;
        }
    }
    return true;
}

/* Returns true if the key belongs in the leaf at which the cursor stands, whose
 * path was checked for another key (INV3). */
static bool covers(const struct btree_cursor *cursor, MDB_val key)
{
    struct page_entry first;
    struct page_entry last;
    if (cursor->depth == 0) {
        return false;
    }
    const size_t size = cursor->snapshot->page_size;
    const struct btree_step *leaf = &cursor->path[cursor->depth - 1];
    return page_is_leaf(leaf->page) &&
           page_get_entry(leaf->page, size, 0, &first) &&
           page_get_entry(leaf->page, size, leaf->count - 1, &last) &&
           quipu_lmdb_page_cursor_compare(cursor, &first, &key) <= 0 &&
           (quipu_lmdb_page_cursor_compare(cursor, &last, &key) >= 0 ||
            is_last_leaf(cursor));
}

int quipu_lmdb_precheck_path(struct btree_cursor *cursor, MDB_val key)
{
    return SAFEGUARDED("F1.way-of-an-append", covers(cursor, key), true)
               ? MDB_SUCCESS
               : found_or_not(quipu_lmdb_page_cursor_seek_back(cursor, key));
}

int quipu_lmdb_precheck_all(struct btree_cursor *cursor)
{
    static const int64_t zero = 0;
    MDB_val key = { cursor->integers ? sizeof(zero) : 0, (void *)&zero };
    MDB_val value;
    int code = btree_seek(cursor, key);
    while (code == MDB_SUCCESS) {
        code = btree_entry(cursor, &key, &value);
        if (code == MDB_SUCCESS) {
            code = btree_step(cursor, false);
        }
    }
    return found_or_not(code);
}
