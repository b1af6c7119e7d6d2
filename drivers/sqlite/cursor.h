/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors: over items in pages, and over listings row by row. */
#ifndef SQLITE_DRIVER_CURSOR_H
#define SQLITE_DRIVER_CURSOR_H

#include "page.h"

/* Where a read of items stands: what is still to come. */
struct reading {
    enum statement sql;
    bool log;
    bool descending;
    bool done; /* no page comes after this one */
    /* Of the log when the cursor was opened (V4); INT64_MAX while one page has
     * sufficed. */
    int64_t head;
    quipu_range range;
    struct page page;
    bool lent; /* the first page was */
};

/* Where a listing stands; each step looks for what comes next. */
struct listing {
    bool begun;
    char key[2][QUIPU_ID_MAX + 1]; /* the last row's */
    size_t key_size[2];
    quipu_schema schema;
    char *schema_block;
    quipu_sequence sequence;
    quipu_tracking tracking;
};

struct quipu_driver_cursor {
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound;
    int (*step)(quipu_driver_cursor *cursor, struct connection *reader,
                const void **rows, size_t *count, quipu_error *error);
    quipu_id sequence_id; /* to read, or the listing's lower bound */
    struct reading reading;
    struct listing listing;
};

int quipu_sqlite_cursor_create(quipu_driver_datastore *datastore,
                               quipu_driver_schema *bound,
                               quipu_driver_cursor **cursor,
                               quipu_error *error);

/* Copies a tracking record's position from a row's first columns. */
void quipu_sqlite_row_position(sqlite3_stmt *row, quipu_position *position);

#endif
