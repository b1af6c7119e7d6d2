/* SPDX-License-Identifier: Apache-2.0 */
/* A page of items. */
#include "page.h"

#include "common/safeguard.h"

#include <string.h>

static int no_memory(const quipu_host *host, quipu_error *error)
{
    return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                           "no memory for a page of items");
}

void quipu_sqlite_page_finish(struct page *page, const quipu_host *host)
{
    host->release(page->items);
    host->release(page->values);
    host->release(page->bytes);
    *page = (struct page){ 0 };
}

int quipu_sqlite_page_make(struct page *page, const quipu_host *host,
                           size_t items, size_t bytes, size_t columns,
                           quipu_error *error)
{
    quipu_sqlite_page_finish(page, host);
    page->items = host->allocate(items * sizeof(*page->items));
    page->bytes = host->allocate(bytes);
    if (columns > 0) {
        page->values = host->allocate(items * columns * sizeof(*page->values));
    }
    if (!page->items || !page->bytes || (columns > 0 && !page->values)) {
        quipu_sqlite_page_finish(page, host);
        return no_memory(host, error);
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

/* Moves bytes that SQLite lends into the page. */
static void keep(struct page *page, quipu_bytes *bytes)
{
    if (bytes->data) {
        unsigned char *copy = page->bytes + page->used;
        memcpy(copy, bytes->data, bytes->size);
        bytes->data = copy;
        page->used += bytes->size;
    }
}

quipu_item *quipu_sqlite_page_look(struct page *page, sqlite3_value **columns,
                                   const quipu_driver_schema *bound)
{
    if (page->count == page->item_room) {
        return NULL;
    }
    quipu_item *item = &page->items[page->count];
    quipu_value *values =
        page->values + page->count * bound->schema.column_count;
    quipu_sqlite_row_item(columns, bound, item, values);
    return item;
}

/* Room for `size` more bytes; what is bigger than a page gets one alone. */
static int make_room(struct page *page, const quipu_host *host, size_t size,
                     bool *full, quipu_error *error)
{
    *full = size > page->byte_room - page->used;
    if (!*full ||
        SAFEGUARDED("F1.a-page-for-a-big-item", page->count > 0, true)) {
        return QUIPU_OK;
    }
    unsigned char *bytes = host->reallocate(page->bytes, size);
    if (!bytes) {
        return no_memory(host, error);
    }
    page->bytes = bytes;
    page->byte_room = size;
    *full = false;
    return QUIPU_OK;
}

int quipu_sqlite_page_keep(struct page *page, const quipu_host *host,
                           bool *full, quipu_error *error)
{
    quipu_item *item = &page->items[page->count];
    int status = make_room(page, host, size_of(item), full, error);
    if (status != QUIPU_OK || *full) {
        return status;
    }
    keep(page, &item->sequence_id);
    keep(page, &item->topic);
    keep(page, &item->state);
    keep(page, &item->event_id);
    keep(page, &item->metadata);
    for (size_t i = 0; i < item->column_count; i++) {
        /* The values lie in the page. */
        quipu_value *value =
            &page->values[page->count * item->column_count + i];
        if (has_bytes(value)) {
            keep(page, &value->as.bytes);
        }
    }
    page->count++;
    return QUIPU_OK;
}
