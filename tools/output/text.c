/* SPDX-License-Identifier: Apache-2.0 */
/* A growing string; escaping of text from a store; the width of characters. */
#include "text.h"
#include "memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static void reserve(struct text *text, size_t more)
{
    size_t capacity = text->capacity == 0 ? 64 : text->capacity;

    while (capacity - text->size <= more) {
        capacity *= 2;
    }
    if (capacity > text->capacity) {
        text->data = memory_resize(text->data, capacity, 1);
        text->capacity = capacity;
    }
}

void text_add(struct text *text, const void *data, size_t size)
{
    reserve(text, size);
    if (size > 0) {
        memcpy(text->data + text->size, data, size);
    }
    text->size += size;
    text->data[text->size] = '\0';
}

void text_print(struct text *text, const char *format, ...)
{
    va_list arguments;
    char *made = NULL;

    va_start(arguments, format);
    int size = vasprintf(&made, format, arguments);
    va_end(arguments);
    if (size < 0) {
        memory_exhausted();
    }
    text_add(text, made, (size_t)size);
    free(made);
}

void text_clear(struct text *text)
{
    text->size = 0;
    if (text->data) {
        text->data[0] = '\0';
    }
}

void text_free(struct text *text)
{
    free(text->data);
    memset(text, 0, sizeof(*text));
}

const char *text_content(const struct text *text)
{
    return !text->data ? "" : text->data;
}

void text_add_hex(struct text *text, const void *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;

    reserve(text, size * 2);
    for (size_t i = 0; i < size; i++) {
        text->data[text->size++] = digits[bytes[i] >> 4];
        text->data[text->size++] = digits[bytes[i] & 15];
    }
    text->data[text->size] = '\0';
}

/* ------------------------------------------------------------ escaping */

/* Decodes one character of UTF-8 at `data`, which holds `size` > 0 bytes.
 * Returns its length, or 0 if the bytes are not UTF-8. */
static size_t decode_utf8(const void *data, size_t size, uint32_t *character)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const uint8_t *bytes = data;

    if (bytes[0] < 0x80) {
        *character = bytes[0];
        return 1;
    }
    if (bytes[0] < 0xc0 || bytes[0] >= 0xf8) {
        return 0;
    }
    size_t length = bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
    if (length > size) {
        return 0;
    }
    uint32_t value = bytes[0] & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 0;
        }
        value = value << 6 | (bytes[i] & 0x3fU);
    }
    if (value < least[length] || value > 0x10ffff ||
        (value >= 0xd800 && value <= 0xdfff)) {
        return 0;
    }
    *character = value;
    return length;
}

/* Returns true for DEL, the C1 controls, line separators, and characters that
 * change the direction of writing, which can make one text look like another.
 */
static bool is_unsafe(uint32_t character)
{
    return (character >= 0x7f && character <= 0x9f) || character == 0x61c ||
           (character >= 0x200e && character <= 0x200f) ||
           (character >= 0x2028 && character <= 0x202e) ||
           (character >= 0x2066 && character <= 0x2069) ||
           character == 0xfeff || (character >= 0xfff9 && character <= 0xfffb);
}

static void add_control(struct text *text, uint32_t character)
{
    switch (character) {
    case '\n':
        text_add(text, "\\n", 2);
        break;
    case '\r':
        text_add(text, "\\r", 2);
        break;
    case '\t':
        text_add(text, "\\t", 2);
        break;
    default:
        text_print(text, "\\x%02x", (unsigned)character);
    }
}

void text_add_escaped(struct text *text, const void *data, size_t size)
{
    const char *bytes = data;

    for (size_t at = 0, length; at < size; at += length) {
        uint32_t character = (uint8_t)bytes[at];

        length = decode_utf8(bytes + at, size - at, &character);
        if (length == 0) {
            length = 1;
            text_print(text, "\\x%02x", (uint8_t)bytes[at]);
        } else if (character < 0x20) {
            add_control(text, character);
        } else if (is_unsafe(character)) {
            text_print(text, "\\u%04x", (unsigned)character);
        } else {
            text_add(text, bytes + at, length);
        }
    }
}

void text_add_escaped_json(struct text *text, const char *json)
{
    const quipu_bytes bytes = quipu_bytes_of_text(json);

    for (size_t at = 0, length; at < bytes.size; at += length) {
        uint32_t character = 0;

        length = decode_utf8(json + at, bytes.size - at, &character);
        if (length == 0) { /* no JSON writer emits this */
            length = 1;
            character = '?';
        }
        if (is_unsafe(character)) {
            text_print(text, "\\u%04x", (unsigned)character);
        } else {
            text_add(text, json + at, length);
        }
    }
}

/* --------------------------------------------------------------- width */

static size_t columns_of(uint32_t character)
{
    const int columns = wcwidth((wchar_t)character);

    return columns < 0 ? 1 : (size_t)columns;
}

size_t text_width(const char *text)
{
    const size_t size = quipu_bytes_of_text(text).size;
    size_t width = 0;

    for (size_t at = 0, length; at < size; at += length) {
        uint32_t character = '?';

        length = decode_utf8(text + at, size - at, &character);
        length = length == 0 ? 1 : length;
        width += columns_of(character);
    }
    return width;
}

size_t text_fit(const char *text, size_t columns)
{
    const size_t size = quipu_bytes_of_text(text).size;
    size_t width = 0;
    size_t at = 0;

    while (at < size) {
        uint32_t character = '?';
        size_t length = decode_utf8(text + at, size - at, &character);

        length = length == 0 ? 1 : length;
        width += columns_of(character);
        if (width > columns) {
            break;
        }
        at += length;
    }
    return at;
}

void text_add_id(struct text *text, const quipu_schema *schema, quipu_bytes id)
{
    char uuid_text[QUIPU_UUID_TEXT_SIZE];
    quipu_uuid uuid;

    if ((schema->flags & QUIPU_SCHEMA_TEXT_IDS) != 0) {
        text_add_escaped(text, id.data, id.size);
    } else if (id.size == sizeof(uuid.bytes)) {
        memcpy(uuid.bytes, id.data, sizeof(uuid.bytes));
        quipu_uuid_format(&uuid, uuid_text);
        text_print(text, "%s", uuid_text);
    } else {
        text_add_hex(text, id.data, id.size);
    }
}

void text_add_span(struct text *text, int64_t microseconds)
{
    static const struct {
        const char *name;
        long long seconds;
    } units[] = { { "d", 86400 }, { "h", 3600 }, { "min", 60 }, { "s", 1 } };
    const long long seconds = microseconds / 1000000;
    size_t unit = 0;

    while (units[unit].seconds > 1 && seconds < 2 * units[unit].seconds) {
        unit++;
    }
    text_print(text, "%lld %s", seconds / units[unit].seconds,
               units[unit].name);
}
