/* SPDX-License-Identifier: Apache-2.0 */
/* Operations that all kinds of cursors share. */
#include "cursor.h"

quipu_driver_cursor *quipu_lmdb_cursor_create(quipu_driver_datastore *datastore,
                                              quipu_driver_schema *bound,
                                              quipu_error *error)
{
    quipu_driver_cursor *cursor = datastore->host->allocate(sizeof(*cursor));
    if (!cursor) {
        (void)quipu_lmdb_error_no_memory(datastore->host, error);
        return NULL;
    }
    cursor->datastore = datastore;
    cursor->bound = bound;
    return cursor;
}

int quipu_lmdb_cursor_step(quipu_driver_cursor *cursor, int64_t deadline,
                           const void **rows, size_t *count, quipu_error *error)
{
    *count = 0;
    return cursor->step(cursor, deadline, rows, count, error);
}

void quipu_lmdb_cursor_close(quipu_driver_cursor *cursor)
{
    cursor->finish(cursor);
    cursor->datastore->host->release(cursor);
}
