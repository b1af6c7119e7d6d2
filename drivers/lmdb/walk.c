/* SPDX-License-Identifier: Apache-2.0 */
/* Walks through LMDB's trees. */
#include "walk.h"

#include "tree.h"

#include <string.h>

#define LINE 64 /* bytes of the processor's cache */

/* ------------------------------------------------------------------- pages */

/* Makes a page the next step down. */
static bool enter(struct walk *walk, uint64_t number)
{
    const unsigned char *page = quipu_lmdb_tree_page(walk->view, number);
    if (!page || walk->depth == DEPTH_MOST) {
        return false;
    }
    walk->steps[walk->depth++] = (struct step){ page, 0, page_count(page) };
    return true;
}

static struct step *lowest(struct walk *walk)
{
    return &walk->steps[walk->depth - 1];
}

/* ------------------------------------------------------------------- order */

static int64_t id_of(const void *bytes)
{
    int64_t id;
    memcpy(&id, bytes, sizeof(id));
    return id;
}

int quipu_lmdb_walk_compare(const struct walk *walk, const struct entry *entry,
                            const MDB_val *key)
{
    size_t size = entry->node.key_size;
    if (walk->integers && size == sizeof(int64_t)) {
        int64_t a = id_of(entry->key);
        int64_t b = id_of(key->mv_data);
        return (a > b) - (a < b);
    }
    int order = memcmp(entry->key, key->mv_data,
                       size < key->mv_size ? size : key->mv_size);
    return order != 0 ? order : (size > key->mv_size) - (size < key->mv_size);
}

/* The first entry from `first` on that is not below the key, or above it. */
static bool search(const struct walk *walk, struct step *step, unsigned first,
                   const MDB_val *key, bool above)
{
    unsigned low = first;
    unsigned high = step->count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        struct entry entry;
        if (!walk_entry_at(walk, step, middle, &entry)) {
            return false;
        }
        int order = quipu_lmdb_walk_compare(walk, &entry, key);
        if (order < 0 || (above && order == 0)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    step->at = low;
    return true;
}

/* ------------------------------------------------------------------- walks */

static bool descend(struct walk *walk)
{
    const struct step *step = lowest(walk);
    struct entry entry;
    if (!walk_entry_at(walk, step, step->at, &entry)) {
        return false;
    }
    walk->ahead_step = 0;
    walk->first = walk->integers && entry.node.key_size == sizeof(int64_t)
                      ? id_of(entry.key)
                      : 0;
    return enter(walk, entry_child(&entry));
}

/* Down to the first leaf below, or the last one. */
static int descend_all(struct walk *walk, bool last)
{
    for (;;) {
        struct step *step = lowest(walk);
        step->at = last ? step->count - 1 : 0;
        if (walk_is_leaf(step)) {
            return MDB_SUCCESS;
        }
        if (!descend(walk)) {
            return MDB_CORRUPTED;
        }
    }
}

static int begin(struct walk *walk)
{
    walk->depth = 0;
    walk->first = 0;
    walk->ahead_step = 0;
    if (walk->root == NO_PAGE) {
        return MDB_NOTFOUND;
    }
    return enter(walk, walk->root) ? MDB_SUCCESS : MDB_CORRUPTED;
}

int quipu_lmdb_walk_step(struct walk *walk, bool back)
{
    unsigned depth = walk->depth;
    while (depth > 0) {
        struct step *step = &walk->steps[--depth];
        if (back ? step->at == 0 : step->at + 1 >= step->count) {
            continue;
        }
        step->at = back ? step->at - 1 : step->at + 1;
        if (depth + 1 == walk->depth) {
            return MDB_SUCCESS;
        }
        walk->depth = depth + 1;
        return descend(walk) ? descend_all(walk, back) : MDB_CORRUPTED;
    }
    return MDB_NOTFOUND;
}

/* Ids have no gaps, so their place in a leaf follows from the first one's. */
static bool aim(struct walk *walk, int64_t id)
{
    struct step *leaf = lowest(walk);
    struct entry entry;
    if (walk->first <= 0 || id < walk->first ||
        id - walk->first >= (int64_t)leaf->count) {
        return false;
    }
    leaf->at = (unsigned)(id - walk->first);
    return walk_entry_at(walk, leaf, leaf->at, &entry) &&
           entry.node.key_size == sizeof(id) && id_of(entry.key) == id;
}

/* From the root down to the leaf where the key has to be. */
static int seek_leaf(struct walk *walk, const MDB_val *key)
{
    int code = begin(walk);
    while (code == MDB_SUCCESS && !walk_is_leaf(lowest(walk))) {
        /* A branch's first key stands for all that is below the second. */
        struct step *step = lowest(walk);
        if (!search(walk, step, 1, key, true)) {
            return MDB_CORRUPTED;
        }
        step->at--;
        code = descend(walk) ? MDB_SUCCESS : MDB_CORRUPTED;
    }
    return code;
}

int quipu_lmdb_walk_seek(struct walk *walk, MDB_val key)
{
    int code = seek_leaf(walk, &key);
    if (code != MDB_SUCCESS) {
        return code;
    }
    struct step *leaf = lowest(walk);
    if (walk->integers && aim(walk, id_of(key.mv_data))) {
        return MDB_SUCCESS;
    }
    if (!search(walk, leaf, 0, &key, false)) {
        return MDB_CORRUPTED;
    }
    if (leaf->at < leaf->count) {
        return MDB_SUCCESS;
    }
    leaf->at = leaf->count - 1;
    return quipu_lmdb_walk_step(walk, false);
}

static bool is_key(const MDB_val *found, const MDB_val *key)
{
    return found->mv_size == key->mv_size &&
           memcmp(found->mv_data, key->mv_data, key->mv_size) == 0;
}

/* A seek that finds nothing has gone to the last entry, if there is one. */
int quipu_lmdb_walk_seek_back(struct walk *walk, MDB_val key)
{
    MDB_val found;
    MDB_val value;
    int code = quipu_lmdb_walk_seek(walk, key);
    if (code == MDB_NOTFOUND) {
        return walk->depth > 0 ? MDB_SUCCESS : code;
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_walk_entry(walk, &found, &value);
    }
    return code == MDB_SUCCESS && !is_key(&found, &key)
               ? quipu_lmdb_walk_step(walk, true)
               : code;
}

/* Finds the leaf that comes next, if the same branch has it. */
static void look_ahead(struct walk *walk, bool back)
{
    const struct view *view = walk->view;
    struct entry entry;
    walk->ahead_left = 0;
    walk->ahead_step = view->page / lowest(walk)->count + 1;
    if (walk->depth < 2) {
        return;
    }
    const struct step *branch = lowest(walk) - 1;
    unsigned next = back ? branch->at - 1 : branch->at + 1;
    if (next >= branch->count || !walk_entry_at(walk, branch, next, &entry) ||
        entry_child(&entry) > view->last) {
        return;
    }
    walk->ahead = view->base + entry_child(&entry) * view->page;
    walk->ahead_left = view->page;
}

void quipu_lmdb_walk_expect(struct walk *walk, bool back)
{
    if (walk->ahead_step == 0) {
        look_ahead(walk, back);
    }
    size_t size = walk->ahead_step < walk->ahead_left ? walk->ahead_step
                                                      : walk->ahead_left;
    for (size_t i = 0; i < size; i += LINE) {
        __builtin_prefetch(walk->ahead + i);
    }
    walk->ahead += size;
    walk->ahead_left -= size;
}

/* ----------------------------------------------------------------- entries */

int quipu_lmdb_walk_entry(const struct walk *walk, MDB_val *key, MDB_val *value)
{
    const struct step *step = &walk->steps[walk->depth - 1];
    struct entry entry;
    if (!walk_entry_at(walk, step, step->at, &entry)) {
        return MDB_CORRUPTED;
    }
    size_t size = entry_size(&entry);
    *key = (MDB_val){ entry.node.key_size, (void *)entry.key };
    if ((entry.node.flags & NODE_BIG) != 0) {
        return quipu_lmdb_tree_big(walk->view, &entry, value);
    }
    *value = (MDB_val){ size, (void *)entry.value };
    return size <= entry.room ? MDB_SUCCESS : MDB_CORRUPTED;
}

int quipu_lmdb_walk_get(struct walk *walk, MDB_val key, MDB_val *value)
{
    MDB_val found;
    int code = quipu_lmdb_walk_seek(walk, key);
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_walk_entry(walk, &found, value);
    }
    if (code != MDB_SUCCESS) {
        return code;
    }
    return is_key(&found, &key) ? MDB_SUCCESS : MDB_NOTFOUND;
}

int quipu_lmdb_walk_item(struct walk *walk, int64_t id, MDB_val *value)
{
    MDB_val key = { sizeof(id), &id };
    if (walk->depth == 0 || !aim(walk, id)) {
        return quipu_lmdb_walk_get(walk, key, value);
    }
    return quipu_lmdb_walk_entry(walk, &key, value);
}

/* --------------------------------------------------------------- databases */

void quipu_lmdb_walk_tree(struct walk *walk, const struct view *view,
                          uint64_t root, bool integers)
{
    walk->view = view;
    walk->root = root;
    walk->integers = integers;
    walk->depth = 0;
}

int quipu_lmdb_walk_open(struct walk *walk, const struct view *view,
                         const struct database *database)
{
    MDB_val key = { strlen(database->name), (void *)database->name };
    MDB_val value;
    struct tree tree;
    quipu_lmdb_walk_tree(walk, view, view->root, false);
    if (key.mv_size == 0) {
        return MDB_SUCCESS;
    }
    int code = quipu_lmdb_walk_get(walk, key, &value);
    if (code != MDB_SUCCESS) {
        return code;
    }
    if (value.mv_size != sizeof(tree)) {
        return MDB_CORRUPTED;
    }
    memcpy(&tree, value.mv_data, sizeof(tree));
    quipu_lmdb_walk_tree(walk, view, tree.root, database->integers);
    return MDB_SUCCESS;
}

int quipu_lmdb_view_get(const struct view *view,
                        const struct database *database, MDB_val key,
                        MDB_val *value)
{
    struct walk walk;
    if (!view->base) {
        return mdb_get(view->txn, database->dbi, &key, value);
    }
    int code = quipu_lmdb_walk_open(&walk, view, database);
    return code == MDB_SUCCESS ? quipu_lmdb_walk_get(&walk, key, value) : code;
}
