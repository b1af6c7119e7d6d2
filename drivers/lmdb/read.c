/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading items, in batches.
 *
 * A batch of items lies in the map: only the structs that point to it are
 * filled in.  As long as a batch is lent, its cursor keeps a reading
 * transaction, so that LMDB does not reuse the pages, and is counted in
 * map.lent, so that the map stays where it is.  The next step ends that
 * transaction and begins one on the latest state; items appended after the
 * cursor was opened are left out by comparing with the head of the log at that
 * time (V4).  So a slow reader keeps the pages of one batch from being reused,
 * not those of its whole read.
 */
#include "catalogue/store.h"
#include "page_fill.h"
#include "txn/read_txn.h"

/* ----------------------------------------------------------------- batches */

static int allocate_values(quipu_driver_cursor *cursor, quipu_error *error)
{
    struct item_read *read = &cursor->as.read;
    const quipu_host *host = cursor->datastore->host;
    size_t columns = cursor->bound->schema.column_count;
    if (columns > 0) {
        read->values =
            host->allocate(BATCH_ITEMS * columns * sizeof(*read->values));
    }
    return columns > 0 && !read->values
               ? quipu_lmdb_error_no_memory(host, error)
               : QUIPU_OK;
}

static void end_txn(quipu_driver_cursor *cursor)
{
    struct item_read *read = &cursor->as.read;
    if (read->snapshot.txn) {
        quipu_lmdb_read_txn_end(cursor->datastore, &read->snapshot);
        read->snapshot.txn = NULL;
    }
}

/* The application no longer uses the batch. */
static void take_batch_back(quipu_driver_cursor *cursor)
{
    if (cursor->as.read.snapshot.txn) {
        (void)atomic_fetch_sub(&cursor->datastore->environment->map.lent, 1);
        end_txn(cursor);
    }
}

static void finish_read(quipu_driver_cursor *cursor)
{
    take_batch_back(cursor);
    cursor->datastore->host->release(cursor->as.read.values);
}

/* Fills the batch from the snapshot. */
static int fill_batch(quipu_driver_cursor *cursor, quipu_error *error)
{
    struct item_read *read = &cursor->as.read;
    const quipu_driver_datastore *datastore = cursor->datastore;
    bool alive = true;
    bool first = read->head < 0;
    int64_t head = 0;
    int code = quipu_lmdb_store_get_head(&read->snapshot, cursor->bound, &alive,
                                         &head);
    if (code != MDB_SUCCESS) {
        read->done = true;
        return quipu_lmdb_error_set(datastore->host, datastore->name, code,
                                    "read the head of a log", error);
    }
    if (first) {
        read->head = head;
    }
    if (first && read->log && read->range.upper > head) {
        read->range.upper = head;
    }
    if (!alive || read->head == 0 || read->range.lower > read->range.upper) {
        read->done = true;
        return QUIPU_OK;
    }
    return read->log ? quipu_lmdb_page_fill_log(cursor, error)
                     : quipu_lmdb_page_fill_sequence(cursor, error);
}

/* Begins a transaction and fills the batch; keeps the transaction if there are
 * items to lend. */
static int next_batch(quipu_driver_cursor *cursor, int64_t deadline,
                      quipu_error *error)
{
    struct item_read *read = &cursor->as.read;
    read->count = 0;
    read->lent = false;
    int status = quipu_lmdb_read_txn_begin(cursor->datastore, deadline,
                                           &read->snapshot, error);
    if (status != QUIPU_OK) {
        read->snapshot.txn = NULL;
        return status;
    }
    status = fill_batch(cursor, error);
    if (status != QUIPU_OK || read->count == 0) {
        end_txn(cursor);
    } else {
        (void)atomic_fetch_add(&cursor->datastore->environment->map.lent, 1);
    }
    return status;
}

static int step_read(quipu_driver_cursor *cursor, int64_t deadline,
                     const void **rows, size_t *count, quipu_error *error)
{
    struct item_read *read = &cursor->as.read;
    int status = QUIPU_OK;
    if (read->lent) {
        take_batch_back(cursor);
        if (read->done) {
            return QUIPU_OK;
        }
        status = next_batch(cursor, deadline, error);
    }
    if (status == QUIPU_OK) {
        read->lent = true;
        *rows = read->items;
        *count = read->count;
    }
    return status;
}

/* ----------------------------------------------------------------- opening */

/* Reads the first batch of a cursor whose sequence, if any, is set; releases
 * the cursor if that fails. */
static int open_read(quipu_driver_cursor *made, const quipu_range *range,
                     int64_t deadline, quipu_driver_cursor **cursor,
                     quipu_error *error)
{
    struct item_read *read = &made->as.read;
    made->step = step_read;
    made->finish = finish_read;
    read->descending = range->descending;
    read->range = *range;
    read->head = -1;
    if (read->log && read->range.lower < 1) {
        read->range.lower = 1;
    }
    read->done = read->range.limit <= 0;
    int status = allocate_values(made, error);
    if (status == QUIPU_OK && !read->done) {
        status = next_batch(made, deadline, error);
    }
    if (status != QUIPU_OK) {
        finish_read(made);
        made->datastore->host->release(made);
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
    quipu_driver_cursor *made =
        quipu_lmdb_cursor_create(datastore, bound, error);
    if (!made) {
        return QUIPU_NO_MEMORY;
    }
    memset(&made->as.read, 0, offsetof(struct item_read, items));
    quipu_lmdb_key_begin(&made->as.read.key, &bound->schema, sequence_id);
    return open_read(made, range, deadline, cursor, error);
}

int quipu_lmdb_read_log(quipu_driver_datastore *datastore,
                        quipu_driver_schema *bound, const quipu_range *range,
                        int64_t deadline, quipu_driver_cursor **cursor,
                        quipu_error *error)
{
    quipu_driver_cursor *made =
        quipu_lmdb_cursor_create(datastore, bound, error);
    if (!made) {
        return QUIPU_NO_MEMORY;
    }
    memset(&made->as.read, 0, offsetof(struct item_read, items));
    made->as.read.log = true;
    return open_read(made, range, deadline, cursor, error);
}

/* ------------------------------------------------------------ last position */

struct last_position {
    const quipu_driver_schema *bound;
    quipu_bytes sequence_id;
    bool *found;
    int64_t *position;
};

static int find_last(quipu_driver_datastore *datastore,
                     const struct snapshot *snapshot, void *context,
                     quipu_error *error)
{
    struct last_position *last = context;
    struct key key;
    struct btree_cursor index;
    bool alive = true;
    int64_t head = 0;
    *last->found = false;
    index.lmdb = NULL;
    int code = quipu_lmdb_store_get_head(snapshot, last->bound, &alive, &head);
    if (code == MDB_SUCCESS && !alive) {
        return QUIPU_OK;
    }
    quipu_lmdb_key_begin(&key, &last->bound->schema, last->sequence_id);
    if (code == MDB_SUCCESS) {
        code = btree_open(&index, snapshot, &last->bound->index);
    }
    if (code == MDB_SUCCESS) {
        code =
            quipu_lmdb_key_find_last(&index, &key, last->found, last->position);
    }
    btree_close(&index);
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_error_set(datastore->host, datastore->name, code,
                                      "find the end of a sequence", error);
}

int quipu_lmdb_read_last_position(quipu_driver_datastore *datastore,
                                  quipu_driver_schema *bound,
                                  quipu_bytes sequence_id, int64_t deadline,
                                  bool *found, int64_t *position,
                                  quipu_error *error)
{
    struct last_position last = { bound, sequence_id, found, position };
    return quipu_lmdb_read_txn_run(datastore, deadline, find_last, &last,
                                   error);
}
