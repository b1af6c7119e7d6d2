/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of texts that begin with a prefix, for comparisons in byte order.  In
 * UTF-8 the order of bytes is that of code points. */
#include "read.h"

#include <string.h>

#define GREATEST 0x10ffffu /* code point */
#define SURROGATES 0xd800u /* these to 0xdfff are no characters */
#define BEHIND_THEM 0xe000u

/* The code point of a character of `size` bytes. */
static uint32_t decode(const unsigned char *bytes, size_t size)
{
    static const unsigned char masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    uint32_t point = bytes[0] & masks[size];
    for (size_t i = 1; i < size; i++) {
        point = point << 6 | (bytes[i] & 0x3fu);
    }
    return point;
}

static size_t encode(uint32_t point, unsigned char *bytes)
{
    static const unsigned char marks[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    size_t size = point < 0x80      ? 1
                  : point < 0x800   ? 2
                  : point < 0x10000 ? 3
                                    : 4;
    for (size_t i = size - 1; i > 0; i--) {
        bytes[i] = (unsigned char)(0x80u | (point & 0x3fu));
        point >>= 6;
    }
    bytes[0] = (unsigned char)(marks[size] | point);
    return size;
}

/* Replaces the last character that has a successor by it, and leaves out what
 * follows. */
quipu_bytes quipu_postgres_text_range_end(quipu_bytes prefix, char *end)
{
    unsigned char *bytes = (unsigned char *)end;
    size_t size = prefix.size;
    if (size > 0) {
        memcpy(end, prefix.data, size);
    }
    while (size > 0) {
        size_t start = size - 1;
        while (start > 0 && size - start < 4 &&
               (bytes[start] & 0xc0u) == 0x80u) {
            start--;
        }
        uint32_t point = decode(bytes + start, size - start) + 1;
        if (point <= GREATEST) {
            point = point == SURROGATES ? BEHIND_THEM : point;
            return (quipu_bytes){ end, start + encode(point, bytes + start) };
        }
        size = start;
    }
    return (quipu_bytes){ NULL, 0 };
}
