/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading items, in batches.
 *
 * A step begins a transaction on the latest state, copies the values of a batch
 * into the cursor's memory, and ends the transaction.  So nothing is held
 * between two steps: a cursor that is left open keeps no page from being reused
 * and does not keep the map from growing.  The copy costs little, since the
 * checksum of a value is computed from the copy, which is in the cache then.
 *
 * Items appended after the cursor was opened are left out by comparing with the
 * head of the log at that time (V4).  Where the schema was torn down since, the
 * items are gone, and the step is NOT_FOUND: a cursor never ends early as if it
 * had returned everything.
 */
#include "catalogue/store.h"
#include "format/item_format.h"
#include "page_fill.h"
#include "txn/read_txn.h"

#include "common/clock.h"
#include "common/safeguard.h"

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

static void finish_read(quipu_driver_cursor *cursor)
{
    const quipu_host *host = cursor->datastore->host;
    host->release(cursor->as.read.bytes);
    host->release(cursor->as.read.values);
}

/* Sets the range to the item of the event id; done: there is none. */
static int find_event(quipu_driver_cursor *cursor,
                      const struct snapshot *snapshot, quipu_error *error)
{
    struct item_read *read = &cursor->as.read;
    const MDB_val key = { sizeof(read->event_id), read->event_id };
    MDB_val value;
    int64_t id = 0;
    int code = btree_lookup(snapshot, &cursor->bound->events, key, &value);
    read->done = code == MDB_NOTFOUND;
    if (read->done) {
        return QUIPU_OK;
    }
    if (code == MDB_SUCCESS && !quipu_lmdb_key_read_id(&value, &id)) {
        code = MDB_CORRUPTED;
    }
    if (code != MDB_SUCCESS) {
        return quipu_lmdb_error_set(cursor->datastore->host,
                                    cursor->datastore->name, code,
                                    "look up an event id", error);
    }
    read->range.lower = read->range.upper = id;
    return QUIPU_OK;
}

static int fill_event(quipu_driver_cursor *cursor,
                      const struct snapshot *snapshot, quipu_error *error)
{
    struct item_read *read = &cursor->as.read;
    int status = find_event(cursor, snapshot, error);
    if (status == QUIPU_OK && !read->done) {
        status = quipu_lmdb_page_fill_log(cursor, snapshot, error);
    }
    if (status == QUIPU_OK && read->count > 0 &&
        SAFEGUARDED("W5.event-id-of-an-item",
                    memcmp(read->items[0].event_id.data, read->event_id,
                           sizeof(read->event_id)) != 0,
                    false)) {
        return quipu_lmdb_item_format_damaged(
            cursor->datastore, cursor->bound, read->items[0].notification_id,
            "is not the one that the event ids name", error);
    }
    return status;
}

/* Fills the batch from the snapshot. */
static int fill_batch(quipu_driver_datastore *datastore,
                      const struct snapshot *snapshot, void *context,
                      quipu_error *error)
{
    quipu_driver_cursor *cursor = context;
    struct item_read *read = &cursor->as.read;
    bool alive = true;
    bool first = read->head < 0;
    int64_t head = 0;
    int code =
        quipu_lmdb_store_get_head(snapshot, cursor->bound, &alive, &head);
    if (code != MDB_SUCCESS) {
        read->done = true;
        return quipu_lmdb_error_set(datastore->host, datastore->name, code,
                                    "read the head of a log", error);
    }
    if (!alive && !first) {
        read->done = true;
        return quipu_lmdb_error_torn_down(cursor->datastore->host,
                                          &cursor->bound->schema, error);
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
    if (read->by_event_id) {
        return fill_event(cursor, snapshot, error);
    }
    return read->log ? quipu_lmdb_page_fill_log(cursor, snapshot, error)
                     : quipu_lmdb_page_fill_sequence(cursor, snapshot, error);
}

static int next_batch(quipu_driver_cursor *cursor, int64_t deadline,
                      quipu_error *error)
{
    struct item_read *read = &cursor->as.read;
    read->count = read->used = 0;
    read->lent = false;
    if (read->room > BATCH_BYTES) { /* it was made for one large item */
        cursor->datastore->host->release(read->bytes);
        read->bytes = NULL;
        read->room = 0;
    }
    return quipu_lmdb_read_txn_run(cursor->datastore, deadline, fill_batch,
                                   cursor, error);
}

/* A filtered read has looked at items until the deadline, and none passes. */
static int fail_filtered(const quipu_driver_cursor *cursor, quipu_error *error)
{
    return cursor->datastore->host->error_set(
        error, QUIPU_TIMEOUT, 0, NULL,
        "no item of schema \"%s\" passed a filter until the deadline, and a "
        "part of the log is left; try again, or raise timeout",
        cursor->bound->schema.table);
}

/* A batch of a filtered read may be empty: nothing of it passes. */
static int step_read(quipu_driver_cursor *cursor, int64_t deadline,
                     const void **rows, size_t *count, quipu_error *error)
{
    struct item_read *read = &cursor->as.read;
    int status = QUIPU_OK;
    if (read->lent && read->done) {
        return QUIPU_OK;
    }
    while (status == QUIPU_OK && read->lent) {
        status = next_batch(cursor, deadline, error);
        read->lent = read->count == 0 && !read->done;
        if (status == QUIPU_OK && read->lent && clock_now() >= deadline) {
            status = fail_filtered(cursor, error);
        }
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
        read->lent = read->count == 0 && !read->done;
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

int quipu_lmdb_read_filtered(quipu_driver_datastore *datastore,
                             quipu_driver_schema *bound,
                             const quipu_range *range,
                             const quipu_filter *filter, int64_t deadline,
                             quipu_driver_cursor **cursor, quipu_error *error)
{
    quipu_driver_cursor *made =
        quipu_lmdb_cursor_create(datastore, bound, error);
    if (!made) {
        return QUIPU_NO_MEMORY;
    }
    memset(&made->as.read, 0, offsetof(struct item_read, items));
    made->as.read.log = true;
    made->as.read.filter = filter;
    return open_read(made, range, deadline, cursor, error);
}

int quipu_lmdb_read_event(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound, quipu_bytes event_id,
                          int64_t deadline, quipu_driver_cursor **cursor,
                          quipu_error *error)
{
    static const quipu_range all = {
        .struct_size = sizeof(all), .lower = 1, .upper = INT64_MAX, .limit = 1
    };
    quipu_driver_cursor *made =
        quipu_lmdb_cursor_create(datastore, bound, error);
    if (!made) {
        return QUIPU_NO_MEMORY;
    }
    memset(&made->as.read, 0, offsetof(struct item_read, items));
    made->as.read.log = true;
    made->as.read.by_event_id = true;
    memcpy(made->as.read.event_id, event_id.data, event_id.size);
    return open_read(made, &all, deadline, cursor, error);
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

/* ---------------------------------------------------------------- last item */

struct last_item {
    const quipu_driver_schema *bound;
    quipu_bytes sequence_id;
    quipu_see see;
    void *context;
    int64_t erasures;
};

/* Finds what the index has of the last item: its position and its id. */
static int find_last_id(const struct snapshot *snapshot,
                        const struct last_item *last, bool *found,
                        int64_t *position, int64_t *id)
{
    struct btree_cursor index;
    struct key key;
    MDB_val at;
    MDB_val indexed;
    quipu_lmdb_key_begin(&key, &last->bound->schema, last->sequence_id);
    int code = btree_open(&index, snapshot, &last->bound->index);
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_key_find_last(&index, &key, found, position);
    }
    if (code == MDB_SUCCESS && *found) {
        code = btree_entry(&index, &at, &indexed);
    }
    if (code == MDB_SUCCESS && *found &&
        !quipu_lmdb_key_read_id(&indexed, id)) {
        code = MDB_CORRUPTED;
    }
    btree_close(&index);
    return code;
}

/* Looks the item up, which has to be the one at that position. */
static int find_item(quipu_driver_datastore *datastore,
                     const struct snapshot *snapshot,
                     const struct last_item *last, int64_t position,
                     struct found_item *found, quipu_error *error)
{
    const quipu_item *item = &found->item;
    int status = quipu_lmdb_item_format_find(datastore, snapshot, last->bound,
                                             found, error);
    if (status == QUIPU_OK &&
        SAFEGUARDED("F1.last-item-of-its-sequence",
                    item->position != position ||
                        item->sequence_id.size != last->sequence_id.size ||
                        memcmp(item->sequence_id.data, last->sequence_id.data,
                               item->sequence_id.size) != 0,
                    false)) {
        status = quipu_lmdb_item_format_damaged(
            datastore, last->bound, found->id,
            "is not at the place that the index names", error);
    }
    return status;
}

/* Shows the item, whose bytes lie in the map. */
static int see_last(quipu_driver_datastore *datastore,
                    const struct snapshot *snapshot, void *context,
                    quipu_error *error)
{
    struct last_item *last = context;
    struct found_item item;
    bool alive = true;
    bool found = false;
    int64_t head = 0;
    int64_t position = 0;
    int code = quipu_lmdb_store_get_head(snapshot, last->bound, &alive, &head);
    if (code == MDB_SUCCESS && !alive) {
        return quipu_lmdb_error_torn_down(datastore->host, &last->bound->schema,
                                          error);
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_store_get_erasures(snapshot, last->bound,
                                             &last->erasures);
    }
    if (code == MDB_SUCCESS) {
        code = find_last_id(snapshot, last, &found, &position, &item.id);
    }
    if (code != MDB_SUCCESS) {
        return quipu_lmdb_error_set(datastore->host, datastore->name, code,
                                    "read the last item of a sequence", error);
    }
    if (!found) {
        return QUIPU_OK;
    }
    int status = find_item(datastore, snapshot, last, position, &item, error);
    if (status == QUIPU_OK) {
        last->see(last->context, &item.item);
    }
    return status;
}

int quipu_lmdb_read_last_item(quipu_driver_datastore *datastore,
                              quipu_driver_schema *bound,
                              quipu_bytes sequence_id, int64_t deadline,
                              quipu_see see, void *context, int64_t *erasures,
                              quipu_error *error)
{
    struct last_item last = { bound, sequence_id, see, context, 0 };
    int status =
        quipu_lmdb_read_txn_run(datastore, deadline, see_last, &last, error);
    if (status == QUIPU_OK) {
        *erasures = last.erasures;
    }
    return status;
}
