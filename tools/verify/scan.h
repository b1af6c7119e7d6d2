/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading of the log, or of one sequence, that continues behind damaged items.
 *
 * A cursor ends at the first damaged item.  The scan finds that item by
 * bisection, reports it, and opens a new cursor behind it.
 */
#ifndef QUIPU_TOOLS_SCAN_H
#define QUIPU_TOOLS_SCAN_H

#include <quipu/quipu.h>

/* Called for each item; a status other than QUIPU_OK ends the scan. */
typedef int scan_visit(void *context, const quipu_item *item,
                       quipu_error *error);

struct scan {
    quipu_records *records;
    quipu_bytes sequence_id; /* absent: scan the log */
    int64_t lower, upper;    /* notification ids, or positions; inclusive */
    scan_visit *visit;
    /* Called for each damaged item with its notification id or position and the
     * driver's error.  NULL: skip damaged items silently. */
    void (*damaged)(void *context, int64_t at, const quipu_error *error);
    void *context;
};

/*
 * Runs a scan.  QUIPU_CORRUPT: more than 100 consecutive items are damaged, or
 * the damage is not that of an item, and the scan ended early.  Other statuses
 * are those of quipu_cursor_next and of `visit`.
 */
int verify_scan_run(const struct scan *scan, quipu_error *error);

/* Visits the item at scan->lower alone, if there is one.  *found tells whether
 * there is.  `damaged` is not used. */
int verify_scan_one(const struct scan *scan, bool *found, quipu_error *error);

#endif
