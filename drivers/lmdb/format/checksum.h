/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checksum that every stored value begins with.
 *
 * It detects damage, not forgery: damaged bytes pass with a probability of
 * 2^-32.  It is computed for every item of a scan.  Of a thousand bytes (in
 * nanoseconds, gcc 12 -O2, x86-64 without -march): this one 33, XXH3_64bits of
 * libxxhash 51, CRC-32C by the processor's instruction 64; of 4000 bytes 117,
 * 194 and 333.  A scan of items of 290 bytes takes 32 each, so that XXH3 would
 * make it slower by a fifth.
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

/* Copies the bytes, too, in the same pass: half the time of a memcpy and the
 * checksum of the copy. */
uint32_t quipu_lmdb_checksum_copy(void *to, const void *data, size_t size,
                                  uint64_t seed);

/* Returns the checksum of a record that begins with its own checksum of 4
 * bytes, which is left out. */
static inline uint32_t checksum_of_record(const void *record, size_t size,
                                          uint64_t seed)
{
    const size_t skip = sizeof(uint32_t);
    return quipu_lmdb_checksum((const char *)record + skip, size - skip, seed);
}

#endif
