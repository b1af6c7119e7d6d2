/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A checksum of 64 bits, which finds damage and tells layouts and items apart.
 * It is no protection against somebody who makes up bytes on purpose.
 *
 * Any change within 8 bytes in a row that begin at a multiple of 8 changes the
 * checksum; another change does with a probability of about 1 - 2^-64.  The
 * value is kept in stores: the function must not change.
 *
 * Any thread.
 */
#ifndef QUIPU_CORE_BASE_CHECKSUM_H
#define QUIPU_CORE_BASE_CHECKSUM_H

#include <string.h>

#include <quipu/types.h>

/* Returns the checksum of `size` bytes and of `seed`, which is the checksum of
 * what precedes them, or a number that the caller chooses. */
uint64_t quipu_checksum(uint64_t seed, const void *data, size_t size);

/* The same for bytes that may be absent, which differ from empty ones. */
static inline uint64_t quipu_checksum_bytes(uint64_t seed, quipu_bytes bytes)
{
    return quipu_checksum(bytes.data ? seed : ~seed, bytes.data, bytes.size);
}

/* The same for a number. */
static inline uint64_t quipu_checksum_number(uint64_t seed, uint64_t number)
{
    return quipu_checksum(seed, &number, sizeof(number));
}

#endif
