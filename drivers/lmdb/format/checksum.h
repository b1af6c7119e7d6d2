/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checksum that every stored value begins with.
 *
 * It detects damage, not forgery: damaged bytes pass with a probability of
 * 2^-32.  It is used instead of a CRC because it is read for every item of a
 * scan, and a CRC of a thousand bytes takes about three times as long.
 *
 * The function is part of the file format: it must not change.
 */
#ifndef LMDB_DRIVER_CHECKSUM_H
#define LMDB_DRIVER_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Returns the checksum of `size` bytes.  The result depends on `seed`: an item
 * passes its notification id, so that a value stored under another id is
 * detected; other records pass 0. */
uint32_t quipu_lmdb_checksum(const void *data, size_t size, uint64_t seed);

/* Returns the checksum of a record that begins with its own checksum of 4
 * bytes, which is left out. */
static inline uint32_t checksum_of_record(const void *record, size_t size,
                                          uint64_t seed)
{
    const size_t skip = sizeof(uint32_t);
    return quipu_lmdb_checksum((const char *)record + skip, size - skip, seed);
}

#endif
