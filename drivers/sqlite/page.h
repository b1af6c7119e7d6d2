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

/* Reads columns (rows.h) into the next place of the page, lent by SQLite and
 * not kept yet; NULL: all places are taken. */
quipu_item *quipu_sqlite_page_look(struct page *page, sqlite3_value **columns,
                                   const quipu_driver_schema *bound);

/* Keeps the item looked at last, with copies of its bytes; *full, and it is not
 * kept, if there is no room for them.  The first item always gets room. */
int quipu_sqlite_page_keep(struct page *page, const quipu_host *host,
                           bool *full, quipu_error *error);

#endif
