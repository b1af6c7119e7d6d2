/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes percent-encoding, strictly and leniently. */
#include "base/percent.h"

#include <string.h>

#include "base/utf8.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Returns the byte that "%xx" at `text` encodes; -1 if it encodes none. */
static int encoded_byte(const char *text, size_t size)
{
    int high = size > 2 ? hex_digit(text[1]) : -1;
    int low = size > 2 ? hex_digit(text[2]) : -1;

    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

const char *quipu_percent_decode_bytes(char *decoded, const char *text,
                                       size_t size)
{
    size_t length = 0;

    for (size_t at = 0; at < size; at++) {
        int byte = (unsigned char)text[at];

        if (text[at] == '%') {
            byte = encoded_byte(text + at, size - at);
            at += 2;
        }
        if (byte < 0) {
            return "a '%' without two hexadecimal digits (write %25 for '%')";
        }
        if (byte == 0) {
            return "%00, which no text may contain";
        }
        decoded[length++] = (char)byte;
    }
    decoded[length] = '\0';
    return NULL;
}

const char *quipu_percent_decode(char *decoded, const char *text, size_t size)
{
    const char *fault = quipu_percent_decode_bytes(decoded, text, size);

    if (!fault &&
        !quipu_utf8_valid((quipu_bytes){ decoded, strlen(decoded) })) {
        return "bytes that are not UTF-8";
    }
    return fault;
}

void quipu_percent_decode_leniently(char *decoded, const char *text,
                                    size_t size)
{
    size_t length = 0;

    for (size_t at = 0; at < size; at++) {
        int byte = -1;

        if (text[at] == '%') {
            byte = encoded_byte(text + at, size - at);
        }
        if (byte > 0) {
            decoded[length++] = (char)byte;
            at += 2;
        } else {
            decoded[length++] = text[at];
        }
    }
    decoded[length] = '\0';
}
