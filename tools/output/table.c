/* SPDX-License-Identifier: Apache-2.0 */
/* Tables with aligned columns, in constant memory. */
#include "table.h"
#include "memory.h"
#include "terminal.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows that are held back to find the widths; fewer if they take BYTES_HELD. */
#define ROWS_HELD 256
#define BYTES_HELD ((size_t)1 << 20)

/* On a terminal: columns that are left for a flexible column before others are
 * dropped, and letters of an id that are always shown. */
#define FLEXIBLE_LEAST 30
#define ID_LEAST 8

struct column {
    size_t width;
    size_t most; /* wider cells are cut; 0: no limit */
    bool used;
};

struct table {
    const struct heading *headings;
    struct column *columns;
    size_t count;
    struct text *cells; /* ROWS_HELD rows of `count` cells */
    size_t cell;        /* index of the next cell */
    size_t held;        /* bytes in the cells */
    size_t line_width;  /* 0: lines are not cut */
    size_t at;          /* columns of the line that are filled */
    bool begun;         /* the headings are printed, the widths are fixed */
    struct text line;
};

struct table *table_open(const struct heading *headings, size_t count,
                         bool full)
{
    struct table *table = memory_allocate(1, sizeof(*table));

    table->headings = headings;
    table->count = count;
    table->columns = memory_allocate(count, sizeof(*table->columns));
    table->cells = memory_allocate(ROWS_HELD * count, sizeof(struct text));
    table->line_width = full ? 0 : terminal_width();
    return table;
}

/* ---------------------------------------------------------------- lines */

/* Cuts a cell to `width` columns, the last of which shows that. */
static void add_cut(struct table *table, const char *cell, size_t width)
{
    const size_t fit = text_fit(cell, width - 1);

    text_add(&table->line, cell, fit);
    text_print(&table->line, "\xe2\x80\xa6");
}

static void print_cell(struct table *table, size_t column, const char *cell,
                       enum terminal_style style)
{
    const struct column *place = &table->columns[column];
    const size_t gap = table->at > 0 ? 2 : 0;
    size_t width = text_width(cell);
    size_t most = place->most > 0 ? place->most : SIZE_MAX;

    if (!place->used ||
        (table->line_width > 0 && table->at + gap >= table->line_width)) {
        return;
    }
    if (table->line_width > 0 && most > table->line_width - table->at - gap) {
        most = table->line_width - table->at - gap;
    }
    const bool cut = width > most;

    width = cut ? most : width;
    const size_t padding = width < place->width ? place->width - width : 0;

    text_print(&table->line, "%*s%s", (int)gap, "",
               style == STYLE_PLAIN ? "" : terminal_style(style));
    if (table->headings[column].right) {
        text_print(&table->line, "%*s", (int)padding, "");
    }
    if (cut && table->headings[column].id) {
        text_add(&table->line, cell, most);
    } else if (cut) {
        add_cut(table, cell, most);
    } else {
        text_add(&table->line, cell, strlen(cell));
    }
    text_print(&table->line, "%s",
               style == STYLE_PLAIN ? "" : terminal_style(STYLE_PLAIN));
    if (!table->headings[column].right) {
        text_print(&table->line, "%*s", (int)padding, "");
    }
    table->at += gap + width + padding;
}

static void end_line(struct table *table)
{
    const char *line = text_content(&table->line);
    size_t size = table->line.size;

    while (size > 0 && line[size - 1] == ' ') {
        size--;
    }
    (void)fwrite(line, 1, size, stdout);
    putchar('\n');
    text_clear(&table->line);
    table->at = 0;
}

/* --------------------------------------------------------------- widths */

static int compare_cells(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Returns the number of letters by which the ids in the rows that are held
 * differ from each other. */
static size_t find_id_length(const struct table *table, size_t column)
{
    const char *ids[ROWS_HELD] = { NULL };
    size_t count = 0;
    size_t length = ID_LEAST;

    for (size_t i = column; i < table->cell; i += table->count) {
        ids[count++] = text_content(&table->cells[i]);
    }
    qsort(ids, count, sizeof(*ids), compare_cells);
    for (size_t i = 1; i < count; i++) {
        size_t same = 0;

        while (ids[i][same] != '\0' && ids[i][same] == ids[i - 1][same]) {
            same++;
        }
        if (ids[i][same] != '\0' && same + 1 > length) {
            length = same + 1;
        }
    }
    return length;
}

static void find_natural_widths(struct table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        const char *title = table->headings[i].title;

        table->columns[i].width = text_width(title);
        table->columns[i].used = !table->headings[i].optional;
    }
    for (size_t i = 0, c = 0; i < table->cell; i++) {
        struct column *column = &table->columns[c];
        const char *cell = text_content(&table->cells[i]);
        const size_t width = text_width(cell);

        column->used = column->used || cell[0] != '\0';
        column->width = width > column->width ? width : column->width;
        c = c + 1 < table->count ? c + 1 : 0;
    }
}

/* Limits the columns for a terminal.  Without rows, whose widths would tell,
 * each column gets all that it may have. */
static void limit_columns(struct table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct heading *heading = &table->headings[i];
        struct column *column = &table->columns[i];

        column->most = heading->id ? find_id_length(table, i) : heading->most;
        if (column->most > 0 && column->most < text_width(heading->title)) {
            column->most = text_width(heading->title);
        }
        if (column->most > 0 &&
            (column->width > column->most || table->cell == 0)) {
            column->width = column->most;
        }
    }
}

/* Returns the columns of the line that are left for column `flexible`. */
static size_t find_room(const struct table *table, size_t flexible)
{
    size_t taken = 0;

    for (size_t i = 0; i < table->count; i++) {
        if (i != flexible && table->columns[i].used) {
            taken += table->columns[i].width + 2;
        }
    }
    return taken < table->line_width ? table->line_width - taken : 0;
}

/* Fits the line to a terminal: drops the last columns until the flexible one
 * has room enough, and gives that the rest. */
static void fit_flexible(struct table *table, size_t flexible)
{
    struct column *column = &table->columns[flexible];
    const size_t wanted = table->cell == 0 || column->width > FLEXIBLE_LEAST
                              ? FLEXIBLE_LEAST
                              : column->width;
    size_t last = table->count;

    while (last > flexible + 1 && find_room(table, flexible) < wanted) {
        table->columns[--last].used = false;
    }
    const size_t room = find_room(table, flexible);

    column->most = room > 0 ? room : 1;
    if (column->width > column->most || table->cell == 0) {
        column->width = column->most;
    }
}

static void find_widths(struct table *table)
{
    find_natural_widths(table);
    if (table->line_width > 0) {
        limit_columns(table);
    }
    for (size_t i = 0; table->line_width > 0 && i < table->count; i++) {
        if (table->headings[i].flexible) {
            fit_flexible(table, i);
        }
    }
    /* The last column needs no padding. */
    if (!table->headings[table->count - 1].right) {
        table->columns[table->count - 1].width = 0;
    }
}

void table_flush(struct table *table)
{
    if (!table->begun) {
        find_widths(table);
        for (size_t i = 0; i < table->count; i++) {
            print_cell(table, i, table->headings[i].title, STYLE_HEADING);
        }
        end_line(table);
        table->begun = true;
    }
    for (size_t i = 0; i < table->cell; i++) {
        const size_t column = i % table->count;

        print_cell(table, column, text_content(&table->cells[i]),
                   table->headings[column].style);
        if (i % table->count == table->count - 1) {
            end_line(table);
        }
        text_free(&table->cells[i]);
    }
    table->cell = 0;
    table->held = 0;
}

void table_add(struct table *table, const char *cell)
{
    const size_t size = strlen(cell);

    text_add(&table->cells[table->cell++], cell, size);
    table->held += size;
    if (table->cell % table->count == 0 &&
        (table->begun || table->cell == ROWS_HELD * table->count ||
         table->held > BYTES_HELD)) {
        table_flush(table);
    }
}

void table_add_text(struct table *table, const char *text)
{
    struct text safe = { 0 };

    text_add_escaped(&safe, text, strlen(text));
    table_add(table, text_content(&safe));
    text_free(&safe);
}

void table_add_int(struct table *table, long long number)
{
    char cell[24];

    snprintf(cell, sizeof(cell), "%lld", number);
    table_add(table, cell);
}

void table_close(struct table *table)
{
    if (table) {
        table_flush(table);
        table_discard(table);
    }
}

void table_discard(struct table *table)
{
    if (!table) {
        return;
    }
    for (size_t i = 0; i < ROWS_HELD * table->count; i++) {
        text_free(&table->cells[i]);
    }
    text_free(&table->line);
    free(table->cells);
    free(table->columns);
    free(table);
}
