/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver's own reader of LMDB's B-trees (btree.h).
 *
 * Why: LMDB trusts its pages.  Where one was lost or overwritten it follows
 * wild offsets, or ends the process by an assertion, and a library must not end
 * its program.  This reader walks through the pages in LMDB's map itself.  The
 * reading transaction that the snapshot holds keeps LMDB from reusing pages
 * meanwhile, as for LMDB's own cursors.
 *
 * Method: a cursor is the path from the root to an entry: for each level a
 * page and the index of an entry.  A seek descends from the root by binary
 * search.  A step moves within the leaf; at its end it climbs to the first
 * branch that has another entry and descends from there.
 *
 * INV1  Every page on the path was found by quipu_lmdb_page_find, so it is
 *       mapped, carries its number and is a branch or a leaf with at least one
 *       entry.
 * INV2  path[i].at < path[i].count for every level after a seek or step that
 *       succeeded, so that path[i].at - 1 and + 1 can be compared with the
 *       bounds.
 * INV3  The path ends with a leaf at the level that the description of the tree
 *       names, and a cursor that goes from entry to entry visits no more pages
 *       than the file has.  So a damaged file whose branches form a circle, or
 *       name one page many times, ends in MDB_CORRUPTED, not in a loop.
 * INV4  Entries are read by page_get_entry only, which checks that they lie in
 *       their page.
 * INV5  A page is not trusted to be sorted.  On an unsorted page a binary
 *       search ends at a wrong entry, never outside the page; callers compare
 *       the key that they get.
 *
 * Notification ids have no gaps.  The branch above a leaf holds the first id
 * of that leaf (`first`), so the index of an id in the leaf is id - first: no
 * search is needed.  The guess is verified by the key found there.
 */
#include "btree/btree.h"

#include "btree/page.h"

#define CACHE_LINE 64 /* bytes */

/* ------------------------------------------------------------------- pages */

/* Appends a page to the path (INV1, INV3). */
static bool push(struct btree_cursor *cursor, uint64_t number)
{
    const struct snapshot *snapshot = cursor->snapshot;
    const unsigned char *page = quipu_lmdb_page_find(snapshot, number);
    if (!page || cursor->budget == 0 || cursor->depth == cursor->levels ||
        page_is_leaf(page) != (cursor->depth + 1 == cursor->levels) ||
        (snapshot->strict &&
         (!quipu_lmdb_page_is_sound(snapshot, page, cursor->kind) ||
          quipu_lmdb_page_is_free(snapshot, number)))) {
        return false;
    }
    cursor->budget--;
    cursor->path[cursor->depth++] =
        (struct btree_step){ page, 0, page_count(page) };
    return true;
}

/* Returns the last step of the path. */
static struct btree_step *lowest(struct btree_cursor *cursor)
{
    return &cursor->path[cursor->depth - 1];
}

/* Returns false if the entry is not sound (INV4). */
static bool get_entry(const struct btree_cursor *cursor,
                      const struct btree_step *step, unsigned index,
                      struct page_entry *entry)
{
    return page_get_entry(step->page, cursor->snapshot->page_size, index,
                          entry);
}

/* ------------------------------------------------------------------- order */

static int64_t id_of(const void *bytes)
{
    int64_t id;
    memcpy(&id, bytes, sizeof(id));
    return id;
}

int quipu_lmdb_page_cursor_compare(const struct btree_cursor *cursor,
                                   const struct page_entry *entry,
                                   const MDB_val *key)
{
    size_t size = entry->node.key_size;
    if (cursor->integers && size == sizeof(int64_t)) {
        int64_t a = id_of(entry->key);
        int64_t b = id_of(key->mv_data);
        return (a > b) - (a < b);
    }
    int order = memcmp(entry->key, key->mv_data,
                       size < key->mv_size ? size : key->mv_size);
    return order != 0 ? order : (size > key->mv_size) - (size < key->mv_size);
}

/* Moves to the first entry from `first` on that is not below the key or, with
 * `above`, that is above it; to `count` if there is none. */
static bool search(const struct btree_cursor *cursor, struct btree_step *step,
                   unsigned first, const MDB_val *key, bool above)
{
    unsigned low = first;
    unsigned high = step->count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        struct page_entry entry;
        if (!get_entry(cursor, step, middle, &entry)) {
            return false;
        }
        int order = quipu_lmdb_page_cursor_compare(cursor, &entry, key);
        if (order < 0 || (above && order == 0)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    step->at = low;
    return true;
}

/* ------------------------------------------------------------------- moves */

/* Descends by one level, from the entry at which the lowest branch stands. */
static bool descend(struct btree_cursor *cursor)
{
    const struct btree_step *step = lowest(cursor);
    struct page_entry entry;
    if (!get_entry(cursor, step, step->at, &entry)) {
        return false;
    }
    cursor->ahead_step = 0;
    cursor->first = cursor->integers && entry.node.key_size == sizeof(int64_t)
                        ? id_of(entry.key)
                        : 0;
    return push(cursor, page_entry_child(&entry));
}

/* Descends to the first entry of the first leaf, or to the last of the last. */
static int descend_to_leaf(struct btree_cursor *cursor, bool last)
{
    for (;;) {
        struct btree_step *step = lowest(cursor);
        step->at = last ? step->count - 1 : 0;
        if (page_is_leaf(step->page)) {
            return MDB_SUCCESS;
        }
        if (!descend(cursor)) {
            return MDB_CORRUPTED;
        }
    }
}

/* Starts a path at the root. */
static int push_root(struct btree_cursor *cursor)
{
    cursor->depth = 0;
    cursor->first = 0;
    cursor->ahead_step = 0;
    cursor->budget = cursor->snapshot->last;
    if (cursor->root == LMDB_NO_PAGE) {
        return MDB_NOTFOUND;
    }
    return push(cursor, cursor->root) ? MDB_SUCCESS : MDB_CORRUPTED;
}

int quipu_lmdb_page_cursor_step(struct btree_cursor *cursor, bool back)
{
    unsigned depth = cursor->depth;
    while (depth > 0) {
        struct btree_step *step = &cursor->path[--depth];
        if (back ? step->at == 0 : step->at + 1 >= step->count) {
            continue;
        }
        step->at = back ? step->at - 1 : step->at + 1;
        if (depth + 1 == cursor->depth) {
            return MDB_SUCCESS;
        }
        cursor->depth = depth + 1;
        return descend(cursor) ? descend_to_leaf(cursor, back) : MDB_CORRUPTED;
    }
    return MDB_NOTFOUND;
}

int quipu_lmdb_page_cursor_descend(struct btree_cursor *cursor, unsigned level)
{
    cursor->depth = level + 1;
    return descend_to_leaf(cursor, false);
}

int quipu_lmdb_page_cursor_step_page(struct btree_cursor *cursor,
                                     unsigned level, bool back)
{
    struct btree_step *step = &cursor->path[level];
    cursor->depth = level + 1;
    step->at = back ? 0 : step->count - 1;
    int code = quipu_lmdb_page_cursor_step(cursor, back);
    return code == MDB_SUCCESS ? quipu_lmdb_page_cursor_descend(cursor, level)
                               : code;
}

/* Moves to the entry of an id in this leaf by its index.  Returns false if the
 * id is not there; the leaf may have it all the same, if `first` is unknown. */
static bool move_to_id(struct btree_cursor *cursor, int64_t id)
{
    struct btree_step *leaf = lowest(cursor);
    struct page_entry entry;
    if (cursor->first <= 0 || id < cursor->first ||
        id - cursor->first >= (int64_t)leaf->count) {
        return false;
    }
    leaf->at = (unsigned)(id - cursor->first);
    return get_entry(cursor, leaf, leaf->at, &entry) &&
           entry.node.key_size == sizeof(id) && id_of(entry.key) == id;
}

/* Descends from the root to the leaf that has the key, or would have it. */
static int seek_leaf(struct btree_cursor *cursor, const MDB_val *key)
{
    int code = push_root(cursor);
    while (code == MDB_SUCCESS && !page_is_leaf(lowest(cursor)->page)) {
        /* The first key of a branch is empty: it stands for all keys below
         * the second one. */
        struct btree_step *step = lowest(cursor);
        if (!search(cursor, step, 1, key, true)) {
            return MDB_CORRUPTED;
        }
        step->at--;
        code = descend(cursor) ? MDB_SUCCESS : MDB_CORRUPTED;
    }
    return code;
}

int quipu_lmdb_page_cursor_seek(struct btree_cursor *cursor, MDB_val key)
{
    int code = seek_leaf(cursor, &key);
    if (code != MDB_SUCCESS) {
        return code;
    }
    struct btree_step *leaf = lowest(cursor);
    if (cursor->integers && move_to_id(cursor, id_of(key.mv_data))) {
        return MDB_SUCCESS;
    }
    if (!search(cursor, leaf, 0, &key, false)) {
        return MDB_CORRUPTED;
    }
    if (leaf->at < leaf->count) {
        return MDB_SUCCESS;
    }
    leaf->at = leaf->count - 1;
    return quipu_lmdb_page_cursor_step(cursor, false);
}

static bool same_key(const MDB_val *a, const MDB_val *b)
{
    return a->mv_size == b->mv_size &&
           memcmp(a->mv_data, b->mv_data, a->mv_size) == 0;
}

int quipu_lmdb_page_cursor_find(struct btree_cursor *cursor, MDB_val key)
{
    struct page_entry entry;
    int code = seek_leaf(cursor, &key);
    if (code != MDB_SUCCESS) {
        return code;
    }
    struct btree_step *leaf = lowest(cursor);
    if (!search(cursor, leaf, 0, &key, false)) {
        return MDB_CORRUPTED;
    }
    if (leaf->at == leaf->count) {
        leaf->at = leaf->count - 1;
        return MDB_NOTFOUND;
    }
    if (!get_entry(cursor, leaf, leaf->at, &entry)) {
        return MDB_CORRUPTED;
    }
    const MDB_val found = { entry.node.key_size, (void *)entry.key };
    return same_key(&found, &key) ? MDB_SUCCESS : MDB_NOTFOUND;
}

int quipu_lmdb_page_cursor_seek_back(struct btree_cursor *cursor, MDB_val key)
{
    MDB_val found;
    MDB_val value;
    int code = quipu_lmdb_page_cursor_seek(cursor, key);
    if (code == MDB_NOTFOUND) {
        /* All keys are below this one: the seek has ended at the last entry,
         * unless the tree is empty. */
        return cursor->depth > 0 ? MDB_SUCCESS : code;
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_page_cursor_entry(cursor, &found, &value);
    }
    return code == MDB_SUCCESS && !same_key(&found, &key)
               ? quipu_lmdb_page_cursor_step(cursor, true)
               : code;
}

/* ---------------------------------------------------------------- prefetch */

/* Finds the leaf that comes next, if it is a child of the same branch. */
static void find_next_leaf(struct btree_cursor *cursor, bool back)
{
    const struct snapshot *snapshot = cursor->snapshot;
    struct page_entry entry;
    cursor->ahead_left = 0;
    cursor->ahead_step = snapshot->page_size / lowest(cursor)->count + 1;
    if (cursor->depth < 2) {
        return;
    }
    const struct btree_step *branch = lowest(cursor) - 1;
    unsigned next = back ? branch->at - 1 : branch->at + 1;
    if (next >= branch->count || !get_entry(cursor, branch, next, &entry) ||
        page_entry_child(&entry) > snapshot->last) {
        return;
    }
    cursor->ahead =
        snapshot->base + page_entry_child(&entry) * snapshot->page_size;
    cursor->ahead_left = snapshot->page_size;
}

/* With each entry of a leaf an equal part of the next leaf is prefetched, so
 * that all of it is in the cache when the cursor arrives there. */
void quipu_lmdb_page_cursor_prefetch(struct btree_cursor *cursor, bool back)
{
    if (cursor->ahead_step == 0) {
        find_next_leaf(cursor, back);
    }
    size_t size = cursor->ahead_step < cursor->ahead_left ? cursor->ahead_step
                                                          : cursor->ahead_left;
    for (size_t i = 0; i < size; i += CACHE_LINE) {
        __builtin_prefetch(cursor->ahead + i);
    }
    cursor->ahead += size;
    cursor->ahead_left -= size;
}

/* ----------------------------------------------------------------- entries */

int quipu_lmdb_page_cursor_entry(const struct btree_cursor *cursor,
                                 MDB_val *key, MDB_val *value)
{
    const struct btree_step *step = &cursor->path[cursor->depth - 1];
    struct page_entry entry;
    if (!get_entry(cursor, step, step->at, &entry)) {
        return MDB_CORRUPTED;
    }
    size_t size = page_entry_size(&entry);
    *key = (MDB_val){ entry.node.key_size, (void *)entry.key };
    if ((entry.node.flags & LMDB_NODE_OVERFLOW) != 0) {
        return quipu_lmdb_page_overflow(cursor->snapshot, &entry, value);
    }
    *value = (MDB_val){ size, (void *)entry.value };
    return size <= entry.room ? MDB_SUCCESS : MDB_CORRUPTED;
}

int quipu_lmdb_page_cursor_get(struct btree_cursor *cursor, MDB_val key,
                               MDB_val *value)
{
    MDB_val found;
    int code = quipu_lmdb_page_cursor_seek(cursor, key);
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_page_cursor_entry(cursor, &found, value);
    }
    if (code != MDB_SUCCESS) {
        return code;
    }
    return same_key(&found, &key) ? MDB_SUCCESS : MDB_NOTFOUND;
}

int quipu_lmdb_page_cursor_get_id(struct btree_cursor *cursor, int64_t id,
                                  MDB_val *value)
{
    MDB_val key = { sizeof(id), &id };
    if (cursor->depth == 0 || !move_to_id(cursor, id)) {
        return quipu_lmdb_page_cursor_get(cursor, key, value);
    }
    return quipu_lmdb_page_cursor_entry(cursor, &key, value);
}

/* ----------------------------------------------------------------- opening */

void quipu_lmdb_page_cursor_open_tree(struct btree_cursor *cursor,
                                      const struct snapshot *snapshot,
                                      const struct lmdb_tree *tree,
                                      enum tree_kind kind)
{
    cursor->snapshot = snapshot;
    cursor->lmdb = NULL;
    cursor->kind = kind;
    cursor->root = tree->root;
    cursor->levels = tree->depth;
    cursor->integers = kind == TREE_FREE || kind == TREE_ITEMS;
    cursor->depth = 0;
}

/* The value of a named database's key in the main database is its root. */
int quipu_lmdb_page_cursor_open(struct btree_cursor *cursor,
                                const struct snapshot *snapshot,
                                const struct database *database)
{
    MDB_val key = { strlen(database->name), (void *)database->name };
    MDB_val value;
    struct lmdb_tree tree;
    quipu_lmdb_page_cursor_open_tree(cursor, snapshot, &snapshot->main,
                                     TREE_MAIN);
    if (key.mv_size == 0) {
        return MDB_SUCCESS;
    }
    int code = quipu_lmdb_page_cursor_get(cursor, key, &value);
    if (code != MDB_SUCCESS) {
        return code;
    }
    if (value.mv_size != sizeof(tree)) {
        return MDB_CORRUPTED;
    }
    memcpy(&tree, value.mv_data, sizeof(tree));
    if (!lmdb_tree_is_sound(&tree, snapshot->last,
                            database->kind == TREE_ITEMS ? LMDB_TREE_INTEGERS
                                                         : 0)) {
        return MDB_CORRUPTED;
    }
    quipu_lmdb_page_cursor_open_tree(cursor, snapshot, &tree, database->kind);
    return MDB_SUCCESS;
}
