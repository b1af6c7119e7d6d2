/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scans of a log for the items that pass a filter.
 *
 * A scan reads the log in windows, each with a driver's cursor of its own over
 * a range of notification ids, so that the timeout applies to each window and
 * not to the whole log (W4), and no transaction is held between two windows.
 * Notification ids have no gaps (L1), so that a window is a known number of
 * items.  Its size follows the time that the driver takes: about 5 ms, so that
 * a caller that asks after each window whether to stop does so in time.
 *
 * The range ends at most at the head of the log when the scan begins, so that
 * the scan as a whole yields what was visible then (V4).
 *
 * One thread at a time.
 */
#ifndef QUIPU_CORE_RECORDS_LOG_SCAN_H
#define QUIPU_CORE_RECORDS_LOG_SCAN_H

#include "records/filter.h"
#include "records/rows.h"

struct quipu_log_scan {
    quipu_records *records;
    const quipu_filter *filter; /* borrowed; NULL passes all */
    bool descending;
    bool is_done; /* the range has been read, or the limit reached */
    bool is_open; /* a window is */
    int64_t next; /* the id that is looked at next */
    int64_t last; /* the last id of the range */
    int64_t left; /* items that may still be yielded */
    int64_t window_size;
    int64_t window_end;
    int64_t window_nanoseconds; /* that the driver took */
    struct quipu_rows rows;     /* of the window; quipu_item */
};

/* Reads the head of the log; the driver supports it. */
int quipu_log_scan_head(quipu_records *records, quipu_position *head,
                        quipu_error *error);

/*
 * Begins a scan; calls no driver.  `range` is not empty; `head` is the last id
 * of the log now.  quipu_log_scan_finish must be called.
 */
void quipu_log_scan_init(struct quipu_log_scan *scan, quipu_records *records,
                         const quipu_filter *filter, const quipu_range *range,
                         int64_t head);

/*
 * Sets *item to the next item that passes, borrowed until the next call, or to
 * NULL after the end of a window; the scan is finished if scan->is_done is then
 * set.  All ids before scan->next in reading order have been looked at.
 *
 * Codes of the driver's read_log and step.  The scan can go on after an error:
 * the next call opens a window that begins behind the item yielded last.
 */
int quipu_log_scan_next(struct quipu_log_scan *scan, const quipu_item **item,
                        quipu_error *error);

/* Closes the window that is open.  Not in a child of fork. */
void quipu_log_scan_finish(struct quipu_log_scan *scan);

#endif
