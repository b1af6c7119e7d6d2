/* SPDX-License-Identifier: Apache-2.0 */
/* Text; the header describes each function. */
#include "text.h"

#include "safeguard.h"

#include <string.h>

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

char *quipu_common_text_join(const quipu_host *host, const char *first,
                             const char *second)
{
    struct text text = { .host = host };

    quipu_common_text_add(&text, first);
    quipu_common_text_add(&text, second);
    if (text.failed) {
        quipu_common_text_finish(&text);
    }
    return text.data;
}
