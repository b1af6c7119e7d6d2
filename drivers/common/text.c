/* SPDX-License-Identifier: Apache-2.0 */
/* Text; the header describes each function. */
#include "text.h"

#include "safeguard.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool make_room(struct text *text, size_t more)
{
    size_t wanted = text->size + more + 1;
    if (text->failed || wanted <= text->room) {
        return !text->failed;
    }
    size_t room = wanted + wanted / 2 + 64;
    char *data = text->host->reallocate(text->data, room);
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->room = room;
    return true;
}

static void add_bytes(struct text *text, const char *bytes, size_t size)
{
    if (make_room(text, size)) {
        memcpy(text->data + text->size, bytes, size);
        text->size += size;
        text->data[text->size] = '\0';
    }
}

void quipu_common_text_add(struct text *text, const char *piece)
{
    add_bytes(text, piece, strlen(piece));
}

void quipu_common_text_add_name(struct text *text, const char *name)
{
    add_bytes(text, "\"", 1);
    for (; *name != '\0'; name++) {
        add_bytes(text, name, 1);
        if (SAFEGUARDED("F2.quotes", *name == '"', false)) {
            add_bytes(text, name, 1);
        }
    }
    add_bytes(text, "\"", 1);
}

void quipu_common_text_finish(struct text *text)
{
    text->host->release(text->data);
    *text = (struct text){ .host = text->host };
}

char *quipu_common_text_copy(const quipu_host *host, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = host->allocate(size);
    return copy ? memcpy(copy, text, size) : NULL;
}

/* ----------------------------------------------------- percent-encoding */

static int digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool quipu_common_text_decode_percent(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        if (*from != '%') {
            *to++ = *from;
            continue;
        }
        int high = digit(from[1]);
        int low = high >= 0 ? digit(from[2]) : -1;
        if (low < 0 || high * 16 + low == 0) {
            return false;
        }
        *to++ = (char)(high * 16 + low);
        from += 2;
    }
    *to = '\0';
    return true;
}

/* ------------------------------------------------------ values of options */

bool quipu_common_text_to_bool(const char *value)
{
    static const char *const yes[] = { "1", "true", "yes", "on" };
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        if (strcasecmp(value, yes[i]) == 0) {
            return true;
        }
    }
    return false;
}

int64_t quipu_common_text_to_number(const char *value)
{
    static const char suffixes[] = "kmgt";
    char *end = NULL;
    unsigned long long n = strtoull(value, &end, 10);
    const char *suffix = *end != 0 ? strchr(suffixes, *end | 0x20) : NULL;
    unsigned shift = suffix ? 10 * (unsigned)(suffix - suffixes + 1) : 0;
    if (n > (unsigned long long)INT64_MAX >> shift) {
        return INT64_MAX;
    }
    return (int64_t)(n << shift);
}
