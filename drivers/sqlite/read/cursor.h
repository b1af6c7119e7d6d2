/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors: over items in pages (read.c), over entries in pages
 * (entry_listing.c), and over other listings row by row (listing.c). A cursor
 * holds no connection between two steps. */
#ifndef QUIPU_DRIVERS_SQLITE_CURSOR_H
#define QUIPU_DRIVERS_SQLITE_CURSOR_H

#include "read/filter.h"
#include "read/item_page.h"

/* State of a read of items. */
struct item_read {
    enum statement sql;
    bool of_log;     /* of the log; else of a sequence */
    bool has_filter; /* that of the cursor */
    bool descending;
    /* The head of the log when the cursor was opened (V4); INT64_MAX until a
     * second page is needed. */
    int64_t head;
    quipu_range range;          /* still to be read */
    unsigned char event_id[16]; /* of SQL_FIND_EVENT */
    /* Of last_item: set to the number of erasures; else NULL. */
    int64_t *erasures;
    struct item_page page;
    bool first_lent; /* the first page was returned */
};

/* State of a listing: each step looks for the row after the last one. */
struct listing {
    bool begun;
    char key[2][QUIPU_ID_MAX + 1]; /* of the last row, or the lower bound */
    size_t key_size[2];
    /* The row that the last step returned. */
    quipu_schema schema;
    char *schema_block; /* memory of `schema` */
    quipu_sequence sequence;
    quipu_tracking tracking;
    quipu_log log;
};

/* Where a listing of entries continues: above the key, or, until it has begun,
 * at the key. */
struct entry_place {
    bool begun;
    char key[QUIPU_KEY_MAX];
    size_t key_size;
};

/* State of a listing of entries. */
struct entry_listing {
    char prefix[QUIPU_KEY_MAX];
    size_t prefix_size;
    struct entry_place place;
    /* The page: entries, and the bytes of their keys and values. */
    quipu_entry *rows;
    size_t count;
    size_t room;
    unsigned char *bytes;
    size_t used;
    size_t byte_room;
};

/* Rows that a step returns; they belong to the cursor until the next step. */
struct cursor_rows {
    const void *rows;
    size_t count;
};

struct quipu_driver_cursor {
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound; /* NULL for listings without one */
    /* Reads the next rows with a borrowed reader. */
    int (*step)(quipu_driver_cursor *cursor, struct connection *reader,
                struct cursor_rows *rows, quipu_error *error);
    bool done;            /* no rows follow */
    quipu_id sequence_id; /* of a read of a sequence */
    struct item_read read;
    struct row_filter filter; /* of a filtered read */
    struct listing listing;
    struct entry_listing entries;
};

/* Allocates a cursor with a step function. */
int quipu_sqlite_cursor_create(quipu_driver_datastore *datastore,
                               quipu_driver_schema *bound,
                               quipu_driver_cursor **cursor,
                               quipu_error *error);

/* Calls the step function with a borrowed reader, again if that was void. */
int quipu_sqlite_cursor_fill(quipu_driver_cursor *cursor, int64_t deadline,
                             struct cursor_rows *rows, quipu_error *error);

/* ---------------------------------------- operations, as driver.h says */

int quipu_sqlite_cursor_step(quipu_driver_cursor *cursor, int64_t deadline,
                             const void **rows, size_t *count,
                             quipu_error *error);
void quipu_sqlite_cursor_close(quipu_driver_cursor *cursor);

int quipu_sqlite_read_sequence(quipu_driver_datastore *datastore,
                               quipu_driver_schema *bound,
                               quipu_bytes sequence_id,
                               const quipu_range *range, int64_t deadline,
                               quipu_driver_cursor **cursor,
                               quipu_error *error);
int quipu_sqlite_read_last_item(quipu_driver_datastore *datastore,
                                quipu_driver_schema *bound,
                                quipu_bytes sequence_id, int64_t deadline,
                                quipu_see see, void *context, int64_t *erasures,
                                quipu_error *error);
int quipu_sqlite_read_log(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound, const quipu_range *range,
                          int64_t deadline, quipu_driver_cursor **cursor,
                          quipu_error *error);

int quipu_sqlite_read_filtered(quipu_driver_datastore *datastore,
                               quipu_driver_schema *bound,
                               const quipu_range *range,
                               const quipu_filter *filter, int64_t deadline,
                               quipu_driver_cursor **cursor,
                               quipu_error *error);
int quipu_sqlite_read_event(quipu_driver_datastore *datastore,
                            quipu_driver_schema *bound, quipu_bytes event_id,
                            int64_t deadline, quipu_driver_cursor **cursor,
                            quipu_error *error);

int quipu_sqlite_entry_listing_open(quipu_driver_datastore *datastore,
                                    quipu_bytes prefix, quipu_bytes from,
                                    int64_t deadline,
                                    quipu_driver_cursor **cursor,
                                    quipu_error *error);
int quipu_sqlite_listing_schemas(quipu_driver_datastore *datastore,
                                 int64_t deadline, quipu_driver_cursor **cursor,
                                 quipu_error *error);
int quipu_sqlite_listing_sequences(quipu_driver_datastore *datastore,
                                   quipu_driver_schema *bound,
                                   quipu_bytes after, int64_t deadline,
                                   quipu_driver_cursor **cursor,
                                   quipu_error *error);
int quipu_sqlite_listing_tracking(quipu_driver_datastore *datastore,
                                  int64_t deadline,
                                  quipu_driver_cursor **cursor,
                                  quipu_error *error);
int quipu_sqlite_listing_logs(quipu_driver_datastore *datastore,
                              int64_t deadline, quipu_driver_cursor **cursor,
                              quipu_error *error);

#endif
