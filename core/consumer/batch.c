/* SPDX-License-Identifier: Apache-2.0 */
/* Batches of events; batch.h says why they are kept. */
#include "consumer/batch.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/status.h"
#include "mapper/mapper.h"
#include "store/store.h"

#define BYTES_MOST ((size_t)4 << 20)

int quipu_batch_init(struct quipu_batch *batch, size_t capacity,
                     quipu_error *error)
{
    *batch = (struct quipu_batch){ .capacity = capacity };
    quipu_arena_init(&batch->arena);
    batch->events = quipu_allocate_array(capacity, sizeof(*batch->events));
    return batch->events ? QUIPU_OK : quipu_error_no_memory(error);
}

void quipu_batch_finish(struct quipu_batch *batch)
{
    quipu_arena_finish(&batch->arena);
    quipu_release(batch->events);
    *batch = (struct quipu_batch){ .capacity = 0 };
}

void quipu_batch_clear(struct quipu_batch *batch)
{
    quipu_arena_reset(&batch->arena);
    batch->count = 0;
    batch->begin = 0;
    batch->bytes = 0;
}

/* --------------------------------------------------------------- copying */

/* Replaces bytes by a copy; absent bytes stay absent. */
static bool copy_bytes(quipu_arena *arena, quipu_bytes *bytes)
{
    if (!bytes->data) {
        return true;
    }
    bytes->data = quipu_arena_copy(arena, bytes->data, bytes->size);
    return bytes->data != NULL;
}

static bool copy_columns(quipu_arena *arena, quipu_item *item)
{
    if (item->column_count == 0) {
        return true;
    }
    quipu_value *values =
        quipu_arena_allocate_array(arena, item->column_count, sizeof(*values));

    if (!values) {
        return false;
    }
    memcpy(values, item->columns, item->column_count * sizeof(*values));
    item->columns = values;
    for (size_t i = 0; i < item->column_count; i++) {
        int kind = values[i].kind;

        if ((kind == QUIPU_VALUE_TEXT || kind == QUIPU_VALUE_BYTES ||
             kind == QUIPU_VALUE_UUID) &&
            !copy_bytes(arena, &values[i].as.bytes)) {
            return false;
        }
    }
    return true;
}

static bool copy_item(quipu_arena *arena, quipu_item *item)
{
    return copy_bytes(arena, &item->sequence_id) &&
           copy_bytes(arena, &item->topic) && copy_bytes(arena, &item->state) &&
           copy_bytes(arena, &item->event_id) &&
           copy_bytes(arena, &item->metadata) && copy_columns(arena, item);
}

/* --------------------------------------------------------------- reading */

static quipu_projection_apply find_handler(
    const quipu_projection_handler *handlers, quipu_bytes topic)
{
    for (; handlers->event; handlers++) {
        if (strlen(handlers->event->topic) == topic.size &&
            memcmp(handlers->event->topic, topic.data, topic.size) == 0) {
            return handlers->apply;
        }
    }
    return NULL;
}

/* Adds an item.  One that cannot be decoded is added, too: whether it may be
 * left out is not decided here. */
static int add(struct quipu_batch *batch, const quipu_item *item,
               quipu_store *store, const quipu_projection_handler *handlers,
               quipu_error *error)
{
    struct quipu_batch_event *added = &batch->events[batch->count];
    quipu_error cause;

    *added = (struct quipu_batch_event){
        .item = *item, .apply = find_handler(handlers, item->topic)
    };
    if (!copy_item(&batch->arena, &added->item)) {
        return quipu_error_no_memory(error);
    }
    quipu_status_begin(&cause);
    added->status = quipu_mapper_decode(store->mapper, &added->item,
                                        &batch->arena, &added->event, &cause);
    if (added->status == QUIPU_NO_MEMORY) {
        return quipu_error_no_memory(error);
    }
    if (added->status != QUIPU_OK) {
        added->event = NULL;
        added->message = quipu_arena_copy(&batch->arena, cause.message,
                                          strlen(cause.message) + 1);
        if (!added->message) {
            return quipu_error_no_memory(error);
        }
    }
    batch->count++;
    return QUIPU_OK;
}

/* Reads one item, and adds it.  *done: there is none now. */
static int read_one(struct quipu_batch *batch, struct quipu_follower *follower,
                    const struct quipu_tracker *tracker, quipu_store *store,
                    const quipu_projection_handler *handlers, bool *done,
                    quipu_error *error)
{
    const quipu_item *item;
    int status = quipu_follower_read(follower, &item, error);

    *done = status != QUIPU_OK || !item;
    if (*done ||
        quipu_tracker_has_handled(tracker, follower->records->schema, item)) {
        return status;
    }
    status = add(batch, item, store, handlers, error);
    if (status == QUIPU_OK) {
        batch->events[batch->count - 1].position = follower->examined;
        batch->bytes += item->state.size + item->metadata.size;
    }
    return status;
}

int quipu_batch_read(struct quipu_batch *batch, struct quipu_follower *follower,
                     const struct quipu_tracker *tracker, quipu_store *store,
                     const quipu_projection_handler *handlers,
                     quipu_error *error)
{
    int64_t due = quipu_tracker_due(tracker);
    int status = QUIPU_OK;
    bool done = false;

    quipu_batch_clear(batch);
    batch->end = follower->examined;
    while (status == QUIPU_OK && !done && batch->count < batch->capacity &&
           batch->bytes < BYTES_MOST && quipu_clock_left(due) > 0) {
        status =
            read_one(batch, follower, tracker, store, handlers, &done, error);
    }
    if (status != QUIPU_OK) {
        /* The items read so far are read again. */
        quipu_follower_reset(follower);
        follower->examined = batch->end;
        quipu_batch_clear(batch);
        return status;
    }
    batch->end = follower->examined;
    return QUIPU_OK;
}
