/* SPDX-License-Identifier: Apache-2.0 */
/* An item with its state decoded, and its parts as text. */
#include "item_view.h"
#include "jsonl.h"
#include "keys.h"
#include "memory.h"
#include "moment.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

void item_view_init(struct item_view *view, const quipu_schema *schema,
                    const quipu_item *item)
{
    memset(view, 0, sizeof(*view));
    view->schema = schema;
    view->item = item;
    view->content = item->state;
    if ((item->flags & QUIPU_ITEM_ERASED) != 0) {
        return;
    }
    int status = keys_open_state(item, &view->content, &view->error);

    state_read(view->content, &view->state);
    if (status != QUIPU_OK && view->state.envelope) {
        view->sealed = view->error.message;
    }
}

void item_view_finish(struct item_view *view)
{
    state_free(&view->state);
}

/* ----------------------------------------------------------------- JSON */

/* Adds JSON with its lines but the first indented. */
static void add_indented(struct text *text, const char *json, int indent)
{
    for (const char *end; (end = strchr(json, '\n')); json = end + 1) {
        char *line = strndup(json, (size_t)(end - json));

        if (!line) {
            memory_exhausted();
        }
        text_add_escaped_json(text, line);
        text_print(text, "\n%*s", indent, "");
        free(line);
    }
    text_add_escaped_json(text, json);
}

/* Adds a value and releases it: a string as text, null as nothing. */
static void add_json(struct text *text, json_t *value, int indent)
{
    const size_t flags = JSON_ENCODE_ANY | (indent >= 0 ? JSON_INDENT(2) : 0);
    char *json = NULL;

    if (json_is_string(value)) {
        text_add_escaped(text, json_string_value(value),
                         json_string_length(value));
    } else if (!json_is_null(value)) {
        json = json_dumps(value, flags);
        if (!json) {
            memory_exhausted();
        }
        add_indented(text, json, indent);
    }
    free(json);
    json_decref(value);
}

/* ---------------------------------------------------------------- parts */

bool item_view_time(const struct item_view *view, quipu_time *time)
{
    const quipu_item *item = view->item;

    if ((item->flags & QUIPU_ITEM_TIME) != 0) {
        *time = item->time;
        return true;
    }
    *time = view->state.time;
    return view->state.has_time;
}

void item_view_add_time(const struct item_view *view, bool brief,
                        struct text *text)
{
    quipu_time time;

    if (!item_view_time(view, &time)) {
        return;
    }
    if (brief) {
        moment_add_brief(text, time);
    } else {
        moment_add(text, time);
    }
}

void item_view_add_event_id(const struct item_view *view, struct text *text)
{
    const json_t *stored = json_object_get(view->state.envelope, "event_id");

    if (view->item->event_id.data) {
        add_json(text, jsonl_uuid(view->item->event_id), -1);
    } else if (stored) {
        text_print(text, "%s", json_string_value(stored));
    }
}

void item_view_add_column(const struct item_view *view, size_t column,
                          struct text *text)
{
    if (column < view->item->column_count) {
        add_json(text, jsonl_value(&view->item->columns[column]), -1);
    }
}

void item_view_add_metadata(const struct item_view *view, int indent,
                            struct text *text)
{
    const quipu_bytes bytes =
        view->item->metadata.data ? view->item->metadata : view->state.metadata;
    json_t *value = state_read_metadata(bytes);

    if (json_is_null(value) && bytes.data) {
        text_add_hex(text, bytes.data, bytes.size);
    }
    add_json(text, value, indent);
}

void item_view_add_state(const struct item_view *view, int indent,
                         struct text *text)
{
    if ((view->item->flags & QUIPU_ITEM_ERASED) != 0) {
        text_print(text, "(erased)");
    } else if (view->sealed && indent >= 0) {
        text_print(text, "(sealed: ");
        text_add_escaped(text, view->sealed, strlen(view->sealed));
        text_print(text, ")");
    } else if (view->sealed) {
        text_print(text, "(sealed)");
    } else if (view->state.fields) {
        add_json(text, json_incref(view->state.fields), indent);
    } else {
        text_add_hex(text, view->item->state.data, view->item->state.size);
    }
}
