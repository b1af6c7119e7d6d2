/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of a driver's cursor: the mechanism behind cursors over items and the
 * listings of schemas, sequences and tracking records.
 *
 * A driver's `step` lends an array of rows, as many as it has ready.  struct
 * quipu_rows yields them one by one and calls `step` only when the array is
 * used up, so that most steps of a program call no driver.  Rows are borrowed
 * from the driver until the next step.
 *
 * One thread at a time, any thread.
 */
#ifndef QUIPU_CORE_RECORDS_ROWS_H
#define QUIPU_CORE_RECORDS_ROWS_H

#include "datastore/driver_call.h"
#include "records/records.h"

enum quipu_rows_state {
    QUIPU_ROWS_MORE = 0,  /* the driver may have more rows */
    QUIPU_ROWS_ENDED = 1, /* it has lent the last */
    QUIPU_ROWS_FAILED = 2 /* a step failed; only closing is possible */
};

struct quipu_rows {
    quipu_datastore *datastore;
    atomic_size_t *parent; /* counter of children of the handle that this was
                              opened from */
    quipu_driver_cursor *handle; /* NULL: there are no rows */
    enum quipu_rows_state state;
    const char *lent; /* next row of the array that the driver lent last */
    size_t left;      /* rows of that array still to come */
    bool are_items;   /* the rows are quipu_item */
    struct quipu_observer_call observed;
};

/* Initializes rows without a driver's cursor, and counts them as a child of
 * `records`, or if that is NULL, of `datastore`.  quipu_rows_finish must be
 * called. */
void quipu_rows_init(struct quipu_rows *rows, quipu_datastore *datastore,
                     quipu_records *records);

/* Prepares the driver call that opens rows->handle: makes *cause empty, and
 * tells the observer. */
void quipu_rows_opening(struct quipu_rows *rows, const quipu_records *records,
                        quipu_error *cause);

/* Ends the driver call that opened rows->handle with `status` and *cause, and
 * checks its answer.  Returns the status of the opening. */
int quipu_rows_opened(struct quipu_rows *rows, enum quipu_call call, int status,
                      const quipu_error *cause, quipu_error *error);

/* Sets *row to the next row, of `size` bytes, or to NULL after the last.  The
 * row is borrowed until the next call.  INVALID: a step failed before, or the
 * process is another one; otherwise the driver's codes of `step`. */
int quipu_rows_next(struct quipu_rows *rows, size_t size, const void **row,
                    quipu_error *error);

/* Closes the driver's cursor.  Returns false in a process to which the
 * datastore does not belong: nothing may be freed there, since parent and child
 * share the driver's resources. */
bool quipu_rows_finish(struct quipu_rows *rows);

/* Returns the next row if the driver has lent it already; NULL if
 * quipu_rows_next must be called.  Inline, as it is the common case. */
static inline const void *quipu_rows_lent(struct quipu_rows *rows, size_t size)
{
    const char *row = rows->lent;

    if (rows->left == 0 || !quipu_datastore_is_ours(rows->datastore)) {
        return NULL;
    }
    rows->lent += size;
    rows->left--;
    return row;
}

#endif
