/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading items, page by page: each is one statement, so that between steps
 * there is no transaction, and a slow reader keeps nobody from anything.  Where
 * a page ends, the next begins by key.
 *
 * What was appended after the cursor was opened is kept out by the head of the
 * log, asked for only if one page is not enough: going up, all that a page has
 * not reached yet lies above it.  In a sparse schema items may come to stand
 * among those already read, so there the first page is read again, up to the
 * head.
 *
 * A page is bounded in bytes, too.  Items that are bigger than their share of
 * it come without their contents; from there on the server measures the pages,
 * which costs it a third more.
 */
#include "cursor.h"
#include "operations.h"

#include <string.h>

#define PAGE_ITEMS 1024 /* more are hardly faster, and fewer are slower */
#define PAGE_BYTES (INT64_C(4) << 20)
#define SMALL (PAGE_BYTES / PAGE_ITEMS) /* the share of an item */

int quipu_postgres_cursor_create(quipu_driver_datastore *datastore,
                                 quipu_driver_schema *bound,
                                 quipu_driver_cursor **cursor,
                                 quipu_error *error)
{
    *cursor = datastore->host->allocate(sizeof(**cursor));
    if (!*cursor) {
        return quipu_postgres_no_memory(datastore->host, error);
    }
    memset(*cursor, 0, sizeof(**cursor));
    (*cursor)->datastore = datastore;
    (*cursor)->bound = bound;
    return QUIPU_OK;
}

void quipu_postgres_cursor_close(quipu_driver_cursor *cursor)
{
    const quipu_host *host = cursor->datastore->host;
    PQclear(cursor->reading.page);
    PQclear(cursor->listing.page);
    host->release(cursor->reading.items);
    host->release(cursor->reading.values);
    host->release(cursor->listing.schema_block);
    host->release(cursor->listing.rows);
    host->release(cursor);
}

/* ----------------------------------------------------------------- a page */

static quipu_bytes sequence_of(const quipu_driver_cursor *cursor)
{
    return (quipu_bytes){ cursor->sequence_id.data, cursor->sequence_id.size };
}

static int64_t page_limit(const struct reading *reading)
{
    return reading->range.limit < PAGE_ITEMS ? reading->range.limit
                                             : PAGE_ITEMS;
}

/* Whether a page needs no bounds but those of the sequence. */
static bool is_whole(const struct reading *reading)
{
    return !reading->log && !reading->descending && !reading->big &&
           reading->head == INT64_MAX && reading->range.lower == INT64_MIN &&
           reading->range.upper == INT64_MAX;
}

struct page_query {
    const quipu_driver_cursor *cursor;
    int64_t limit;
};

static void put_query(struct arguments *arguments, const void *context)
{
    const struct page_query *query = context;
    const quipu_driver_cursor *cursor = query->cursor;
    const struct reading *reading = &cursor->reading;
    int64_t upper = reading->range.upper;
    quipu_postgres_add_int4(arguments, cursor->datastore->space);
    quipu_postgres_add_int8(arguments, reading->big ? PAGE_BYTES : SMALL);
    quipu_postgres_add_int8(arguments, query->limit);
    if (is_whole(reading)) {
        quipu_postgres_add_bytes(arguments, sequence_of(cursor));
        return;
    }
    if (reading->log && upper > reading->head) {
        upper = reading->head;
    }
    quipu_postgres_add_int8(arguments, reading->range.lower);
    quipu_postgres_add_int8(arguments, upper);
    if (!reading->log) {
        quipu_postgres_add_bytes(arguments, sequence_of(cursor));
        quipu_postgres_add_int8(arguments, reading->head);
    }
}

static const struct statement *choose_query(const quipu_driver_cursor *cursor)
{
    const struct reading *reading = &cursor->reading;
    if (is_whole(reading)) {
        return &cursor->bound->of[SQL_WHOLE];
    }
    size_t which = reading->log ? SQL_LOG_UP : SQL_SEQUENCE_UP;
    which += reading->descending ? 1 : 0;
    which += reading->big ? SQL_BIG_SEQUENCE_UP - SQL_SEQUENCE_UP : 0;
    return &cursor->bound->of[which];
}

static int make_room(quipu_driver_cursor *cursor, size_t count,
                     quipu_error *error)
{
    struct reading *reading = &cursor->reading;
    const quipu_host *host = cursor->datastore->host;
    size_t columns = cursor->bound->schema.column_count;
    if (count <= reading->room) {
        return QUIPU_OK;
    }
    host->release(reading->items);
    host->release(reading->values);
    reading->room = 0;
    reading->items = host->allocate(count * sizeof(*reading->items));
    reading->values = NULL;
    if (columns > 0) {
        reading->values =
            host->allocate(count * columns * sizeof(*reading->values));
    }
    if (!reading->items || (columns > 0 && !reading->values)) {
        return quipu_postgres_no_memory(host, error);
    }
    reading->room = count;
    return QUIPU_OK;
}

/* Reads the rows into items, up to the first that is too big. */
static void take_rows(quipu_driver_cursor *cursor, size_t rows)
{
    struct reading *reading = &cursor->reading;
    size_t columns = cursor->bound->schema.column_count;
    bool whole = true;
    for (reading->count = 0; reading->count < rows; reading->count++) {
        quipu_item *item = &reading->items[reading->count];
        quipu_postgres_get_item(
            reading->page, (int)reading->count, cursor->bound, item,
            columns > 0 ? reading->values + reading->count * columns : NULL,
            &whole);
        if (!whole) {
            reading->big = true;
            return;
        }
        if (!reading->log) {
            item->sequence_id = sequence_of(cursor);
        }
    }
}

/* Moves the range behind the page's last item. */
static void advance(struct reading *reading)
{
    const quipu_item *last = &reading->items[reading->count - 1];
    int64_t at = reading->log ? last->notification_id : last->position;
    if (reading->range.limit != INT64_MAX) {
        reading->range.limit -= (int64_t)reading->count;
    }
    if (reading->range.limit == 0 ||
        at == (reading->descending ? INT64_MIN : INT64_MAX)) {
        reading->more = false;
    } else if (reading->descending) {
        reading->range.upper = at - 1;
    } else {
        reading->range.lower = at + 1;
    }
}

/* Fetches a page; `more` tells whether rows may lie behind it. */
static int fetch(quipu_driver_cursor *cursor, int64_t deadline,
                 quipu_error *error)
{
    struct reading *reading = &cursor->reading;
    const struct page_query query = { cursor, page_limit(reading) };
    PGresult *page = NULL;
    bool big = reading->big;
    int status =
        quipu_postgres_read(cursor->datastore, choose_query(cursor), put_query,
                            &query, deadline, "read", &page, error);
    if (status != QUIPU_OK) {
        return status;
    }
    PQclear(reading->page);
    reading->page = page;
    size_t rows = (size_t)PQntuples(page);
    status = make_room(cursor, rows, error);
    if (status == QUIPU_OK) {
        take_rows(cursor, rows);
        reading->more = rows > 0 && ((int64_t)rows == query.limit ||
                                     reading->count < rows || big);
    }
    return status;
}

/* A page that begins with an item too big for it is fetched once more. */
static int fill(quipu_driver_cursor *cursor, int64_t deadline,
                quipu_error *error)
{
    struct reading *reading = &cursor->reading;
    int status = fetch(cursor, deadline, error);
    if (status == QUIPU_OK && reading->count == 0 && reading->more) {
        status = fetch(cursor, deadline, error);
    }
    return status;
}

static int next_page(quipu_driver_cursor *cursor, int64_t deadline,
                     const void **rows, size_t *count, quipu_error *error)
{
    struct reading *reading = &cursor->reading;
    int status = QUIPU_OK;
    if (reading->lent && reading->more) {
        advance(reading);
    }
    if (reading->lent) {
        reading->count = 0;
    }
    if (reading->lent && reading->more) {
        status = fill(cursor, deadline, error);
    }
    reading->lent = true;
    *rows = reading->items;
    *count = status == QUIPU_OK ? reading->count : 0;
    return status;
}

/* ---------------------------------------------------------------- opening */

/* The first page; and if there are more, what bounds them. */
static int begin(quipu_driver_cursor *cursor, int64_t deadline,
                 quipu_error *error)
{
    struct reading *reading = &cursor->reading;
    int status = fill(cursor, deadline, error);
    bool last = !reading->more || reading->range.limit <= PAGE_ITEMS;
    if (status != QUIPU_OK || (last && reading->count > 0 && !reading->big) ||
        !reading->more || (reading->descending && !reading->sparse)) {
        return status;
    }
    status = quipu_postgres_ask_head(cursor->datastore, cursor->bound, deadline,
                                     &reading->head, error);
    if (status == QUIPU_OK && reading->sparse) {
        status = fill(cursor, deadline, error);
    }
    return status;
}

static int open_items(quipu_driver_datastore *datastore,
                      quipu_driver_schema *bound, quipu_bytes sequence_id,
                      const quipu_range *range, bool log, int64_t deadline,
                      quipu_driver_cursor **cursor, quipu_error *error)
{
    quipu_driver_cursor *made = NULL;
    int status = quipu_postgres_cursor_create(datastore, bound, &made, error);
    if (status != QUIPU_OK) {
        return status;
    }
    made->step = next_page;
    made->reading.log = log;
    made->reading.descending = range->descending;
    made->reading.sparse =
        !log && (bound->schema.flags & QUIPU_SCHEMA_SPARSE) != 0;
    made->reading.head = INT64_MAX;
    made->reading.range = *range;
    if (sequence_id.size > 0) {
        made->sequence_id.size = (uint8_t)sequence_id.size;
        memcpy(made->sequence_id.data, sequence_id.data, sequence_id.size);
    }
    status = begin(made, deadline, error);
    if (status != QUIPU_OK) {
        quipu_postgres_cursor_close(made);
        return status;
    }
    *cursor = made;
    return QUIPU_OK;
}

int quipu_postgres_read_sequence(quipu_driver_datastore *datastore,
                                 quipu_driver_schema *bound,
                                 quipu_bytes sequence_id,
                                 const quipu_range *range, int64_t deadline,
                                 quipu_driver_cursor **cursor,
                                 quipu_error *error)
{
    return open_items(datastore, bound, sequence_id, range, false, deadline,
                      cursor, error);
}

int quipu_postgres_read_log(quipu_driver_datastore *datastore,
                            quipu_driver_schema *bound,
                            const quipu_range *range, int64_t deadline,
                            quipu_driver_cursor **cursor, quipu_error *error)
{
    return open_items(datastore, bound, (quipu_bytes){ 0 }, range, true,
                      deadline, cursor, error);
}

int quipu_postgres_step(quipu_driver_cursor *cursor, int64_t deadline,
                        const void **rows, size_t *count, quipu_error *error)
{
    *count = 0;
    return cursor->step(cursor, deadline, rows, count, error);
}
