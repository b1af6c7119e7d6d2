/* SPDX-License-Identifier: Apache-2.0 */
/* An item in the expanded form: each part on a line of its own. */
#include "item_view.h"
#include "terminal.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

enum { NAME_WIDTH = 10, RULE_WIDTH = 72, INDENT = NAME_WIDTH + 2 };

/* Prints a part, unless it is absent, and empties the text. */
static void print_part(const char *name, enum terminal_style style,
                       struct text *part)
{
    const char *end = style == STYLE_PLAIN ? "" : terminal_style(STYLE_PLAIN);

    if (part->size > 0) {
        printf("%s%-*s%s  %s%s%s\n", terminal_style(STYLE_HEADING), NAME_WIDTH,
               name, terminal_style(STYLE_PLAIN),
               style == STYLE_PLAIN ? "" : terminal_style(style),
               text_content(part), end);
    }
    text_clear(part);
}

/* "-[ 4 ]-----", or "-[ orders 4 ]-----". */
static void print_rule(const struct item_view *view, bool title)
{
    struct text rule = { 0 };

    text_print(&rule, "-[ ");
    if (title) {
        text_add_escaped(&rule, view->schema->table,
                         strlen(view->schema->table));
        text_print(&rule, " ");
    }
    text_print(&rule, "%lld ]", (long long)view->item->notification_id);
    while (text_width(text_content(&rule)) < RULE_WIDTH) {
        text_add(&rule, "-", 1);
    }
    printf("%s%s%s\n", terminal_style(STYLE_NUMBER), text_content(&rule),
           terminal_style(STYLE_PLAIN));
    text_free(&rule);
}

static void print_columns(const struct item_view *view, struct text *part)
{
    struct text name = { 0 };

    for (size_t i = 0; i < view->schema->column_count; i++) {
        const char *column = view->schema->columns[i].name;

        text_clear(&name);
        text_add_escaped(&name, column, strlen(column));
        item_view_add_column(view, i, part);
        print_part(text_content(&name), STYLE_PLAIN, part);
    }
    text_free(&name);
}

void item_record_print(const struct item_view *view, bool title)
{
    const quipu_item *item = view->item;
    struct text part = { 0 };

    print_rule(view, title);
    text_add_escaped(&part, item->topic.data, item->topic.size);
    print_part("topic", STYLE_TOPIC, &part);
    if (json_object_get(view->state.envelope, "version")) {
        text_print(&part, "%lld",
                   (long long)json_integer_value(
                       json_object_get(view->state.envelope, "version")));
        print_part("version", STYLE_PLAIN, &part);
    }
    text_add_id(&part, view->schema, item->sequence_id);
    print_part("sequence", STYLE_PLAIN, &part);
    text_print(&part, "%lld", (long long)item->position);
    print_part("position", STYLE_PLAIN, &part);
    item_view_add_time(view, false, &part);
    print_part("time", STYLE_PLAIN, &part);
    item_view_add_event_id(view, &part);
    print_part("event id", STYLE_PLAIN, &part);
    print_columns(view, &part);
    item_view_add_metadata(view, INDENT, &part);
    print_part("metadata", STYLE_PLAIN, &part);
    item_view_add_state(view, INDENT, &part);
    print_part("state", STYLE_PLAIN, &part);
    text_free(&part);
}
