/* SPDX-License-Identifier: Apache-2.0 */
/* Filling a cursor's page, and with the log. */
#include "fill.h"

#include "record.h"

int quipu_lmdb_fill_add(quipu_driver_cursor *cursor, const MDB_val *value,
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

void quipu_lmdb_fill_end(struct reading *reading, int64_t at)
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

int quipu_lmdb_fill_fail(const quipu_driver_cursor *cursor, int code,
                         quipu_error *error)
{
    return quipu_lmdb_fail(cursor->datastore->host, cursor->datastore->name,
                           code, "read", error);
}

int quipu_lmdb_fill_fail_item(const quipu_driver_cursor *cursor, int code,
                              int64_t id, quipu_error *error)
{
    return code == MDB_NOTFOUND
               ? quipu_lmdb_record_damaged(cursor->datastore, cursor->bound, id,
                                           "is missing", error)
               : quipu_lmdb_fill_fail(cursor, code, error);
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
        return quipu_lmdb_fill_fail_item(cursor, code, id, error);
    }
    quipu_lmdb_walk_expect(items, back);
    return quipu_lmdb_fill_add(cursor, &value, id, error);
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
    return code == MDB_SUCCESS
               ? quipu_lmdb_fill_add(cursor, &value, id, error)
               : quipu_lmdb_fill_fail_item(cursor, code, id, error);
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
        quipu_lmdb_fill_end(reading, id);
    }
    return status;
}
