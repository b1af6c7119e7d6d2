/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An item with its state opened and decoded, and its parts as text and as JSON,
 * for all commands that show items.
 */
#ifndef QUIPU_TOOLS_ITEM_VIEW_H
#define QUIPU_TOOLS_ITEM_VIEW_H

#include "state.h"

#include <quipu/quipu.h>

#include <jansson.h>
#include <stdbool.h>

struct text;

struct item_view {
    const quipu_schema *schema;
    const quipu_item *item;
    struct state state;  /* without fields: erased, sealed or not decodable */
    const char *sealed;  /* why the state cannot be opened, or NULL */
    quipu_bytes content; /* the state, opened if possible */
    quipu_error error;
};

/* Reads an item, which is borrowed; item_view_finish releases the rest. */
void item_view_init(struct item_view *view, const quipu_schema *schema,
                    const quipu_item *item);
void item_view_finish(struct item_view *view);

/* Sets *time to the time of the event, from its column or its state.  False:
 * it has none. */
bool item_view_time(const struct item_view *view, quipu_time *time);

/* Append a part as escaped text; an absent part adds nothing.  `brief`: whole
 * seconds.  `indent`: JSON on lines of its own, each after so many spaces; -1:
 * on one line. */
void item_view_add_time(const struct item_view *view, bool brief,
                        struct text *text);
void item_view_add_event_id(const struct item_view *view, struct text *text);
void item_view_add_column(const struct item_view *view, size_t column,
                          struct text *text);
void item_view_add_metadata(const struct item_view *view, int indent,
                            struct text *text);
void item_view_add_state(const struct item_view *view, int indent,
                         struct text *text);

/* Return an item as an object (item_json.c): with all data, and without its
 * state. */
json_t *item_json_of(const struct item_view *view);
json_t *item_json_properties(const quipu_schema *schema,
                             const quipu_item *item);

/* Prints the item with each part on a line of its own (item_record.c).
 * `title`: name the schema. */
void item_record_print(const struct item_view *view, bool title);

#endif
