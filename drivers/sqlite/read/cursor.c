/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors: a step borrows a reader, reads the next rows into memory of the
 * cursor, and returns the reader before it returns the rows. So a slow reader
 * of the application delays neither a checkpoint nor another cursor. */
#include "read/cursor.h"

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

int quipu_sqlite_cursor_step(quipu_driver_cursor *cursor, int64_t deadline,
                             const void **rows, size_t *count,
                             quipu_error *error)
{
    struct item_read *read = &cursor->read;
    struct connection *reader = NULL;
    struct cursor_rows next = { .count = 0 };
    int status = QUIPU_OK;

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
    status =
        quipu_sqlite_reader_borrow(cursor->datastore, deadline, &reader, error);
    if (status == QUIPU_OK) {
        status = cursor->step(cursor, reader, &next, error);
        status = quipu_sqlite_reader_return(reader, status, error);
    }
    *rows = next.rows;
    *count = next.count;
    return status;
}

void quipu_sqlite_cursor_close(quipu_driver_cursor *cursor)
{
    const quipu_host *host = cursor->datastore->host;

    quipu_sqlite_item_page_finish(&cursor->read.page, host);
    host->release(cursor->listing.schema_block);
    host->release(cursor);
}
