/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the items of one schema, as a table or as JSON Lines. */
#ifndef QUIPU_TOOLS_ITEMS_H
#define QUIPU_TOOLS_ITEMS_H

#include "args.h"
#include "store.h"

struct items;

/* `title`: name the schema above the table, as there are several. */
struct items *quipu_tool_items_open(const struct args *args,
                                    const quipu_schema *schema, bool title);
void quipu_tool_items_print(struct items *items, const quipu_item *item);
/* Lets the reader see what was printed. */
void quipu_tool_items_flush(struct items *items);
void quipu_tool_items_close(struct items *items);

/* Prints what a cursor yields, and closes it.  *count (NULL is allowed) is
 * raised by the number of items, *last set to the last notification id. */
int quipu_tool_items_drain(struct items *items, quipu_cursor *cursor,
                           int64_t *count, int64_t *last, quipu_error *error);

/* A sequence id as text: a UUID, or text made safe.  To be freed by
 * quipu_tool_text_free. */
struct text;
void quipu_tool_id_text(struct text *text, const quipu_schema *schema,
                        quipu_bytes id);

#endif
