/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors: over items in pages, and over listings. */
#ifndef LMDB_DRIVER_CURSOR_H
#define LMDB_DRIVER_CURSOR_H

#include "key.h"
#include "lmdb_driver.h"

#define PAGE_ITEMS 64 /* few enough for the processor's cache */
#define SEQUENCES 32  /* of a listing, at once */

/* Where a read of items stands: what is still to come. */
struct reading {
    bool log;
    bool descending;
    bool done;    /* no page comes after this one */
    bool lent;    /* this page was */
    int64_t head; /* of the log when the cursor was opened (V4) */
    quipu_range range;
    struct key key;   /* of the sequence */
    struct view view; /* while the page lies in the map: `txn` is not NULL */
    /* The page: rows of items that lie in the map. */
    quipu_value *values; /* of their further columns */
    size_t count;
    quipu_item items[PAGE_ITEMS];
};

/* Where a listing stands; each step looks for what comes next. */
struct listing {
    const struct database *database;
    /* What makes a row of an entry; *found false: it is beyond the last. */
    int (*read)(quipu_driver_cursor *cursor, const MDB_val *key,
                const MDB_val *value, bool *found);
    size_t count;
    bool begun;
    bool done;
    unsigned char key[2 * QUIPU_ID_MAX + 1]; /* the last row's */
    size_t key_size;
    quipu_schema schema;
    char *schema_block;
    quipu_tracking tracking;
    quipu_sequence sequences[SEQUENCES];
    unsigned char ids[SEQUENCES][QUIPU_ID_MAX];
};

struct quipu_driver_cursor {
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound;
    int (*step)(quipu_driver_cursor *cursor, int64_t deadline,
                const void **rows, size_t *count, quipu_error *error);
    void (*finish)(quipu_driver_cursor *cursor);
    union {
        struct reading reading;
        struct listing listing;
    } as;
};

/* Allocates one; only its first members and those up to `size` are set. */
quipu_driver_cursor *quipu_lmdb_cursor_create(quipu_driver_datastore *datastore,
                                              quipu_driver_schema *bound,
                                              quipu_error *error);

/* Fills the page of a read of the log, or of a sequence, and moves the range
 * behind it.  CORRUPT, IO. */
int quipu_lmdb_fill_log(quipu_driver_cursor *cursor, quipu_error *error);
int quipu_lmdb_fill_sequence(quipu_driver_cursor *cursor, quipu_error *error);

#endif
