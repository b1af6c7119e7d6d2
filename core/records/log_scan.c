/* SPDX-License-Identifier: Apache-2.0 */
/* Scans of a log in windows; log_scan.h has the method. */
#include "records/log_scan.h"

#include "base/cancellation.h"
#include "base/status.h"

/* Sizes of windows in items, and the time for one in nanoseconds. */
#define WINDOW_FIRST 1024
#define WINDOW_LEAST 16
#define WINDOW_MOST (INT64_C(1) << 22)
#define WINDOW_NANOSECONDS INT64_C(5000000)

int quipu_log_scan_head(quipu_records *records, quipu_position *head,
                        quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    quipu_datastore *datastore = records->datastore;
    quipu_position found = { .notification_id = 0 };
    struct quipu_observer_call observed;
    quipu_error cause;

    quipu_records_observe(&observed, QUIPU_OPERATION_READ, datastore, records);
    quipu_status_begin(&cause);
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): checked before. */
    int status = datastore->driver->log_head(
        datastore->handle, records->bound, quipu_datastore_deadline(datastore),
        &found, &cause);

    if (status == QUIPU_OK) {
        *head = found;
    }
    status = quipu_driver_call_end(datastore->driver, QUIPU_CALL_LOG_HEAD,
                                   status, &cause, error);
    quipu_observer_end(&observed, status);
    return status;
}

void quipu_log_scan_init(struct quipu_log_scan *scan, quipu_records *records,
                         const quipu_filter *filter, const quipu_range *range,
                         int64_t head)
{
    int64_t lower = range->lower < 1 ? 1 : range->lower;
    int64_t upper = range->upper > head ? head : range->upper;

    *scan = (struct quipu_log_scan){
        .records = records,
        .filter = filter,
        .descending = range->descending,
        .next = range->descending ? upper : lower,
        .last = range->descending ? lower : upper,
        .left = range->limit,
        .window_size = WINDOW_FIRST,
        .is_done = lower > upper,
    };
}

/* ---------------------------------------------------------------- windows */

/* Returns the number of ids from `next` to `last`; 0 if none is left. */
static int64_t ids_left(const struct quipu_log_scan *scan)
{
    int64_t left =
        scan->descending ? scan->next - scan->last : scan->last - scan->next;

    return left < 0 ? 0 : left + 1;
}

/* Without a filter every item is yielded, and one window holds them all. */
static quipu_range next_window(struct quipu_log_scan *scan)
{
    int64_t size = ids_left(scan);

    if (scan->filter && size > scan->window_size) {
        size = scan->window_size;
    }
    scan->window_end =
        scan->descending ? scan->next - size + 1 : scan->next + size - 1;
    return (quipu_range){
        .struct_size = sizeof(quipu_range),
        .descending = scan->descending,
        .lower = scan->descending ? scan->window_end : scan->next,
        .upper = scan->descending ? scan->next : scan->window_end,
        .limit = scan->filter ? INT64_MAX : scan->left,
    };
}

static int open_window(struct quipu_log_scan *scan, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    quipu_records *records = scan->records;
    quipu_datastore *datastore = records->datastore;
    const quipu_driver *driver = datastore->driver;
    const quipu_range range = next_window(scan);
    int64_t deadline = quipu_datastore_deadline(datastore);
    enum quipu_call call = QUIPU_CALL_READ_LOG;
    quipu_error cause;
    int status;

    quipu_rows_init(&scan->rows, datastore, records);
    scan->is_open = true;
    scan->rows.are_items = true;
    scan->window_nanoseconds = 0;
    quipu_rows_opening(&scan->rows, records, &cause);
    if (scan->filter && driver->read_filtered) {
        call = QUIPU_CALL_READ_FILTERED;
        status = driver->read_filtered(datastore->handle, records->bound,
                                       &range, scan->filter, deadline,
                                       &scan->rows.handle, &cause);
    } else {
        /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): checked. */
        status = driver->read_log(datastore->handle, records->bound, &range,
                                  deadline, &scan->rows.handle, &cause);
    }
    return quipu_rows_opened(&scan->rows, call, status, &cause, error);
}

static void close_window(struct quipu_log_scan *scan)
{
    if (scan->is_open) {
        (void)quipu_rows_finish(&scan->rows);
        scan->is_open = false;
    }
}

/* The window has been read to its end. */
static void end_window(struct quipu_log_scan *scan)
{
    close_window(scan);
    scan->next = scan->window_end + (scan->descending ? -1 : 1);
    scan->is_done = ids_left(scan) == 0;
    if (scan->window_nanoseconds < WINDOW_NANOSECONDS / 2 &&
        scan->window_size < WINDOW_MOST) {
        scan->window_size *= 2;
    } else if (scan->window_nanoseconds > WINDOW_NANOSECONDS * 2 &&
               scan->window_size > WINDOW_LEAST) {
        scan->window_size /= 2;
    }
}

/* A window that took longer than the timeout is tried again with an eighth of
 * the items.  Returns the status to report. */
static int fail_window(struct quipu_log_scan *scan, int status)
{
    close_window(scan);
    if (status != QUIPU_TIMEOUT || !scan->filter ||
        scan->window_size <= WINDOW_LEAST) {
        return status;
    }
    scan->window_size /= 8;
    if (scan->window_size < WINDOW_LEAST) {
        scan->window_size = WINDOW_LEAST;
    }
    return QUIPU_OK;
}

/* ------------------------------------------------------------------ items */

/* Sets *item to the next item of the window that passes; NULL: there is none.
 * The ids of those that do not pass are counted as looked at only with the
 * window, since the driver may leave items out. */
static int next_passing(struct quipu_log_scan *scan, const quipu_item **item,
                        quipu_error *error)
{
    const quipu_schema *schema = scan->records->schema;

    for (;;) {
        const void *row = quipu_rows_lent(&scan->rows, sizeof(**item));
        int status = QUIPU_OK;

        if (!row) {
            int64_t begin = quipu_clock_now();

            status = quipu_rows_next(&scan->rows, sizeof(**item), &row, error);
            scan->window_nanoseconds += quipu_clock_now() - begin;
        }
        *item = row;
        if (status != QUIPU_OK || !row ||
            quipu_filter_passes(scan->filter, schema, *item)) {
            return status;
        }
    }
}

static int open_next_window(struct quipu_log_scan *scan, quipu_error *error)
{
    int64_t begin = quipu_clock_now();
    int status = open_window(scan, error);

    scan->window_nanoseconds = quipu_clock_now() - begin;
    return status;
}

int quipu_log_scan_next(struct quipu_log_scan *scan, const quipu_item **item,
                        quipu_error *error)
{
    int status = QUIPU_OK;

    *item = NULL;
    if (scan->left == 0) {
        close_window(scan);
        scan->is_done = true;
    }
    if (scan->is_done) {
        return QUIPU_OK;
    }
    if (!scan->is_open) {
        status = open_next_window(scan, error);
    }
    if (status == QUIPU_OK) {
        status = next_passing(scan, item, error);
    }
    if (status != QUIPU_OK) {
        *item = NULL;
        return fail_window(scan, status);
    }
    if (*item) {
        scan->next = (*item)->notification_id + (scan->descending ? -1 : 1);
        scan->left--;
    } else {
        end_window(scan);
    }
    return QUIPU_OK;
}

void quipu_log_scan_finish(struct quipu_log_scan *scan)
{
    close_window(scan);
}
