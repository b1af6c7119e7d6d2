/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the page of guarantees that the build puts into the library. */
#include "guarantees.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define MOST 40

/* Made of docs/guarantees.md; NUL-terminated. */
extern const unsigned char quipu_guarantees_page[];

static struct quipu_guarantee guarantees[MOST];
static size_t count;

static void copy(char *to, size_t room, const char *from, size_t size)
{
    size_t fits = size < room ? size : room - 1;

    memcpy(to, from, fits);
    to[fits] = '\0';
}

/* Takes "**U1 One winner.** Of any ..." apart; false: it is none. */
static bool parse(const char *paragraph, size_t size,
                  struct quipu_guarantee *guarantee)
{
    const char *end = paragraph + size, *id = paragraph + 2;
    const char *title = id + strcspn(id, " *\n") + 1;
    const char *close = strstr(title, "**"), *text;
    size_t length;

    if (size < 4 || strncmp(paragraph, "**", 2) != 0 || title[-1] != ' ' ||
        !close || close > end) {
        return false;
    }
    text = close + 2;
    length = (size_t)(close - title);
    length -= title[length - 1] == '.';
    copy(guarantee->id, sizeof(guarantee->id), id, (size_t)(title - 1 - id));
    copy(guarantee->title, sizeof(guarantee->title), title, length);
    text += strspn(text, ",: ");
    copy(guarantee->text, sizeof(guarantee->text), text, (size_t)(end - text));
    return true;
}

static void read_page(void)
{
    const char *at = (const char *)quipu_guarantees_page;

    while (at && *at && count < MOST) {
        const char *end = strstr(at, "\n\n");
        size_t size = end ? (size_t)(end - at) : strlen(at);

        while (size > 0 && at[size - 1] == '\n') {
            size--;
        }
        count += parse(at, size, &guarantees[count]);
        at = end ? end + 2 : NULL;
    }
}

const struct quipu_guarantee *quipu_guarantee_at(size_t index)
{
    if (count == 0) {
        read_page();
    }
    return index < count ? &guarantees[index] : NULL;
}

const struct quipu_guarantee *quipu_guarantee_of(const char *id)
{
    size_t length = strcspn(id, ".");
    const struct quipu_guarantee *guarantee;

    for (size_t i = 0; (guarantee = quipu_guarantee_at(i)); i++) {
        if (strlen(guarantee->id) == length &&
            memcmp(guarantee->id, id, length) == 0) {
            return guarantee;
        }
    }
    return NULL;
}
