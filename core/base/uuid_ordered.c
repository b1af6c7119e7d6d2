/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time-ordered UUIDs (RFC 9562, version 7).
 *
 * The layout, from the first bit: 48 bits of Unix milliseconds, 4 bits version,
 * 12 bits of a counter, 2 bits variant, 62 random bits.
 *
 * The milliseconds and the counter together form a 60-bit stamp.  `last_stamp`
 * holds the stamp of the newest UUID of this process; each new UUID takes the
 * larger of (now, random start of the counter) and last_stamp + 1, by one
 * compare-and-swap.  This gives:
 *
 * INV1  Stamps of one process are distinct and grow in the order of the
 *       compare-and-swaps, also when the clock is set back.
 * INV2  A full counter carries into the milliseconds, which then run ahead of
 *       the clock; no thread waits.
 *
 * After fork both processes continue from the same stamp; the 62 random bits,
 * drawn from the system for each UUID, keep their UUIDs distinct.
 */
#include <quipu/id.h>

#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <uuid/uuid.h>

/* A stamp is milliseconds << COUNTER_BITS | counter. */
#define COUNTER_BITS 12

/* Mask of the counter's random start in a new millisecond: below the middle, so
 * that at least 2048 UUIDs fit before the carry. */
#define COUNTER_START 0x7FF

static _Atomic uint64_t last_stamp;

/* Draws random bytes from the system for each UUID.  A buffer in this process
 * would be inherited by a child, which would use the same bytes again. */
static void get_random(uint8_t *bytes, size_t size)
{
    uuid_t random;

    if (getrandom(bytes, size, 0) == (ssize_t)size) {
        return;
    }
    /* The system has no getrandom.  Bytes 6 and 8 of a version 4 UUID are not
     * random throughout, so bytes 6 to 9 are left out. */
    uuid_generate_random(random);
    memcpy(bytes, random, 6);
    memcpy(bytes + 6, random + 10, size - 6);
}

/* Returns a stamp greater than all before it (INV1, INV2).  `start` are random
 * bits for the start of the counter.  Relaxed order suffices: only the order of
 * the stamps matters, and they publish no other memory. */
static uint64_t next_stamp(uint64_t start)
{
    struct timespec now;
    uint64_t milliseconds, stamp;
    uint64_t last = atomic_load_explicit(&last_stamp, memory_order_relaxed);

    clock_gettime(CLOCK_REALTIME, &now);
    milliseconds =
        (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    do {
        stamp = milliseconds << COUNTER_BITS | (start & COUNTER_START);
        if (stamp >> COUNTER_BITS <= last >> COUNTER_BITS) {
            stamp = last + 1;
        }
    } while (!atomic_compare_exchange_weak_explicit(
        &last_stamp, &last, stamp, memory_order_relaxed, memory_order_relaxed));
    return stamp;
}

void quipu_uuid_ordered(quipu_uuid *uuid)
{
    uint8_t random[10];
    uint64_t stamp;

    get_random(random, sizeof(random));
    stamp = next_stamp((uint64_t)random[8] << 8 | random[9]);
    for (int i = 0; i < 6; i++) {
        uuid->bytes[i] = (uint8_t)(stamp >> (52 - 8 * i));
    }
    uuid->bytes[6] = (uint8_t)(0x70 | (stamp >> 8 & 0x0F));
    uuid->bytes[7] = (uint8_t)stamp;
    memcpy(uuid->bytes + 8, random, 8);
    uuid->bytes[8] = (uint8_t)(0x80 | (random[0] & 0x3F));
}
