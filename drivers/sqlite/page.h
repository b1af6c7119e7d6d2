/* SPDX-License-Identifier: Apache-2.0 */
/* A page of items: copies of rows, so that no statement stays open. */
#ifndef SQLITE_DRIVER_PAGE_H
#define SQLITE_DRIVER_PAGE_H

#include "rows.h"

struct page {
    quipu_item *items;
    quipu_value *values; /* of their further columns */
    unsigned char *bytes;
    size_t item_room;
    size_t byte_room;
    size_t count;
    size_t used; /* of bytes */
};

/* Makes room in an empty page; the first is small, since most reads are. */
int quipu_sqlite_page_make(struct page *page, const quipu_host *host,
                           size_t items, size_t bytes, size_t columns,
                           quipu_error *error);
void quipu_sqlite_page_finish(struct page *page, const quipu_host *host);

/* Copies a row to the page; *full, and no copy, if it has no room for it.  The
 * first row always gets room. */
int quipu_sqlite_page_add(struct page *page, const quipu_host *host,
                          sqlite3_stmt *row, const quipu_driver_schema *bound,
                          bool *full, quipu_error *error);

#endif
