/* SPDX-License-Identifier: Apache-2.0 */
/* Which characters a terminal may see, and how wide they are. */
#include "text.h"

#include <wchar.h>

size_t quipu_tool_character(const void *data, size_t size, uint32_t *character)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const uint8_t *bytes = data;
    size_t length = 0;
    uint32_t value = 0;

    if (bytes[0] < 0x80) {
        *character = bytes[0];
        return 1;
    }
    if (bytes[0] < 0xc0 || bytes[0] >= 0xf8) {
        return 0;
    }
    length = bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
    if (length > size) {
        return 0;
    }
    value = bytes[0] & (0x7fU >> length);
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

/* DEL, the C1 controls, line separators, and what changes the direction of
 * writing, with which one text can be made to look like another. */
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
        quipu_tool_text_add(text, "\\n", 2);
        break;
    case '\r':
        quipu_tool_text_add(text, "\\r", 2);
        break;
    case '\t':
        quipu_tool_text_add(text, "\\t", 2);
        break;
    default:
        quipu_tool_text_print(text, "\\x%02x", (unsigned)character);
    }
}

void quipu_tool_text_safe(struct text *text, const void *data, size_t size)
{
    const char *bytes = data;

    for (size_t at = 0, length; at < size; at += length) {
        uint32_t character = (uint8_t)bytes[at];

        length = quipu_tool_character(bytes + at, size - at, &character);
        if (length == 0) {
            length = 1;
            quipu_tool_text_print(text, "\\x%02x", (uint8_t)bytes[at]);
        } else if (character < 0x20) {
            add_control(text, character);
        } else if (is_unsafe(character)) {
            quipu_tool_text_print(text, "\\u%04x", (unsigned)character);
        } else {
            quipu_tool_text_add(text, bytes + at, length);
        }
    }
}

void quipu_tool_text_safe_json(struct text *text, const char *json)
{
    const quipu_bytes bytes = quipu_bytes_of_text(json);

    for (size_t at = 0, length; at < bytes.size; at += length) {
        uint32_t character = 0;

        length = quipu_tool_character(json + at, bytes.size - at, &character);
        if (length == 0) { /* not from a JSON writer; keep it from harm */
            length = 1;
            character = '?';
        }
        if (is_unsafe(character)) {
            quipu_tool_text_print(text, "\\u%04x", (unsigned)character);
        } else {
            quipu_tool_text_add(text, json + at, length);
        }
    }
}

static size_t columns_of(uint32_t character)
{
    const int columns = wcwidth((wchar_t)character);

    return columns < 0 ? 1 : (size_t)columns;
}

size_t quipu_tool_text_width(const char *text)
{
    const size_t size = quipu_bytes_of_text(text).size;
    size_t width = 0;

    for (size_t at = 0, length; at < size; at += length) {
        uint32_t character = '?';

        length = quipu_tool_character(text + at, size - at, &character);
        length = length == 0 ? 1 : length;
        width += columns_of(character);
    }
    return width;
}

size_t quipu_tool_text_fit(const char *text, size_t columns)
{
    const size_t size = quipu_bytes_of_text(text).size;
    size_t width = 0;
    size_t at = 0;

    while (at < size) {
        uint32_t character = '?';
        size_t length = quipu_tool_character(text + at, size - at, &character);

        length = length == 0 ? 1 : length;
        width += columns_of(character);
        if (width > columns) {
            break;
        }
        at += length;
    }
    return at;
}
