/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of the index: a sequence id followed by a position.
 *
 * LMDB orders keys as bytes.  A UUID has always 16 bytes; a text id is followed
 * by a zero, which it cannot contain, so that "a" with all its positions comes
 * before "ab".  A position is big-endian with its sign bit flipped, so that
 * negative positions come first.  So the order of keys is that of ids and,
 * within one id, of positions.
 */
#ifndef LMDB_DRIVER_KEY_H
#define LMDB_DRIVER_KEY_H

#include "lmdb_driver.h"

#define KEY_MAX (QUIPU_ID_MAX + 1 + 8)

struct key {
    unsigned char bytes[KEY_MAX];
    size_t prefix; /* bytes of the id and its end */
};

/* Starts the keys of a sequence. */
void quipu_lmdb_key_begin(struct key *key, const quipu_schema *schema,
                          quipu_bytes sequence_id);
/* Returns the key of a position of that sequence, in the memory of *key. */
MDB_val quipu_lmdb_key_at(struct key *key, int64_t position);

/* Returns true if a key of the index belongs to that sequence, with its
 * position. */
bool quipu_lmdb_key_is_of(const struct key *key, const MDB_val *found,
                          int64_t *position);
/* Splits a key of the index into sequence id and position.  Returns false if it
 * cannot be one. */
bool quipu_lmdb_key_split(const quipu_schema *schema, const MDB_val *found,
                          quipu_bytes *sequence_id, int64_t *position);

/* Finds the last position of a sequence; *found false: it is empty.  Returns
 * LMDB's code. */
int quipu_lmdb_key_find_last(struct btree_cursor *index, struct key *key,
                             bool *found, int64_t *position);

/* Reads a value that is a notification id.  Returns false if it is none. */
bool quipu_lmdb_key_read_id(const MDB_val *value, int64_t *id);

#endif
