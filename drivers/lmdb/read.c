/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading items.  A cursor lends rows that lie in the map, a page of them at a
 * time, and for as long as they are lent it has a reading transaction, which
 * keeps LMDB from using their pages anew.  The next step begins on the latest
 * state: what was appended after the cursor was opened is kept out by the head
 * of the log, so that a slow reader pins no more than what it looks at.
 */
#include "cursor.h"

#include "store.h"

#include <string.h>

quipu_driver_cursor *quipu_lmdb_cursor_create(quipu_driver_datastore *datastore,
                                              quipu_driver_schema *bound,
                                              quipu_error *error)
{
    quipu_driver_cursor *cursor = datastore->host->allocate(sizeof(*cursor));
    if (!cursor) {
        (void)quipu_lmdb_no_memory(datastore->host, error);
        return NULL;
    }
    cursor->datastore = datastore;
    cursor->bound = bound;
    return cursor;
}

int quipu_lmdb_step(quipu_driver_cursor *cursor, int64_t deadline,
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

/* ------------------------------------------------------------------ pages */

static int make_page(quipu_driver_cursor *cursor, quipu_error *error)
{
    struct reading *reading = &cursor->as.reading;
    const quipu_host *host = cursor->datastore->host;
    size_t columns = cursor->bound->schema.column_count;
    if (columns > 0) {
        reading->values =
            host->allocate(PAGE_ITEMS * columns * sizeof(*reading->values));
    }
    return columns > 0 && !reading->values ? quipu_lmdb_no_memory(host, error)
                                           : QUIPU_OK;
}

static void end_reading(quipu_driver_cursor *cursor)
{
    struct reading *reading = &cursor->as.reading;
    if (reading->view.txn) {
        quipu_lmdb_reading_end(&reading->view);
        reading->view.txn = NULL;
    }
}

/* Nobody looks at the page that was lent any more. */
static void take_back(quipu_driver_cursor *cursor)
{
    if (cursor->as.reading.view.txn) {
        (void)atomic_fetch_sub(&cursor->datastore->environment->map.lent, 1);
        end_reading(cursor);
    }
}

static void finish_items(quipu_driver_cursor *cursor)
{
    take_back(cursor);
    cursor->datastore->host->release(cursor->as.reading.values);
}

static int look(quipu_driver_cursor *cursor, quipu_error *error)
{
    struct reading *reading = &cursor->as.reading;
    bool alive = true;
    bool first = reading->head < 0;
    int64_t head = 0;
    int status = quipu_lmdb_head_get(cursor->datastore, &reading->view,
                                     cursor->bound, &alive, &head, error);
    if (first) {
        reading->head = head;
    }
    if (first && reading->log && reading->range.upper > head) {
        reading->range.upper = head;
    }
    if (status != QUIPU_OK || !alive || reading->head == 0 ||
        reading->range.lower > reading->range.upper) {
        reading->done = true;
        return status;
    }
    return reading->log ? quipu_lmdb_fill_log(cursor, error)
                        : quipu_lmdb_fill_sequence(cursor, error);
}

/* Fills a page in a new transaction, and keeps that if there is one to lend.
 */
static int fill(quipu_driver_cursor *cursor, int64_t deadline,
                quipu_error *error)
{
    struct reading *reading = &cursor->as.reading;
    struct environment *environment = cursor->datastore->environment;
    reading->count = 0;
    reading->lent = false;
    int status =
        quipu_lmdb_reading_begin(environment, deadline, &reading->view, error);
    if (status != QUIPU_OK) {
        reading->view.txn = NULL;
        return status;
    }
    status = look(cursor, error);
    if (status != QUIPU_OK || reading->count == 0) {
        end_reading(cursor);
    } else {
        (void)atomic_fetch_add(&environment->map.lent, 1);
    }
    return status;
}

static int next_items(quipu_driver_cursor *cursor, int64_t deadline,
                      const void **rows, size_t *count, quipu_error *error)
{
    struct reading *reading = &cursor->as.reading;
    int status = QUIPU_OK;
    if (reading->lent) {
        take_back(cursor);
        if (reading->done) {
            return QUIPU_OK;
        }
        status = fill(cursor, deadline, error);
    }
    if (status == QUIPU_OK) {
        reading->lent = true;
        *rows = reading->items;
        *count = reading->count;
    }
    return status;
}

/* ---------------------------------------------------------------- opening */

static int open_items(quipu_driver_datastore *datastore,
                      quipu_driver_schema *bound, quipu_bytes sequence_id,
                      const quipu_range *range, int64_t deadline,
                      quipu_driver_cursor **cursor, quipu_error *error)
{
    quipu_driver_cursor *made =
        quipu_lmdb_cursor_create(datastore, bound, error);
    if (!made) {
        return QUIPU_NO_MEMORY;
    }
    struct reading *reading = &made->as.reading;
    made->step = next_items;
    made->finish = finish_items;
    memset(reading, 0, offsetof(struct reading, items));
    reading->log = sequence_id.size == 0;
    reading->descending = range->descending;
    reading->range = *range;
    reading->head = -1;
    if (!reading->log) {
        quipu_lmdb_key_begin(&reading->key, &bound->schema, sequence_id);
    } else if (reading->range.lower < 1) {
        reading->range.lower = 1;
    }
    reading->done = reading->range.limit <= 0;
    int status = make_page(made, error);
    if (status == QUIPU_OK && !reading->done) {
        status = fill(made, deadline, error);
    }
    if (status != QUIPU_OK) {
        quipu_lmdb_cursor_close(made);
        return status;
    }
    *cursor = made;
    return QUIPU_OK;
}

int quipu_lmdb_read_sequence(quipu_driver_datastore *datastore,
                             quipu_driver_schema *bound,
                             quipu_bytes sequence_id, const quipu_range *range,
                             int64_t deadline, quipu_driver_cursor **cursor,
                             quipu_error *error)
{
    return open_items(datastore, bound, sequence_id, range, deadline, cursor,
                      error);
}

int quipu_lmdb_read_log(quipu_driver_datastore *datastore,
                        quipu_driver_schema *bound, const quipu_range *range,
                        int64_t deadline, quipu_driver_cursor **cursor,
                        quipu_error *error)
{
    return open_items(datastore, bound, (quipu_bytes){ 0 }, range, deadline,
                      cursor, error);
}
