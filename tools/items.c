/* SPDX-License-Identifier: Apache-2.0 */
/* Items as rows of a table, or as JSON Lines. */
#include "items.h"
#include "items_json.h"
#include "output.h"
#include "state.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct items {
    const quipu_schema *schema;
    struct table *table; /* NULL: JSON Lines */
    struct heading *headings;
    struct text cell;
};

/* The columns that every table of items has; the schema's further ones stand
 * before the metadata and the state. */
enum { COLUMNS_BEFORE = 5, COLUMNS_AFTER = 2 };

static size_t make_headings(struct items *items)
{
    static const struct heading before[COLUMNS_BEFORE] = {
        { .title = "id", .right = true },
        { .title = "sequence" },
        { .title = "position", .right = true },
        { .title = "time", .optional = true },
        { .title = "topic" },
    };
    static const struct heading after[COLUMNS_AFTER] = {
        { .title = "metadata", .optional = true }, { .title = "state" }
    };
    const size_t further = items->schema->column_count;

    items->headings = quipu_tool_allocate(
        COLUMNS_BEFORE + further + COLUMNS_AFTER, sizeof(*items->headings));
    memcpy(items->headings, before, sizeof(before));
    for (size_t i = 0; i < further; i++) {
        items->headings[COLUMNS_BEFORE + i].title =
            items->schema->columns[i].name;
    }
    memcpy(items->headings + COLUMNS_BEFORE + further, after, sizeof(after));
    return COLUMNS_BEFORE + further + COLUMNS_AFTER;
}

struct items *quipu_tool_items_open(const struct args *args,
                                    const quipu_schema *schema, bool title)
{
    struct items *items = quipu_tool_allocate(1, sizeof(*items));

    items->schema = schema;
    if (!args->json) {
        const size_t count = make_headings(items);

        if (title) {
            quipu_tool_title(schema->table);
        }
        items->table =
            quipu_tool_table_open(items->headings, count, args->full);
    }
    return items;
}

void quipu_tool_id_text(struct text *text, const quipu_schema *schema,
                        quipu_bytes id)
{
    char uuid_text[QUIPU_UUID_TEXT_SIZE];
    quipu_uuid uuid;

    if ((schema->flags & QUIPU_SCHEMA_TEXT_IDS) != 0) {
        quipu_tool_text_safe(text, id.data, id.size);
    } else if (id.size == sizeof(uuid.bytes)) {
        memcpy(uuid.bytes, id.data, sizeof(uuid.bytes));
        quipu_uuid_format(&uuid, uuid_text);
        quipu_tool_text_print(text, "%s", uuid_text);
    } else {
        quipu_tool_text_hex(text, id.data, id.size);
    }
}

/* --------------------------------------------------------------- cells */

static void end_cell(struct items *items)
{
    quipu_tool_table_add(items->table, quipu_tool_text(&items->cell));
    quipu_tool_text_clear(&items->cell);
}

static void add_json(struct items *items, json_t *value)
{
    char *json = NULL;

    if (json_is_string(value)) {
        quipu_tool_text_safe(&items->cell, json_string_value(value),
                             json_string_length(value));
    } else if (!json_is_null(value)) {
        json = json_dumps(value, JSON_ENCODE_ANY);
        if (json) {
            quipu_tool_text_safe_json(&items->cell, json);
        }
    }
    free(json);
    json_decref(value);
}

/* Bytes for reading: as text if they are that, else as hexadecimal. */
static void add_bytes(struct items *items, quipu_bytes bytes)
{
    if (!bytes.data) {
        return;
    }
    if (quipu_bytes_is_text(bytes)) {
        quipu_tool_text_safe(&items->cell, bytes.data, bytes.size);
    } else {
        quipu_tool_text_hex(&items->cell, bytes.data, bytes.size);
    }
}

static void add_time(struct items *items, const quipu_item *item,
                     const struct state *state)
{
    json_t *time = json_object_get(state->envelope, "time");

    if ((item->flags & QUIPU_ITEM_TIME) != 0) {
        add_json(items, quipu_tool_json_time(item->time));
    } else if (time) {
        add_json(items, json_incref(time));
    }
    end_cell(items);
}

static void add_state(struct items *items, const quipu_item *item,
                      const struct state *state)
{
    if ((item->flags & QUIPU_ITEM_ERASED) != 0) {
        quipu_tool_text_print(&items->cell, "(erased)");
    } else if (state->fields) {
        add_json(items, json_incref(state->fields));
    } else {
        quipu_tool_text_hex(&items->cell, item->state.data, item->state.size);
    }
    end_cell(items);
}

static void print_row(struct items *items, const quipu_item *item)
{
    struct state state = { 0 };

    quipu_tool_state_read(item->state, &state);
    quipu_tool_table_add_int(items->table, item->notification_id);
    quipu_tool_id_text(&items->cell, items->schema, item->sequence_id);
    end_cell(items);
    quipu_tool_table_add_int(items->table, item->position);
    add_time(items, item, &state);
    quipu_tool_text_safe(&items->cell, item->topic.data, item->topic.size);
    end_cell(items);
    for (size_t i = 0; i < items->schema->column_count; i++) {
        if (i < item->column_count) {
            add_json(items, quipu_tool_json_value(&item->columns[i]));
        }
        end_cell(items);
    }
    add_bytes(items, item->metadata);
    end_cell(items);
    add_state(items, item, &state);
    quipu_tool_state_free(&state);
}

void quipu_tool_items_print(struct items *items, const quipu_item *item)
{
    if (!items->table) {
        quipu_tool_json_line(quipu_tool_json_item(items->schema, item));
    } else {
        print_row(items, item);
    }
}

void quipu_tool_items_flush(struct items *items)
{
    if (items->table) {
        quipu_tool_table_flush(items->table);
    }
    (void)fflush(stdout);
}

void quipu_tool_items_close(struct items *items)
{
    quipu_tool_table_close(items->table);
    quipu_tool_text_free(&items->cell);
    free(items->headings);
    free(items);
}

int quipu_tool_items_drain(struct items *items, quipu_cursor *cursor,
                           int64_t *count, int64_t *last, quipu_error *error)
{
    const quipu_item *item = NULL;
    int status = quipu_cursor_next(cursor, &item, error);

    while (status == QUIPU_OK && item) {
        quipu_tool_items_print(items, item);
        *last = item->notification_id;
        (*count)++;
        status = quipu_cursor_next(cursor, &item, error);
    }
    quipu_cursor_close(cursor);
    return status;
}
