/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stored form of an item: a value under its notification id, in the byte
 * order of the machine, as LMDB's own file is.
 *
 *     0   checksum       4 bytes, of everything that follows, seeded by the id
 *     4   version        1, or 2: the item is erased, or 3: the number of
 *                        further columns is stored
 *     5   flags          1: has a time, 2: has metadata
 *     6   topic size     1
 *     7   sequence size  1
 *     8   position       8
 *     16  event id       16, if the schema has a column for it
 *         time           8, if it has one
 *         sequence id, topic
 *         metadata       a size of 4 bytes and the bytes, if it has some
 *         their number   a byte, in version 3
 *         further columns, each a byte for its kind, then nothing (NULL), 8
 *         bytes (number, time), 16 (UUID), or a size of 4 and the bytes
 *         state          the rest
 *
 * An erased item ends behind its topic, and its flags have the time alone.  It
 * has a version of its own, so that an older driver takes it for damaged, not
 * for an item with an empty state.
 *
 * Version 1 has as many further columns as its schema had when it was set up.
 * Items that are appended after columns were added are of version 3, so that
 * each handle, of the former definition or of the new one, reads both.
 */
#ifndef LMDB_DRIVER_ITEM_FORMAT_H
#define LMDB_DRIVER_ITEM_FORMAT_H

#include "lmdb_driver.h"

/* Bytes that an erased item takes at most: header, event id, time, sequence id
 * and topic. */
#define ITEM_FORMAT_ERASED_MAX (16 + 16 + 8 + 2 * QUIPU_ID_MAX)

/* An item to write. */
struct item_writing {
    const quipu_item *item;
    size_t first_columns; /* of its bound schema */
    int64_t id;
    int64_t position;
};

/* Returns the bytes that the item takes.  Of one that is flagged as erased,
 * state, metadata and further columns take none. */
size_t quipu_lmdb_item_format_size(const struct item_writing *writing);

/* Writes the item to `size` bytes as returned by quipu_lmdb_item_format_size.
 */
void quipu_lmdb_item_format_write(void *to, size_t size,
                                  const struct item_writing *writing);

/* Copies a value.  Returns false if it is damaged. */
bool quipu_lmdb_item_format_copy(void *to, const MDB_val *value, int64_t id);

/* Reads a value that quipu_lmdb_item_format_copy has copied; otherwise as
 * quipu_lmdb_item_format_read. */
bool quipu_lmdb_item_format_read_copy(const quipu_driver_schema *bound,
                                      const MDB_val *value, int64_t id,
                                      quipu_item *item, quipu_value *values);

/* Reads a value.  *item points into it, and to `values`, which has room for the
 * schema's further columns: those that the value lacks are NULL, and those that
 * the schema lacks are left out.  Returns false if the value is damaged or of a
 * version that this driver does not know. */
bool quipu_lmdb_item_format_read(const quipu_driver_schema *bound,
                                 const MDB_val *value, int64_t id,
                                 quipu_item *item, quipu_value *values);

/* Reads the sequence id and the topic of a value, whose checksum is not
 * verified.  Returns false if they are not there. */
bool quipu_lmdb_item_format_peek(const quipu_schema *schema,
                                 const MDB_val *value, quipu_bytes *sequence_id,
                                 quipu_bytes *topic);

/* Returns false if a value has another checksum than it should have. */
bool quipu_lmdb_item_format_is_sound(const MDB_val *value, int64_t id);

/* An item that is looked up, with the memory of its further columns. */
struct found_item {
    int64_t id; /* set by the caller */
    quipu_item item;
    quipu_value values[QUIPU_COLUMNS_MAX];
};

/* Looks up the item with found->id.  CORRUPT, with the id in the message, if it
 * is missing or damaged. */
int quipu_lmdb_item_format_find(quipu_driver_datastore *datastore,
                                const struct snapshot *snapshot,
                                const quipu_driver_schema *bound,
                                struct found_item *found, quipu_error *error);

/* Returns CORRUPT: "item <id> of schema ... <how>; restore ...". */
int quipu_lmdb_item_format_damaged(const quipu_driver_datastore *datastore,
                                   const quipu_driver_schema *bound, int64_t id,
                                   const char *how, quipu_error *error);

#endif
