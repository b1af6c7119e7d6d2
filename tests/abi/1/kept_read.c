/* SPDX-License-Identifier: Apache-2.0 */
/* Reading from the kept driver. */
#include "kept.h"

#include <string.h>

struct quipu_driver_cursor {
    quipu_driver_datastore *datastore;
    quipu_bytes id; /* of the sequence; absent when listing sequences */
    quipu_range range;
    size_t end; /* items of the opening */
    bool listing_schemas;
    quipu_sequence row;
    uint8_t room[QUIPU_ID_MAX]; /* for the id */
};

static int cursor_open(quipu_driver_datastore *datastore,
                       quipu_driver_cursor **cursor, quipu_error *error)
{
    quipu_driver_cursor *made = datastore->host->allocate(sizeof *made);

    if (!made) {
        return datastore->host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                                          "no memory");
    }
    memset(made, 0, sizeof *made);
    made->datastore = datastore;
    pthread_mutex_lock(&datastore->lock);
    made->end = datastore->count;
    pthread_mutex_unlock(&datastore->lock);
    *cursor = made;
    return QUIPU_OK;
}

int kept_read_sequence(quipu_driver_datastore *datastore,
                       quipu_driver_schema *bound, quipu_bytes id,
                       const quipu_range *range, int64_t deadline,
                       quipu_driver_cursor **cursor, quipu_error *error)
{
    int status = cursor_open(datastore, cursor, error);

    (void)bound;
    (void)deadline;
    if (status == QUIPU_OK) {
        quipu_driver_cursor *made = *cursor;
        int64_t last = kept_length(datastore, made->end, id) - 1;

        memcpy(made->room, id.data, id.size);
        made->id = (quipu_bytes){ made->room, id.size };
        made->range = *range;
        made->range.lower = range->lower > 0 ? range->lower : 0;
        made->range.upper = range->upper < last ? range->upper : last;
    }
    return status;
}

int kept_list_schemas(quipu_driver_datastore *datastore, int64_t deadline,
                      quipu_driver_cursor **cursor, quipu_error *error)
{
    int status = cursor_open(datastore, cursor, error);

    (void)deadline;
    if (status == QUIPU_OK) {
        (*cursor)->listing_schemas = true;
        (*cursor)->range.limit = datastore->is_set_up ? 1 : 0;
    }
    return status;
}

int kept_list_sequences(quipu_driver_datastore *datastore,
                        quipu_driver_schema *bound, quipu_bytes after,
                        int64_t deadline, quipu_driver_cursor **cursor,
                        quipu_error *error)
{
    int status = cursor_open(datastore, cursor, error);

    (void)bound;
    (void)deadline;
    if (status == QUIPU_OK && after.data) {
        memcpy((*cursor)->room, after.data, after.size);
        (*cursor)->row.id = (quipu_bytes){ (*cursor)->room, after.size };
    }
    return status;
}

static int order(quipu_bytes a, quipu_bytes b)
{
    int difference = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);

    return difference ? difference : (a.size > b.size) - (a.size < b.size);
}

/* The lowest id above that of the row lent before. */
static const void *next_sequence(quipu_driver_cursor *cursor)
{
    const quipu_item *items = cursor->datastore->items;
    quipu_bytes best = { NULL, 0 };

    for (size_t i = 0; i < cursor->end; i++) {
        quipu_bytes id = items[i].sequence_id;

        if ((!cursor->row.id.data || order(id, cursor->row.id) > 0) &&
            (!best.data || order(id, best) < 0)) {
            best = id;
        }
    }
    if (!best.data) {
        return NULL;
    }
    cursor->row.id = best;
    cursor->row.last_position =
        kept_length(cursor->datastore, cursor->end, best) - 1;
    return &cursor->row;
}

static const void *next_item(quipu_driver_cursor *cursor)
{
    const quipu_item *items = cursor->datastore->items;
    int64_t position;

    if (cursor->range.limit <= 0 || cursor->range.lower > cursor->range.upper) {
        return NULL;
    }
    cursor->range.limit--;
    position = cursor->range.descending ? cursor->range.upper--
                                        : cursor->range.lower++;
    for (size_t i = 0; i < cursor->end; i++) {
        if (items[i].position == position &&
            kept_same(items[i].sequence_id, cursor->id)) {
            return &items[i];
        }
    }
    return NULL;
}

int kept_step(quipu_driver_cursor *cursor, int64_t deadline, const void **rows,
              size_t *count, quipu_error *error)
{
    (void)deadline;
    (void)error;
    if (cursor->listing_schemas) {
        *rows =
            cursor->range.limit-- > 0 ? &cursor->datastore->table.schema : NULL;
    } else if (cursor->id.data) {
        *rows = next_item(cursor);
    } else {
        *rows = next_sequence(cursor);
    }
    *count = *rows ? 1 : 0;
    return QUIPU_OK;
}

void kept_cursor_close(quipu_driver_cursor *cursor)
{
    cursor->datastore->host->release(cursor);
}

int kept_last_position(quipu_driver_datastore *datastore,
                       quipu_driver_schema *bound, quipu_bytes id,
                       int64_t deadline, bool *found, int64_t *position,
                       quipu_error *error)
{
    (void)bound;
    (void)deadline;
    (void)error;
    pthread_mutex_lock(&datastore->lock);
    *position = kept_length(datastore, datastore->count, id) - 1;
    pthread_mutex_unlock(&datastore->lock);
    *found = *position >= 0;
    return QUIPU_OK;
}
