/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of the index: a sequence id and a position, in LMDB's order of bytes
 * the order of ids and, within one, of positions.  A UUID has always 16 bytes;
 * text is ended by a zero, which it cannot contain, so that "a" and all its
 * positions come before "ab".  A position is big-endian with its sign flipped.
 */
#ifndef LMDB_DRIVER_KEY_H
#define LMDB_DRIVER_KEY_H

#include "lmdb_driver.h"

#define KEY_MAX (QUIPU_ID_MAX + 1 + 8)

struct key {
    unsigned char bytes[KEY_MAX];
    size_t prefix; /* bytes of the id and what ends it */
};

void quipu_lmdb_key_begin(struct key *key, const quipu_schema *schema,
                          quipu_bytes sequence_id);
/* The key of a position of that sequence, in the memory of `key`. */
MDB_val quipu_lmdb_key_at(struct key *key, int64_t position);

/* Whether a key of the index is of that sequence, and its position. */
bool quipu_lmdb_key_is_of(const struct key *key, const MDB_val *found,
                          int64_t *position);
/* The sequence id of a key of the index; false: it is none. */
bool quipu_lmdb_key_sequence(const quipu_schema *schema, const MDB_val *found,
                             quipu_bytes *sequence_id, int64_t *position);

/* The end of a sequence, by a cursor of the index or by a walk through it;
 * *found false: it is empty.  An LMDB code. */
int quipu_lmdb_find_last(MDB_cursor *index, struct key *key, bool *found,
                         int64_t *position);
int quipu_lmdb_walk_to_end(struct walk *index, struct key *key, bool *found,
                           int64_t *position);

/* Reads a value that is a notification id; false: it is none. */
bool quipu_lmdb_value_id(const MDB_val *value, int64_t *id);

#endif
