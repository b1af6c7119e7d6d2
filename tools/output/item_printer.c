/* SPDX-License-Identifier: Apache-2.0 */
/* Items as rows of a table, or as JSON Lines. */
#include "item_printer.h"
#include "args.h"
#include "jsonl.h"
#include "keys.h"
#include "memory.h"
#include "output.h"
#include "state.h"
#include "table.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct item_printer {
    const quipu_schema *schema;
    struct table *table; /* NULL: JSON Lines */
    struct heading *headings;
    struct text cell;
};

/* Columns of every table of items: five before the schema's further columns,
 * and two after them. */
enum { COLUMNS_BEFORE = 5, COLUMNS_AFTER = 2 };

static size_t make_headings(struct item_printer *printer)
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
    const size_t further = printer->schema->column_count;

    printer->headings = memory_allocate(
        COLUMNS_BEFORE + further + COLUMNS_AFTER, sizeof(*printer->headings));
    memcpy(printer->headings, before, sizeof(before));
    for (size_t i = 0; i < further; i++) {
        printer->headings[COLUMNS_BEFORE + i].title =
            printer->schema->columns[i].name;
    }
    memcpy(printer->headings + COLUMNS_BEFORE + further, after, sizeof(after));
    return COLUMNS_BEFORE + further + COLUMNS_AFTER;
}

struct item_printer *item_printer_open(const struct args *args,
                                       const quipu_schema *schema, bool title)
{
    struct item_printer *printer = memory_allocate(1, sizeof(*printer));

    printer->schema = schema;
    if (!args->json) {
        const size_t count = make_headings(printer);

        if (title) {
            output_title(schema->table);
        }
        printer->table = table_open(printer->headings, count, args->full);
    }
    return printer;
}

/* --------------------------------------------------------------- cells */

static void end_cell(struct item_printer *printer)
{
    table_add(printer->table, text_content(&printer->cell));
    text_clear(&printer->cell);
}

static void add_json(struct item_printer *printer, json_t *value)
{
    char *json = NULL;

    if (json_is_string(value)) {
        text_add_escaped(&printer->cell, json_string_value(value),
                         json_string_length(value));
    } else if (!json_is_null(value)) {
        json = json_dumps(value, JSON_ENCODE_ANY);
        if (json) {
            text_add_escaped_json(&printer->cell, json);
        }
    }
    free(json);
    json_decref(value);
}

/* Adds bytes as text if they are UTF-8, else as hexadecimal digits. */
static void add_bytes(struct item_printer *printer, quipu_bytes bytes)
{
    if (!bytes.data) {
        return;
    }
    if (quipu_bytes_is_text(bytes)) {
        text_add_escaped(&printer->cell, bytes.data, bytes.size);
    } else {
        text_add_hex(&printer->cell, bytes.data, bytes.size);
    }
}

static void add_time(struct item_printer *printer, const quipu_item *item,
                     const struct state *state)
{
    json_t *time = json_object_get(state->envelope, "time");

    if ((item->flags & QUIPU_ITEM_TIME) != 0) {
        add_json(printer, jsonl_time(item->time));
    } else if (time) {
        add_json(printer, json_incref(time));
    }
    end_cell(printer);
}

/* Reads the state of an item, opened if it is sealed.  Returns the reason why
 * it cannot be opened, which stands in *error, or NULL. */
static const char *read_state(const quipu_item *item, struct state *state,
                              quipu_error *error)
{
    quipu_bytes bytes;
    int status = keys_open_state(item, &bytes, error);

    state_read(bytes, state);
    return status == QUIPU_OK || !state->envelope ? NULL : error->message;
}

static void add_state(struct item_printer *printer, const quipu_item *item,
                      const struct state *state, const char *sealed)
{
    if ((item->flags & QUIPU_ITEM_ERASED) != 0) {
        text_print(&printer->cell, "(erased)");
    } else if (sealed) {
        text_print(&printer->cell, "(sealed)");
    } else if (state->fields) {
        add_json(printer, json_incref(state->fields));
    } else {
        text_add_hex(&printer->cell, item->state.data, item->state.size);
    }
    end_cell(printer);
}

static void print_row(struct item_printer *printer, const quipu_item *item)
{
    struct state state = { 0 };
    quipu_error error;
    const char *sealed = read_state(item, &state, &error);

    table_add_int(printer->table, item->notification_id);
    text_add_id(&printer->cell, printer->schema, item->sequence_id);
    end_cell(printer);
    table_add_int(printer->table, item->position);
    add_time(printer, item, &state);
    text_add_escaped(&printer->cell, item->topic.data, item->topic.size);
    end_cell(printer);
    for (size_t i = 0; i < printer->schema->column_count; i++) {
        if (i < item->column_count) {
            add_json(printer, jsonl_value(&item->columns[i]));
        }
        end_cell(printer);
    }
    add_bytes(printer, item->metadata);
    end_cell(printer);
    add_state(printer, item, &state, sealed);
    state_free(&state);
}

/* ---------------------------------------------------------- JSON Lines */

static void set_optional(json_t *line, const quipu_schema *schema,
                         const quipu_item *item)
{
    json_t *columns = NULL;

    if (schema->event_id) {
        jsonl_set(line, "event_id", jsonl_uuid(item->event_id));
    }
    if (schema->time) {
        jsonl_set(line, "time",
                  (item->flags & QUIPU_ITEM_TIME) != 0 ? jsonl_time(item->time)
                                                       : json_null());
    }
    if (schema->metadata) {
        jsonl_set(line, "metadata_hex",
                  !item->metadata.data
                      ? json_null()
                      : jsonl_hex(item->metadata.data, item->metadata.size));
    }
    if (schema->column_count > 0) {
        columns = json_object();
        for (size_t i = 0; i < item->column_count; i++) {
            jsonl_set(columns, schema->columns[i].name,
                      jsonl_value(&item->columns[i]));
        }
        jsonl_set(line, "columns", columns);
    }
}

static void set_state(json_t *line, const quipu_item *item)
{
    struct state state = { 0 };
    quipu_error error;

    if ((item->flags & QUIPU_ITEM_ERASED) != 0) {
        jsonl_set(line, "erased", json_true());
        return;
    }
    const char *sealed = read_state(item, &state, &error);

    if (sealed) {
        jsonl_set(line, "sealed", json_string(sealed));
    }
    if (state.envelope) {
        jsonl_set(line, "envelope", json_incref(state.envelope));
    }
    jsonl_set(line, "state",
              !state.fields ? json_null() : json_incref(state.fields));
    jsonl_set(line, "state_hex", jsonl_hex(item->state.data, item->state.size));
    state_free(&state);
}

/* The item as an object with all data. */
static json_t *json_of_item(const quipu_schema *schema, const quipu_item *item)
{
    json_t *line = json_object();

    jsonl_set(line, "schema", jsonl_string(schema->table));
    jsonl_set(line, "notification_id", json_integer(item->notification_id));
    jsonl_set(line, "sequence_id", jsonl_id(schema, item->sequence_id));
    jsonl_set(line, "position", json_integer(item->position));
    jsonl_set(line, "topic", jsonl_text(item->topic.data, item->topic.size));
    set_optional(line, schema, item);
    set_state(line, item);
    return line;
}

/* ------------------------------------------------------------- printing */

void item_printer_print(struct item_printer *printer, const quipu_item *item)
{
    if (!printer->table) {
        jsonl_print(json_of_item(printer->schema, item));
    } else {
        print_row(printer, item);
    }
}

void item_printer_flush(struct item_printer *printer)
{
    if (printer->table) {
        table_flush(printer->table);
    }
    (void)fflush(stdout);
}

void item_printer_close(struct item_printer *printer)
{
    table_close(printer->table);
    text_free(&printer->cell);
    free(printer->headings);
    free(printer);
}

int item_printer_print_all(struct item_printer *printer, quipu_cursor *cursor,
                           quipu_error *error)
{
    const quipu_item *item = NULL;
    int status = quipu_cursor_next(cursor, &item, error);

    while (status == QUIPU_OK && item) {
        item_printer_print(printer, item);
        status = quipu_cursor_next(cursor, &item, error);
    }
    quipu_cursor_close(cursor);
    return status;
}
