/* SPDX-License-Identifier: Apache-2.0 */
/* The listing of key-value entries.
 *
 * METHOD
 *
 * A step copies the next entries in order of their keys into a page of the
 * cursor, and returns the reader before it returns them (cursor.c); the next
 * step continues above the last key. Pages grow: the first one is small, since
 * the usual listing looks for one key. An entry that does not fit is left to
 * the next page, or gets one of its own.
 *
 * INVARIANTS
 *
 *   INV1  Between two steps no transaction is open, so each step reads what is
 *         committed by then (K1).
 *   INV2  Each key is above the one before it, or the table is not as quipu
 *         created it: so a listing ends. */
#include "common/safeguard.h"
#include "read/cursor.h"

#include <string.h>

#define FIRST_ENTRIES 4
#define PAGE_GROWTH 8 /* factor */
#define PAGE_ENTRIES 256
#define PAGE_BYTES ((size_t)160 << 10) /* of keys and values */

static int set_corrupt(const quipu_driver_cursor *cursor, const char *fault,
                       quipu_error *error)
{
    (void)cursor->datastore->host->error_set(
        error, QUIPU_CORRUPT, 0, NULL,
        "the table quipu_entries of \"%s\" has an entry %s, which quipu never "
        "writes; restore the entry, or a backup",
        cursor->datastore->name, fault);
    return QUIPU_CORRUPT;
}

/* -------------------------------------------------------------------- rows */

static quipu_bytes bytes_at(sqlite3_stmt *row, int column)
{
    const void *data = sqlite3_column_blob(row, column);

    return (quipu_bytes){ data ? data : "",
                          (size_t)sqlite3_column_bytes(row, column) };
}

static bool is_above(quipu_bytes key, const struct entry_place *place)
{
    const size_t both = key.size < place->key_size ? key.size : place->key_size;
    const int order = both > 0 ? memcmp(key.data, place->key, both) : 0;

    return order != 0 ? order > 0
                      : SAFEGUARDED("K6.listing-makes-progress",
                                    key.size > place->key_size,
                                    key.size >= place->key_size);
}

/* Reads a row of SQL_ENTRIES_FROM; its bytes belong to SQLite. */
static int read_entry(const quipu_driver_cursor *cursor, sqlite3_stmt *row,
                      quipu_entry *entry, quipu_error *error)
{
    const struct entry_place *place = &cursor->entries.place;

    if (sqlite3_column_type(row, 0) != SQLITE_TEXT ||
        sqlite3_column_type(row, 1) != SQLITE_INTEGER ||
        sqlite3_column_type(row, 2) != SQLITE_BLOB) {
        return set_corrupt(cursor, "with a value of another type", error);
    }
    *entry = (quipu_entry){ .key = bytes_at(row, 0),
                            .value = bytes_at(row, 2),
                            .revision = sqlite3_column_int64(row, 1) };
    if (entry->key.size < 1 || entry->key.size > QUIPU_KEY_MAX) {
        return set_corrupt(cursor, "with a key of more than 480 bytes, or none",
                           error);
    }
    if (entry->revision < 1) {
        return set_corrupt(cursor, "with a revision below 1", error);
    }
    if (place->begun && !is_above(entry->key, place)) { /* INV2 */
        return set_corrupt(cursor, "that is out of order", error);
    }
    return QUIPU_OK;
}

/* ------------------------------------------------------------------- pages */

/* Makes room for the entries of the next page. */
static int begin_page(quipu_driver_cursor *cursor, quipu_error *error)
{
    const quipu_host *host = cursor->datastore->host;
    struct entry_listing *listing = &cursor->entries;
    const size_t room =
        listing->room == 0 ? FIRST_ENTRIES : listing->room * PAGE_GROWTH;

    listing->count = listing->used = 0;
    if (listing->room >= PAGE_ENTRIES) {
        return QUIPU_OK;
    }
    quipu_entry *rows =
        host->reallocate(listing->rows, room * sizeof(*listing->rows));
    if (!rows) {
        return quipu_sqlite_error_no_memory(host, error);
    }
    listing->rows = rows;
    listing->room = room;
    return QUIPU_OK;
}

/* Makes room for `size` more bytes. *full: the page gets no more; but an empty
 * one grows for any entry. The entries of the page hold no pointers yet. */
static int make_room(quipu_driver_cursor *cursor, size_t size, bool *full,
                     quipu_error *error)
{
    const quipu_host *host = cursor->datastore->host;
    struct entry_listing *listing = &cursor->entries;
    const size_t needed = listing->used + size;

    *full = listing->count > 0 && needed > PAGE_BYTES;
    if (*full || needed <= listing->byte_room) {
        return QUIPU_OK;
    }
    const size_t doubled = 2 * listing->byte_room;
    const size_t room = doubled > needed ? doubled : needed;
    unsigned char *bytes = host->reallocate(listing->bytes, room);
    if (!bytes) {
        return quipu_sqlite_error_no_memory(host, error);
    }
    listing->bytes = bytes;
    listing->byte_room = room;
    return QUIPU_OK;
}

/* Copies an entry into the page, and keeps its key as the place. */
static int keep_entry(quipu_driver_cursor *cursor, const quipu_entry *entry,
                      bool *full, quipu_error *error)
{
    struct entry_listing *listing = &cursor->entries;
    struct entry_place *place = &listing->place;
    int status =
        make_room(cursor, entry->key.size + entry->value.size, full, error);

    if (status != QUIPU_OK || *full) {
        return status;
    }
    memcpy(listing->bytes + listing->used, entry->key.data, entry->key.size);
    listing->used += entry->key.size;
    if (entry->value.size > 0) {
        memcpy(listing->bytes + listing->used, entry->value.data,
               entry->value.size);
        listing->used += entry->value.size;
    }
    listing->rows[listing->count++] = *entry;
    memcpy(place->key, entry->key.data, entry->key.size);
    place->key_size = entry->key.size;
    place->begun = true;
    *full = listing->count == listing->room;
    return QUIPU_OK;
}

/* Sets the pointers of the entries, which follow each other in the page. */
static void finish_page(struct entry_listing *listing)
{
    const unsigned char *at = listing->bytes;

    for (size_t i = 0; i < listing->count; i++) {
        quipu_entry *entry = &listing->rows[i];

        entry->key.data = at;
        at += entry->key.size;
        entry->value.data = at;
        at += entry->value.size;
    }
}

static bool has_prefix(const struct entry_listing *listing, quipu_bytes key)
{
    return key.size >= listing->prefix_size &&
           memcmp(key.data, listing->prefix, listing->prefix_size) == 0;
}

/* Steps through the rows until the page is full or the prefix ends. */
static int fill_page(quipu_driver_cursor *cursor, struct connection *reader,
                     sqlite3_stmt *query, quipu_error *error)
{
    bool full = false;
    int code = SQLITE_ROW;
    int status = QUIPU_OK;

    while (status == QUIPU_OK && !full &&
           (code = sqlite3_step(query)) == SQLITE_ROW) {
        quipu_entry entry = { .revision = 0 };

        status = read_entry(cursor, query, &entry, error);
        if (status == QUIPU_OK &&
            SAFEGUARDED("K6.prefix", !has_prefix(&cursor->entries, entry.key),
                        false)) {
            cursor->done = true;
            break;
        }
        if (status == QUIPU_OK) {
            status = keep_entry(cursor, &entry, &full, error);
        }
    }
    if (code == SQLITE_DONE) {
        cursor->done = true;
    } else if (code != SQLITE_ROW) {
        status =
            quipu_sqlite_error_set(reader, code, "list the entries", error);
    }
    return status;
}

static int step(quipu_driver_cursor *cursor, struct connection *reader,
                struct cursor_rows *rows, quipu_error *error)
{
    struct entry_listing *listing = &cursor->entries;
    const struct entry_place place = listing->place;
    sqlite3_stmt *query = NULL;
    bool exist = false;
    int status = quipu_sqlite_entries_exist(reader, &exist, error);

    if (status != QUIPU_OK || !exist) {
        cursor->done = true;
        return status;
    }
    status = begin_page(cursor, error);
    if (status == QUIPU_OK) {
        status = quipu_sqlite_statement_get(
            reader, NULL, place.begun ? SQL_ENTRIES_AFTER : SQL_ENTRIES_FROM,
            &query, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(query, 1, cursor->datastore->name_space_number);
    (void)sqlite3_bind_text(query, 2, place.key, (int)place.key_size,
                            SQLITE_STATIC);
    status = fill_page(cursor, reader, query, error);
    (void)sqlite3_reset(query); /* INV1 */
    finish_page(listing);
    *rows = (struct cursor_rows){ listing->rows, listing->count };
    return status;
}

/* ----------------------------------------------------------------- opening */

static int compare(quipu_bytes a, quipu_bytes b)
{
    const size_t both = a.size < b.size ? a.size : b.size;
    const int order = both > 0 ? memcmp(a.data, b.data, both) : 0;

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

int quipu_sqlite_entry_listing_open(quipu_driver_datastore *datastore,
                                    quipu_bytes prefix, quipu_bytes from,
                                    int64_t deadline,
                                    quipu_driver_cursor **cursor,
                                    quipu_error *error)
{
    int status = quipu_sqlite_cursor_create(datastore, NULL, cursor, error);

    (void)deadline;
    if (status != QUIPU_OK) {
        return status;
    }
    struct entry_listing *listing = &(*cursor)->entries;
    (*cursor)->step = step;
    if (prefix.data && prefix.size > 0) {
        memcpy(listing->prefix, prefix.data, prefix.size);
        listing->prefix_size = prefix.size;
    } else {
        prefix = (quipu_bytes){ "", 0 };
    }
    /* Keys with the prefix are not below the prefix itself. */
    if (!from.data || compare(from, prefix) < 0) {
        from = prefix;
    }
    memcpy(listing->place.key, from.data, from.size);
    listing->place.key_size = from.size;
    return QUIPU_OK;
}
