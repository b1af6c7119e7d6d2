/* SPDX-License-Identifier: Apache-2.0 */
/* A page of items: copies of rows, so that a cursor holds no statement and no
 * transaction open between two steps.
 *
 * A page has room for a number of items and of bytes. An item is first read
 * into the next slot, where its bytes still belong to SQLite; the caller looks
 * at it and keeps it or leaves it. Only a kept item's bytes are copied. An item
 * that is larger than the room for bytes gets a page of its own. */
#include "read/item_page.h"

#include "common/safeguard.h"

#include <string.h>

/* The first page of a cursor is small, since most reads end in it. */
static const struct {
    size_t items;
    size_t bytes;
} sizes[] = {
    [PAGE_OF_ONE] = { 1, 512 },
    [PAGE_FIRST] = { 64, 16u << 10 },
    [PAGE_FURTHER] = { PAGE_ITEMS, 160u << 10 },
};

void quipu_sqlite_item_page_finish(struct item_page *page,
                                   const quipu_host *host)
{
    host->release(page->items);
    host->release(page->values);
    host->release(page->bytes);
    *page = (struct item_page){ 0 };
}

int quipu_sqlite_item_page_init(struct item_page *page, const quipu_host *host,
                                size_t columns, enum page_size size,
                                quipu_error *error)
{
    const size_t items = sizes[size].items;
    const size_t bytes = sizes[size].bytes;

    quipu_sqlite_item_page_finish(page, host);
    page->items = host->allocate(items * sizeof(*page->items));
    page->bytes = host->allocate(bytes);
    if (columns > 0) {
        page->values = host->allocate(items * columns * sizeof(*page->values));
    }
    if (!page->items || !page->bytes || (columns > 0 && !page->values)) {
        quipu_sqlite_item_page_finish(page, host);
        return quipu_sqlite_error_no_memory(host, error);
    }
    page->item_room = items;
    page->byte_room = bytes;
    return QUIPU_OK;
}

static bool has_bytes(const quipu_value *value)
{
    return value->kind == QUIPU_VALUE_TEXT ||
           value->kind == QUIPU_VALUE_BYTES || value->kind == QUIPU_VALUE_UUID;
}

/* Number of bytes that keeping the item copies. */
static size_t size_of(const quipu_item *item)
{
    size_t size = item->sequence_id.size + item->topic.size + item->state.size +
                  item->event_id.size + item->metadata.size;
    for (size_t i = 0; i < item->column_count; i++) {
        if (has_bytes(&item->columns[i])) {
            size += item->columns[i].as.bytes.size;
        }
    }
    return size;
}

/* Copies bytes that belong to SQLite into the page. */
static void copy_bytes(struct item_page *page, quipu_bytes *bytes)
{
    if (bytes->data) {
        unsigned char *copy = page->bytes + page->used;
        memcpy(copy, bytes->data, bytes->size);
        bytes->data = copy;
        page->used += bytes->size;
    }
}

quipu_item *quipu_sqlite_item_page_read(struct item_page *page,
                                        sqlite3_value **columns,
                                        const quipu_driver_schema *bound)
{
    if (page->count == page->item_room) {
        return NULL;
    }
    quipu_item *item = &page->items[page->count];
    quipu_value *values =
        page->values + page->count * bound->schema.column_count;
    quipu_sqlite_item_row_read(columns, bound, item, values);
    return item;
}

/* Makes room for `size` more bytes. *full: there is none; but an empty page
 * grows instead. */
static int make_room(struct item_page *page, const quipu_host *host,
                     size_t size, bool *full, quipu_error *error)
{
    *full = size > page->byte_room - page->used;
    if (!*full ||
        SAFEGUARDED("F1.a-page-for-a-big-item", page->count > 0, true)) {
        return QUIPU_OK;
    }
    unsigned char *bytes = host->reallocate(page->bytes, size);
    if (!bytes) {
        return quipu_sqlite_error_no_memory(host, error);
    }
    page->bytes = bytes;
    page->byte_room = size;
    *full = false;
    return QUIPU_OK;
}

int quipu_sqlite_item_page_keep(struct item_page *page, const quipu_host *host,
                                bool *full, quipu_error *error)
{
    quipu_item *item = &page->items[page->count];
    int status = make_room(page, host, size_of(item), full, error);
    if (status != QUIPU_OK || *full) {
        return status;
    }
    copy_bytes(page, &item->sequence_id);
    copy_bytes(page, &item->topic);
    copy_bytes(page, &item->state);
    copy_bytes(page, &item->event_id);
    copy_bytes(page, &item->metadata);
    for (size_t i = 0; i < item->column_count; i++) {
        /* item->columns points to these values, as const. */
        quipu_value *value =
            &page->values[page->count * item->column_count + i];
        if (has_bytes(value)) {
            copy_bytes(page, &value->as.bytes);
        }
    }
    page->count++;
    return QUIPU_OK;
}
