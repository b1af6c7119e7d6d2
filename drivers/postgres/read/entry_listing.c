/* SPDX-License-Identifier: Apache-2.0 */
/* The listing of key-value entries, in pages by key. */
#include "listings.h"

#include "net/errors.h"
#include "net/query.h"

#include <string.h>

#define PAGE_ROWS 256
#define PAGE_BYTES (INT64_C(4) << 20) /* of values; one may be larger */
#define GREATEST "\xf4\x8f\xbf\xbf"   /* the greatest character */
#define LEAST "\x01"                  /* the least one: a text has no NUL */

/* The memory of listing->rows.  The bounds of the next page: from `from`
 * on, and below `end`.  The row with the empty key is no entry
 * (append/entries.h) and lies before all bounds. */
struct page {
    char from[QUIPU_KEY_MAX + 1];
    size_t from_size;
    char end[QUIPU_KEY_MAX + sizeof(GREATEST) + TEXT_RANGE_MORE];
    size_t end_size;
    int64_t limit; /* rows */
    quipu_entry entries[PAGE_ROWS];
};

static void put_bounds(struct arguments *arguments, const void *context)
{
    const quipu_driver_cursor *cursor = context;
    const struct page *page = cursor->listing.rows;
    quipu_postgres_binary_add_int4(arguments,
                                   cursor->datastore->namespace_number);
    quipu_postgres_binary_add_bytes(
        arguments, (quipu_bytes){ page->from, page->from_size });
    quipu_postgres_binary_add_bytes(arguments,
                                    (quipu_bytes){ page->end, page->end_size });
    quipu_postgres_binary_add_int8(arguments, page->limit);
    quipu_postgres_binary_add_int8(arguments, PAGE_BYTES);
}

static int compare(quipu_bytes a, quipu_bytes b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = memcmp(a.data, b.data, size);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* Takes the rows.  Returns false if they are not those that were asked for:
 * keys that do not rise would be listed for ever. */
static bool take(struct listing *listing, size_t *count)
{
    struct page *page = listing->rows;
    int rows = PQntuples(listing->page);
    int64_t bytes = 0;
    for (int i = 0; i < rows && rows <= page->limit; i++) {
        quipu_entry *entry = &page->entries[i];
        *entry = (quipu_entry){
            .key = quipu_postgres_binary_get_bytes(listing->page, i, 0),
            .revision = quipu_postgres_binary_get_int(listing->page, i, 1),
            .value = quipu_postgres_binary_get_bytes(listing->page, i, 2),
        };
        quipu_bytes least = { page->from, page->from_size };
        if (i > 0 ? compare(entry[-1].key, entry->key) >= 0
                  : compare(entry->key, least) < 0) {
            return false;
        }
        if (entry->revision < 1) {
            return false;
        }
        bytes += (int64_t)entry->value.size;
    }
    *count = (size_t)rows;
    listing->done = rows < page->limit && bytes < PAGE_BYTES;
    return rows <= page->limit;
}

/* The next page begins at the least text above the last key. */
static void advance(struct page *page, quipu_bytes key)
{
    memcpy(page->from, key.data, key.size);
    memcpy(page->from + key.size, LEAST, 1);
    page->from_size = key.size + 1;
    page->limit = PAGE_ROWS;
}

static int next_entries(quipu_driver_cursor *cursor, int64_t deadline,
                        const void **rows, size_t *count, quipu_error *error)
{
    struct listing *listing = &cursor->listing;
    quipu_driver_datastore *datastore = cursor->datastore;
    struct page *page = listing->rows;
    quipu_error own = { 0 };
    if (listing->done) {
        return QUIPU_OK;
    }
    PQclear(listing->page);
    listing->page = NULL;
    const struct query query = { .statement = &datastore->sql[SQL_ENTRIES_LIST],
                                 .put = put_bounds,
                                 .context = cursor,
                                 .what = "list the entries" };
    int status = quipu_postgres_query_read(datastore, &query, deadline,
                                           &listing->page, &own);
    if (status != QUIPU_OK && strcmp(own.sqlstate, "42P01") == 0) {
        listing->done = true; /* a store that never had entries */
        return QUIPU_OK;
    }
    if (status != QUIPU_OK) {
        *error = own;
        return status;
    }
    if (!take(listing, count)) {
        *count = 0;
        return quipu_postgres_error_malformed(
            datastore, query.what,
            "its rows are not in byte order, or more than were asked for",
            error);
    }
    if (*count > 0) {
        advance(page, page->entries[*count - 1].key);
    }
    *rows = page->entries;
    return QUIPU_OK;
}

/* Without a prefix the range ends at a text that is above all keys, because it
 * is longer than they may be. */
static void set_end(struct page *page, quipu_bytes prefix)
{
    quipu_bytes end = quipu_postgres_text_range_end(prefix, page->end);
    page->end_size = end.size;
    while (!end.data && page->end_size <= QUIPU_KEY_MAX) {
        memcpy(page->end + page->end_size, GREATEST, sizeof(GREATEST) - 1);
        page->end_size += sizeof(GREATEST) - 1;
    }
}

/* The core reads a single entry as the first of those that begin with its key,
 * from the key on: that is a page of one row. */
int quipu_postgres_entry_listing_open(quipu_driver_datastore *datastore,
                                      quipu_bytes prefix, quipu_bytes from,
                                      int64_t deadline,
                                      quipu_driver_cursor **cursor,
                                      quipu_error *error)
{
    quipu_bytes least = { LEAST, 1 };
    quipu_driver_cursor *made = NULL;
    (void)deadline;
    int status = quipu_postgres_read_create(datastore, NULL, &made, error);
    if (status != QUIPU_OK) {
        return status;
    }
    struct page *page = datastore->host->allocate(sizeof(*page));
    if (!page) {
        quipu_postgres_read_close(made);
        return quipu_postgres_error_no_memory(datastore->host, error);
    }
    made->step = next_entries;
    made->listing.rows = page;
    bool is_one = prefix.size > 0 && from.size == prefix.size &&
                  memcmp(from.data, prefix.data, from.size) == 0;
    page->limit = is_one ? 1 : PAGE_ROWS;
    set_end(page, prefix);
    if (prefix.size > 0 && compare(least, prefix) < 0) {
        least = prefix;
    }
    if (from.size > 0 && compare(least, from) < 0) {
        least = from;
    }
    memcpy(page->from, least.data, least.size);
    page->from_size = least.size;
    *cursor = made;
    return QUIPU_OK;
}
