/* SPDX-License-Identifier: Apache-2.0 */
/* Text and numbers as text of an output format. */
#include "encoding.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Decodes the UTF-8 character at `text`; returns its size in bytes, or 0 if the
 * bytes are not valid UTF-8. */
static size_t decode(const char *text, uint32_t *character)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *bytes = (const unsigned char *)text;
    size_t size = bytes[0] < 0x80   ? 1
                  : bytes[0] < 0xc2 ? 0
                  : bytes[0] < 0xe0 ? 2
                  : bytes[0] < 0xf0 ? 3
                  : bytes[0] < 0xf5 ? 4
                                    : 0;
    uint32_t value = size < 2 ? bytes[0] : bytes[0] & (0x7fU >> size);

    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xc0) != 0x80) { /* includes the terminating NUL */
            return 0;
        }
        value = value << 6 | (bytes[i] & 0x3fU);
    }
    *character = value;
    return value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff) ||
                   (size > 0 && value < least[size])
               ? 0
               : size;
}

static bool fits_xml(uint32_t character)
{
    return character == '\n' || character == '\t' ||
           (character >= 0x20 && character != 0x7f &&
            (character & 0xfffe) != 0xfffe);
}

static const char *entity(uint32_t character)
{
    switch (character) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\n':
        return "&#10;"; /* a line break also in an attribute */
    default:
        return NULL;
    }
}

static void write_xml(FILE *to, const char *text, size_t length)
{
    for (size_t at = 0, size; at < length; at += size) {
        uint32_t character = 0;
        const char *name;

        size = decode(text + at, &character);
        name = size > 0 ? entity(character) : NULL;
        if (name) {
            fputs(name, to);
        } else if (size > 0 && fits_xml(character)) {
            (void)fwrite(text + at, 1, size, to);
        } else {
            size = 1;
            fprintf(to, "\\x%02x", (unsigned char)text[at]);
        }
    }
}

void quipu_encoding_xml(FILE *to, const char *text)
{
    write_xml(to, text, strlen(text));
}

void quipu_encoding_xml_line(FILE *to, const char *text)
{
    write_xml(to, text, strcspn(text, "\n"));
}

void quipu_encoding_json(FILE *to, const char *text)
{
    fputc('"', to);
    for (size_t size; *text; text += size) {
        uint32_t character = 0;

        size = decode(text, &character);
        if (size == 0) {
            size = 1;
            fprintf(to, "\\\\x%02x", (unsigned char)*text);
        } else if (character == '\n') {
            fputs("\\n", to);
        } else if (character < 0x20 || character == 0x7f) {
            fprintf(to, "\\u%04x", (unsigned)character);
        } else if (character == '"' || character == '\\') {
            fprintf(to, "\\%c", *text);
        } else {
            (void)fwrite(text, 1, size, to);
        }
    }
    fputc('"', to);
}

void quipu_encoding_thousandths(FILE *to, int64_t thousandths)
{
    fprintf(to, "%" PRId64 ".%03d", thousandths / 1000,
            (int)(thousandths % 1000));
}

void quipu_encoding_time(FILE *to, time_t time)
{
    struct tm utc;
    char text[32];

    gmtime_r(&time, &utc);
    (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    fputs(text, to);
}
