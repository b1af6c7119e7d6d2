/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors: over items in pages, and over listings. */
#ifndef POSTGRES_DRIVER_CURSOR_H
#define POSTGRES_DRIVER_CURSOR_H

#include "rows.h"

/* Where a read of items stands: what is still to come. */
struct reading {
    bool log;
    bool descending;
    bool sparse;  /* items may come to stand among those already read */
    bool big;     /* pages are measured by the server */
    bool more;    /* a page comes after this one */
    bool lent;    /* the page at hand was */
    int64_t head; /* what lies above it came later (V4) */
    quipu_range range;
    PGresult *page;
    quipu_item *items;
    quipu_value *values; /* of their further columns */
    size_t room;
    size_t count;
};

/* Where a listing stands. */
struct listing {
    char key[2][QUIPU_ID_MAX + 1]; /* the last row's */
    size_t key_size[2];
    bool begun;
    bool done;
    PGresult *page;
    quipu_schema schema;
    char *schema_block;
    void *rows;
};

struct quipu_driver_cursor {
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound;
    int (*step)(quipu_driver_cursor *cursor, int64_t deadline,
                const void **rows, size_t *count, quipu_error *error);
    quipu_id sequence_id;
    struct reading reading;
    struct listing listing;
};

int quipu_postgres_cursor_create(quipu_driver_datastore *datastore,
                                 quipu_driver_schema *bound,
                                 quipu_driver_cursor **cursor,
                                 quipu_error *error);

#endif
