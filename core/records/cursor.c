/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cursors over items.
 *
 * Opening converts the query to one inclusive range and lets the driver open a
 * cursor of its own; a range that cannot match anything gets none, and yields
 * nothing.  Which items the cursor yields is fixed by the driver at that moment
 * (V4).  Each step passes on a row that the driver has lent (rows.h):
 *
 * INV1  An item is borrowed from the driver until the next step or the closing
 *       of the same cursor; nothing is copied here.
 * INV2  After an error a cursor can only be closed.
 * INV3  A cursor counts as a child of its records handle from before the
 *       driver's call until it is closed, so that the handle outlives it.
 * INV4  In a child of fork, a cursor yields INVALID, and closing it does and
 *       frees nothing.
 */
#include "records/cursor.h"

#include <inttypes.h>

#include "base/cancellation.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/structs.h"
#include "records/log_scan.h"

struct quipu_cursor {
    struct quipu_rows rows;     /* of quipu_item; with a filter it has none */
    quipu_filter *filter;       /* NULL: none */
    struct quipu_log_scan scan; /* with a filter */
};

/* ------------------------------------------------------------------ queries */

#define FLAGS                                                              \
    (QUIPU_QUERY_GT | QUIPU_QUERY_GTE | QUIPU_QUERY_LT | QUIPU_QUERY_LTE | \
     QUIPU_QUERY_LIMIT | QUIPU_QUERY_DESCENDING)

static int check_query(const quipu_query *query, quipu_error *error)
{
    if (query->flags & ~(uint32_t)FLAGS) {
        return quipu_error_set(
            error, QUIPU_INVALID, "the query has the unknown flag 0x%lx",
            (unsigned long)(query->flags & ~(uint32_t)FLAGS));
    }
    if ((query->flags & QUIPU_QUERY_LIMIT) && query->limit < 0) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the query's limit is %" PRId64
                               "; it must be at least 0",
                               query->limit);
    }
    return QUIPU_OK;
}

/* Applies the lower bounds.  Returns false if no number is above them: `gt` is
 * INT64_MAX, and adding 1 would overflow. */
static bool bound_below(const quipu_query *query, quipu_range *range)
{
    if ((query->flags & QUIPU_QUERY_GTE) && query->gte > range->lower) {
        range->lower = query->gte;
    }
    if (query->flags & QUIPU_QUERY_GT) {
        if (query->gt == INT64_MAX) {
            return false;
        }
        if (query->gt >= range->lower) {
            range->lower = query->gt + 1;
        }
    }
    return true;
}

/* Applies the upper bounds, in the same way. */
static bool bound_above(const quipu_query *query, quipu_range *range)
{
    if ((query->flags & QUIPU_QUERY_LTE) && query->lte < range->upper) {
        range->upper = query->lte;
    }
    if (query->flags & QUIPU_QUERY_LT) {
        if (query->lt == INT64_MIN) {
            return false;
        }
        if (query->lt <= range->upper) {
            range->upper = query->lt - 1;
        }
    }
    return true;
}

int quipu_cursor_range(const quipu_query *given, quipu_range *range,
                       bool *empty, quipu_error *error)
{
    quipu_query query = { .struct_size = sizeof(query) };

    if (given) {
        int status =
            quipu_struct_take(&query, sizeof(query), given, "query", error);

        if (status == QUIPU_OK) {
            status = check_query(&query, error);
        }
        if (status != QUIPU_OK) {
            return status;
        }
    }
    *range = (quipu_range){
        .struct_size = sizeof(*range),
        .descending = (query.flags & QUIPU_QUERY_DESCENDING) != 0,
        .lower = INT64_MIN,
        .upper = INT64_MAX,
        .limit = query.flags & QUIPU_QUERY_LIMIT ? query.limit : INT64_MAX
    };
    *empty = !bound_below(&query, range) || !bound_above(&query, range) ||
             range->lower > range->upper || range->limit == 0;
    return QUIPU_OK;
}

/* ------------------------------------------------------------------ cursors */

static quipu_cursor *create(quipu_records *records)
{
    quipu_cursor *cursor = quipu_allocate_zeroed(sizeof(*cursor));

    if (cursor) {
        quipu_rows_init(&cursor->rows, records->datastore, records); /* INV3 */
        cursor->rows.are_items = true;
    }
    return cursor;
}

/* Passes the cursor on, or closes it after a failure; returns the status. */
static int finish_opening(quipu_cursor *cursor, int status, quipu_cursor **out)
{
    if (status != QUIPU_OK) {
        quipu_cursor_close(cursor);
        return status;
    }
    *out = cursor;
    return QUIPU_OK;
}

/* Lets the driver open its cursor. */
static int call_driver(quipu_cursor *cursor, quipu_records *records,
                       const quipu_bytes *sequence_id, const quipu_range *range,
                       quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    quipu_datastore *datastore = records->datastore;
    int64_t deadline = quipu_datastore_deadline(datastore);
    quipu_error cause;
    int status;

    quipu_rows_opening(&cursor->rows, records, &cause);
    if (!sequence_id) {
        status = datastore->driver->read_log(datastore->handle, records->bound,
                                             range, deadline,
                                             &cursor->rows.handle, &cause);
        return quipu_rows_opened(&cursor->rows, QUIPU_CALL_READ_LOG, status,
                                 &cause, error);
    }
    status = datastore->driver->read_sequence(datastore->handle, records->bound,
                                              *sequence_id, range, deadline,
                                              &cursor->rows.handle, &cause);
    return quipu_rows_opened(&cursor->rows, QUIPU_CALL_READ_SEQUENCE, status,
                             &cause, error);
}

int quipu_cursor_open(quipu_records *records, const quipu_bytes *sequence_id,
                      const quipu_query *query, quipu_cursor **out,
                      quipu_error *error)
{
    quipu_range range;
    bool empty;

    if (!out) {
        return quipu_argument_missing("cursor", error);
    }
    int status = quipu_cursor_range(query, &range, &empty, error);

    if (status != QUIPU_OK) {
        return status;
    }
    quipu_cursor *cursor = create(records);

    if (!cursor) {
        return quipu_error_no_memory(error);
    }
    if (!empty) {
        status = call_driver(cursor, records, sequence_id, &range, error);
    }
    return finish_opening(cursor, status, out);
}

/* ------------------------------------------------------- several sequences */

/* Cursors that the driver opens in one call, with its arguments. */
struct opening {
    quipu_records *records;
    quipu_cursor **cursors;
    size_t count;
    quipu_range *ranges;         /* of the cursors that are not empty */
    quipu_sequence_range *reads; /* those ranges */
    quipu_cursor **read;         /* the cursors of these */
    quipu_driver_cursor **handles;
    size_t read_count;
};

/* Creates the cursors, and notes those for which the driver is needed. */
static int create_many(struct opening *opening,
                       const quipu_sequence_query *queries, quipu_error *error)
{
    for (size_t i = 0; i < opening->count; i++) {
        quipu_range *range = &opening->ranges[opening->read_count];
        bool empty;
        int status = quipu_cursor_range(queries[i].query, range, &empty, error);

        if (status != QUIPU_OK) {
            return status;
        }
        opening->cursors[i] = create(opening->records);
        if (!opening->cursors[i]) {
            return quipu_error_no_memory(error);
        }
        if (!empty) {
            opening->reads[opening->read_count] =
                (quipu_sequence_range){ queries[i].sequence_id, range };
            opening->read[opening->read_count++] = opening->cursors[i];
        }
    }
    return QUIPU_OK;
}

/* Lets the driver open its cursors. */
static int call_driver_for_many(const struct opening *opening,
                                int64_t *erasures, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    const quipu_datastore *datastore = opening->records->datastore;
    quipu_error cause;
    int result = QUIPU_OK;

    for (size_t i = 0; i < opening->read_count; i++) {
        quipu_rows_opening(&opening->read[i]->rows, opening->records, &cause);
    }
    int status = datastore->driver->read_sequences(
        datastore->handle, opening->records->bound, opening->reads,
        opening->read_count, quipu_datastore_deadline(datastore),
        opening->handles, erasures, &cause);

    for (size_t i = 0; i < opening->read_count; i++) {
        struct quipu_rows *rows = &opening->read[i]->rows;

        rows->handle = opening->handles[i];
        int opened = quipu_rows_opened(rows, QUIPU_CALL_READ_SEQUENCES, status,
                                       &cause, error);

        result = result == QUIPU_OK ? opened : result;
    }
    return result;
}

int quipu_cursor_open_many(quipu_records *records,
                           const quipu_sequence_query *queries, size_t count,
                           quipu_cursor **cursors, int64_t *erasures,
                           quipu_error *error)
{
    struct opening opening = {
        .records = records,
        .cursors = cursors,
        .count = count,
        .ranges = quipu_allocate_array(count, sizeof(*opening.ranges)),
        .reads = quipu_allocate_array(count, sizeof(*opening.reads)),
        .read = quipu_allocate_array(count, sizeof(quipu_cursor *)),
        .handles = quipu_allocate_array(count, sizeof(quipu_driver_cursor *)),
    };
    int status = QUIPU_NO_MEMORY;

    if (opening.ranges && opening.reads && opening.read && opening.handles) {
        status = create_many(&opening, queries, error);
        if (status == QUIPU_OK && opening.read_count > 0) {
            status = call_driver_for_many(&opening, erasures, error);
        }
    } else {
        quipu_error_no_memory(error);
    }
    quipu_release(opening.ranges);
    quipu_release(opening.reads);
    quipu_release(opening.read);
    quipu_release(opening.handles);
    return status;
}

/* ------------------------------------------------------- filters, event ids */

/* Begins the scan, up to the head of the log as it is now. */
static int begin_scan(quipu_cursor *cursor, quipu_records *records,
                      const quipu_range *range, bool empty, quipu_error *error)
{
    quipu_position head = { .notification_id = 0 };
    int status = empty ? QUIPU_OK : quipu_log_scan_head(records, &head, error);

    if (status == QUIPU_OK) {
        quipu_log_scan_init(&cursor->scan, records, cursor->filter, range,
                            head.notification_id);
    }
    return status;
}

int quipu_cursor_open_filtered(quipu_records *records, const quipu_query *query,
                               const quipu_filter *given, quipu_cursor **out,
                               quipu_error *error)
{
    quipu_filter *filter = NULL;
    quipu_range range;
    bool empty;

    if (!out) {
        return quipu_argument_missing("cursor", error);
    }
    int status = quipu_cursor_range(query, &range, &empty, error);

    if (status == QUIPU_OK) {
        status = quipu_filter_copy(records->schema, given, &filter, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (!filter) {
        return quipu_cursor_open(records, NULL, query, out, error);
    }
    quipu_cursor *cursor = create(records);

    if (!cursor) {
        quipu_release(filter);
        return quipu_error_no_memory(error);
    }
    cursor->filter = filter;
    return finish_opening(
        cursor, begin_scan(cursor, records, &range, empty, error), out);
}

int quipu_cursor_open_event(quipu_records *records, const quipu_uuid *event_id,
                            quipu_cursor **out, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    quipu_datastore *datastore = records->datastore;
    quipu_cursor *cursor = create(records);
    quipu_error cause;

    if (!cursor) {
        return quipu_error_no_memory(error);
    }
    quipu_rows_opening(&cursor->rows, records, &cause);
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): checked before. */
    int status = datastore->driver->find_event(
        datastore->handle, records->bound,
        (quipu_bytes){ event_id->bytes, sizeof(event_id->bytes) },
        quipu_datastore_deadline(datastore), &cursor->rows.handle, &cause);

    return finish_opening(cursor,
                          quipu_rows_opened(&cursor->rows,
                                            QUIPU_CALL_FIND_EVENT, status,
                                            &cause, error),
                          out);
}

/* -------------------------------------------------------------- stepping */

int quipu_cursor_check_item(const quipu_item *item, quipu_error *error)
{
    if (!item->event_id.data || item->event_id.size == sizeof(quipu_uuid)) {
        return QUIPU_OK;
    }
    return quipu_error_set(error, QUIPU_CORRUPT,
                           "the event id of the item with notification id "
                           "%lld and position %lld has %zu bytes instead of "
                           "16; restore the store from a backup",
                           (long long)item->notification_id,
                           (long long)item->position, item->event_id.size);
}

/* Sets *row to the next item that passes the filter, or to NULL. */
static int next_filtered(quipu_cursor *cursor, const void **row,
                         quipu_error *error)
{
    const quipu_item *item = NULL;
    int status = quipu_rows_next(&cursor->rows, sizeof(*item), row, error);

    while (status == QUIPU_OK && !item && !cursor->scan.is_done) {
        status = quipu_log_scan_next(&cursor->scan, &item, error);
    }
    if (status != QUIPU_OK) {
        cursor->rows.state = QUIPU_ROWS_FAILED; /* INV2 */
        return status;
    }
    *row = item;
    return QUIPU_OK;
}

int quipu_cursor_next(quipu_cursor *cursor, const quipu_item **item,
                      quipu_error *error)
{
    const void *row;
    int status = QUIPU_OK;

    if (!cursor || !item) {
        return quipu_argument_missing(cursor ? "item" : "cursor", error);
    }
    row = quipu_rows_lent(&cursor->rows, sizeof(**item)); /* INV1 */
    if (!row) {
        status = cursor->filter ? next_filtered(cursor, &row, error)
                                : quipu_rows_next(&cursor->rows, sizeof(**item),
                                                  &row, error);
    }
    if (status == QUIPU_OK) {
        const quipu_item *lent = row;

        status = lent ? quipu_cursor_check_item(lent, error) : QUIPU_OK;
        if (status != QUIPU_OK) {
            cursor->rows.state = QUIPU_ROWS_FAILED;
            cursor->rows.left = 0;
            return status;
        }
        *item = lent;
    }
    return status;
}

void quipu_cursor_close(quipu_cursor *cursor)
{
    /* In a child of fork quipu_rows_finish returns false (INV4). */
    if (cursor && quipu_rows_finish(&cursor->rows)) {
        quipu_log_scan_finish(&cursor->scan);
        quipu_release(cursor->filter);
        quipu_release(cursor);
    }
}
