/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors: reads of items in pages, and listings. */
#ifndef POSTGRES_READ_H
#define POSTGRES_READ_H

#include "catalogue/schema.h"
#include "datastore.h"
#include "net/query.h"

/* State of a read of items. */
struct reading {
    bool log; /* of the log, not of a sequence */
    bool one; /* of the item with the event id `event_id` */
    bool descending;
    bool sparse;  /* of a sequence whose positions need not be consecutive */
    bool large;   /* an item exceeded its share: the server measures pages */
    bool more;    /* there may be another page */
    bool lent;    /* the page has been returned by a step */
    int64_t head; /* later items are not part of the read (V4) */
    quipu_range range;          /* still to be read */
    const quipu_filter *filter; /* of the log, or NULL; borrowed */
    quipu_uuid event_id;
    PGresult *page;      /* owns the bytes of the items */
    quipu_item *items;   /* of the page */
    quipu_value *values; /* of their further columns */
    size_t room;         /* allocated items */
    int64_t page_items;  /* items of a page, at most */
    size_t count;
};

/* State of a listing. */
struct listing {
    char key[2][QUIPU_ID_MAX + 1]; /* of the last row */
    size_t key_size[2];
    bool begun; /* there is a last row */
    bool done;
    bool flush;     /* of logs: each page is followed by one (net/flush.h) */
    PGresult *page; /* owns the bytes of `rows` */
    void *rows;
    quipu_schema schema; /* the row of a listing of schemas */
    char *schema_block;  /* owns its strings */
};

struct quipu_driver_cursor {
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound; /* NULL in listings that have none */
    int (*step)(quipu_driver_cursor *cursor, int64_t deadline,
                const void **rows, size_t *count, quipu_error *error);
    quipu_id sequence_id;
    struct reading reading;
    struct listing listing;
};

/* Allocates a cursor, all zero; the caller sets `step`. */
int quipu_postgres_read_create(quipu_driver_datastore *datastore,
                               quipu_driver_schema *bound,
                               quipu_driver_cursor **cursor,
                               quipu_error *error);

/* The driver operations read_sequence, read_sequences, read_log, read_filtered,
 * find_event, step and cursor_close. */
int quipu_postgres_read_sequence(quipu_driver_datastore *datastore,
                                 quipu_driver_schema *bound,
                                 quipu_bytes sequence_id,
                                 const quipu_range *range, int64_t deadline,
                                 quipu_driver_cursor **cursor,
                                 quipu_error *error);
int quipu_postgres_read_sequences(quipu_driver_datastore *datastore,
                                  quipu_driver_schema *bound,
                                  const quipu_sequence_range *reads,
                                  size_t count, int64_t deadline,
                                  quipu_driver_cursor **cursors,
                                  int64_t *erasures, quipu_error *error);
int quipu_postgres_read_log(quipu_driver_datastore *datastore,
                            quipu_driver_schema *bound,
                            const quipu_range *range, int64_t deadline,
                            quipu_driver_cursor **cursor, quipu_error *error);
int quipu_postgres_read_filtered(quipu_driver_datastore *datastore,
                                 quipu_driver_schema *bound,
                                 const quipu_range *range,
                                 const quipu_filter *filter, int64_t deadline,
                                 quipu_driver_cursor **cursor,
                                 quipu_error *error);
int quipu_postgres_read_find_event(quipu_driver_datastore *datastore,
                                   quipu_driver_schema *bound,
                                   quipu_bytes event_id, int64_t deadline,
                                   quipu_driver_cursor **cursor,
                                   quipu_error *error);
int quipu_postgres_read_step(quipu_driver_cursor *cursor, int64_t deadline,
                             const void **rows, size_t *count,
                             quipu_error *error);
void quipu_postgres_read_close(quipu_driver_cursor *cursor);

/* ------------------------------------------ page.c: a page is one statement */

#define PAGE_ITEMS 1024 /* larger pages are hardly faster */
#define PAGE_BYTES (INT64_C(4) << 20)
#define ITEM_BYTES (PAGE_BYTES / PAGE_ITEMS) /* share of a small item */

/* Returns the query of the next page of the cursor, which is borrowed. */
struct query quipu_postgres_page_query(const quipu_driver_cursor *cursor);

/* Makes the answer to that query, which the cursor then owns, its page, and
 * sets reading->more if rows may lie behind it.  NO_MEMORY; CORRUPT: the rows
 * are not those that were asked for. */
int quipu_postgres_page_take(quipu_driver_cursor *cursor, PGresult *page,
                             quipu_error *error);

/* Runs the query and takes its answer. */
int quipu_postgres_page_fetch(quipu_driver_cursor *cursor, int64_t deadline,
                              quipu_error *error);

/* ------------------------------------------------------- last_item.c */

/* The driver operation last_item. */
int quipu_postgres_last_item_read(quipu_driver_datastore *datastore,
                                  quipu_driver_schema *bound,
                                  quipu_bytes sequence_id, int64_t deadline,
                                  quipu_see see, void *context,
                                  int64_t *erasures, quipu_error *error);

/* -------------------------------------- item_row.c: items of rows */

/* Reads a row, whose first columns are those of {page}, {log_page}, {large} or
 * {log_large} (sql/template.h), into an item whose bytes are the answer's;
 * `log`: it has the sequence id.  `values` has room for the further columns.
 * Returns false if the item is too large for its page and its contents are
 * missing. */
bool quipu_postgres_item_row_read(const PGresult *result, int row, bool log,
                                  const quipu_driver_schema *bound,
                                  quipu_item *item, quipu_value *values);

/* -------------------------------------------- text_range.c: ranges of texts */

/* The bytes that the end of a range may have more than the prefix. */
#define TEXT_RANGE_MORE 4

/* Computes the least text that is above all texts that begin with `prefix`, in
 * `end`, which has room for the prefix and TEXT_RANGE_MORE bytes.  Both are
 * UTF-8 without NUL.  No data: there is none, since the prefix is empty or has
 * only the greatest character. */
quipu_bytes quipu_postgres_text_range_end(quipu_bytes prefix, char *end);

#endif
