/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filling a cursor's page with a sequence.  All values of the page are found
 * first and looked at then, so that many of their bytes are on their way at
 * once.
 */
#include "fill.h"

#include "common/safeguard.h"

#include "record.h"

#include <string.h>

#define LINE 64 /* bytes of the processor's cache */
#define EXPECT_MAX 1024

/* Asks for the bytes of a value, which soon will be read from end to end. */
static void expect(const MDB_val *value)
{
    const char *at = value->mv_data;
    size_t size = value->mv_size < EXPECT_MAX ? value->mv_size : EXPECT_MAX;
    for (size_t i = 0; i < size; i += LINE) {
        __builtin_prefetch(at + i);
    }
}

/* What the index has of a page's items, and where they are. */
struct found {
    size_t count;
    int64_t ids[PAGE_ITEMS];
    int64_t positions[PAGE_ITEMS];
    MDB_val values[PAGE_ITEMS];
};

/* The way through the index and to the items. */
struct walks {
    struct walk index;
    struct walk items;
};

static int open_walks(const quipu_driver_cursor *cursor, struct walks *walks)
{
    const struct view *view = &cursor->as.reading.view;
    int code = quipu_lmdb_walk_open(&walks->index, view, &cursor->bound->index);
    return code == MDB_SUCCESS ? quipu_lmdb_walk_open(&walks->items, view,
                                                      &cursor->bound->items)
                               : code;
}

/* Goes to the first place of the range. */
static int seek(struct reading *reading, struct walk *index)
{
    return reading->descending
               ? quipu_lmdb_walk_seek_back(
                     index,
                     quipu_lmdb_key_at(&reading->key, reading->range.upper))
               : quipu_lmdb_walk_seek(
                     index,
                     quipu_lmdb_key_at(&reading->key, reading->range.lower));
}

static bool is_in_range(const struct reading *reading, const MDB_val *key,
                        int64_t *position)
{
    return quipu_lmdb_key_is_of(&reading->key, key, position) &&
           *position >= reading->range.lower &&
           SAFEGUARDED("S4.bounds", *position <= reading->range.upper, true);
}

/* Finds the item that the index names, if it was there when the cursor was
 * opened. */
static int find_indexed(quipu_driver_cursor *cursor, struct walk *items,
                        const MDB_val *indexed, int64_t position,
                        struct found *found, quipu_error *error)
{
    struct reading *reading = &cursor->as.reading;
    int64_t id = 0;
    MDB_val *value = &found->values[found->count];
    if (!quipu_lmdb_value_id(indexed, &id)) {
        return quipu_lmdb_fill_fail(cursor, MDB_CORRUPTED, error);
    }
    if (SAFEGUARDED("V4.newer-items-between", id > reading->head, false)) {
        return QUIPU_OK;
    }
    int code = quipu_lmdb_walk_item(items, id, value);
    if (code != MDB_SUCCESS) {
        return quipu_lmdb_fill_fail_item(cursor, code, id, error);
    }
    expect(value);
    found->ids[found->count] = id;
    found->positions[found->count++] = position;
    return QUIPU_OK;
}

/* How many items fit in the page and the limit. */
static size_t count_wanted(const struct reading *reading)
{
    return SAFEGUARDED("S4.limit", reading->range.limit < PAGE_ITEMS, false)
               ? (size_t)reading->range.limit
               : PAGE_ITEMS;
}

/* Finds a page of items; *more false: there are no others in the range. */
static int find_page(quipu_driver_cursor *cursor, struct found *found,
                     bool *more, quipu_error *error)
{
    struct reading *reading = &cursor->as.reading;
    struct walks walks;
    MDB_val key;
    MDB_val value;
    int64_t position = 0;
    int status = QUIPU_OK;
    size_t wanted = count_wanted(reading);
    int code = open_walks(cursor, &walks);
    if (code == MDB_SUCCESS) {
        code = seek(reading, &walks.index);
    }
    for (*more = false; code == MDB_SUCCESS && status == QUIPU_OK;) {
        code = quipu_lmdb_walk_entry(&walks.index, &key, &value);
        *more = code == MDB_SUCCESS && is_in_range(reading, &key, &position);
        if (!*more || found->count == wanted) {
            break;
        }
        status =
            find_indexed(cursor, &walks.items, &value, position, found, error);
        code = quipu_lmdb_walk_step(&walks.index, reading->descending);
        *more = false;
    }
    return code == MDB_SUCCESS || code == MDB_NOTFOUND || status != QUIPU_OK
               ? status
               : quipu_lmdb_fill_fail(cursor, code, error);
}

static bool is_in_place(const struct reading *reading, const quipu_item *item,
                        int64_t position)
{
    return item->position == position &&
           SAFEGUARDED("F1.item-of-its-sequence",
                       memcmp(item->sequence_id.data, reading->key.bytes,
                              item->sequence_id.size) == 0,
                       true);
}

static int add_found(quipu_driver_cursor *cursor, const struct found *found,
                     quipu_error *error)
{
    struct reading *reading = &cursor->as.reading;
    for (size_t i = 0; i < found->count; i++) {
        int status = quipu_lmdb_fill_add(cursor, &found->values[i],
                                         found->ids[i], error);
        if (status == QUIPU_OK &&
            !is_in_place(reading, &reading->items[i], found->positions[i])) {
            status = quipu_lmdb_record_damaged(
                cursor->datastore, cursor->bound, found->ids[i],
                "is not where the index has it", error);
        }
        if (status != QUIPU_OK) {
            return status;
        }
    }
    return QUIPU_OK;
}

/* The first position that lacks, of a contiguous sequence, or -1. */
static int64_t find_gap(const struct reading *reading,
                        const struct found *found, bool more)
{
    const int64_t first = reading->range.lower > 0 ? reading->range.lower : 0;
    const int64_t onward = reading->descending ? -1 : 1;
    int64_t expected = reading->descending ? found->positions[0] : first;
    for (size_t i = 0; i < found->count; i++, expected += onward) {
        if (found->positions[i] != expected) {
            return expected;
        }
    }
    return reading->descending && !more && expected >= first ? expected : -1;
}

static int check_gaps(const quipu_driver_cursor *cursor,
                      const struct found *found, bool more, quipu_error *error)
{
    const quipu_driver_datastore *datastore = cursor->datastore;
    const quipu_schema *schema = &cursor->bound->schema;
    if ((schema->flags & QUIPU_SCHEMA_SPARSE) != 0 || found->count == 0) {
        return QUIPU_OK;
    }
    int64_t gap = SAFEGUARDED("F1.position-that-is-lost",
                              find_gap(&cursor->as.reading, found, more), -1);
    return gap < 0 ? QUIPU_OK
                   : datastore->host->error_set(
                         error, QUIPU_CORRUPT, 0, NULL,
                         "a sequence of schema \"%s\" in \"%s\" has lost its "
                         "position %lld; restore it from a backup",
                         schema->table, datastore->name, (long long)gap);
}

int quipu_lmdb_fill_sequence(quipu_driver_cursor *cursor, quipu_error *error)
{
    struct reading *reading = &cursor->as.reading;
    struct found found;
    bool more = false;
    found.count = 0;
    int status = find_page(cursor, &found, &more, error);
    if (status == QUIPU_OK) {
        status = check_gaps(cursor, &found, more, error);
    }
    if (status == QUIPU_OK) {
        status = add_found(cursor, &found, error);
    }
    if (status == QUIPU_OK && found.count > 0) {
        quipu_lmdb_fill_end(reading, found.positions[found.count - 1]);
    }
    reading->done = reading->done || !more;
    return status;
}
