/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors over items (read.c), listings (list.c) and entries (entry_list.c). */
#ifndef LMDB_DRIVER_CURSOR_H
#define LMDB_DRIVER_CURSOR_H

#include "catalogue/store.h"
#include "format/key.h"
#include "lmdb_driver.h"

/* Items that are lent at once, and bytes of their values, unless the first one
 * is larger: they fit the CPU's cache. */
#define BATCH_ITEMS 128
#define BATCH_BYTES ((size_t)64 << 10)
#define BATCH_SEQUENCES 32
/* Items that a filtered read looks at in one transaction. */
#define BATCH_FILTERED 4096
#define BATCH_ENTRIES 64

/* State of a read of items.  No transaction is held between two steps. */
struct item_read {
    bool log; /* of the log, not of a sequence */
    bool descending;
    bool done;    /* nothing follows the current batch */
    bool lent;    /* the current batch was returned */
    int64_t head; /* of the log when the cursor was opened (V4); -1: unknown */
    quipu_range range;          /* of the items that are still to be read */
    struct key key;             /* of the sequence */
    const quipu_filter *filter; /* of the log, or NULL; the core's */
    bool by_event_id;           /* the item of this id, and no other */
    unsigned char event_id[16];
    quipu_value *values; /* further columns of the batch's items, or NULL */
    unsigned char
        *bytes;  /* copies of the batch's values, to which they point */
    size_t room; /* in `bytes` */
    size_t used; /* of it */
    size_t count;
    quipu_item items[BATCH_ITEMS]; /* the batch */
};

/* State of a listing.  Nothing is held between two steps. */
struct listing {
    const struct database *database;
    /* Makes a row of an entry.  MDB_NOTFOUND: the entry is beyond the last. */
    int (*read_row)(quipu_driver_cursor *cursor, const MDB_val *key,
                    const MDB_val *value);
    size_t count;
    bool begun;   /* `key` is the key of the last row */
    bool stepped; /* rows were read: a tear-down after that is an error */
    bool done;
    unsigned char key[2 * QUIPU_ID_MAX + 1];
    size_t key_size;
    quipu_schema schema;
    char *schema_block;
    quipu_tracking tracking;
    quipu_log log;
    char log_space[STORE_NAME_MAX]; /* the names in `log` */
    char log_table[STORE_NAME_MAX];
    quipu_sequence sequences[BATCH_SEQUENCES];
    unsigned char ids[BATCH_SEQUENCES][QUIPU_ID_MAX];
};

/* State of a listing of entries.  Nothing is held between two steps. */
struct entry_read {
    unsigned char prefix[QUIPU_KEY_MAX];
    unsigned char from[QUIPU_KEY_MAX]; /* the first key that can follow */
    size_t prefix_size;
    size_t from_size;
    bool begun; /* `from` was listed: only keys above it follow */
    bool done;
    unsigned char *bytes; /* copies of the batch's keys and values */
    size_t room;          /* in `bytes` */
    size_t used;          /* of it */
    size_t count;
    quipu_entry rows[BATCH_ENTRIES]; /* the batch */
};

struct quipu_driver_cursor {
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound; /* NULL: it is of no schema */
    int (*step)(quipu_driver_cursor *cursor, int64_t deadline,
                const void **rows, size_t *count, quipu_error *error);
    void (*finish)(quipu_driver_cursor *cursor);
    union {
        struct item_read read;
        struct listing listing;
        struct entry_read entries;
    } as;
};

/* Allocates a cursor; all members but the first two are left to the caller.
 * NULL: no memory. */
quipu_driver_cursor *quipu_lmdb_cursor_create(quipu_driver_datastore *datastore,
                                              quipu_driver_schema *bound,
                                              quipu_error *error);

#endif
