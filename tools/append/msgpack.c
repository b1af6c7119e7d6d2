/* SPDX-License-Identifier: Apache-2.0 */
/* Writing of MessagePack. */
#include "append/msgpack.h"
#include "output/text.h"

#include <string.h>

/* Appends a number of `size` bytes, big-endian. */
static void add_number(struct text *to, uint64_t number, size_t size)
{
    uint8_t bytes[8] = { 0 };

    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(number >> (8 * (size - 1 - i)));
    }
    text_add(to, bytes, size);
}

/* Appends a byte and a number of `size` bytes. */
static void add_head(struct text *to, unsigned byte, uint64_t number,
                     size_t size)
{
    add_number(to, byte, 1);
    add_number(to, number, size);
}

/* Appends the head of a value with a length: `fixed` with the length in it if
 * that is at most `fixed_max`, else `first`, or the bytes after it, with a
 * length of 1, 2 or 4 bytes.  Maps and arrays have none of 1 byte. */
static void add_length(struct text *to, size_t length, unsigned fixed,
                       size_t fixed_max, unsigned first)
{
    const bool has_byte = first == 0xd9 || first == 0xc4;

    if (length <= fixed_max && fixed != 0) {
        add_head(to, fixed | (unsigned)length, 0, 0);
    } else if (has_byte && length <= UINT8_MAX) {
        add_head(to, first, length, 1);
    } else if (length <= UINT16_MAX) {
        add_head(to, first + (has_byte ? 1 : 0), length, 2);
    } else {
        add_head(to, first + (has_byte ? 2 : 1), length, 4);
    }
}

void msgpack_add_bool(struct text *to, bool value)
{
    add_head(to, value ? 0xc3 : 0xc2, 0, 0);
}

void msgpack_add_int(struct text *to, int64_t value)
{
    /* The number of bytes 1, 2, 4, 8 adds 0 to 3 to the first byte. */
    for (unsigned i = 0; i < 4; i++) {
        const unsigned bits = 8U << i;

        if (value >= -32 && value < 128) {
            add_head(to, (unsigned)value & 0xff, 0, 0);
            return;
        }
        if (value > 0 && (bits == 64 || value >> bits == 0)) {
            add_head(to, 0xcc + i, (uint64_t)value, bits / 8);
            return;
        }
        if (value < 0 && value >= -(INT64_C(1) << (bits - 2)) * 2) {
            add_head(to, 0xd0 + i, (uint64_t)value, bits / 8);
            return;
        }
    }
}

void msgpack_add_double(struct text *to, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    add_head(to, 0xcb, bits, 8);
}

void msgpack_add_str(struct text *to, const char *data, size_t size)
{
    add_length(to, size, 0xa0, 31, 0xd9);
    text_add(to, data, size);
}

void msgpack_add_bin(struct text *to, const void *data, size_t size)
{
    add_length(to, size, 0, 0, 0xc4);
    text_add(to, data, size);
}

void msgpack_add_map(struct text *to, size_t count)
{
    add_length(to, count, 0x80, 15, 0xde);
}

void msgpack_add_array(struct text *to, size_t count)
{
    add_length(to, count, 0x90, 15, 0xdc);
}

void msgpack_add_time(struct text *to, quipu_time time)
{
    int64_t seconds = time.microseconds / 1000000;
    int64_t fraction = time.microseconds % 1000000;

    if (fraction < 0) {
        fraction += 1000000;
        seconds--;
    }
    const uint64_t nanoseconds = (uint64_t)fraction * 1000;

    if (nanoseconds == 0 && seconds >= 0 && seconds <= UINT32_MAX) {
        text_add(to, "\xd6", 1);
        add_head(to, 0xff, (uint64_t)seconds, 4);
    } else if (seconds >= 0 && (uint64_t)seconds >> 34 == 0) {
        text_add(to, "\xd7", 1);
        add_head(to, 0xff, nanoseconds << 34 | (uint64_t)seconds, 8);
    } else {
        text_add(to, "\xc7\x0c", 2);
        add_head(to, 0xff, nanoseconds, 4);
        add_number(to, (uint64_t)seconds, 8);
    }
}
