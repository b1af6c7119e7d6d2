/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of a stored state as a tree of values that casts change, the
 * inside of quipu_rewrite (evolve.h).
 *
 * A value stays encoded until a cast asks for its members or elements: then its
 * head is read, and its entries become values that are encoded themselves.  So
 * a member that no cast touches is copied byte by byte, whatever it contains,
 * and is not copied into a tree.
 *
 *   INV1  The root is a map, and a value is in one place of the tree: moving it
 *         takes it out first.  So the tree has no cycle, even if a value is
 *         moved into a map within itself; it is then no part of the tree.
 *   INV2  Handles stay valid: values are allocated in the arena and never move
 *         or shrink.
 *   INV3  After a failure changes go on without effect: functions that have to
 *         return a value return the spare one, which is in no tree.
 *
 * One thread at a time.  The values live in the arena of the decoder.
 */
#ifndef QUIPU_CORE_MAPPER_REWRITE_TREE_H
#define QUIPU_CORE_MAPPER_REWRITE_TREE_H

#include <quipu/evolve.h>

#include "base/arena.h"
#include "encoding/decoder.h"
#include "encoding/encoder.h"

/* The forms of a value. */
enum quipu_rewrite_form {
    QUIPU_REWRITE_ENCODED, /* as it is stored, in `encoded` */
    QUIPU_REWRITE_MAP,     /* `entries` with names */
    QUIPU_REWRITE_ARRAY    /* `entries` without names */
};

struct quipu_rewrite_entry {
    quipu_bytes name;
    quipu_rewrite *value;
};

struct quipu_rewrite {
    struct quipu_rewrite_tree *tree;
    enum quipu_rewrite_form form;
    quipu_bytes encoded; /* one value of MessagePack */
    struct quipu_rewrite_entry *entries;
    size_t count;
    size_t capacity;
};

/* Must not be moved: values point to it. */
struct quipu_rewrite_tree {
    quipu_rewrite root;    /* the map of the members */
    quipu_rewrite spare;   /* takes changes after a failure */
    quipu_arena *arena;    /* borrowed */
    quipu_encoder encoder; /* for single values, and for the result */
    quipu_error failure;   /* the first one; its code is OK without one */
};

/* -------------------------------------------------------- the whole tree */

/* Begins a tree from an encoded map.  The caller ends it after a failure, too.
 * CORRUPT: it is no map, or is followed by other bytes; NO_MEMORY. */
int quipu_rewrite_tree_begin(struct quipu_rewrite_tree *tree,
                             quipu_arena *arena, quipu_bytes members);

/* Encodes the tree; *members is in the arena.  Returns the code of the first
 * failure, if there was one. */
int quipu_rewrite_tree_encode(struct quipu_rewrite_tree *tree,
                              quipu_bytes *members);

/* Frees what is not in the arena. */
void quipu_rewrite_tree_end(struct quipu_rewrite_tree *tree);

/* Note a failure, of the member `name`, if it is the first. */
void quipu_rewrite_tree_fail(struct quipu_rewrite_tree *tree, int status,
                             const char *name, const char *why);
void quipu_rewrite_tree_no_memory(struct quipu_rewrite_tree *tree);

/* ---------------------------------------------------------------- values */

/* Reads the entries of an encoded value.  Returns false if it is no map, or no
 * array, or after a failure. */
bool quipu_rewrite_tree_open(quipu_rewrite *value,
                             enum quipu_rewrite_form form);

/* Gives a value `count` entries whose values are empty.  Returns false after a
 * failure. */
bool quipu_rewrite_tree_allocate(quipu_rewrite *value, size_t count);

/* Returns the value of a member, or the value itself if `name` is NULL; NULL if
 * there is none. */
quipu_rewrite *quipu_rewrite_tree_value(const quipu_rewrite *members,
                                        const char *name);

/* Returns the value that is to be set, of a member that is added if there is
 * none; the spare one after a failure. */
quipu_rewrite *quipu_rewrite_tree_slot(quipu_rewrite *members,
                                       const char *name);

/* Returns the entry of that name, or NULL. */
struct quipu_rewrite_entry *quipu_rewrite_tree_find(const quipu_rewrite *map,
                                                    const char *name);

/* Takes an entry out of its map. */
void quipu_rewrite_tree_remove(quipu_rewrite *map,
                               struct quipu_rewrite_entry *entry);

/* Adds an entry, with a new value or with `value`.  Returns its value; the
 * spare one after a failure. */
quipu_rewrite *quipu_rewrite_tree_add(quipu_rewrite *map, const char *name,
                                      quipu_rewrite *value);

#endif
