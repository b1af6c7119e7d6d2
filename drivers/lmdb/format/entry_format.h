/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stored form of a key-value entry: its key is that of LMDB, and the value
 * under it is, in the byte order of the machine,
 *
 *     0   checksum   4 bytes, of everything that follows, seeded by the key
 *     4   version    4
 *     8   revision   8, at least 1
 *     16  the value of the entry
 *
 * A value that does not fit a leaf is on overflow pages, as that of an item.
 * The version changes with this layout.
 */
#ifndef LMDB_DRIVER_ENTRY_FORMAT_H
#define LMDB_DRIVER_ENTRY_FORMAT_H

#include "lmdb_driver.h"

/* Returns the bytes that a value takes. */
size_t quipu_lmdb_entry_format_size(quipu_bytes value);

/* Writes a value to the bytes that quipu_lmdb_entry_format_size has told. */
void quipu_lmdb_entry_format_write(void *to, quipu_bytes key, quipu_bytes value,
                                   int64_t revision);

/* Reads an entry, whose key and value then point to those of LMDB.  Returns
 * false if it is damaged or of a version that this driver does not know. */
bool quipu_lmdb_entry_format_read(const MDB_val *key, const MDB_val *value,
                                  quipu_entry *entry);

#endif
