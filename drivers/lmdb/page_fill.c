/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filling a cursor's batch (page_fill.h).
 *
 * The log is read in the order of the database of items: a cursor goes from
 * entry to entry, and prefetches the next leaf while this one is decoded.  With
 * a filter an item is left out by its topic and sequence id before it is copied
 * and decoded; but its checksum is verified, since a damaged topic could leave
 * out an item that passes (W1).
 *
 * A sequence is read by two cursors: one goes through the index, the other
 * looks each item up by its id.  All values of the batch are located and
 * prefetched first and decoded afterwards, so that the processor waits for
 * several cache misses at once and not for one after the other.
 */
#include "page_fill.h"

#include "filter.h"
#include "format/item_format.h"

#include "common/safeguard.h"

#define CACHE_LINE 64     /* bytes */
#define PREFETCH_MAX 1024 /* bytes of a value; the rest comes by itself */

/* Returns true if the value can be added to the batch.  The first one always
 * can. */
static bool has_room(const struct item_read *read, const MDB_val *value)
{
    return read->count == 0 || value->mv_size <= read->room - read->used;
}

/* Returns the place for a value for which has_room is true; NULL: no memory. */
static unsigned char *make_room(quipu_driver_cursor *cursor, size_t size)
{
    struct item_read *read = &cursor->as.read;
    const quipu_host *host = cursor->datastore->host;
    if (size > read->room || !read->bytes) {
        host->release(read->bytes);
        read->room = size > BATCH_BYTES ? size : BATCH_BYTES;
        read->bytes = host->allocate(read->room);
    }
    if (!read->bytes) {
        read->room = 0;
        return NULL;
    }
    unsigned char *to = read->bytes + read->used;
    read->used += size;
    return to;
}

/* Copies a value, for which has_room is true, and decodes it into the next item
 * of the batch. */
static int add_item(quipu_driver_cursor *cursor, const MDB_val *value,
                    int64_t id, quipu_error *error)
{
    struct item_read *read = &cursor->as.read;
    const quipu_schema *schema = &cursor->bound->schema;
    quipu_value *values =
        schema->column_count > 0
            ? read->values + read->count * schema->column_count
            : NULL;
    const MDB_val copy = { value->mv_size, make_room(cursor, value->mv_size) };
    if (!copy.mv_data) {
        return quipu_lmdb_error_no_memory(cursor->datastore->host, error);
    }
    if (!quipu_lmdb_item_format_copy(copy.mv_data, value, id) ||
        !quipu_lmdb_item_format_read_copy(cursor->bound, &copy, id,
                                          &read->items[read->count], values)) {
        return quipu_lmdb_item_format_damaged(cursor->datastore, cursor->bound,
                                              id, "is damaged", error);
    }
    read->count++;
    return QUIPU_OK;
}

/* Moves the range behind the batch, whose last item is at `last`. */
static void move_range(struct item_read *read, int64_t last)
{
    if (read->range.limit != INT64_MAX) {
        read->range.limit -= (int64_t)read->count;
    }
    read->done =
        read->range.limit == 0 ||
        last == (read->descending ? read->range.lower : read->range.upper);
    if (!read->done && read->descending) {
        read->range.upper = last - 1;
    } else if (!read->done) {
        read->range.lower = last + 1;
    }
}

static int fail(const quipu_driver_cursor *cursor, int code, quipu_error *error)
{
    return quipu_lmdb_error_set(cursor->datastore->host,
                                cursor->datastore->name, code, "read", error);
}

/* The same for an item, which MDB_NOTFOUND tells to be missing. */
static int fail_item(const quipu_driver_cursor *cursor, int code, int64_t id,
                     quipu_error *error)
{
    return code == MDB_NOTFOUND
               ? quipu_lmdb_item_format_damaged(
                     cursor->datastore, cursor->bound, id, "is missing", error)
               : fail(cursor, code, error);
}

/* ---------------------------------------------------------------- the log */

/* Whether a filter leaves out the item with that value. */
static bool is_left_out(const quipu_driver_cursor *cursor, const MDB_val *value)
{
    const quipu_schema *schema = &cursor->bound->schema;
    quipu_bytes sequence_id;
    quipu_bytes topic;
    return quipu_lmdb_item_format_peek(schema, value, &sequence_id, &topic) &&
           !quipu_lmdb_filter_passes(cursor->as.read.filter, schema,
                                     sequence_id, topic);
}

/* Adds an item of the log, unless the filter leaves it out or the batch has no
 * room for it (*full). */
static int take_item(quipu_driver_cursor *cursor, const MDB_val *value,
                     int64_t id, bool *full, quipu_error *error)
{
    const struct item_read *read = &cursor->as.read;
    if (read->filter && is_left_out(cursor, value)) {
        return SAFEGUARDED("W1.checksum-of-an-item-left-out",
                           quipu_lmdb_item_format_is_sound(value, id), true)
                   ? QUIPU_OK
                   : quipu_lmdb_item_format_damaged(cursor->datastore,
                                                    cursor->bound, id,
                                                    "is damaged", error);
    }
    *full = !has_room(read, value);
    return *full ? QUIPU_OK : add_item(cursor, value, id, error);
}

/* Takes the item of that id, which must be the next entry. */
static int add_next(quipu_driver_cursor *cursor, struct btree_cursor *items,
                    int64_t id, bool *full, quipu_error *error)
{
    const bool back = cursor->as.read.descending;
    MDB_val key;
    MDB_val value;
    int64_t found = 0;
    int code = btree_step(items, back);
    if (code == MDB_SUCCESS) {
        code = btree_entry(items, &key, &value);
    }
    if (code == MDB_SUCCESS &&
        (!quipu_lmdb_key_read_id(&key, &found) || found != id)) {
        code = MDB_NOTFOUND;
    }
    if (code != MDB_SUCCESS) {
        return fail_item(cursor, code, id, error);
    }
    btree_prefetch(items, back);
    return take_item(cursor, &value, id, full, error);
}

static int add_first(quipu_driver_cursor *cursor, struct btree_cursor *items,
                     int64_t id, bool *full, quipu_error *error)
{
    MDB_val value;
    int code = btree_get_id(items, id, &value);
    return code == MDB_SUCCESS ? take_item(cursor, &value, id, full, error)
                               : fail_item(cursor, code, id, error);
}

/* Returns the number of items that fit the batch and the limit. */
static size_t count_wanted(const struct item_read *read)
{
    return SAFEGUARDED("S4.limit", read->range.limit < BATCH_ITEMS, false)
               ? (size_t)read->range.limit
               : BATCH_ITEMS;
}

/* Returns the number of items of the range to look at. */
static size_t count_ids(const struct item_read *read)
{
    const int64_t most =
        read->filter ? BATCH_FILTERED : (int64_t)count_wanted(read);
    const int64_t count = read->range.upper - read->range.lower + 1;
    return (size_t)(count < most ? count : most);
}

int quipu_lmdb_page_fill_log(quipu_driver_cursor *cursor,
                             const struct snapshot *snapshot,
                             quipu_error *error)
{
    struct item_read *read = &cursor->as.read;
    struct btree_cursor items;
    bool full = false;
    const int64_t onward = read->descending ? -1 : 1;
    int64_t id = read->descending ? read->range.upper : read->range.lower;
    const size_t count = count_ids(read);
    const size_t wanted = count_wanted(read);
    int code = btree_open(&items, snapshot, &cursor->bound->items);
    int status = code == MDB_SUCCESS
                     ? add_first(cursor, &items, id, &full, error)
                     : fail_item(cursor, code, id, error);
    for (size_t i = 1;
         status == QUIPU_OK && !full && i < count && read->count < wanted;
         i++) {
        status = add_next(cursor, &items, id + onward, &full, error);
        id += full ? 0 : onward;
    }
    btree_close(&items);
    if (status == QUIPU_OK) {
        move_range(read, id);
    }
    return status;
}

/* -------------------------------------------------------------- a sequence */

/* The entries of the index for a batch, and the values they name. */
struct batch {
    size_t count;
    bool more; /* the range has other entries */
    int64_t ids[BATCH_ITEMS];
    int64_t positions[BATCH_ITEMS];
    MDB_val values[BATCH_ITEMS];
};

struct sequence_cursors {
    struct btree_cursor index;
    struct btree_cursor items;
};

static int open_cursors(const quipu_driver_cursor *cursor,
                        const struct snapshot *snapshot,
                        struct sequence_cursors *cursors)
{
    cursors->items.lmdb = NULL;
    int code = btree_open(&cursors->index, snapshot, &cursor->bound->index);
    return code == MDB_SUCCESS
               ? btree_open(&cursors->items, snapshot, &cursor->bound->items)
               : code;
}

static void close_cursors(struct sequence_cursors *cursors)
{
    btree_close(&cursors->index);
    btree_close(&cursors->items);
}

/* Moves to the first entry of the range. */
static int seek_range(struct item_read *read, struct btree_cursor *index)
{
    return read->descending
               ? btree_seek_back(
                     index, quipu_lmdb_key_at(&read->key, read->range.upper))
               : btree_seek(index,
                            quipu_lmdb_key_at(&read->key, read->range.lower));
}

static bool is_in_range(const struct item_read *read, const MDB_val *key,
                        int64_t *position)
{
    return quipu_lmdb_key_is_of(&read->key, key, position) &&
           *position >= read->range.lower &&
           SAFEGUARDED("S4.bounds", *position <= read->range.upper, true);
}

/* The value will be read from end to end. */
static void prefetch(const MDB_val *value)
{
    const char *at = value->mv_data;
    size_t size = value->mv_size < PREFETCH_MAX ? value->mv_size : PREFETCH_MAX;
    for (size_t i = 0; i < size; i += CACHE_LINE) {
        __builtin_prefetch(at + i);
    }
}

/* Locates the item with the id that the index holds in *indexed, unless it was
 * appended after the cursor was opened. */
static int locate_item(quipu_driver_cursor *cursor, struct btree_cursor *items,
                       const MDB_val *indexed, struct batch *batch,
                       quipu_error *error)
{
    int64_t id = 0;
    MDB_val *value = &batch->values[batch->count];
    if (!quipu_lmdb_key_read_id(indexed, &id)) {
        return fail(cursor, MDB_CORRUPTED, error);
    }
    if (SAFEGUARDED("V4.newer-items-between", id > cursor->as.read.head,
                    false)) {
        return QUIPU_OK;
    }
    int code = btree_get_id(items, id, value);
    if (code != MDB_SUCCESS) {
        return fail_item(cursor, code, id, error);
    }
    prefetch(value);
    batch->ids[batch->count++] = id;
    return QUIPU_OK;
}

/* Locates the items of a batch. */
static int locate_items(quipu_driver_cursor *cursor,
                        const struct snapshot *snapshot, struct batch *batch,
                        quipu_error *error)
{
    struct item_read *read = &cursor->as.read;
    struct sequence_cursors cursors;
    MDB_val key;
    MDB_val value;
    int64_t position = 0;
    int status = QUIPU_OK;
    size_t wanted = count_wanted(read);
    int code = open_cursors(cursor, snapshot, &cursors);
    if (code == MDB_SUCCESS) {
        code = seek_range(read, &cursors.index);
    }
    while (code == MDB_SUCCESS && status == QUIPU_OK) {
        code = btree_entry(&cursors.index, &key, &value);
        batch->more = code == MDB_SUCCESS && is_in_range(read, &key, &position);
        if (!batch->more || batch->count == wanted) {
            break;
        }
        batch->positions[batch->count] = position;
        status = locate_item(cursor, &cursors.items, &value, batch, error);
        code = btree_step(&cursors.index, read->descending);
        batch->more = false;
    }
    close_cursors(&cursors);
    return code == MDB_SUCCESS || code == MDB_NOTFOUND || status != QUIPU_OK
               ? status
               : fail(cursor, code, error);
}

static bool is_in_place(const struct item_read *read, const quipu_item *item,
                        int64_t position)
{
    return item->position == position &&
           SAFEGUARDED("F1.item-of-its-sequence",
                       memcmp(item->sequence_id.data, read->key.bytes,
                              item->sequence_id.size) == 0,
                       true);
}

/* Shortens the batch to the items for which there is room. */
static int add_items(quipu_driver_cursor *cursor, struct batch *batch,
                     quipu_error *error)
{
    struct item_read *read = &cursor->as.read;
    for (size_t i = 0; i < batch->count; i++) {
        if (!has_room(read, &batch->values[i])) {
            batch->count = i;
            batch->more = true;
            break;
        }
        int status = add_item(cursor, &batch->values[i], batch->ids[i], error);
        if (status == QUIPU_OK &&
            !is_in_place(read, &read->items[i], batch->positions[i])) {
            status = quipu_lmdb_item_format_damaged(
                cursor->datastore, cursor->bound, batch->ids[i],
                "is not at the place that the index names", error);
        }
        if (status != QUIPU_OK) {
            return status;
        }
    }
    return QUIPU_OK;
}

/* Returns the first position that is missing in a contiguous sequence, or -1.
 */
static int64_t find_gap(const struct item_read *read, const struct batch *batch)
{
    const int64_t first = read->range.lower > 0 ? read->range.lower : 0;
    const int64_t onward = read->descending ? -1 : 1;
    int64_t expected = read->descending ? batch->positions[0] : first;
    for (size_t i = 0; i < batch->count; i++, expected += onward) {
        if (batch->positions[i] != expected) {
            return expected;
        }
    }
    return read->descending && !batch->more && expected >= first ? expected
                                                                 : -1;
}

static int check_gaps(const quipu_driver_cursor *cursor,
                      const struct batch *batch, quipu_error *error)
{
    const quipu_driver_datastore *datastore = cursor->datastore;
    const quipu_schema *schema = &cursor->bound->schema;
    if ((schema->flags & QUIPU_SCHEMA_SPARSE) != 0 || batch->count == 0) {
        return QUIPU_OK;
    }
    int64_t gap = SAFEGUARDED("F1.position-that-is-lost",
                              find_gap(&cursor->as.read, batch), -1);
    return gap < 0 ? QUIPU_OK
                   : datastore->host->error_set(
                         error, QUIPU_CORRUPT, 0, NULL,
                         "a sequence of schema \"%s\" in \"%s\" has lost its "
                         "position %lld; restore it from a backup",
                         schema->table, datastore->name, (long long)gap);
}

int quipu_lmdb_page_fill_sequence(quipu_driver_cursor *cursor,
                                  const struct snapshot *snapshot,
                                  quipu_error *error)
{
    struct item_read *read = &cursor->as.read;
    struct batch batch;
    batch.count = 0;
    batch.more = false;
    int status = locate_items(cursor, snapshot, &batch, error);
    if (status == QUIPU_OK) {
        status = check_gaps(cursor, &batch, error);
    }
    if (status == QUIPU_OK) {
        status = add_items(cursor, &batch, error);
    }
    if (status == QUIPU_OK && batch.count > 0) {
        move_range(read, batch.positions[batch.count - 1]);
    }
    read->done = read->done || !batch.more;
    return status;
}
