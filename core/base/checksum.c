/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checksum takes 8 bytes at a time.  Each step is a bijection of the sum so
 * far, for given bytes, and of the bytes, for a given sum: two inputs that
 * differ in one step only cannot have the same sum after it, nor at the end.
 */
#include "base/checksum.h"

/* An odd number with half of its bits set: the fraction of the golden ratio. */
#define FACTOR UINT64_C(0x9e3779b97f4a7c15)

static uint64_t step(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * FACTOR;
    return sum ^ sum >> 32;
}

/* The same number on every machine. */
static uint64_t load(const unsigned char *from, size_t size)
{
    uint64_t word = 0;

    for (size_t i = 0; i < size; i++) {
        word |= (uint64_t)from[i] << 8 * i;
    }
    return word;
}

uint64_t quipu_checksum(uint64_t seed, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    uint64_t sum = step(seed, size);
    size_t at = 0;

    for (; size - at >= 8; at += 8) {
        sum = step(sum, load(bytes + at, 8));
    }
    if (at < size) {
        sum = step(sum, load(bytes + at, size - at));
    }
    return step(sum, size);
}
