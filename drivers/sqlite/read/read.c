/* SPDX-License-Identifier: Apache-2.0 */
/* Reading items of a sequence or of the log, through a filter (filter.c) or
 * without, and the item that has an event id.
 *
 * METHOD
 *
 * A cursor fills a page from a reader and returns the reader before it returns
 * the items (cursor.c). The first page is read when the cursor is opened. If a
 * page was full, the next step continues after its last item with a new query.
 *
 * The query runs through its rows in one sqlite3_step: its condition calls
 * quipu_collect with the columns of each row (connection.c), which keeps the
 * row and returns false, so that SQLite goes on to the next row. It returns
 * true to end the query. Measured: a step for each row and a call for each
 * column would add a tenth to the time of a read.
 *
 * INVARIANTS
 *
 *   INV1  A cursor returns no item that was appended after it was opened (V4).
 *         The rows of the first page come from one transaction; if it does not
 *         hold everything, the head of the log is read in that same
 *         transaction, and items above it are skipped in later pages. A read of
 *         one page, the usual case, needs no head.
 *   INV2  After a page no transaction is open: the query is reset (V1).
 *   INV3  The order of the rows is that of an index. If the index is damaged
 *         they may come in any order, which the cursor reports as CORRUPT.
 *   INV4  The number of erasures that comes with a sequence's last item is read
 *         before the query is reset, in the transaction of the item. A query
 *         that finds no item has ended its transaction; then the number may be
 *         of a later one, and the sequence is read once more. */
#include "common/safeguard.h"
#include "read/cursor.h"

#include <string.h>

static quipu_bytes sequence_of(const quipu_driver_cursor *cursor)
{
    return (quipu_bytes){ cursor->sequence_id.data, cursor->sequence_id.size };
}

/* The bound of a filtered read at which it ends. Rows that do not pass are not
 * handed to collect_row, which ends other reads. */
static int64_t far_bound(const struct item_read *read)
{
    if (read->descending) {
        return read->range.lower;
    }
    return read->range.upper < read->head ? read->range.upper : read->head;
}

static void bind_query(quipu_driver_cursor *cursor, sqlite3_stmt *query)
{
    const struct item_read *read = &cursor->read;

    if (read->sql == SQL_FIND_EVENT) {
        (void)sqlite3_bind_blob(query, 1, read->event_id,
                                sizeof(read->event_id), SQLITE_STATIC);
        return;
    }
    (void)sqlite3_bind_int64(
        query, 1, read->descending ? read->range.upper : read->range.lower);
    if (read->has_filter) {
        (void)sqlite3_bind_int64(query, 2, far_bound(read));
    } else if (!read->of_log) {
        quipu_sqlite_item_row_bind_sequence(query, 2, cursor->bound,
                                            sequence_of(cursor));
    }
}

/* ------------------------------------------------------------------- rows */

/* The number that orders the items: notification id, or position. */
static int64_t number_of(const struct item_read *read, const quipu_item *item)
{
    return read->of_log ? item->notification_id : item->position;
}

/* Returns true if the item lies behind the range, like all that follow it. */
static bool is_beyond(const struct item_read *read, const quipu_item *item)
{
    const int64_t number = number_of(read, item);

    if (read->of_log && item->notification_id > read->head) {
        return true;
    }
    return read->descending
               ? number < read->range.lower
               : SAFEGUARDED("S4.far-bound", number > read->range.upper, false);
}

/* Returns true if the item follows the last one of the page (INV3). */
static bool is_in_order(const struct item_read *read, const quipu_item *item)
{
    if (read->page.count == 0) {
        return true;
    }
    const int64_t before = number_of(read, item - 1);
    const int64_t number = number_of(read, item);
    return read->descending ? number <= before : number >= before;
}

/* Collects the rows of one query. */
struct page_collector {
    struct row_collector base;
    quipu_driver_cursor *cursor;
    bool more; /* the page has no room for a row */
    int status;
    quipu_error *error;
};

static int set_disorder(const quipu_driver_cursor *cursor, quipu_error *error)
{
    return cursor->datastore->host->error_set(
        error, QUIPU_CORRUPT, 0, NULL,
        "the items of \"%s\" are out of order: an index of the table is "
        "missing "
        "or damaged; rebuild it with SQLite's REINDEX",
        cursor->bound->schema.table);
}

/* Keeps a row in the page. Returns true to end the query: the row lies behind
 * the range, is the last of the limit, or has no room. */
static bool collect_row(struct row_collector *base, sqlite3_value **columns)
{
    struct page_collector *collector = (struct page_collector *)base;
    quipu_driver_cursor *cursor = collector->cursor;
    struct item_read *read = &cursor->read;
    quipu_item *item = quipu_sqlite_item_page_read(
        &read->page, columns + (read->of_log ? 1 : 0), cursor->bound);

    if (!item) {
        collector->more = true;
        return true;
    }
    if (is_beyond(read, item)) {
        return true;
    }
    if (SAFEGUARDED("V4.newer-items-between",
                    item->notification_id > read->head, false)) { /* INV1 */
        SAFEGUARDED("V4.limit-of-older-items", (void)0,
                    (void)read->range.limit--);
        return false;
    }
    if (SAFEGUARDED("S4.order-of-a-damaged-index", !is_in_order(read, item),
                    false)) {
        collector->status = set_disorder(cursor, collector->error);
        return true;
    }
    if (read->of_log) {
        item->sequence_id = quipu_sqlite_item_row_bytes(columns[0]);
    }
    collector->status =
        quipu_sqlite_item_page_keep(&read->page, cursor->datastore->host,
                                    &collector->more, collector->error);
    if (!read->of_log) {
        item->sequence_id = sequence_of(cursor);
    }
    return collector->status != QUIPU_OK || collector->more ||
           SAFEGUARDED("S4.limit",
                       (int64_t)read->page.count == read->range.limit, false);
}

/* Decides about the columns of quipu_passes: topic and sequence id. */
static bool row_passes(struct row_collector *base, sqlite3_value **columns)
{
    const struct page_collector *collector =
        (const struct page_collector *)base;

    return quipu_sqlite_filter_passes(&collector->cursor->filter,
                                      quipu_sqlite_item_row_bytes(columns[0]),
                                      quipu_sqlite_item_row_bytes(columns[1]));
}

/* Runs the query; *more: a row is left for the next page. */
static int collect_rows(quipu_driver_cursor *cursor, struct connection *reader,
                        sqlite3_stmt *query, bool *more, quipu_error *error)
{
    struct page_collector collector = { .base = { .collect = collect_row,
                                                  .passes = row_passes },
                                        .cursor = cursor,
                                        .error = error };

    reader->collector = &collector.base;
    int code = sqlite3_step(query);
    reader->collector = NULL;
    *more = collector.more;
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        return quipu_sqlite_error_set(reader, code, "read", error);
    }
    return collector.status;
}

/* ------------------------------------------------------------------- pages */

/* Moves the range behind the last item of the page. */
static void advance(quipu_driver_cursor *cursor)
{
    struct item_read *read = &cursor->read;
    const int64_t last =
        number_of(read, &read->page.items[read->page.count - 1]);

    SAFEGUARD("S4.limit-over-pages")
    read->range.limit -=
        read->range.limit == INT64_MAX ? 0 : (int64_t)read->page.count;
    if (read->descending) {
        cursor->done = last == INT64_MIN;
        read->range.upper = cursor->done ? last : last - 1;
    } else {
        cursor->done = last == INT64_MAX;
        read->range.lower = cursor->done ? last : last + 1;
    }
}

static int read_page(quipu_driver_cursor *cursor, struct connection *reader,
                     quipu_error *error)
{
    struct item_read *read = &cursor->read;
    sqlite3_stmt *query = NULL;
    bool more = false;

    read->page.count = read->page.used = 0;
    int status = quipu_sqlite_statement_get(reader, cursor->bound, read->sql,
                                            &query, error);
    if (status != QUIPU_OK) {
        return status;
    }
    bind_query(cursor, query);
    status = collect_rows(cursor, reader, query, &more, error);
    if (status == QUIPU_OK) {
        status =
            quipu_sqlite_lookup_check(reader, cursor->bound, read->sql, error);
    }
    SAFEGUARD("V4.head-of-a-cursor")
    if (status == QUIPU_OK && more && read->head == INT64_MAX) { /* INV1 */
        status =
            quipu_sqlite_lookup_head(reader, cursor->bound, &read->head, error);
    }
    if (status == QUIPU_OK && read->erasures) { /* INV4 */
        status = quipu_sqlite_erasure_commits(reader, cursor->bound,
                                              read->erasures, error);
    }
    SAFEGUARD("V1.no-old-view")
    (void)sqlite3_reset(query); /* INV2 */
    if (status == QUIPU_OK) {
        status = quipu_sqlite_erasure_mark(reader, cursor->bound,
                                           read->page.items, read->page.values,
                                           read->page.count, error);
    }
    if (status == QUIPU_OK && more) {
        advance(cursor);
    } else {
        cursor->done = true;
    }
    return status;
}

static int fill_page(quipu_driver_cursor *cursor, struct connection *reader,
                     quipu_error *error)
{
    int status = read_page(cursor, reader, error);

    return quipu_sqlite_lookup_torn_down(reader, cursor->bound, status, error);
}

static int step(quipu_driver_cursor *cursor, struct connection *reader,
                struct cursor_rows *rows, quipu_error *error)
{
    struct item_read *read = &cursor->read;
    int status = QUIPU_OK;

    if (read->page.item_room < PAGE_ITEMS) {
        status = quipu_sqlite_item_page_init(
            &read->page, cursor->datastore->host,
            cursor->bound->schema.column_count, PAGE_FURTHER, error);
    }
    if (status == QUIPU_OK) {
        status = fill_page(cursor, reader, error);
    }
    if (status == QUIPU_OK) {
        rows->rows = read->page.items;
        rows->count = read->page.count;
    }
    return status;
}

/* ----------------------------------------------------------------- opening */

static int first_step(quipu_driver_cursor *cursor, struct connection *reader,
                      struct cursor_rows *rows, quipu_error *error)
{
    (void)rows;
    return fill_page(cursor, reader, error);
}

/* Reads the first page and hands the cursor over, or closes it. */
static int open_cursor(quipu_driver_cursor *made, int64_t deadline,
                       quipu_driver_cursor **cursor, quipu_error *error)
{
    quipu_driver_datastore *datastore = made->datastore;
    struct cursor_rows rows;

    made->step = first_step;
    made->read.head = INT64_MAX;
    int status = quipu_sqlite_item_page_init(
        &made->read.page, datastore->host, made->bound->schema.column_count,
        made->read.range.limit == 1 ? PAGE_OF_ONE : PAGE_FIRST, error);
    if (status == QUIPU_OK) {
        status = quipu_sqlite_cursor_fill(made, deadline, &rows, error);
    }
    made->step = step;
    if (status != QUIPU_OK) {
        quipu_sqlite_cursor_close(made);
        return status;
    }
    *cursor = made;
    return QUIPU_OK;
}

/* Makes a cursor over a sequence, which is not open yet. */
static int create_of_sequence(quipu_driver_datastore *datastore,
                              quipu_driver_schema *bound,
                              quipu_bytes sequence_id, const quipu_range *range,
                              quipu_driver_cursor **made, quipu_error *error)
{
    int status = quipu_sqlite_cursor_create(datastore, bound, made, error);

    if (status == QUIPU_OK) {
        struct item_read *read = &(*made)->read;
        quipu_id *id = &(*made)->sequence_id;

        read->sql = range->descending ? SQL_SEQUENCE_DOWN : SQL_SEQUENCE_UP;
        read->descending = range->descending;
        read->range = *range;
        id->size = (uint8_t)sequence_id.size;
        memcpy(id->data, sequence_id.data, sequence_id.size);
    }
    return status;
}

int quipu_sqlite_read_sequence(quipu_driver_datastore *datastore,
                               quipu_driver_schema *bound,
                               quipu_bytes sequence_id,
                               const quipu_range *range, int64_t deadline,
                               quipu_driver_cursor **cursor, quipu_error *error)
{
    quipu_driver_cursor *made = NULL;
    int status =
        create_of_sequence(datastore, bound, sequence_id, range, &made, error);

    return status == QUIPU_OK ? open_cursor(made, deadline, cursor, error)
                              : status;
}

/* Reads the last item into the page, and the number of erasures (INV4). */
static int read_last(quipu_driver_cursor *cursor, int64_t deadline,
                     int64_t *erasures, quipu_error *error)
{
    struct cursor_rows rows;
    int64_t before = 0;
    int status = QUIPU_OK;

    cursor->read.erasures = erasures;
    status = open_cursor(cursor, deadline, &cursor, error);
    if (status != QUIPU_OK || SAFEGUARDED("E9.number-is-not-of-a-later-moment",
                                          cursor->read.page.count > 0, true)) {
        return status;
    }
    before = *erasures;
    status = quipu_sqlite_cursor_fill(cursor, deadline, &rows, error);
    if (status == QUIPU_OK && cursor->read.page.count == 0) {
        *erasures = before;
    }
    if (status != QUIPU_OK) {
        quipu_sqlite_cursor_close(cursor);
    }
    return status;
}

int quipu_sqlite_read_last_item(quipu_driver_datastore *datastore,
                                quipu_driver_schema *bound,
                                quipu_bytes sequence_id, int64_t deadline,
                                quipu_see see, void *context, int64_t *erasures,
                                quipu_error *error)
{
    static const quipu_range last = {
        .descending = true, .lower = INT64_MIN, .upper = INT64_MAX, .limit = 1
    };
    quipu_driver_cursor *cursor = NULL;
    int64_t commits = 0;
    int status = create_of_sequence(datastore, bound, sequence_id, &last,
                                    &cursor, error);

    if (status == QUIPU_OK) {
        status = read_last(cursor, deadline, &commits, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    *erasures = commits;
    if (cursor->read.page.count > 0) {
        see(context, cursor->read.page.items);
    }
    quipu_sqlite_cursor_close(cursor);
    return QUIPU_OK;
}

int quipu_sqlite_read_log(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound, const quipu_range *range,
                          int64_t deadline, quipu_driver_cursor **cursor,
                          quipu_error *error)
{
    quipu_driver_cursor *made = NULL;
    int status = quipu_sqlite_cursor_create(datastore, bound, &made, error);

    if (status != QUIPU_OK) {
        return status;
    }
    made->read.sql = range->descending ? SQL_LOG_DOWN : SQL_LOG_UP;
    made->read.of_log = true;
    made->read.descending = range->descending;
    made->read.range = *range;
    return open_cursor(made, deadline, cursor, error);
}

int quipu_sqlite_read_filtered(quipu_driver_datastore *datastore,
                               quipu_driver_schema *bound,
                               const quipu_range *range,
                               const quipu_filter *filter, int64_t deadline,
                               quipu_driver_cursor **cursor, quipu_error *error)
{
    quipu_driver_cursor *made = NULL;
    int status = quipu_sqlite_cursor_create(datastore, bound, &made, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status =
        quipu_sqlite_filter_init(&made->filter, datastore->host, filter, error);
    if (status != QUIPU_OK) {
        quipu_sqlite_cursor_close(made);
        return status;
    }
    made->read.sql = range->descending ? SQL_FILTERED_DOWN : SQL_FILTERED_UP;
    made->read.of_log = true;
    made->read.has_filter = true;
    made->read.descending = range->descending;
    made->read.range = *range;
    return open_cursor(made, deadline, cursor, error);
}

int quipu_sqlite_read_event(quipu_driver_datastore *datastore,
                            quipu_driver_schema *bound, quipu_bytes event_id,
                            int64_t deadline, quipu_driver_cursor **cursor,
                            quipu_error *error)
{
    quipu_driver_cursor *made = NULL;
    int status = quipu_sqlite_cursor_create(datastore, bound, &made, error);

    if (status != QUIPU_OK) {
        return status;
    }
    made->read.sql = SQL_FIND_EVENT;
    made->read.of_log = true;
    made->read.range =
        (quipu_range){ .lower = INT64_MIN, .upper = INT64_MAX, .limit = 1 };
    memcpy(made->read.event_id, event_id.data, sizeof(made->read.event_id));
    return open_cursor(made, deadline, cursor, error);
}
