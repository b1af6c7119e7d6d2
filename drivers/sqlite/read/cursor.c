/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors: a step borrows a reader, reads the next rows into memory of the
 * cursor, and returns the reader before it returns the rows. So a slow reader
 * of the application delays neither a checkpoint nor another cursor. */
#include "read/cursor.h"

#include <string.h>

int quipu_sqlite_cursor_create(quipu_driver_datastore *datastore,
                               quipu_driver_schema *bound,
                               quipu_driver_cursor **cursor, quipu_error *error)
{
    *cursor = datastore->host->allocate(sizeof(**cursor));
    if (!*cursor) {
        return quipu_sqlite_error_no_memory(datastore->host, error);
    }
    **cursor = (quipu_driver_cursor){ .datastore = datastore, .bound = bound };
    return QUIPU_OK;
}

/* The members of a cursor that a step changes and that decide what the next one
 * reads; a step that is void starts there again. */
struct place {
    bool done;
    int64_t head;
    quipu_range range;
    bool begun;
    char key[2][QUIPU_ID_MAX + 1];
    size_t key_size[2];
    struct entry_place entry;
};

static void save_place(const quipu_driver_cursor *cursor, struct place *place)
{
    const struct listing *listing = &cursor->listing;

    place->done = cursor->done;
    place->head = cursor->read.head;
    place->range = cursor->read.range;
    place->begun = listing->begun;
    memcpy(place->key, listing->key, sizeof(place->key));
    memcpy(place->key_size, listing->key_size, sizeof(place->key_size));
    place->entry = cursor->entries.place;
}

static void restore_place(quipu_driver_cursor *cursor,
                          const struct place *place)
{
    struct listing *listing = &cursor->listing;

    cursor->done = place->done;
    cursor->read.head = place->head;
    cursor->read.range = place->range;
    listing->begun = place->begun;
    memcpy(listing->key, place->key, sizeof(place->key));
    memcpy(listing->key_size, place->key_size, sizeof(place->key_size));
    cursor->entries.place = place->entry;
}

int quipu_sqlite_cursor_fill(quipu_driver_cursor *cursor, int64_t deadline,
                             struct cursor_rows *rows, quipu_error *error)
{
    struct reader_use use = { .datastore = cursor->datastore,
                              .deadline = deadline };
    struct place place;
    int status;

    save_place(cursor, &place);
    do {
        status = quipu_sqlite_reader_borrow(&use, error);
        if (status == QUIPU_OK) {
            restore_place(cursor, &place);
            *rows = (struct cursor_rows){ .count = 0 };
            status = cursor->step(cursor, use.reader, rows, error);
        }
    } while (quipu_sqlite_reader_return(&use, &status, error));
    return status;
}

int quipu_sqlite_cursor_step(quipu_driver_cursor *cursor, int64_t deadline,
                             const void **rows, size_t *count,
                             quipu_error *error)
{
    struct item_read *read = &cursor->read;
    struct cursor_rows next = { .count = 0 };

    *count = 0;
    if (!read->first_lent && read->page.count > 0) {
        read->first_lent = true; /* the page that was read at the opening */
        *rows = read->page.items;
        *count = read->page.count;
        return QUIPU_OK;
    }
    if (cursor->done) {
        return QUIPU_OK;
    }
    int status = quipu_sqlite_cursor_fill(cursor, deadline, &next, error);
    *rows = next.rows;
    *count = next.count;
    return status;
}

void quipu_sqlite_cursor_close(quipu_driver_cursor *cursor)
{
    const quipu_host *host = cursor->datastore->host;

    quipu_sqlite_item_page_finish(&cursor->read.page, host);
    quipu_sqlite_filter_finish(&cursor->filter, host);
    host->release(cursor->listing.schema_block);
    host->release(cursor->entries.rows);
    host->release(cursor->entries.bytes);
    host->release(cursor);
}
