/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks through LMDB's trees where they lie in the map, without LMDB.  LMDB
 * trusts its pages, and one that was overwritten ends the process; so what
 * reads walks by itself, and looks at each page and each entry before it
 * follows it.  A reading transaction of LMDB's keeps the pages as they are.
 *
 * What follows answers LMDB's codes: MDB_SUCCESS, MDB_NOTFOUND, and
 * MDB_CORRUPTED for what cannot be LMDB's work.
 */
#ifndef LMDB_DRIVER_WALK_H
#define LMDB_DRIVER_WALK_H

#include "format.h"

#include <lmdb.h>

struct environment;

/* What a transaction sees. */
struct view {
    MDB_txn *txn;
    struct environment *environment;
    /* Of the map.  NULL: only LMDB can tell, since it is a transaction that
     * writes, or the map has not been found yet. */
    const unsigned char *base;
    size_t page;   /* bytes of one */
    uint64_t last; /* page of the file */
    uint64_t root; /* of the main database */
    uint64_t free; /* of the tree of free pages */
    bool strict;   /* walks look at each entry of a page, wanted or not */
};

#define DATABASE_NAME_MAX 24

struct database {
    MDB_dbi dbi;
    bool integers; /* its keys are notification ids, without gaps */
    char name[DATABASE_NAME_MAX]; /* "": the main one */
};

/* A page on the way to an entry. */
struct step {
    const unsigned char *page;
    unsigned at;
    unsigned count;
};

struct walk {
    const struct view *view;
    uint64_t root;
    bool integers;
    int64_t first; /* of the leaf's, as the branch above has it; 0: not known */
    /* The leaf that comes next, as much of it as was not asked for yet. */
    const unsigned char *ahead;
    size_t ahead_left;
    size_t ahead_step; /* to ask for with each entry of this leaf */
    unsigned depth;
    struct step steps[DEPTH_MOST];
};

static inline bool walk_is_leaf(const struct step *step)
{
    return page_header_of(step->page).flags == IS_LEAF;
}

/* False: there is no such entry. */
static inline bool walk_entry_at(const struct walk *walk,
                                 const struct step *step, unsigned index,
                                 struct entry *entry)
{
    return page_entry(step->page, walk->view->page, index, entry);
}

/* How the key of an entry and another compare, as LMDB has it. */
int quipu_lmdb_walk_compare(const struct walk *walk, const struct entry *entry,
                            const MDB_val *key);

/* Prepares for walks through a database, of a view that has a base. */
int quipu_lmdb_walk_open(struct walk *walk, const struct view *view,
                         const struct database *database);

/* The same of a tree that has no name. */
void quipu_lmdb_walk_tree(struct walk *walk, const struct view *view,
                          uint64_t root, bool integers);

/* Goes to the first entry that is not below the key. */
int quipu_lmdb_walk_seek(struct walk *walk, MDB_val key);
/* Goes to the last entry that is not above it. */
int quipu_lmdb_walk_seek_back(struct walk *walk, MDB_val key);
/* Whether the key belongs in the leaf that was gone to. */
bool quipu_lmdb_walk_covers(const struct walk *walk, MDB_val key);
/* Goes on, or back; at the end it stays where it is. */
int quipu_lmdb_walk_step(struct walk *walk, bool back);
/* For who goes on to the end: asks the processor for a part of the leaf that
 * comes next, with each entry of this one, so that it is there by then. */
void quipu_lmdb_walk_expect(struct walk *walk, bool back);
/* The entry that was gone to; it lies in the map. */
int quipu_lmdb_walk_entry(const struct walk *walk, MDB_val *key,
                          MDB_val *value);

/* Seeks that very key. */
int quipu_lmdb_walk_get(struct walk *walk, MDB_val key, MDB_val *value);
/* The same by notification id, of a walk over integers. */
int quipu_lmdb_walk_item(struct walk *walk, int64_t id, MDB_val *value);

/* Looks a key up in any view, which may be a writer's. */
int quipu_lmdb_view_get(const struct view *view,
                        const struct database *database, MDB_val key,
                        MDB_val *value);

#endif
