/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of a stored state as a tree of values that casts change, the
 * inside of quipu_rewrite (evolve.h); and the running of casts.
 *
 * One thread at a time.  The values live in the arena of the decoder.
 */
#ifndef QUIPU_CORE_MAPPER_REWRITE_H
#define QUIPU_CORE_MAPPER_REWRITE_H

#include <quipu/evolve.h>

#include "base/arena.h"
#include "mapper/decoder.h"
#include "mapper/encoder.h"

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

/* Begins a tree from an encoded map.  The caller ends it after a failure, too.
 * CORRUPT: it is no map, or is followed by other bytes; NO_MEMORY. */
int quipu_rewrite_begin(struct quipu_rewrite_tree *tree, quipu_arena *arena,
                        quipu_bytes members);

/* Encodes the tree; *members is in the arena.  Returns the code of the first
 * failure, if there was one. */
int quipu_rewrite_encode(struct quipu_rewrite_tree *tree, quipu_bytes *members);

/* Frees what is not in the arena. */
void quipu_rewrite_end(struct quipu_rewrite_tree *tree);

/*
 * Runs the casts of `traits`, from that of `version` on, over the map that is
 * left to the decoder, which then reads their result; nothing happens if
 * `version` is that of the traits.  The decoder has an item and an arena.
 *
 * UNSUPPORTED: the version is above that of the traits; the message names both.
 * CORRUPT: the state is not a map, or a cast has failed; the message names the
 * item, and the version.  NO_MEMORY; UNSUPPORTED: a cast has returned it.
 */
int quipu_rewrite_cast(quipu_decoder *decoder, const quipu_event_traits *traits,
                       uint32_t version);

#endif
