/* SPDX-License-Identifier: Apache-2.0 */
/* A page of items, copied from rows. */
#ifndef QUIPU_DRIVERS_SQLITE_ITEM_PAGE_H
#define QUIPU_DRIVERS_SQLITE_ITEM_PAGE_H

#include "read/item_row.h"

#define PAGE_ITEMS 480 /* of all pages but the first */

enum page_size { PAGE_OF_ONE, PAGE_FIRST, PAGE_FURTHER };

struct item_page {
    quipu_item *items;
    quipu_value *values; /* further columns of the items */
    unsigned char *bytes;
    size_t item_room;
    size_t byte_room;
    size_t count; /* items kept */
    size_t used;  /* bytes of them */
};

/* Makes an empty page for items with that number of further columns, and
 * releases what the page had before. */
int quipu_sqlite_item_page_init(struct item_page *page, const quipu_host *host,
                                size_t columns, enum page_size size,
                                quipu_error *error);
void quipu_sqlite_item_page_finish(struct item_page *page,
                                   const quipu_host *host);

/* Reads a row, without a sequence id (item_row.h), into the next slot. Returns
 * the item, whose bytes belong to SQLite, or NULL if all slots are taken. */
quipu_item *quipu_sqlite_item_page_read(struct item_page *page,
                                        sqlite3_value **columns,
                                        const quipu_driver_schema *bound);

/* Keeps the item that was read last, with copies of its bytes. *full: there is
 * no room for them, and the item is not kept. */
int quipu_sqlite_item_page_keep(struct item_page *page, const quipu_host *host,
                                bool *full, quipu_error *error);

#endif
