/* SPDX-License-Identifier: Apache-2.0 */
/* Validates UTF-8 by the table of well-formed byte sequences (RFC 3629). */
#include "base/utf8.h"

#include <string.h>

/* The ranges of first bytes of a character that is not ASCII: the number of
 * continuation bytes, and the bounds of the first of them, which exclude
 * overlong forms, surrogates and code points above U+10FFFF.  All further ones
 * are 0x80 to 0xBF. */
static const struct lead {
    uint8_t first, last;
    uint8_t continuations;
    uint8_t lower, upper;
} leads[] = {
    { 0xC2, 0xDF, 1, 0x80, 0xBF }, { 0xE0, 0xE0, 2, 0xA0, 0xBF },
    { 0xE1, 0xEC, 2, 0x80, 0xBF }, { 0xED, 0xED, 2, 0x80, 0x9F },
    { 0xEE, 0xEF, 2, 0x80, 0xBF }, { 0xF0, 0xF0, 3, 0x90, 0xBF },
    { 0xF1, 0xF3, 3, 0x80, 0xBF }, { 0xF4, 0xF4, 3, 0x80, 0x8F },
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

/* Returns the size of the character at the start of `text`; 0 if the bytes
 * there are no character. */
static size_t character_size(const uint8_t *text, size_t size)
{
    const struct lead *lead;

    if (text[0] > 0 && text[0] < 0x80) {
        return 1;
    }
    lead = find_lead(text[0]);
    if (!lead || lead->continuations >= size) {
        return 0;
    }
    for (size_t i = 1; i <= lead->continuations; i++) {
        uint8_t lower = i == 1 ? lead->lower : 0x80;
        uint8_t upper = i == 1 ? lead->upper : 0xBF;

        if (text[i] < lower || text[i] > upper) {
            return 0;
        }
    }
    return lead->continuations + 1U;
}

/* Returns true if eight bytes are ASCII and none is NUL.  Subtracting one from
 * each byte sets a high bit exactly if a byte was NUL (or borrowed from). */
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
        size_t left = text.size - at;
        size_t size = 8;

        if (left < 8 && at >= 8 && is_ascii(bytes + text.size - 8)) {
            return true; /* the rest, and what stands before it */
        }
        if (left < 8 || !is_ascii(bytes + at)) {
            size = character_size(bytes + at, left);
        }
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
    /* Four continuation bytes in a row are not UTF-8: cut at `room`. */
    return room - cut < 4 ? cut : room;
}

void quipu_utf8_escape(char *to, size_t room, const char *text, size_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    const uint8_t *bytes = (const uint8_t *)text;
    size_t used = 0;

    for (size_t at = 0; at < size;) {
        size_t character = character_size(bytes + at, size - at);
        const char escaped[] = { '\\', 'x', digits[bytes[at] >> 4],
                                 digits[bytes[at] & 15] };
        size_t needed = character > 0 ? character : sizeof(escaped);

        if (needed >= room - used) {
            break;
        }
        memcpy(to + used, character > 0 ? text + at : escaped, needed);
        used += needed;
        at += character > 0 ? character : 1;
    }
    to[used] = '\0';
}
