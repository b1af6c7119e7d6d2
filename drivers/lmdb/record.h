/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an item is stored: a value under its notification id, in the machine's
 * own byte order as LMDB's file is.
 *
 *     0   check          4 bytes, over all that follows and the id
 *     4   version        1
 *     5   flags          1: a time, 2: metadata
 *     6   topic size     1
 *     7   sequence size  1
 *     8   position       8
 *     16  event id       16, if the schema has a column for it
 *         time           8, if there is one
 *         sequence id, topic
 *         metadata       a size of 4 and its bytes, if there is some
 *         further columns, each a byte for its kind and then nothing (NULL), 8
 *         bytes (a number, a time), 16 (a UUID), or a size of 4 and its bytes
 *         state          what is left
 */
#ifndef LMDB_DRIVER_RECORD_H
#define LMDB_DRIVER_RECORD_H

#include "lmdb_driver.h"

size_t quipu_lmdb_record_size(const quipu_item *item);
/* Writes the item, at that id and position, to memory of that size. */
void quipu_lmdb_record_write(void *to, size_t size, const quipu_item *item,
                             int64_t id, int64_t position);

/*
 * Reads a value: *item lends from it, and from `values`, which has room for the
 * schema's further columns.  False: it is damaged, or of a format that this
 * driver does not know.
 */
bool quipu_lmdb_record_read(const quipu_schema *schema, const MDB_val *value,
                            int64_t id, quipu_item *item, quipu_value *values);

/* Finds an item by its id; CORRUPT, which names the id, if it is not there or
 * damaged. */
int quipu_lmdb_record_find(quipu_driver_datastore *datastore,
                           const struct view *view,
                           const quipu_driver_schema *bound, int64_t id,
                           quipu_item *item, quipu_value *values,
                           quipu_error *error);
int quipu_lmdb_record_damaged(const quipu_driver_datastore *datastore,
                              const quipu_driver_schema *bound, int64_t id,
                              const char *how, quipu_error *error);

#endif
