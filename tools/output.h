/* SPDX-License-Identifier: Apache-2.0 */
/* What the command writes: tables for people, JSON Lines for programs. */
#ifndef QUIPU_TOOLS_OUTPUT_H
#define QUIPU_TOOLS_OUTPUT_H

#include "args.h"

#include <jansson.h>
#include <stddef.h>

/* Says `quipu: ...` on standard error; answers FINDING, or USAGE for the
 * codes with which a request itself is wrong. */
struct quipu_error;
enum outcome quipu_tool_fail(const struct quipu_error *error);

/* Flushes standard output; FINDING if anything could not be written. */
enum outcome quipu_tool_finish(enum outcome outcome);

/* Prints `name  value` with the value, made safe, in a column of its own. */
void quipu_tool_field(const char *name, const char *value);

/* ------------------------------------------------------------- tables */

/* Prints the title of one of several tables. */
void quipu_tool_title(const char *title);

struct heading {
    const char *title;
    bool right;    /* numbers */
    bool optional; /* left out if empty in the rows seen at first */
};

struct table;

/* A table whose column widths follow from its first rows.  `full`: lines are
 * not cut to the terminal's width.  The headings are borrowed. */
struct table *quipu_tool_table_open(const struct heading *headings,
                                    size_t count, bool full);
/* The next cell, of safe text; rows end by themselves. */
void quipu_tool_table_add(struct table *table, const char *cell);
/* The same for text from a store, which it makes safe. */
void quipu_tool_table_add_text(struct table *table, const char *text);
void quipu_tool_table_add_int(struct table *table, long long number);
/* Prints the rows held back until now. */
void quipu_tool_table_flush(struct table *table);
void quipu_tool_table_close(struct table *table);
/* The same without printing them; NULL is allowed for both. */
void quipu_tool_table_discard(struct table *table);

/* --------------------------------------------------------------- JSON */

/* Prints a value as one line, and takes it. */
void quipu_tool_json_line(json_t *value);

/* Sets a member and takes the value; NULL (no memory) ends the program. */
void quipu_tool_json_set(json_t *object, const char *name, json_t *value);

/* Text as a string; what is not UTF-8 as {"hex": "..."}. */
json_t *quipu_tool_json_text(const void *data, size_t size);
/* Bytes as a string of hexadecimal digits. */
json_t *quipu_tool_json_hex(const void *data, size_t size);

#endif
