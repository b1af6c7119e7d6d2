/* SPDX-License-Identifier: Apache-2.0 */
/* The one mechanism behind cursors and listings: a driver's cursor that lends
 * row after row. */
#ifndef QUIPU_CORE_RECORDS_ROWS_H
#define QUIPU_CORE_RECORDS_ROWS_H

#include "records/calls.h"
#include "records/handles.h"

enum quipu_rows_state {
    QUIPU_ROWS_MORE = 0,
    QUIPU_ROWS_ENDED = 1,
    QUIPU_ROWS_FAILED = 2
};

struct quipu_rows {
    quipu_datastore *datastore;
    atomic_size_t *parent;       /* the children of what it was opened from */
    quipu_driver_cursor *handle; /* NULL: nothing to yield */
    enum quipu_rows_state state;
    const char *lent; /* the next of those that the driver lent last */
    size_t left;      /* how many of them are to come */
};

/* Prepares the rows of a datastore, or, if it is given, of records, so that
 * quipu_rows_finish may be called. */
void quipu_rows_init(struct quipu_rows *rows, quipu_datastore *datastore,
                     quipu_records *records);

/* Takes over what a driver answered when it was asked to open `handle`, which
 * is to be in rows->handle. */
int quipu_rows_opened(struct quipu_rows *rows, enum quipu_call call, int status,
                      const quipu_error *said, quipu_error *error);

/* Lends the next row, of `size` bytes, or sets *row NULL after the last. */
int quipu_rows_next(struct quipu_rows *rows, size_t size, const void **row,
                    quipu_error *error);

/* The next of those that the driver has lent already, which is most of them;
 * NULL: quipu_rows_next has to be asked. */
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

/* Ends them; false in a process that they do not belong to, and then all has
 * to stay as it is. */
bool quipu_rows_finish(struct quipu_rows *rows);

#endif
