/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading items.  A cursor lends rows that lie in the map, a page of them at a
 * time, and for as long as they are lent it has a reading transaction, which
 * keeps LMDB from using their pages anew.  The next step begins on the latest
 * state: what was appended after the cursor was opened is kept out by the head
 * of the log, so that a slow reader pins no more than what it looks at.
 */
#include "cursor.h"

#include "record.h"
#include "store.h"

#include <string.h>

#define LINE 64 /* bytes of the processor's cache */
#define EXPECT_MAX 1024

quipu_driver_cursor *quipu_lmdb_cursor_create(quipu_driver_datastore *datastore,
                                              quipu_driver_schema *bound,
                                              quipu_error *error)
{
    quipu_driver_cursor *cursor = datastore->host->allocate(sizeof *cursor);
    if (cursor == NULL) {
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

/* -------------------------------------------------------------- the page */

static int make_page(quipu_driver_cursor *cursor, quipu_error *error)
{
    struct reading *reading = &cursor->as.reading;
    const quipu_host *host = cursor->datastore->host;
    size_t columns = cursor->bound->schema.column_count;
    if (columns > 0) {
        reading->values =
            host->allocate(PAGE_ITEMS * columns * sizeof *reading->values);
    }
    return columns > 0 && reading->values == NULL
               ? quipu_lmdb_no_memory(host, error)
               : QUIPU_OK;
}

/* Asks for the bytes of a value, which soon will be read from end to end.  All
 * values of a page are found first and looked at then: so many are on their way
 * at once. */
static void expect(const MDB_val *value)
{
    const char *at = value->mv_data;
    size_t size = value->mv_size < EXPECT_MAX ? value->mv_size : EXPECT_MAX;
    for (size_t i = 0; i < size; i += LINE) {
        __builtin_prefetch(at + i);
    }
}

/* Puts an item in the page, and moves the range behind it. */
static int add_item(quipu_driver_cursor *cursor, const MDB_val *value,
                    int64_t id, quipu_error *error)
{
    struct reading *reading = &cursor->as.reading;
    const quipu_schema *schema = &cursor->bound->schema;
    quipu_item *item = &reading->items[reading->count];
    quipu_value *values =
        schema->column_count > 0
            ? reading->values + reading->count * schema->column_count
            : NULL;
    if (!quipu_lmdb_record_read(cursor->datastore->environment, schema, value,
                                id, item, values)) {
        return quipu_lmdb_record_damaged(cursor->datastore, cursor->bound, id,
                                         "is damaged", error);
    }
    int64_t at = reading->log ? id : item->position;
    reading->count++;
    reading->range.limit -= reading->range.limit != INT64_MAX;
    reading->done = reading->range.limit == 0 ||
                    at == (reading->descending ? reading->range.lower
                                               : reading->range.upper);
    if (!reading->done && reading->descending) {
        reading->range.upper = at - 1;
    } else if (!reading->done) {
        reading->range.lower = at + 1;
    }
    return QUIPU_OK;
}

static int fail(const quipu_driver_cursor *cursor, int code, quipu_error *error)
{
    return quipu_lmdb_fail(cursor->datastore->host, cursor->datastore->name,
                           code, "read", error);
}

/* --------------------------------------------------------------- the log */

/* Finds the values of a page of ids, of which there are no gaps; an LMDB code,
 * MDB_NOTFOUND if *id is missing. */
static int find_values(const quipu_driver_cursor *cursor, MDB_cursor *items,
                       int64_t *id, MDB_val *values, size_t count)
{
    const struct reading *reading = &cursor->as.reading;
    const MDB_cursor_op onward = reading->descending ? MDB_PREV : MDB_NEXT;
    MDB_val key = { sizeof *id, id };
    int code = mdb_cursor_get(items, &key, &values[0], MDB_SET_KEY);
    expect(&values[0]);
    for (size_t i = 1; code == MDB_SUCCESS && i < count; i++) {
        int64_t found = 0;
        *id += reading->descending ? -1 : 1;
        code = mdb_cursor_get(items, &key, &values[i], onward);
        if (code == MDB_SUCCESS &&
            (!quipu_lmdb_value_id(&key, &found) || found != *id)) {
            code = MDB_NOTFOUND;
        }
        expect(&values[i]);
    }
    return code;
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

static int fill_log(quipu_driver_datastore *datastore, MDB_txn *txn,
                    void *context, quipu_error *error)
{
    quipu_driver_cursor *cursor = context;
    struct reading *reading = &cursor->as.reading;
    MDB_val values[PAGE_ITEMS];
    int status = QUIPU_OK;
    int64_t id =
        reading->descending ? reading->range.upper : reading->range.lower;
    int64_t first = id;
    size_t count = count_ids(reading);
    int code = mdb_cursor_open(txn, cursor->bound->items, &reading->of_items);
    if (code == MDB_SUCCESS) {
        code = find_values(cursor, reading->of_items, &id, values, count);
    }
    if (code == MDB_NOTFOUND) {
        return quipu_lmdb_record_damaged(datastore, cursor->bound, id,
                                         "is missing", error);
    }
    if (code != MDB_SUCCESS) {
        return fail(cursor, code, error);
    }
    for (size_t i = 0; status == QUIPU_OK && i < count; i++) {
        status = add_item(cursor, &values[i], first, error);
        first += reading->descending ? -1 : 1;
    }
    return status;
}

/* ------------------------------------------------------------- a sequence */

/* Moves the cursor of the index to the first place of the range. */
static int seek(struct reading *reading, MDB_val *key, MDB_val *value)
{
    MDB_cursor *index = reading->of_index;
    int64_t from =
        reading->descending ? reading->range.upper : reading->range.lower;
    *key = quipu_lmdb_key_at(&reading->key, from);
    int code = mdb_cursor_get(index, key, value, MDB_SET_RANGE);
    if (!reading->descending) {
        return code;
    }
    int64_t at = 0;
    if (code == MDB_NOTFOUND) {
        return mdb_cursor_get(index, key, value, MDB_LAST);
    }
    if (code == MDB_SUCCESS &&
        (!quipu_lmdb_key_is_of(&reading->key, key, &at) || at > from)) {
        return mdb_cursor_get(index, key, value, MDB_PREV);
    }
    return code;
}

static bool is_in_range(const struct reading *reading, const MDB_val *key,
                        int64_t *position)
{
    return quipu_lmdb_key_is_of(&reading->key, key, position) &&
           *position >= reading->range.lower &&
           *position <= reading->range.upper;
}

/* What the index has of a page's items, and where they are. */
struct found {
    size_t count;
    int64_t ids[PAGE_ITEMS];
    int64_t positions[PAGE_ITEMS];
    MDB_val values[PAGE_ITEMS];
};

/* Finds an item by its id.  Items that were appended together lie side by side,
 * so the one beside the last is looked at first; an LMDB code. */
static int find_value(const struct reading *reading, int64_t id,
                      const struct found *found, MDB_val *value)
{
    MDB_val key = { sizeof id, &id };
    int64_t beside = reading->descending ? -1 : 1;
    int64_t there = 0;
    if (found->count > 0 && found->ids[found->count - 1] + beside == id) {
        MDB_val next;
        int code = mdb_cursor_get(reading->of_items, &next, value,
                                  reading->descending ? MDB_PREV : MDB_NEXT);
        if (code == MDB_SUCCESS && quipu_lmdb_value_id(&next, &there) &&
            there == id) {
            return MDB_SUCCESS;
        }
    }
    return mdb_cursor_get(reading->of_items, &key, value, MDB_SET);
}

/* Finds the item that the index names, if it was there when the cursor was
 * opened. */
static int find_indexed(quipu_driver_cursor *cursor, const MDB_val *indexed,
                        int64_t position, struct found *found,
                        quipu_error *error)
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
    int code = find_value(reading, id, found, value);
    if (code == MDB_NOTFOUND) {
        return quipu_lmdb_record_damaged(cursor->datastore, cursor->bound, id,
                                         "is missing", error);
    }
    if (code != MDB_SUCCESS) {
        return fail(cursor, code, error);
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
    MDB_val key;
    MDB_val value;
    int64_t position = 0;
    int status = QUIPU_OK;
    size_t wanted = count_wanted(reading);
    int code = seek(reading, &key, &value);
    while (code == MDB_SUCCESS && status == QUIPU_OK && found->count < wanted &&
           is_in_range(reading, &key, &position)) {
        status = find_indexed(cursor, &value, position, found, error);
        code = mdb_cursor_get(reading->of_index, &key, &value,
                              reading->descending ? MDB_PREV : MDB_NEXT);
    }
    *more = code == MDB_SUCCESS && is_in_range(reading, &key, &position);
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

static int fill_sequence(quipu_driver_datastore *datastore, MDB_txn *txn,
                         void *context, quipu_error *error)
{
    quipu_driver_cursor *cursor = context;
    struct reading *reading = &cursor->as.reading;
    struct found found;
    bool more = false;
    (void)datastore;
    found.count = 0;
    int code = mdb_cursor_open(txn, cursor->bound->index, &reading->of_index);
    if (code == MDB_SUCCESS) {
        code = mdb_cursor_open(txn, cursor->bound->items, &reading->of_items);
    }
    if (code != MDB_SUCCESS) {
        return fail(cursor, code, error);
    }
    int status = find_page(cursor, &found, &more, error);
    if (status == QUIPU_OK) {
        status = add_found(cursor, &found, error);
    }
    reading->done = reading->done || !more;
    return status;
}

/* ------------------------------------------------------------------ pages */

static void end_reading(quipu_driver_cursor *cursor)
{
    struct reading *reading = &cursor->as.reading;
    if (reading->txn != NULL) {
        quipu_lmdb_reading_end(cursor->datastore->environment, reading->txn);
        reading->txn = NULL;
    }
}

static void finish_items(quipu_driver_cursor *cursor)
{
    struct reading *reading = &cursor->as.reading;
    const quipu_host *host = cursor->datastore->host;
    if (reading->txn != NULL) {
        (void)atomic_fetch_sub(&cursor->datastore->environment->map.lent, 1);
        end_reading(cursor);
    }
    host->release(reading->values);
}

static int look(quipu_driver_datastore *datastore, MDB_txn *txn, void *context,
                quipu_error *error)
{
    quipu_driver_cursor *cursor = context;
    struct reading *reading = &cursor->as.reading;
    bool alive = true;
    bool first = reading->head < 0;
    int64_t head = 0;
    int status = quipu_lmdb_head_get(datastore, txn, cursor->bound, &alive,
                                     &head, error);
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
    return reading->log ? fill_log(datastore, txn, cursor, error)
                        : fill_sequence(datastore, txn, cursor, error);
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
        quipu_lmdb_reading_begin(environment, deadline, &reading->txn, error);
    if (status != QUIPU_OK) {
        reading->txn = NULL;
        return status;
    }
    status =
        quipu_lmdb_guard(cursor->datastore, reading->txn, look, cursor, error);
    mdb_cursor_close(reading->of_items);
    mdb_cursor_close(reading->of_index);
    reading->of_items = reading->of_index = NULL;
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
    if (reading->lent && reading->txn != NULL) {
        (void)atomic_fetch_sub(&cursor->datastore->environment->map.lent, 1);
        end_reading(cursor);
    }
    if (reading->lent && !reading->done) {
        status = fill(cursor, deadline, error);
    } else if (reading->lent) {
        return QUIPU_OK;
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
    if (made == NULL) {
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
