/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Items as JSON for the page of `quipu browse`, and lists of them, of bounded
 * size.  docs/browse.md describes the members.
 *
 * Integers that a double cannot hold are objects, {"integer": "..."}, since the
 * JSON reader of a browser would round them.
 */
#ifndef QUIPU_TOOLS_ITEMS_H
#define QUIPU_TOOLS_ITEMS_H

#include "output/text.h"

#include <quipu/quipu.h>

#include <jansson.h>
#include <stdbool.h>

/* Bytes of a state, of metadata and of a value of a further column that are
 * shown in a list, and of a single item. */
#define ITEMS_LIST_MAX ((size_t)4096)
#define ITEMS_SINGLE_MAX ((size_t)1 << 20)

/* Bytes of text after which a list ends, in whole items. */
#define ITEMS_TEXT_MAX ((size_t)1 << 20)

/* An answer that is a list: {"items":[...], and further members}. */
struct items {
    struct text *body; /* of the answer */
    size_t count;
};

void items_begin(struct items *items, struct text *body);

/* Adds an element and takes it over.  Returns false, without it, if the list
 * has `limit` elements or is long enough; there are then more. */
bool items_add(struct items *items, int64_t limit, json_t *element);

/* Ends the list, with the members of `further`, which it takes over. */
void items_end(struct items *items, json_t *further);

/* Appends a value to a text, and releases it. */
void items_add_value(struct text *body, json_t *value);

/* Returns an item.  Contents above `most` bytes are left out, and the size is
 * given.  Uses the keys of the command line, in one thread at a time. */
json_t *items_json(const quipu_schema *schema, const quipu_item *item,
                   size_t most);

#endif
