/* SPDX-License-Identifier: Apache-2.0 */
/* Printing of items, as rows of a table or as JSON Lines. */
#ifndef QUIPU_TOOLS_ITEM_PRINTER_H
#define QUIPU_TOOLS_ITEM_PRINTER_H

#include <quipu/quipu.h>

#include <stdbool.h>

struct args;
struct item_printer;

/* Opens a printer for the items of a schema, which is borrowed: JSON Lines with
 * --json, else a table.  `title`: print the schema's name above the table. */
struct item_printer *item_printer_open(const struct args *args,
                                       const quipu_schema *schema, bool title);

void item_printer_print(struct item_printer *printer, const quipu_item *item);

/* Writes the rows that the table holds back, and flushes standard output. */
void item_printer_flush(struct item_printer *printer);

/* Prints the rows that are held back and frees the printer. */
void item_printer_close(struct item_printer *printer);

/* Prints the items of a cursor and closes it.  Returns the status of
 * quipu_cursor_next. */
int item_printer_print_all(struct item_printer *printer, quipu_cursor *cursor,
                           quipu_error *error);

#endif
