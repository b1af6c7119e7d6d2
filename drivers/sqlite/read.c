/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading items.  A cursor fills a page from a reading connection, and gives
 * the connection back before it lends the first item: between steps it holds no
 * transaction, and a slow reader keeps nobody from anything.  What was appended
 * after it was opened is kept out by the head of the log, read in the first
 * page's transaction; so one page, the usual case, costs nothing more.
 */
#include "cursor.h"

#include "common/safeguard.h"

#include <string.h>

#define FIRST_ITEMS 64
#define FIRST_BYTES (16u << 10)
#define MORE_ITEMS 480
#define MORE_BYTES (160u << 10)

int quipu_sqlite_cursor_create(quipu_driver_datastore *datastore,
                               quipu_driver_schema *bound,
                               quipu_driver_cursor **cursor, quipu_error *error)
{
    *cursor = datastore->host->allocate(sizeof(**cursor));
    if (!*cursor) {
        return datastore->host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                                          "no memory for a cursor");
    }
    **cursor = (quipu_driver_cursor){ .datastore = datastore, .bound = bound };
    return QUIPU_OK;
}

void quipu_sqlite_cursor_close(quipu_driver_cursor *cursor)
{
    const quipu_host *host = cursor->datastore->host;
    quipu_sqlite_page_finish(&cursor->reading.page, host);
    host->release(cursor->listing.schema_block);
    host->release(cursor);
}

static quipu_bytes sequence_of(const quipu_driver_cursor *cursor)
{
    return (quipu_bytes){ cursor->sequence_id.data, cursor->sequence_id.size };
}

static void bind_query(quipu_driver_cursor *cursor, sqlite3_stmt *query)
{
    const struct reading *reading = &cursor->reading;
    (void)sqlite3_bind_int64(query, 1,
                             reading->descending ? reading->range.upper
                                                 : reading->range.lower);
    if (!reading->log) {
        quipu_sqlite_bind_sequence(query, 2, cursor->bound,
                                   sequence_of(cursor));
    }
}

/* Where an item stands in what is read. */
static int64_t place_of(const struct reading *reading, const quipu_item *item)
{
    return reading->log ? item->notification_id : item->position;
}

/* Whether an item lies behind the range, and so do all after it. */
static bool is_beyond(const struct reading *reading, const quipu_item *item)
{
    int64_t at = place_of(reading, item);
    if (reading->log && item->notification_id > reading->head) {
        return true;
    }
    return reading->descending
               ? at < reading->range.lower
               : SAFEGUARDED("S4.far-bound", at > reading->range.upper, false);
}

/* They come as the index has them; without it, or from one that is damaged,
 * they may come in any order. */
static bool is_in_order(const struct reading *reading, const quipu_item *item)
{
    if (reading->page.count == 0) {
        return true;
    }
    int64_t before = place_of(reading, item - 1);
    int64_t at = place_of(reading, item);
    return reading->descending ? at <= before : at >= before;
}

/* Where the rows of a query go, and how that went. */
struct taking {
    quipu_driver_cursor *cursor;
    bool more; /* a row was left behind, as the page had no room for it */
    int status;
    quipu_error *error;
};

static int refuse_order(const quipu_driver_cursor *cursor, quipu_error *error)
{
    return cursor->datastore->host->error_set(
        error, QUIPU_CORRUPT, 0, NULL,
        "the items of \"%s\" do not come in their order: an index of it is "
        "missing, or damaged and to be mended by SQLite's REINDEX",
        cursor->bound->schema.table);
}

/* Puts a row in the page; true: the query has come to its end, since the row
 * lies behind the range, is the last of its limit, or has no room. */
static bool take_row(struct taking *taking, sqlite3_value **columns)
{
    quipu_driver_cursor *cursor = taking->cursor;
    struct reading *reading = &cursor->reading;
    quipu_item *item = quipu_sqlite_page_look(
        &reading->page, columns + (reading->log ? 1 : 0), cursor->bound);
    if (!item) {
        taking->more = true;
        return true;
    }
    if (is_beyond(reading, item)) {
        return true;
    }
    if (SAFEGUARDED("V4.newer-items-between",
                    item->notification_id > reading->head, false)) {
        SAFEGUARDED("V4.limit-of-older-items", (void)0,
                    (void)reading->range.limit--);
        return false;
    }
    if (SAFEGUARDED("S4.order-of-a-damaged-index", !is_in_order(reading, item),
                    false)) {
        taking->status = refuse_order(cursor, taking->error);
        return true;
    }
    if (reading->log) {
        item->sequence_id = quipu_sqlite_value_bytes(columns[0]);
    }
    taking->status = quipu_sqlite_page_keep(
        &reading->page, cursor->datastore->host, &taking->more, taking->error);
    if (!reading->log) {
        item->sequence_id = sequence_of(cursor);
    }
    return taking->status != QUIPU_OK || taking->more ||
           SAFEGUARDED("S4.limit",
                       (int64_t)reading->page.count == reading->range.limit,
                       false);
}

/*
 * quipu_collect(COLUMN...) in the condition of a cursor's query: takes the row,
 * and is true only where the query is to stop.  So SQLite runs through the rows
 * in one step, and hands their columns over as they are; to come back with each
 * of them, and to be asked for each column, costs a tenth of the whole read.
 */
void quipu_sqlite_take(sqlite3_context *context, int count,
                       sqlite3_value **columns)
{
    const struct connection *connection = sqlite3_user_data(context);
    (void)count;
    if (SAFEGUARDED("V5.function-of-cursors", !connection->taking, false)) {
        sqlite3_result_error(context, "quipu_collect is the driver's own", -1);
        return;
    }
    sqlite3_result_int(context, take_row(connection->taking, columns));
}

/* Fills the page; *more: a row was left behind for the next one. */
static int take_rows(quipu_driver_cursor *cursor, struct connection *reader,
                     sqlite3_stmt *query, bool *more, quipu_error *error)
{
    struct taking taking = { .cursor = cursor, .error = error };
    reader->taking = &taking;
    int code = sqlite3_step(query);
    reader->taking = NULL;
    *more = taking.more;
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        return quipu_sqlite_fail(cursor->datastore, reader->db, code, "read",
                                 error);
    }
    return taking.status;
}

/* Moves the range behind the page's last item. */
static void advance(struct reading *reading)
{
    int64_t at =
        place_of(reading, &reading->page.items[reading->page.count - 1]);
    SAFEGUARD("S4.limit-over-pages")
    reading->range.limit -=
        reading->range.limit == INT64_MAX ? 0 : (int64_t)reading->page.count;
    if (reading->descending) {
        reading->done = at == INT64_MIN;
        reading->range.upper = reading->done ? at : at - 1;
    } else {
        reading->done = at == INT64_MAX;
        reading->range.lower = reading->done ? at : at + 1;
    }
}

static int fill_page(quipu_driver_cursor *cursor, struct connection *reader,
                     quipu_error *error)
{
    struct reading *reading = &cursor->reading;
    quipu_driver_datastore *datastore = cursor->datastore;
    sqlite3_stmt *query = NULL;
    bool more = false;
    reading->page.count = reading->page.used = 0;
    int status = quipu_sqlite_statement_get(datastore, reader, cursor->bound,
                                            reading->sql, &query, error);
    if (status != QUIPU_OK) {
        return status;
    }
    bind_query(cursor, query);
    status = take_rows(cursor, reader, query, &more, error);
    SAFEGUARD("V4.head-of-a-cursor")
    if (status == QUIPU_OK && more && reading->head == INT64_MAX) {
        status = quipu_sqlite_ask_head(datastore, reader, cursor->bound,
                                       &reading->head, error);
    }
    SAFEGUARD("V1.no-old-view")
    (void)sqlite3_reset(query);
    if (status == QUIPU_OK && more) {
        advance(reading);
    } else {
        reading->done = true;
    }
    return status;
}

static int fill(quipu_driver_cursor *cursor, struct connection *reader,
                quipu_error *error)
{
    int status = fill_page(cursor, reader, error);
    return quipu_sqlite_torn_down(cursor->datastore, reader, cursor->bound,
                                  status, error);
}

static int next_item(quipu_driver_cursor *cursor, struct connection *reader,
                     const void **rows, size_t *count, quipu_error *error)
{
    struct reading *reading = &cursor->reading;
    const quipu_host *host = cursor->datastore->host;
    int status = QUIPU_OK;
    if (reading->page.item_room < MORE_ITEMS) {
        status =
            quipu_sqlite_page_make(&reading->page, host, MORE_ITEMS, MORE_BYTES,
                                   cursor->bound->schema.column_count, error);
    }
    if (status == QUIPU_OK) {
        status = fill(cursor, reader, error);
    }
    if (status == QUIPU_OK) {
        *rows = reading->page.items;
        *count = reading->page.count;
    }
    return status;
}

static int open_items(quipu_driver_datastore *datastore,
                      quipu_driver_schema *bound, quipu_bytes sequence_id,
                      const quipu_range *range, enum statement up,
                      int64_t deadline, quipu_driver_cursor **cursor,
                      quipu_error *error)
{
    quipu_driver_cursor *made = NULL;
    struct connection *reader = NULL;
    int status = quipu_sqlite_cursor_create(datastore, bound, &made, error);
    if (status != QUIPU_OK) {
        return status;
    }
    made->step = next_item;
    made->reading.sql = range->descending ? up + 1 : up;
    made->reading.log = up == SQL_LOG_UP;
    made->reading.descending = range->descending;
    made->reading.head = INT64_MAX;
    made->reading.range = *range;
    if (sequence_id.size > 0) {
        made->sequence_id.size = (uint8_t)sequence_id.size;
        memcpy(made->sequence_id.data, sequence_id.data, sequence_id.size);
    }
    status = quipu_sqlite_page_make(&made->reading.page, datastore->host,
                                    FIRST_ITEMS, FIRST_BYTES,
                                    bound->schema.column_count, error);
    if (status == QUIPU_OK) {
        status =
            quipu_sqlite_reader_borrow(datastore, deadline, &reader, error);
    }
    if (status == QUIPU_OK) {
        status = fill(made, reader, error);
        quipu_sqlite_reader_return(datastore, reader);
    }
    if (status != QUIPU_OK) {
        quipu_sqlite_cursor_close(made);
        return status;
    }
    *cursor = made;
    return QUIPU_OK;
}

int quipu_sqlite_read_sequence(quipu_driver_datastore *datastore,
                               quipu_driver_schema *bound,
                               quipu_bytes sequence_id,
                               const quipu_range *range, int64_t deadline,
                               quipu_driver_cursor **cursor, quipu_error *error)
{
    return open_items(datastore, bound, sequence_id, range, SQL_SEQUENCE_UP,
                      deadline, cursor, error);
}

int quipu_sqlite_read_log(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound, const quipu_range *range,
                          int64_t deadline, quipu_driver_cursor **cursor,
                          quipu_error *error)
{
    return open_items(datastore, bound, (quipu_bytes){ 0 }, range, SQL_LOG_UP,
                      deadline, cursor, error);
}

int quipu_sqlite_step(quipu_driver_cursor *cursor, int64_t deadline,
                      const void **rows, size_t *count, quipu_error *error)
{
    struct reading *reading = &cursor->reading;
    struct connection *reader = NULL;
    int status = QUIPU_OK;
    *count = 0;
    if (!reading->lent && reading->page.count > 0) {
        reading->lent = true; /* the page that came with the opening */
        *rows = reading->page.items;
        *count = reading->page.count;
        return QUIPU_OK;
    }
    if (reading->done) {
        return QUIPU_OK;
    }
    status =
        quipu_sqlite_reader_borrow(cursor->datastore, deadline, &reader, error);
    if (status == QUIPU_OK) {
        status = cursor->step(cursor, reader, rows, count, error);
        quipu_sqlite_reader_return(cursor->datastore, reader);
    }
    return status;
}
