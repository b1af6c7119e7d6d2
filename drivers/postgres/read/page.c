/* SPDX-License-Identifier: Apache-2.0 */
/* The query of a page of items, and its rows. */
#include "read.h"

#include "net/errors.h"

#include <string.h>

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

static void put_query(struct arguments *arguments, const void *context)
{
    const quipu_driver_cursor *cursor = context;
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
    quipu_postgres_binary_add_int8(arguments, page_limit(reading));
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

static int malformed(const quipu_driver_cursor *cursor, const char *problem,
                     quipu_error *error)
{
    return quipu_postgres_error_malformed(cursor->datastore, "read", problem,
                                          error);
}

int quipu_postgres_page_take(quipu_driver_cursor *cursor, PGresult *page,
                             quipu_error *error)
{
    struct reading *reading = &cursor->reading;
    const int64_t limit = page_limit(reading);
    const bool large = reading->large;
    PQclear(reading->page);
    reading->page = page;
    size_t rows = (size_t)PQntuples(page);
    if ((int64_t)rows > limit) {
        return malformed(cursor, "it has more rows than were asked for", error);
    }
    int status = make_room(cursor, rows, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (!take_rows(cursor, rows)) {
        return malformed(cursor, "an item is out of order", error);
    }
    reading->more =
        rows > 0 && ((int64_t)rows == limit || reading->count < rows || large);
    return QUIPU_OK;
}

struct query quipu_postgres_page_query(const quipu_driver_cursor *cursor)
{
    return (struct query){ .statement = choose_query(cursor),
                           .settled = cursor->reading.lent,
                           .put = put_query,
                           .context = cursor,
                           .what = "read" };
}

int quipu_postgres_page_fetch(quipu_driver_cursor *cursor, int64_t deadline,
                              quipu_error *error)
{
    const struct query query = quipu_postgres_page_query(cursor);
    PGresult *page = NULL;
    int status = quipu_postgres_query_read(cursor->datastore, &query, deadline,
                                           &page, error);
    return status == QUIPU_OK ? quipu_postgres_page_take(cursor, page, error)
                              : status;
}
