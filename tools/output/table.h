/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables with aligned columns, in constant memory.  The widths follow from the
 * first rows, which are held back until enough of them are there.
 */
#ifndef QUIPU_TOOLS_TABLE_H
#define QUIPU_TOOLS_TABLE_H

#include "terminal.h"

#include <stdbool.h>
#include <stddef.h>

struct heading {
    const char *title;
    bool right;    /* align to the right, for numbers */
    bool optional; /* omit the column if it is empty in the first rows */
    /* On a terminal: */
    bool id;       /* of a UUID show as many letters as tell the rows apart */
    bool flexible; /* takes the room that the others leave; if that is little,
                      the last columns are dropped */
    size_t most;   /* cut wider cells; 0: no limit */
    enum terminal_style style;
};

struct table;

/* Opens a table.  The headings are borrowed until the table is closed.  `full`:
 * lines are not cut to the width of the terminal. */
struct table *table_open(const struct heading *headings, size_t count,
                         bool full);

/* Adds the next cell, of escaped text.  A row ends with its last cell. */
void table_add(struct table *table, const char *cell);
/* Adds the next cell and escapes the text. */
void table_add_text(struct table *table, const char *text);
void table_add_int(struct table *table, long long number);

/* Prints the rows that are held back. */
void table_flush(struct table *table);

/* Prints the rows that are held back and closes the table.  NULL is allowed. */
void table_close(struct table *table);
/* Closes the table and drops the rows that are held back.  NULL is allowed. */
void table_discard(struct table *table);

#endif
