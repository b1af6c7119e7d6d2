/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checksum of stored bytes.
 *
 * Method: four lanes take 16 bytes each of every 64-byte block.  A lane
 * multiplies two 64-bit words, one of them mixed with the lane's state, to 128
 * bits and folds the product to 64 by exclusive or.  The lanes do not depend on
 * each other, so the processor computes them at the same time.  At the end they
 * are folded to 32 bits.
 */
#include "format/checksum.h"

#include <string.h>

#define BLOCK 64 /* bytes that the lanes take at once */

/* Odd numbers with half of their bits set: the fractions of the square roots of
 * 2, 3, 5 and 7. */
#define K0 UINT64_C(0x6a09e667f3bcc909)
#define K1 UINT64_C(0xbb67ae8584caa73b)
#define K2 UINT64_C(0x3c6ef372fe94f82b)
#define K3 UINT64_C(0xa54ff53a5f1d36f1)

/* Multiplies to 128 bits and folds the product to 64. */
static inline uint64_t fold(uint64_t a, uint64_t b)
{
#if defined(__SIZEOF_INT128__)
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
    uint64_t low = (a & UINT32_MAX) * (b & UINT32_MAX);
    uint64_t left = (a >> 32) * (b & UINT32_MAX) + (low >> 32);
    uint64_t right = (a & UINT32_MAX) * (b >> 32) + (left & UINT32_MAX);
    uint64_t high = (a >> 32) * (b >> 32) + (left >> 32) + (right >> 32);
    return (right << 32 | (low & UINT32_MAX)) ^ high;
#endif
}

static inline uint64_t load(const unsigned char *from)
{
    uint64_t bits;
    memcpy(&bits, from, sizeof(bits));
    return bits;
}

/* State of the four lanes. */
struct lanes {
    uint64_t a, b, c, d;
};

static inline void mix(struct lanes *lanes, const unsigned char *at)
{
    lanes->a = fold(load(at) ^ K2, load(at + 8) ^ lanes->a);
    lanes->b = fold(load(at + 16) ^ K3, load(at + 24) ^ lanes->b);
    lanes->c = fold(load(at + 32) ^ K0, load(at + 40) ^ lanes->c);
    lanes->d = fold(load(at + 48) ^ K1, load(at + 56) ^ lanes->d);
}

/* Takes a block, and copies it if there is a place for it. */
static inline void take(struct lanes *lanes, const unsigned char *at,
                        unsigned char *to)
{
    mix(lanes, at);
    if (to) {
        memcpy(to, at, BLOCK);
    }
}

/* The last block is the last BLOCK bytes, which may overlap the block before;
 * fewer bytes than a block are padded with zeros.  `to` NULL: nothing is
 * copied; it is a constant in each caller, so that two functions result. */
static inline uint32_t compute(const void *data, size_t size, uint64_t seed,
                               unsigned char *to)
{
    const unsigned char *at = data;
    struct lanes lanes = { seed ^ K0, size ^ K1, seed ^ K2, size ^ K3 };
    if (size >= BLOCK) {
        const unsigned char *last = at + size - BLOCK;
        unsigned char *last_to = to ? to + size - BLOCK : NULL;
        for (; at < last; at += BLOCK) {
            take(&lanes, at, to);
            to = to ? to + BLOCK : NULL;
        }
        take(&lanes, last, last_to);
    } else {
        unsigned char padded[BLOCK] = { 0 };
        if (size > 0) {
            memcpy(padded, at, size);
        }
        if (to && size > 0) {
            memcpy(to, at, size);
        }
        mix(&lanes, padded);
    }
    uint64_t all =
        fold(lanes.a ^ K3, lanes.b ^ K2) ^ fold(lanes.c ^ K1, lanes.d ^ K0);
    return (uint32_t)(all ^ all >> 32);
}

uint32_t quipu_lmdb_checksum(const void *data, size_t size, uint64_t seed)
{
    return compute(data, size, seed, NULL);
}

uint32_t quipu_lmdb_checksum_copy(void *to, const void *data, size_t size,
                                  uint64_t seed)
{
    return compute(data, size, seed, to);
}
