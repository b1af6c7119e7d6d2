/* SPDX-License-Identifier: Apache-2.0 */
/* Reading of the log or a sequence, behind damaged items. */
#include "scan.h"

#define DAMAGED_RUN_MAX 100 /* consecutive damaged items */

static int open_cursor(const struct scan *scan, int64_t lower, int64_t upper,
                       quipu_cursor **cursor, quipu_error *error)
{
    const quipu_query query = { .struct_size = sizeof(query),
                                .flags = QUIPU_QUERY_GTE | QUIPU_QUERY_LTE,
                                .gte = lower,
                                .lte = upper };

    if (!scan->sequence_id.data) {
        return quipu_records_read_log(scan->records, &query, cursor, error);
    }
    return quipu_records_read(scan->records, scan->sequence_id, &query, cursor,
                              error);
}

/* Reads the first item between the bounds.  QUIPU_OK if it can be read, or if
 * there is none. */
static int try_first(const struct scan *scan, int64_t lower, int64_t upper,
                     quipu_error *error)
{
    quipu_cursor *cursor = NULL;
    const quipu_item *item = NULL;
    int status = open_cursor(scan, lower, upper, &cursor, error);

    if (status == QUIPU_OK) {
        status = quipu_cursor_next(cursor, &item, error);
        quipu_cursor_close(cursor);
    }
    return status;
}

/* Computes the mean without overflow. */
static int64_t middle(int64_t lower, int64_t upper)
{
    return (int64_t)((uint64_t)lower + ((uint64_t)upper - (uint64_t)lower) / 2);
}

/* Finds the first damaged item at or above `lower` by bisection. */
static int find_damaged(const struct scan *scan, int64_t lower, int64_t *at,
                        quipu_error *error)
{
    int64_t first = lower;
    int64_t last = scan->upper;

    while (first < last) {
        const int64_t half = middle(first, last);
        const int status = try_first(scan, lower, half, error);

        if (status == QUIPU_CORRUPT) {
            last = half;
        } else if (status == QUIPU_OK) {
            first = half + 1;
        } else {
            return status;
        }
    }
    *at = first;
    return QUIPU_OK;
}

/* Progress of a scan. */
struct scan_progress {
    int64_t next; /* notification id or position behind the last visited item */
    bool visited; /* an item was visited since the last damaged one */
    bool end;     /* no item follows */
};

/* Visits items from progress->next to `upper`, until the end or the first
 * damaged item. */
static int scan_part(const struct scan *scan, int64_t upper,
                     struct scan_progress *progress, quipu_error *error)
{
    quipu_cursor *cursor = NULL;
    const quipu_item *item = NULL;
    int status = open_cursor(scan, progress->next, upper, &cursor, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_cursor_next(cursor, &item, error);
    while (status == QUIPU_OK && item) {
        const int64_t at =
            !scan->sequence_id.data ? item->notification_id : item->position;

        progress->visited = true;
        status = scan->visit(scan->context, item, error);
        if (at >= progress->next) {
            progress->end = at == INT64_MAX;
            progress->next = progress->end ? at : at + 1;
        }
        if (status == QUIPU_OK) {
            status = quipu_cursor_next(cursor, &item, error);
        }
    }
    progress->end = progress->end || (status == QUIPU_OK && !item);
    quipu_cursor_close(cursor);
    return status;
}

/* Finds the first damaged item, and visits the items before it: a cursor that
 * reads ahead may have failed before it returned them. */
static int scan_to_damaged(const struct scan *scan,
                           struct scan_progress *progress, int64_t *at,
                           quipu_error *error)
{
    quipu_error own;
    int status = find_damaged(scan, progress->next, at, NULL);

    if (status == QUIPU_OK && *at > progress->next) {
        status = scan_part(scan, *at - 1, progress, &own);
        if (status != QUIPU_OK) {
            quipu_error_set(error, status, "%s", own.message);
        }
    }
    return status;
}

int verify_scan_run(const struct scan *scan, quipu_error *error)
{
    struct scan_progress progress = { .next = scan->lower,
                                      .end = scan->lower > scan->upper };
    int64_t at = 0;
    int run = 0; /* consecutive damaged items */

    while (!progress.end) {
        progress.visited = false;
        int status = scan_part(scan, scan->upper, &progress, error);

        if (status != QUIPU_CORRUPT) {
            return status;
        }
        if (progress.end || progress.next > scan->upper) {
            return QUIPU_CORRUPT; /* no item is left that could be damaged */
        }
        status = scan_to_damaged(scan, &progress, &at, error);
        if (status != QUIPU_OK) {
            return status;
        }
        run = progress.visited ? 1 : run + 1;
        if (run > DAMAGED_RUN_MAX) {
            return QUIPU_CORRUPT;
        }
        if (scan->damaged) {
            scan->damaged(scan->context, at, error);
        }
        progress.end = at == scan->upper;
        progress.next = progress.end ? at : at + 1;
    }
    return QUIPU_OK;
}

int verify_scan_one(const struct scan *scan, bool *found, quipu_error *error)
{
    quipu_cursor *cursor = NULL;
    const quipu_item *item = NULL;
    int status = open_cursor(scan, scan->lower, scan->lower, &cursor, error);

    *found = false;
    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_cursor_next(cursor, &item, error);
    if (status == QUIPU_OK && item) {
        *found = true;
        status = scan->visit(scan->context, item, error);
    }
    quipu_cursor_close(cursor);
    return status;
}
