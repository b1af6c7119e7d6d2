/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Items as rows of a table, in the expanded form, or as JSON Lines.
 *
 * Rows on a terminal fit its width: topic and state come first, ids and times
 * are short, and the columns on the right are dropped when there is no room.
 * Rows in files and pipes, and with --full, have everything, and the state,
 * whose length has no limit, comes last.
 */
#include "item_printer.h"
#include "args.h"
#include "item_view.h"
#include "jsonl.h"
#include "memory.h"
#include "output.h"
#include "table.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>

enum column {
    COLUMN_ID,
    COLUMN_SEQUENCE,
    COLUMN_POSITION,
    COLUMN_TIME,
    COLUMN_TOPIC,
    COLUMN_FURTHER, /* as many as the schema has further columns */
    COLUMN_METADATA,
    COLUMN_STATE,
    COLUMN_COUNT
};

static const enum column wide_layout[COLUMN_COUNT] = {
    COLUMN_ID,    COLUMN_SEQUENCE, COLUMN_POSITION, COLUMN_TIME,
    COLUMN_TOPIC, COLUMN_FURTHER,  COLUMN_METADATA, COLUMN_STATE
};

static const enum column narrow_layout[COLUMN_COUNT] = {
    COLUMN_ID,       COLUMN_TOPIC, COLUMN_STATE,   COLUMN_SEQUENCE,
    COLUMN_POSITION, COLUMN_TIME,  COLUMN_FURTHER, COLUMN_METADATA
};

static const struct heading headings[COLUMN_COUNT] = {
    [COLUMN_ID] = { .title = "id", .right = true, .style = STYLE_NUMBER },
    [COLUMN_SEQUENCE] = { .title = "sequence", .most = 24 },
    [COLUMN_POSITION] = { .title = "position", .right = true },
    [COLUMN_TIME] = { .title = "time", .optional = true },
    [COLUMN_TOPIC] = { .title = "topic", .most = 32, .style = STYLE_TOPIC },
    [COLUMN_METADATA] = { .title = "metadata", .optional = true },
    [COLUMN_STATE] = { .title = "state", .flexible = true },
};

struct item_printer {
    const quipu_schema *schema;
    bool expanded;
    bool title;          /* of each item, in the expanded form */
    bool narrow;         /* the table has narrow_layout */
    struct table *table; /* NULL: JSON Lines, or expanded */
    struct heading *headings;
    struct text cell;
};

static size_t make_headings(struct item_printer *printer)
{
    const enum column *layout = printer->narrow ? narrow_layout : wide_layout;
    const quipu_schema *schema = printer->schema;
    size_t count = 0;

    printer->headings = memory_allocate(COLUMN_COUNT + schema->column_count,
                                        sizeof(*printer->headings));
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        if (layout[i] != COLUMN_FURTHER) {
            printer->headings[count] = headings[layout[i]];
            printer->headings[count++].id =
                layout[i] == COLUMN_SEQUENCE &&
                (schema->flags & QUIPU_SCHEMA_TEXT_IDS) == 0;
            continue;
        }
        for (size_t k = 0; k < schema->column_count; k++) {
            printer->headings[count++].title = schema->columns[k].name;
        }
    }
    return count;
}

struct item_printer *item_printer_open(const struct args *args,
                                       const quipu_schema *schema, bool title)
{
    struct item_printer *printer = memory_allocate(1, sizeof(*printer));

    printer->schema = schema;
    printer->title = title;
    printer->expanded = args->expanded && !args->json;
    if (!args->json && !args->expanded) {
        printer->narrow = !args->full && terminal_width() > 0;
        const size_t count = make_headings(printer);

        if (title) {
            output_title(schema->table);
        }
        printer->table = table_open(printer->headings, count, args->full);
    }
    return printer;
}

static void end_cell(struct item_printer *printer)
{
    table_add(printer->table, text_content(&printer->cell));
    text_clear(&printer->cell);
}

static void print_cell(struct item_printer *printer,
                       const struct item_view *view, enum column column)
{
    const quipu_item *item = view->item;
    struct text *cell = &printer->cell;

    switch (column) {
    case COLUMN_ID:
        text_print(cell, "%lld", (long long)item->notification_id);
        break;
    case COLUMN_SEQUENCE:
        text_add_id(cell, printer->schema, item->sequence_id);
        break;
    case COLUMN_POSITION:
        text_print(cell, "%lld", (long long)item->position);
        break;
    case COLUMN_TIME:
        item_view_add_time(view, printer->narrow, cell);
        break;
    case COLUMN_TOPIC:
        text_add_escaped(cell, item->topic.data, item->topic.size);
        break;
    case COLUMN_METADATA:
        item_view_add_metadata(view, -1, cell);
        break;
    case COLUMN_FURTHER:
        for (size_t i = 0; i < printer->schema->column_count; i++) {
            item_view_add_column(view, i, cell);
            end_cell(printer);
        }
        return;
    default:
        item_view_add_state(view, -1, cell);
    }
    end_cell(printer);
}

void item_printer_print(struct item_printer *printer, const quipu_item *item)
{
    const enum column *layout = printer->narrow ? narrow_layout : wide_layout;
    struct item_view view;

    item_view_init(&view, printer->schema, item);
    if (printer->expanded) {
        item_record_print(&view, printer->title);
    } else if (!printer->table) {
        jsonl_print(item_json_of(&view));
    } else {
        for (size_t i = 0; i < COLUMN_COUNT; i++) {
            print_cell(printer, &view, layout[i]);
        }
    }
    item_view_finish(&view);
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
