/* SPDX-License-Identifier: Apache-2.0 */
/* Batches of events; batch.h says why they are kept. */
#include "consumer/batch.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/status.h"
#include "mapper/mapper.h"
#include "records/item.h"
#include "store/store.h"

#define BYTES_MOST ((size_t)4 << 20)

int quipu_batch_init(struct quipu_batch *batch,
                     const quipu_event_type *const *types, size_t type_count,
                     size_t capacity, quipu_error *error)
{
    *batch = (struct quipu_batch){ .types = types,
                                   .type_count = type_count,
                                   .capacity = capacity };
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

/* --------------------------------------------------------------- reading */

/* Returns the index of the type with that topic or alias; type_count if the
 * batch has none. */
static size_t find_type(const struct quipu_batch *batch,
                        const quipu_mapper *mapper, quipu_bytes topic)
{
    const quipu_binding *binding = quipu_mapper_find(mapper, topic);
    size_t i = 0;

    while (i < batch->type_count &&
           (!binding || batch->types[i] != binding->type)) {
        i++;
    }
    return i;
}

/* Whether the failure to decode an item is a property of the item.  Every other
 * one is of this program or what surrounds it: a key, a dictionary or a version
 * that it does not have, or a vault that cannot be read. */
static bool is_of_item(int status)
{
    return status == QUIPU_CORRUPT || status == QUIPU_NOT_FOUND;
}

int quipu_batch_decode(const struct quipu_batch *batch, const quipu_item *item,
                       quipu_store *store, quipu_arena *arena,
                       struct quipu_batch_event *event, quipu_error *error)
{
    quipu_error cause;

    *event = (struct quipu_batch_event){ .item = *item };
    if (batch->type_count == 0) {
        return QUIPU_OK;
    }
    event->type = find_type(batch, store->mapper, item->topic);
    if (item->flags & QUIPU_ITEM_ERASED) {
        return QUIPU_OK;
    }
    quipu_status_begin(&cause);
    event->status = quipu_mapper_decode(store->mapper, &event->item, arena,
                                        &event->event, &cause);
    if (event->status != QUIPU_OK && !is_of_item(event->status)) {
        return quipu_status_end(event->status, &cause, error,
                                "decoding an event");
    }
    if (event->status != QUIPU_OK) {
        event->event = NULL;
        event->message =
            quipu_arena_copy(arena, cause.message, strlen(cause.message) + 1);
        if (!event->message) {
            return quipu_error_no_memory(error);
        }
    }
    return QUIPU_OK;
}

/* Adds an item.  One that cannot be decoded is added, too: whether it may be
 * left out is not decided here. */
static int add(struct quipu_batch *batch, const quipu_item *item,
               quipu_store *store, quipu_error *error)
{
    quipu_item copy = *item;

    if (!quipu_item_copy(&batch->arena, &copy)) {
        return quipu_error_no_memory(error);
    }
    int status = quipu_batch_decode(batch, &copy, store, &batch->arena,
                                    &batch->events[batch->count], error);

    batch->count += status == QUIPU_OK;
    return status;
}

/* Reads one item, and adds it.  *done: there is none now; or it cannot be
 * decoded now, and the batch ends before it. */
static int read_one(struct quipu_batch *batch, struct quipu_follower *follower,
                    const struct quipu_tracker *tracker, quipu_store *store,
                    bool *done, quipu_error *error)
{
    const quipu_position before = follower->examined;
    const quipu_item *item;
    int status = quipu_follower_read(follower, &item, error);

    *done = status != QUIPU_OK || !item;
    if (*done ||
        quipu_tracker_has_handled(tracker, follower->records->schema, item)) {
        return status;
    }
    status = add(batch, item, store, error);
    if (status == QUIPU_OK) {
        batch->events[batch->count - 1].position = follower->examined;
        batch->bytes += item->state.size + item->metadata.size;
    } else if (batch->count > 0) {
        quipu_follower_reset(follower);
        follower->examined = before;
        *done = true;
        return QUIPU_OK;
    }
    return status;
}

int quipu_batch_read(struct quipu_batch *batch, struct quipu_follower *follower,
                     const struct quipu_tracker *tracker, quipu_store *store,
                     quipu_error *error)
{
    int64_t due = quipu_tracker_due(tracker);
    int status = QUIPU_OK;
    bool done = false;

    quipu_batch_clear(batch);
    batch->end = follower->examined;
    while (status == QUIPU_OK && !done && batch->count < batch->capacity &&
           batch->bytes < BYTES_MOST && quipu_clock_left(due) > 0) {
        status = read_one(batch, follower, tracker, store, &done, error);
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
