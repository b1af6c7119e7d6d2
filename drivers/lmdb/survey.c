/* SPDX-License-Identifier: Apache-2.0 */
/* Surveys of what LMDB is about to write to. */
#include "survey.h"

#include "common/safeguard.h"

#include "tree.h"

#include <string.h>

/* The oldest lists, from which LMDB takes pages, and how much of each. */
#define FREE_LISTS 16
#define FREE_PAGES 64

static int found_or_not(int code)
{
    return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

/* --------------------------------------------------------------- free pages */

/* A list of free pages: how many, then their numbers. */
static bool is_list(const struct view *view, const MDB_val *value)
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
        if (number < 2 || number > view->last) {
            return false;
        }
    }
    return true;
}

static int survey_free(const struct view *before)
{
    struct walk walk;
    MDB_val key;
    MDB_val value;
    int64_t number = 0;
    quipu_lmdb_walk_tree(&walk, before, before->free, true);
    int code =
        quipu_lmdb_walk_seek(&walk, (MDB_val){ sizeof(number), &number });
    for (int i = 0; code == MDB_SUCCESS && i < FREE_LISTS; i++) {
        code = quipu_lmdb_walk_entry(&walk, &key, &value);
        if (code == MDB_SUCCESS) {
            code = is_list(before, &value) ? quipu_lmdb_walk_step(&walk, false)
                                           : MDB_CORRUPTED;
        }
    }
    if (code == MDB_SUCCESS) {
        number = INT64_MAX;
        code =
            quipu_lmdb_walk_seek(&walk, (MDB_val){ sizeof(number), &number });
    }
    return found_or_not(code);
}

int quipu_lmdb_survey_begin(struct environment *environment, MDB_txn *txn,
                            struct view *before)
{
    struct meta meta;
    uint64_t number = (uint64_t)mdb_txn_id(txn) - 1;
    *before = (struct view){ .environment = environment };
    if (!quipu_lmdb_map_meta(environment, number, &meta)) {
        return MDB_CORRUPTED;
    }
    int code = quipu_lmdb_map_view(environment, &meta, number, before);
    before->strict = true;
    return code == MDB_SUCCESS ? survey_free(before) : code;
}

/* ---------------------------------------------------------------- databases */

int quipu_lmdb_survey_open(struct walk *walk, const struct view *before,
                           const struct database *database)
{
    int code = quipu_lmdb_walk_open(walk, before, database);
    if (code == MDB_NOTFOUND) {
        quipu_lmdb_walk_tree(walk, before, NO_PAGE, database->integers);
    }
    return found_or_not(code);
}

/* Whether there is no leaf behind this one. */
static bool is_rightmost(const struct walk *walk)
{
    for (unsigned i = 0; i + 1 < walk->depth; i++) {
        if (walk->steps[i].at + 1 < walk->steps[i].count) {
            return false;
        }
    }
    return true;
}

static bool is_child_sound(const struct walk *walk, const struct step *branch,
                           unsigned index)
{
    struct entry entry;
    return index >= branch->count ||
           (walk_entry_at(walk, branch, index, &entry) &&
            quipu_lmdb_tree_page(walk->view, entry_child(&entry)));
}

/* Looks at the pages on both sides of the way there. */
static int survey_beside(const struct walk *walk)
{
    for (unsigned i = 0; i + 1 < walk->depth; i++) {
        const struct step *branch = &walk->steps[i];
        if (!is_child_sound(walk, branch, branch->at - 1) ||
            !is_child_sound(walk, branch, branch->at + 1)) {
            return MDB_CORRUPTED;
        }
    }
    return MDB_SUCCESS;
}

/* Whether the key belongs in the leaf that was gone to. */
static bool covers(const struct walk *walk, MDB_val key)
{
    struct entry first;
    struct entry last;
    if (walk->depth == 0) {
        return false;
    }
    const struct step *leaf = &walk->steps[walk->depth - 1];
    return walk_is_leaf(leaf) && walk_entry_at(walk, leaf, 0, &first) &&
           walk_entry_at(walk, leaf, leaf->count - 1, &last) &&
           quipu_lmdb_walk_compare(walk, &first, &key) <= 0 &&
           (quipu_lmdb_walk_compare(walk, &last, &key) >= 0 ||
            is_rightmost(walk));
}

int quipu_lmdb_survey_path(struct walk *walk, MDB_val key)
{
    return SAFEGUARDED("F1.way-of-an-append", covers(walk, key), true)
               ? MDB_SUCCESS
               : found_or_not(quipu_lmdb_walk_seek_back(walk, key));
}

int quipu_lmdb_survey_deletion(struct walk *walk, MDB_val key)
{
    int code = found_or_not(quipu_lmdb_walk_seek(walk, key));
    return SAFEGUARDED("F1.pages-beside-a-deletion", code == MDB_SUCCESS, false)
               ? survey_beside(walk)
               : code;
}

int quipu_lmdb_survey_all(struct walk *walk)
{
    static const int64_t first = 0;
    MDB_val key = { walk->integers ? sizeof(first) : 0, (void *)&first };
    MDB_val value;
    int code = quipu_lmdb_walk_seek(walk, key);
    while (code == MDB_SUCCESS) {
        code = quipu_lmdb_walk_entry(walk, &key, &value);
        if (code == MDB_SUCCESS) {
            code = quipu_lmdb_walk_step(walk, false);
        }
    }
    return found_or_not(code);
}
