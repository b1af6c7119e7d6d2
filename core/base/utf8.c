/* SPDX-License-Identifier: Apache-2.0 */
/* Checks UTF-8 (RFC 3629). */
#include "base/utf8.h"

#include <string.h>

/* What may begin a character: how many bytes follow, and the bounds of the
 * first of them, which rule out overlong forms, surrogates and what lies
 * above U+10FFFF.  The other followers are 0x80 to 0xBF. */
static const struct lead {
    uint8_t first, last;
    uint8_t followers;
    uint8_t lower, upper;
} leads[] = {
    { 0x01, 0x7F, 0, 0x00, 0x00 }, { 0xC2, 0xDF, 1, 0x80, 0xBF },
    { 0xE0, 0xE0, 2, 0xA0, 0xBF }, { 0xE1, 0xEC, 2, 0x80, 0xBF },
    { 0xED, 0xED, 2, 0x80, 0x9F }, { 0xEE, 0xEF, 2, 0x80, 0xBF },
    { 0xF0, 0xF0, 3, 0x90, 0xBF }, { 0xF1, 0xF3, 3, 0x80, 0xBF },
    { 0xF4, 0xF4, 3, 0x80, 0x8F },
};

static const struct lead *find_lead(uint8_t byte)
{
    for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
        if (byte >= leads[i].first && byte <= leads[i].last) {
            return &leads[i];
        }
    }
    return NULL;
}

/* The size of the character that `text` begins with, or 0 if it is none. */
static size_t character_size(const uint8_t *text, size_t size)
{
    const struct lead *lead = find_lead(text[0]);

    if (!lead || lead->followers >= size) {
        return 0;
    }
    for (size_t i = 1; i <= lead->followers; i++) {
        uint8_t lower = i == 1 ? lead->lower : 0x80;
        uint8_t upper = i == 1 ? lead->upper : 0xBF;

        if (text[i] < lower || text[i] > upper) {
            return 0;
        }
    }
    return lead->followers + 1U;
}

/* Whether eight bytes are all ASCII and none is NUL: then taking one from each
 * sets no high bit either. */
static bool is_ascii(const uint8_t *bytes)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t word;

    memcpy(&word, bytes, sizeof(word));
    return ((word | (word - ones)) & ones << 7) == 0;
}

bool quipu_utf8_valid(quipu_bytes text)
{
    const uint8_t *bytes = text.data;
    size_t at = 0;

    while (bytes && at < text.size) {
        size_t size;

        if (text.size - at >= 8 && is_ascii(bytes + at)) {
            at += 8;
            continue;
        }
        size = character_size(bytes + at, text.size - at);
        if (size == 0) {
            return false;
        }
        at += size;
    }
    return true;
}

size_t quipu_utf8_cut(const char *text, size_t size, size_t room)
{
    size_t cut = room;

    if (size <= room) {
        return size;
    }
    while (cut > 0 && ((uint8_t)text[cut] & 0xC0) == 0x80) {
        cut--;
    }
    /* A long run of followers is no UTF-8: cut it anywhere. */
    return room - cut < 4 ? cut : room;
}
