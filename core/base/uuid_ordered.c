/* SPDX-License-Identifier: Apache-2.0 */
/* Time-ordered UUIDs (RFC 9562, version 7). */
#include <quipu/id.h>

#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <uuid/uuid.h>

/*
 * What makes one id greater than the one before: 48 bits of milliseconds and
 * 12 bits of counter in one word.  Adding one to it counts, and carries into
 * the milliseconds when the counter is full, so it is all that has to be
 * updated at once.
 */
#define COUNTER_BITS 12

/* The counter starts a millisecond below its middle, so that there is room
 * for at least 2048 ids in it. */
#define COUNTER_START 0x7FF

static _Atomic uint64_t last_stamp;

/* Straight from the system for each id, not from a buffer of this process,
 * which a child would inherit and give out again. */
static void get_random(uint8_t *bytes, size_t size)
{
    uuid_t random;

    if (getrandom(bytes, size, 0) == (ssize_t)size) {
        return;
    }
    uuid_generate_random(random); /* a system without getrandom */
    memcpy(bytes, random, 6);
    memcpy(bytes + 6, random + 10, size - 6);
}

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
