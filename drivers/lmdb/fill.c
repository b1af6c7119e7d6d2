/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filling a cursor's page.  All of its values are found first and looked at
 * then, so that many of their bytes are on their way at once.
 */
#include "cursor.h"

#include "record.h"

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

/* Puts an item in the page. */
static int add_item(quipu_driver_cursor *cursor, const MDB_val *value,
                    int64_t id, quipu_error *error)
{
    struct reading *reading = &cursor->as.reading;
    const quipu_schema *schema = &cursor->bound->schema;
    quipu_value *values =
        schema->column_count > 0
            ? reading->values + reading->count * schema->column_count
            : NULL;
    if (!quipu_lmdb_record_read(schema, value, id,
                                &reading->items[reading->count], values)) {
        return quipu_lmdb_record_damaged(cursor->datastore, cursor->bound, id,
                                         "is damaged", error);
    }
    reading->count++;
    return QUIPU_OK;
}

/* Moves the range behind the page, which ends at that place of it. */
static void end_page(struct reading *reading, int64_t at)
{
    if (reading->range.limit != INT64_MAX) {
        reading->range.limit -= (int64_t)reading->count;
    }
    reading->done = reading->range.limit == 0 ||
                    at == (reading->descending ? reading->range.lower
                                               : reading->range.upper);
    if (!reading->done && reading->descending) {
        reading->range.upper = at - 1;
    } else if (!reading->done) {
        reading->range.lower = at + 1;
    }
}

static int fail(const quipu_driver_cursor *cursor, int code, quipu_error *error)
{
    return quipu_lmdb_fail(cursor->datastore->host, cursor->datastore->name,
                           code, "read", error);
}

static int fail_item(const quipu_driver_cursor *cursor, int code, int64_t id,
                     quipu_error *error)
{
    return code == MDB_NOTFOUND
               ? quipu_lmdb_record_damaged(cursor->datastore, cursor->bound, id,
                                           "is missing", error)
               : fail(cursor, code, error);
}

/* --------------------------------------------------------------- the log */

/* Adds the item of that id, by which the walk stands or is one short. */
static int add_next(quipu_driver_cursor *cursor, struct walk *items, int64_t id,
                    quipu_error *error)
{
    const bool back = cursor->as.reading.descending;
    MDB_val key;
    MDB_val value;
    int64_t found = 0;
    int code = quipu_lmdb_walk_step(items, back);
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_walk_entry(items, &key, &value);
    }
    if (code == MDB_SUCCESS &&
        (!quipu_lmdb_value_id(&key, &found) || found != id)) {
        code = MDB_NOTFOUND;
    }
    if (code != MDB_SUCCESS) {
        return fail_item(cursor, code, id, error);
    }
    quipu_lmdb_walk_expect(items, back);
    return add_item(cursor, &value, id, error);
}

static int add_first(quipu_driver_cursor *cursor, struct walk *items,
                     int64_t id, quipu_error *error)
{
    MDB_val value;
    int code = quipu_lmdb_walk_open(items, &cursor->as.reading.view,
                                    &cursor->bound->items);
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_walk_item(items, id, &value);
    }
    return code == MDB_SUCCESS ? add_item(cursor, &value, id, error)
                               : fail_item(cursor, code, id, error);
}

/* How many items of the range there are, and fit in the page. */
static size_t count_ids(const struct reading *reading)
{
    int64_t count = reading->range.upper - reading->range.lower + 1;
    if (count > reading->range.limit) {
        count = reading->range.limit;
    }
    return count < PAGE_ITEMS ? (size_t)count : PAGE_ITEMS;
}

/* Of ids there are no gaps. */
int quipu_lmdb_fill_log(quipu_driver_cursor *cursor, quipu_error *error)
{
    struct reading *reading = &cursor->as.reading;
    struct walk items;
    int64_t onward = reading->descending ? -1 : 1;
    int64_t id =
        reading->descending ? reading->range.upper : reading->range.lower;
    size_t count = count_ids(reading);
    int status = add_first(cursor, &items, id, error);
    while (status == QUIPU_OK && reading->count < count) {
        id += onward;
        status = add_next(cursor, &items, id, error);
    }
    if (status == QUIPU_OK) {
        end_page(reading, id);
    }
    return status;
}

/* ------------------------------------------------------------- a sequence */

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
           *position <= reading->range.upper;
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
        return fail(cursor, MDB_CORRUPTED, error);
    }
    if (id > reading->head) {
        return QUIPU_OK;
    }
    int code = quipu_lmdb_walk_item(items, id, value);
    if (code != MDB_SUCCESS) {
        return fail_item(cursor, code, id, error);
    }
    expect(value);
    found->ids[found->count] = id;
    found->positions[found->count++] = position;
    return QUIPU_OK;
}

/* How many items fit in the page and the limit. */
static size_t count_wanted(const struct reading *reading)
{
    return reading->range.limit < PAGE_ITEMS ? (size_t)reading->range.limit
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
               : fail(cursor, code, error);
}

static int add_found(quipu_driver_cursor *cursor, const struct found *found,
                     quipu_error *error)
{
    struct reading *reading = &cursor->as.reading;
    for (size_t i = 0; i < found->count; i++) {
        int status = add_item(cursor, &found->values[i], found->ids[i], error);
        if (status == QUIPU_OK &&
            reading->items[i].position != found->positions[i]) {
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

int quipu_lmdb_fill_sequence(quipu_driver_cursor *cursor, quipu_error *error)
{
    struct reading *reading = &cursor->as.reading;
    struct found found;
    bool more = false;
    found.count = 0;
    int status = find_page(cursor, &found, &more, error);
    if (status == QUIPU_OK) {
        status = add_found(cursor, &found, error);
    }
    if (status == QUIPU_OK && found.count > 0) {
        end_page(reading, found.positions[found.count - 1]);
    }
    reading->done = reading->done || !more;
    return status;
}
