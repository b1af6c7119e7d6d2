/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch of events that a consumer has read and is to apply, kept in memory
 * until all of them are committed: a function in a transaction must not read
 * the store, and what was rolled back is applied again.
 */
#ifndef QUIPU_CORE_CONSUMER_BATCH_H
#define QUIPU_CORE_CONSUMER_BATCH_H

#include <quipu/store.h>

#include "base/arena.h"
#include "consumer/follower.h"
#include "consumer/tracker.h"

/* An event of a batch. */
struct quipu_batch_event {
    quipu_item item;
    quipu_event *event; /* NULL: it could not be, or is not, decoded, or was
                           erased */
    size_t type;        /* index in quipu_batch.types; type_count: none */
    quipu_position position; /* of the item */
    int status;              /* of decoding */
    const char *message;     /* likewise; in the arena */
};

struct quipu_batch {
    const quipu_event_type *const *types; /* of its events; borrowed */
    size_t type_count;                    /* 0: items are not decoded */
    quipu_arena arena;                    /* for the items and events */
    struct quipu_batch_event *events;     /* owned; room for `capacity` */
    size_t capacity;
    size_t count;
    size_t bytes;       /* of the items */
    size_t begin;       /* those before are committed */
    quipu_position end; /* all up to it is in the batch, or does not concern
                           it */
};

/* Initializes an empty batch for events of these types.  NO_MEMORY. */
int quipu_batch_init(struct quipu_batch *batch,
                     const quipu_event_type *const *types, size_t type_count,
                     size_t capacity, quipu_error *error);
void quipu_batch_finish(struct quipu_batch *batch);
void quipu_batch_clear(struct quipu_batch *batch);

static inline bool quipu_batch_is_empty(const struct quipu_batch *batch)
{
    return batch->begin == batch->count;
}

static inline bool quipu_batch_event_erased(
    const struct quipu_batch_event *event)
{
    return event->item.flags & QUIPU_ITEM_ERASED;
}

/*
 * Reads the next events of the log into an empty batch, until it is full, holds
 * more than 4 MiB, the end of a scan is reached, or the tracker has to look at
 * its group.  Events that were handled are left out.  The follower yields only
 * items of the batch's types.
 *
 * An item that this program cannot decode now ends the batch before it; if it
 * is the first one, the call returns the code.  Other codes are those of
 * quipu_follower_read; NO_MEMORY.
 */
int quipu_batch_read(struct quipu_batch *batch, struct quipu_follower *follower,
                     const struct quipu_tracker *tracker, quipu_store *store,
                     quipu_error *error);

/*
 * Decodes an item, whose bytes must stay, into the arena, and fills *event but
 * for the position.  That the item is damaged or erased is noted in it.
 *
 * Fails if it can be decoded by a program that has more, or later: DENIED and
 * CONFLICT (its key), UNSUPPORTED (its version, dictionary or library), IO and
 * other codes of the provider of keys; NO_MEMORY.
 */
int quipu_batch_decode(const struct quipu_batch *batch, const quipu_item *item,
                       quipu_store *store, quipu_arena *arena,
                       struct quipu_batch_event *event, quipu_error *error);

#endif
