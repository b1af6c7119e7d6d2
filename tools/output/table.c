/* SPDX-License-Identifier: Apache-2.0 */
/* Tables with aligned columns, in constant memory. */
#include "table.h"
#include "memory.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Rows that are held back to find the widths; fewer if they take BYTES_HELD. */
#define ROWS_HELD 256
#define BYTES_HELD ((size_t)1 << 20)

struct column {
    size_t width;
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
    bool begun;         /* the headings are printed, the widths are fixed */
    struct text line;
};

static size_t terminal_width(void)
{
    struct winsize size = { 0 };

    if (!isatty(STDOUT_FILENO) ||
        ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) {
        return 0;
    }
    return size.ws_col;
}

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

static void print_cell(struct table *table, size_t column, const char *cell)
{
    const size_t width = text_width(cell);
    const size_t room = table->columns[column].width;
    const int padding = width < room ? (int)(room - width) : 0;

    if (!table->columns[column].used) {
        return;
    }
    if (table->line.size > 0) {
        text_add(&table->line, "  ", 2);
    }
    if (table->headings[column].right) {
        text_print(&table->line, "%*s%s", padding, "", cell);
    } else {
        text_print(&table->line, "%s%*s", cell, padding, "");
    }
}

static void end_line(struct table *table)
{
    const char *line = text_content(&table->line);
    size_t size = table->line.size;

    while (size > 0 && line[size - 1] == ' ') {
        size--;
    }
    if (table->line_width > 0 && text_width(line) > table->line_width) {
        const size_t fit = text_fit(line, table->line_width - 1);

        if (fit < size) {
            (void)fwrite(line, 1, fit, stdout);
            puts("\xe2\x80\xa6");
            text_clear(&table->line);
            return;
        }
    }
    (void)fwrite(line, 1, size, stdout);
    putchar('\n');
    text_clear(&table->line);
}

static void find_widths(struct table *table)
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
            print_cell(table, i, table->headings[i].title);
        }
        end_line(table);
        table->begun = true;
    }
    for (size_t i = 0; i < table->cell; i++) {
        print_cell(table, i % table->count, text_content(&table->cells[i]));
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
