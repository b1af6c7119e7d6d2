/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 as in RFC 4648, section 4. */
#include "base64.h"

#include <stdint.h>

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
#define PADDING 64

size_t base64_size(size_t bytes)
{
    return (bytes + 2) / 3 * 4;
}

void base64_encode(const void *data, size_t size, char *text)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i += 3) {
        const size_t left = size - i;
        const uint32_t three = (uint32_t)bytes[i] << 16 |
                               (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                               (left > 2 ? bytes[i + 2] : 0);

        *text++ = digits[three >> 18];
        *text++ = digits[three >> 12 & 63];
        *text++ = digits[left > 1 ? three >> 6 & 63 : PADDING];
        *text++ = digits[left > 2 ? three & 63 : PADDING];
    }
}

/* Returns the value of a digit, or 64 for other characters. */
static uint32_t value_of(char digit)
{
    if (digit >= 'A' && digit <= 'Z') {
        return (uint32_t)(digit - 'A');
    }
    if (digit >= 'a' && digit <= 'z') {
        return (uint32_t)(digit - 'a') + 26;
    }
    if (digit >= '0' && digit <= '9') {
        return (uint32_t)(digit - '0') + 52;
    }
    return digit == '+' ? 62 : digit == '/' ? 63 : 64;
}

/* Decodes four characters, of which the last `padding` are '='.  The unused
 * bits of the last digit must be zero. */
static bool decode_four(const char *text, size_t padding, uint8_t *bytes)
{
    uint32_t three = 0;

    for (size_t i = 0; i < 4; i++) {
        const uint32_t value = i < 4 - padding ? value_of(text[i]) : 0;

        if (value > 63) {
            return false;
        }
        three = three << 6 | value;
    }
    bytes[0] = (uint8_t)(three >> 16);
    if (padding < 2) {
        bytes[1] = (uint8_t)(three >> 8);
    }
    if (padding < 1) {
        bytes[2] = (uint8_t)three;
    }
    return padding == 0 || (three & ((1u << (8 * padding)) - 1)) == 0;
}

bool base64_decode(const char *text, size_t size, void *data, size_t *decoded)
{
    uint8_t *bytes = data;

    *decoded = 0;
    if (size % 4 != 0) {
        return false;
    }
    for (size_t i = 0; i < size; i += 4) {
        const bool last = i + 4 == size;
        const size_t padding = !last || text[i + 3] != '=' ? 0
                               : text[i + 2] != '='        ? 1
                                                           : 2;

        if (!decode_four(text + i, padding, bytes + *decoded)) {
            return false;
        }
        *decoded += 3 - padding;
    }
    return true;
}
