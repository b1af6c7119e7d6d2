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
 * INV4  Items and their indexes are never deleted by an append.  Entries and
 *       tracking records are: then LMDB may merge a page of the path, or move a
 *       key to it.  On each level it uses the page beside that of the path, and
 *       the path from either page down to its first entry.  A page that this
 *       transaction has changed already consists of a page of the path in
 *       `before` and of at most one more for each earlier deletion in the same
 *       database.  So for the n-th deletion, and what is put after it, n pages
 *       on each side are checked on each level; beyond NEIGHBOURS_MAX deletions
 *       the whole database, once.
 * INV5  LMDB takes pages from the oldest lists of the free list, deletes these
 *       lists when it commits, and adds a list at the end.  How many it takes
 *       is not known beforehand.  So the first transaction of a process checks
 *       the whole free list, and each one the oldest lists and the path to the
 *       end.
 * INV6  A page that a list names is in no other list, and not on a path that
 *       LMDB will take: LMDB ends the process when it allocates a page twice.
 *       This is checked for the oldest lists.
 *
 * Not covered: lists of free pages beyond the oldest FREE_LISTS that are
 * damaged while the process has the store open; a page in a list that another
 * part of a tree uses, which LMDB overwrites; and what a program's own function
 * writes in a transaction.
 */
#include "btree/precheck.h"

#include "btree/page.h"
#include "txn/map.h"

#include "common/safeguard.h"

#define NEIGHBOURS_MAX 32

static int found_or_not(int code)
{
    return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

/* --------------------------------------------------------------- free list */

/* Returns true if the value is a list of free pages: their count, then their
 * numbers, the highest first.  A page in two lists would be used twice. */
static bool is_free_list(const struct snapshot *snapshot, const MDB_val *value)
{
    uint64_t count;
    uint64_t number;
    uint64_t above = snapshot->last + 1;
    const unsigned char *at = value->mv_data;
    if (value->mv_size < sizeof(count)) {
        return false;
    }
    memcpy(&count, at, sizeof(count));
    if (count > value->mv_size / sizeof(count) - 1) {
        return false;
    }
    for (; count > 0; count--, above = number) {
        at += sizeof(number);
        memcpy(&number, at, sizeof(number));
        if (number < 2 || number >= above ||
            quipu_lmdb_page_is_free(snapshot, number)) {
            return false;
        }
    }
    return true;
}

/* Checks lists, the oldest first.  *count is their number. */
static int check_lists(struct snapshot *before, struct btree_cursor *cursor,
                       uint64_t most, uint64_t *count)
{
    MDB_val key;
    MDB_val value;
    uint64_t txnid = 0;
    uint64_t last = 0;
    int code = btree_seek(cursor, (MDB_val){ sizeof(txnid), &txnid });
    for (*count = 0; code == MDB_SUCCESS && *count < most; ++*count) {
        code = btree_entry(cursor, &key, &value);
        if (code != MDB_SUCCESS) {
            break;
        }
        memcpy(&txnid, key.mv_data, sizeof(txnid));
        if (txnid <= last || !is_free_list(before, &value)) {
            return MDB_CORRUPTED;
        }
        last = txnid;
        quipu_lmdb_page_add_free(before, &value);
        code = btree_step(cursor, false);
    }
    return code;
}

/* Checks lists and, now that they are known, the pages in which they are; then
 * the path to the newest one (INV5). */
static int check_free_list(struct snapshot *before, uint64_t most)
{
    static const uint64_t zero = 0;
    static const uint64_t end = INT64_MAX;
    struct btree_cursor cursor;
    uint64_t count = 0;
    quipu_lmdb_page_cursor_open_tree(&cursor, before, &before->free, TREE_FREE);
    int code = check_lists(before, &cursor, most, &count);
    if (code == MDB_NOTFOUND && count != before->free.entries) {
        return MDB_CORRUPTED;
    }
    if (code == MDB_SUCCESS || code == MDB_NOTFOUND) {
        code = btree_seek(&cursor, (MDB_val){ sizeof(zero), (void *)&zero });
    }
    for (; code == MDB_SUCCESS && count > 1; count--) {
        code = btree_step(&cursor, false);
    }
    if (code == MDB_SUCCESS) {
        code = btree_seek(&cursor, (MDB_val){ sizeof(end), (void *)&end });
    }
    return found_or_not(code);
}

int quipu_lmdb_precheck_begin(struct map *map, MDB_txn *txn, bool whole,
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
    return code == MDB_SUCCESS
               ? check_free_list(before, whole ? UINT64_MAX : FREE_LISTS)
               : code;
}

/* --------------------------------------------------------------- databases */

int quipu_lmdb_precheck_open(struct btree_cursor *cursor,
                             const struct snapshot *before,
                             const struct database *database)
{
    int code = quipu_lmdb_page_cursor_open(cursor, before, database);
    if (code == MDB_NOTFOUND) {
        static const struct lmdb_tree none = { .root = LMDB_NO_PAGE };
        quipu_lmdb_page_cursor_open_tree(cursor, before, &none, database->kind);
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

static bool is_above(const struct btree_cursor *cursor, const MDB_val *key,
                     const MDB_val *other)
{
    const struct page_entry entry = { .node.key_size = (uint16_t)key->mv_size,
                                      .key = key->mv_data };
    return quipu_lmdb_page_cursor_compare(cursor, &entry, other) > 0;
}

/* ------------------------------------------------- replacing and deleting */

/* Returns true if the keys of all pages of the path ascend.  On other pages
 * LMDB's binary search could end at another entry than that of the cursor. */
static bool is_path_sorted(const struct btree_cursor *cursor)
{
    const size_t size = cursor->snapshot->page_size;
    for (unsigned depth = 0; depth < cursor->depth; depth++) {
        const struct btree_step *step = &cursor->path[depth];
        MDB_val last = { 0, NULL };
        for (unsigned i = page_is_leaf(step->page) ? 0 : 1; i < step->count;
             i++) {
            struct page_entry entry;
            if (!page_get_entry(step->page, size, i, &entry) ||
                (last.mv_data &&
                 quipu_lmdb_page_cursor_compare(cursor, &entry, &last) <= 0)) {
                return false;
            }
            last = (MDB_val){ entry.node.key_size, (void *)entry.key };
        }
    }
    return true;
}

/* Checks the overflow pages of the value at which the cursor stands. */
static bool can_free_value(const struct btree_cursor *cursor)
{
    const struct btree_step *leaf = &cursor->path[cursor->depth - 1];
    struct page_entry entry;
    return page_get_entry(leaf->page, cursor->snapshot->page_size, leaf->at,
                          &entry) &&
           ((entry.node.flags & LMDB_NODE_OVERFLOW) == 0 ||
            quipu_lmdb_page_run_can_be_freed(cursor->snapshot, &entry));
}

/* Checks pages on one side of the path's on one level. */
static int check_side(const struct btree_cursor *cursor, unsigned level,
                      unsigned count, bool back)
{
    struct btree_cursor side = *cursor;
    int code = MDB_SUCCESS;
    for (unsigned i = 0; code == MDB_SUCCESS && i < count; i++) {
        side.budget = cursor->snapshot->last; /* `count` is the bound */
        code = quipu_lmdb_page_cursor_step_page(&side, level, back);
        if (code == MDB_SUCCESS && !is_path_sorted(&side)) {
            code = MDB_CORRUPTED;
        }
    }
    return found_or_not(code);
}

/* Checks the pages beside the path on each level (INV4). */
static int check_neighbours(const struct btree_cursor *cursor, unsigned count)
{
    int code = MDB_SUCCESS;
    for (unsigned level = 0; code == MDB_SUCCESS && level < cursor->depth;
         level++) {
        struct btree_cursor first = *cursor;
        first.budget = cursor->snapshot->last;
        code = quipu_lmdb_page_cursor_descend(&first, level);
        if (code == MDB_SUCCESS) {
            code = check_side(cursor, level, count, true);
        }
        if (code == MDB_SUCCESS) {
            code = check_side(cursor, level, count, false);
        }
    }
    return code;
}

int quipu_lmdb_precheck_put(struct btree_cursor *cursor, MDB_val key,
                            unsigned deletions)
{
    MDB_val value;
    int code = quipu_lmdb_page_cursor_find(cursor, key);
    if (code != MDB_CORRUPTED && !is_path_sorted(cursor)) {
        return MDB_CORRUPTED;
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_page_cursor_entry(cursor, &key, &value);
    }
    if (code == MDB_SUCCESS && !can_free_value(cursor)) {
        return MDB_CORRUPTED;
    }
    if (code != MDB_CORRUPTED && deletions > 0 && deletions <= NEIGHBOURS_MAX) {
        SAFEGUARD("K2.pages-beside-a-deletion")
        return check_neighbours(cursor, deletions);
    }
    return found_or_not(code);
}

int quipu_lmdb_precheck_delete(struct btree_cursor *cursor, MDB_val key,
                               unsigned *deletions)
{
    if (*deletions <= NEIGHBOURS_MAX && ++*deletions > NEIGHBOURS_MAX) {
        int code = quipu_lmdb_precheck_all(cursor);
        if (code != MDB_SUCCESS) {
            return code;
        }
    }
    return quipu_lmdb_precheck_put(cursor, key, *deletions);
}

/* Keys that do not ascend would make LMDB free a page twice. */
int quipu_lmdb_precheck_all(struct btree_cursor *cursor)
{
    static const int64_t zero = 0;
    MDB_val last = { cursor->integers ? sizeof(zero) : 0, (void *)&zero };
    MDB_val key;
    MDB_val value;
    bool first = true;
    int code = btree_seek(cursor, last);
    while (code == MDB_SUCCESS) {
        code = btree_entry(cursor, &key, &value);
        if (code == MDB_SUCCESS && !first && !is_above(cursor, &key, &last)) {
            code = MDB_CORRUPTED;
        }
        if (code == MDB_SUCCESS) {
            last = key;
            first = false;
            code = btree_step(cursor, false);
        }
    }
    return found_or_not(code);
}
