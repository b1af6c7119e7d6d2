/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading items, page by page.
 *
 * Each page is one statement, so that no transaction stays open between the
 * steps of a cursor and a slow reader does not hold back the server's vacuum.
 * The next page begins behind the key of the last item.
 *
 * INV1  A cursor shows no item that was stored after it was opened (V4). The
 *       first page is one snapshot. If it is not the last one, later pages
 *       are bounded by the head of the log, which is read after the first
 *       page: in ascending order all items up to that head that the first
 *       page lacks lie behind it. In a sparse schema items may be stored at
 *       positions before the end of the first page, so there the first page
 *       is read again, now bounded by the head. Descending reads of a
 *       contiguous sequence or of the log need no head: later items lie
 *       above their range.
 * INV2  A page has at most PAGE_ITEMS items and PAGE_BYTES bytes, or a
 *       single larger item. The first pages trust in small items: one that
 *       exceeds its share comes without contents and ends the page, and from
 *       there on the server measures the items of each page, which takes it
 *       a third longer. Pages of the log begin small, since many cursors on
 *       the log take a step from time to time and keep their page.
 * INV3  A page shows items only while the schema that the cursor is bound to is
 *       set up ({bound} in the statements): after a tear-down and another
 *       set-up the table has the items of another schema.  A cursor that has
 *       shown a part of the former items then returns NOT_FOUND, not the end:
 *       the head of the log is looked for once more behind the last page.
 */
#include "read.h"

#include "point_read.h"

#include "net/errors.h"
#include "net/query.h"

#include "common/safeguard.h"

#include <string.h>

#define PAGE_ITEMS 1024 /* larger pages are hardly faster */
#define FIRST_ITEMS 64  /* of the log; then twice as many, up to PAGE_ITEMS */
#define PAGE_BYTES (INT64_C(4) << 20)
#define ITEM_BYTES (PAGE_BYTES / PAGE_ITEMS) /* share of a small item */

int quipu_postgres_read_create(quipu_driver_datastore *datastore,
                               quipu_driver_schema *bound,
                               quipu_driver_cursor **cursor, quipu_error *error)
{
    *cursor = datastore->host->allocate(sizeof(**cursor));
    if (!*cursor) {
        return quipu_postgres_error_no_memory(datastore->host, error);
    }
    memset(*cursor, 0, sizeof(**cursor));
    (*cursor)->datastore = datastore;
    (*cursor)->bound = bound;
    return QUIPU_OK;
}

void quipu_postgres_read_close(quipu_driver_cursor *cursor)
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
    return reading->range.limit < reading->page_items ? reading->range.limit
                                                      : reading->page_items;
}

/* Returns true if a page has no bounds but those of the sequence. */
static bool is_whole(const struct reading *reading)
{
    return !reading->log && !reading->descending && !reading->large &&
           reading->head == INT64_MAX && reading->range.lower == INT64_MIN &&
           reading->range.upper == INT64_MAX;
}

/* ----------------------------------------------------------------- filters */

/* Returns true if an item must have one of the topics of some match. */
static bool has_topics(const quipu_filter *filter)
{
    for (size_t i = 0; i < filter->match_count; i++) {
        if (!filter->matches[i].topics) {
            return false; /* this match passes every topic */
        }
    }
    return filter->match_count > 0;
}

static void put_topics(struct arguments *arguments, const quipu_filter *filter)
{
    size_t count = 0;
    if (!has_topics(filter)) {
        quipu_postgres_binary_add_bytes(arguments, (quipu_bytes){ NULL, 0 });
        return;
    }
    for (size_t i = 0; i < filter->match_count; i++) {
        count += filter->matches[i].topic_count;
    }
    quipu_postgres_binary_array_begin(arguments, TYPE_TEXT, count);
    for (size_t i = 0; i < filter->match_count; i++) {
        for (size_t j = 0; j < filter->matches[i].topic_count; j++) {
            quipu_postgres_binary_put_bytes(arguments,
                                            filter->matches[i].topics[j]);
        }
    }
    quipu_postgres_binary_array_end(arguments);
}

/* The beginnings of the ranges of ids, and their ends; NULL: no end. */
static void put_prefixes(struct arguments *arguments,
                         const quipu_filter *filter, bool ends)
{
    if (filter->prefix_count == 0) {
        quipu_postgres_binary_add_bytes(arguments, (quipu_bytes){ NULL, 0 });
        return;
    }
    quipu_postgres_binary_array_begin(arguments, TYPE_TEXT,
                                      filter->prefix_count);
    for (size_t i = 0; i < filter->prefix_count; i++) {
        char text[QUIPU_ID_MAX + TEXT_RANGE_MORE];
        quipu_bytes bound = filter->prefixes[i];
        if (ends) {
            bound = quipu_postgres_text_range_end(bound, text);
        }
        if (bound.data) {
            quipu_postgres_binary_put_bytes(arguments, bound);
        } else {
            quipu_postgres_binary_put_null(arguments);
        }
    }
    quipu_postgres_binary_array_end(arguments);
}

/* Partitions are left to the core. */
static void put_filter(struct arguments *arguments, const quipu_filter *filter)
{
    put_topics(arguments, filter);
    put_prefixes(arguments, filter, false);
    put_prefixes(arguments, filter, true);
}

/* ----------------------------------------------------------- a page's query */

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
    quipu_postgres_binary_add_int4(arguments,
                                   cursor->datastore->namespace_number);
    if (reading->one) {
        quipu_postgres_binary_add_bytes(
            arguments, (quipu_bytes){ reading->event_id.bytes, 16 });
        quipu_postgres_binary_add_int8(arguments, cursor->bound->number);
        return;
    }
    quipu_postgres_binary_add_int8(arguments,
                                   reading->large ? PAGE_BYTES : ITEM_BYTES);
    quipu_postgres_binary_add_int8(arguments, query->limit);
    if (is_whole(reading)) {
        quipu_postgres_binary_add_bytes(arguments, sequence_of(cursor));
        quipu_postgres_binary_add_int8(arguments, cursor->bound->number);
        return;
    }
    if (reading->log && upper > reading->head) {
        upper = reading->head;
    }
    quipu_postgres_binary_add_int8(arguments, reading->range.lower);
    quipu_postgres_binary_add_int8(arguments, upper);
    if (!reading->log) {
        quipu_postgres_binary_add_bytes(arguments, sequence_of(cursor));
        quipu_postgres_binary_add_int8(arguments, reading->head);
    }
    quipu_postgres_binary_add_int8(arguments, cursor->bound->number);
    if (reading->filter) {
        put_filter(arguments, reading->filter);
    }
}

static const struct statement *choose_query(const quipu_driver_cursor *cursor)
{
    const struct reading *reading = &cursor->reading;
    if (is_whole(reading)) {
        return &cursor->bound->sql[SQL_WHOLE];
    }
    if (reading->one) {
        return &cursor->bound->sql[SQL_EVENT];
    }
    size_t which = reading->filter ? SQL_FILTERED_UP
                   : reading->log  ? SQL_LOG_UP
                                   : SQL_SEQUENCE_UP;
    which += reading->descending ? 1 : 0;
    which += reading->large ? SQL_LARGE_SEQUENCE_UP - SQL_SEQUENCE_UP : 0;
    return &cursor->bound->sql[which];
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
        return quipu_postgres_error_no_memory(host, error);
    }
    reading->room = count;
    return QUIPU_OK;
}

/* Returns true if an item lies in the range that is to be read, behind the
 * item before it: a page that repeats items would never end. */
static bool is_in_order(const struct reading *reading, size_t index)
{
    const quipu_item *item = &reading->items[index];
    int64_t at = reading->log ? item->notification_id : item->position;
    if (at < reading->range.lower || at > reading->range.upper) {
        return false;
    }
    if (index == 0) {
        return true;
    }
    int64_t before =
        reading->log ? item[-1].notification_id : item[-1].position;
    return reading->descending ? at < before : at > before;
}

/* Reads the rows into items, up to the first one that is too large.  Returns
 * false if they are not those that were asked for. */
static bool take_rows(quipu_driver_cursor *cursor, size_t rows)
{
    struct reading *reading = &cursor->reading;
    size_t columns = cursor->bound->schema.column_count;
    for (reading->count = 0; reading->count < rows; reading->count++) {
        quipu_item *item = &reading->items[reading->count];
        quipu_value *values =
            columns > 0 ? reading->values + reading->count * columns : NULL;
        if (!quipu_postgres_item_row_read(reading->page, (int)reading->count,
                                          reading->log, cursor->bound, item,
                                          values)) {
            reading->large = true;
            return true;
        }
        if (!is_in_order(reading, reading->count)) {
            return false;
        }
        if (!reading->log) {
            item->sequence_id = sequence_of(cursor);
        }
    }
    return true;
}

/* Makes the range begin behind the page's last item. */
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

static int malformed(const quipu_driver_cursor *cursor, const char *problem,
                     quipu_error *error)
{
    return quipu_postgres_error_malformed(cursor->datastore, "read", problem,
                                          error);
}

/* Fetches a page; `more` tells whether rows may lie behind it. */
static int fetch(quipu_driver_cursor *cursor, int64_t deadline,
                 quipu_error *error)
{
    struct reading *reading = &cursor->reading;
    const struct page_query query = { cursor, page_limit(reading) };
    PGresult *page = NULL;
    bool large = reading->large;
    const struct query read = { .statement = choose_query(cursor),
                                .put = put_query,
                                .context = &query,
                                .what = "read" };
    int status = quipu_postgres_query_read(cursor->datastore, &read, deadline,
                                           &page, error);
    if (status != QUIPU_OK) {
        return status;
    }
    PQclear(reading->page);
    reading->page = page;
    size_t rows = (size_t)PQntuples(page);
    if ((int64_t)rows > query.limit) {
        return malformed(cursor, "it has more rows than were asked for", error);
    }
    status = make_room(cursor, rows, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (!take_rows(cursor, rows)) {
        return malformed(cursor, "an item is out of order", error);
    }
    reading->more = rows > 0 && ((int64_t)rows == query.limit ||
                                 reading->count < rows || large);
    return QUIPU_OK;
}

/* Fetches a page, a second time if its first item is too large for it. */
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

/* The last of several pages may end because the schema was torn down (INV3). */
static int check_bound(quipu_driver_cursor *cursor, int64_t deadline,
                       quipu_error *error)
{
    int64_t head = 0;
    return SAFEGUARDED("V4.torn-down-cursor-does-not-end",
                       quipu_postgres_point_read_head(cursor->datastore,
                                                      cursor->bound, deadline,
                                                      &head, error),
                       QUIPU_OK);
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
        if (reading->page_items < PAGE_ITEMS) {
            reading->page_items *= 2;
        }
        status = fill(cursor, deadline, error);
        if (status == QUIPU_OK && !reading->more) {
            status = check_bound(cursor, deadline, error);
        }
    }
    reading->lent = true;
    *rows = reading->items;
    *count = status == QUIPU_OK ? reading->count : 0;
    return status;
}

/* ---------------------------------------------------------------- opening */

/* Fetches the first page and, if another one may follow, the head (INV1). */
static int begin(quipu_driver_cursor *cursor, int64_t deadline,
                 quipu_error *error)
{
    struct reading *reading = &cursor->reading;
    int status = fill(cursor, deadline, error);
    bool last = !reading->more || reading->range.limit <= reading->page_items;
    if (status != QUIPU_OK || (last && reading->count > 0 && !reading->large) ||
        !reading->more || (reading->descending && !reading->sparse)) {
        return status;
    }
    status = quipu_postgres_point_read_head(cursor->datastore, cursor->bound,
                                            deadline, &reading->head, error);
    if (status == QUIPU_OK && reading->sparse) {
        status = fill(cursor, deadline, error);
    }
    return status;
}

/* Starts the read of a cursor that was just created; closes it on failure. */
static int start(quipu_driver_cursor *made, const quipu_range *range,
                 int64_t deadline, quipu_driver_cursor **cursor,
                 quipu_error *error)
{
    made->step = next_page;
    made->reading.descending = range->descending;
    made->reading.head = INT64_MAX;
    made->reading.page_items = made->reading.log ? FIRST_ITEMS : PAGE_ITEMS;
    made->reading.range = *range;
    int status = begin(made, deadline, error);
    if (status != QUIPU_OK) {
        quipu_postgres_read_close(made);
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
    quipu_driver_cursor *made = NULL;
    int status = quipu_postgres_read_create(datastore, bound, &made, error);
    if (status != QUIPU_OK) {
        return status;
    }
    made->reading.sparse = (bound->schema.flags & QUIPU_SCHEMA_SPARSE) != 0;
    made->sequence_id.size = (uint8_t)sequence_id.size;
    if (sequence_id.size > 0) {
        memcpy(made->sequence_id.data, sequence_id.data, sequence_id.size);
    }
    return start(made, range, deadline, cursor, error);
}

int quipu_postgres_read_log(quipu_driver_datastore *datastore,
                            quipu_driver_schema *bound,
                            const quipu_range *range, int64_t deadline,
                            quipu_driver_cursor **cursor, quipu_error *error)
{
    quipu_driver_cursor *made = NULL;
    int status = quipu_postgres_read_create(datastore, bound, &made, error);
    if (status != QUIPU_OK) {
        return status;
    }
    made->reading.log = true;
    return start(made, range, deadline, cursor, error);
}

int quipu_postgres_read_filtered(quipu_driver_datastore *datastore,
                                 quipu_driver_schema *bound,
                                 const quipu_range *range,
                                 const quipu_filter *filter, int64_t deadline,
                                 quipu_driver_cursor **cursor,
                                 quipu_error *error)
{
    quipu_driver_cursor *made = NULL;
    int status = quipu_postgres_read_create(datastore, bound, &made, error);
    if (status != QUIPU_OK) {
        return status;
    }
    made->reading.log = true;
    made->reading.filter = filter;
    return start(made, range, deadline, cursor, error);
}

/* A read of the log with one item at most, which SQL_EVENT finds.  Without one
 * the schema may have been torn down. */
int quipu_postgres_read_find_event(quipu_driver_datastore *datastore,
                                   quipu_driver_schema *bound,
                                   quipu_bytes event_id, int64_t deadline,
                                   quipu_driver_cursor **cursor,
                                   quipu_error *error)
{
    const quipu_range one = { .struct_size = sizeof(one),
                              .lower = INT64_MIN,
                              .upper = INT64_MAX,
                              .limit = 1 };
    quipu_driver_cursor *made = NULL;
    int status = quipu_postgres_read_create(datastore, bound, &made, error);
    if (status != QUIPU_OK) {
        return status;
    }
    made->reading.log = made->reading.one = true;
    memcpy(made->reading.event_id.bytes, event_id.data, 16);
    status = start(made, &one, deadline, &made, error);
    if (status == QUIPU_OK && made->reading.count == 0) {
        SAFEGUARD("W5.schema-of-an-event")
        status = check_bound(made, deadline, error);
        if (status != QUIPU_OK) {
            quipu_postgres_read_close(made);
        }
    }
    if (status == QUIPU_OK) {
        *cursor = made;
    }
    return status;
}

int quipu_postgres_read_step(quipu_driver_cursor *cursor, int64_t deadline,
                             const void **rows, size_t *count,
                             quipu_error *error)
{
    *count = 0;
    return cursor->step(cursor, deadline, rows, count, error);
}
