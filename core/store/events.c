/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cursors over events: a cursor over items, each of which is decoded when the
 * caller asks for it.
 *
 * The event that quipu_events_next lends is in an arena, which the next one
 * resets; after a few events a cursor works without allocating.  The item stays
 * in the memory of the underlying cursor until that is advanced, and the bytes
 * of the event point into it.
 *
 * Items that were erased, or whose topic the mapping retires, are passed over,
 * but a replay sees that they are there (quipu_events_step).
 *
 * Failures are of two kinds, and `item` tells them apart:
 *   - the cursor over the items has failed: `item` is NULL, and no further
 *     event can be read;
 *   - an item could not be decoded: `item` is set, and the next call goes on
 *     with the item after it.  Only after NO_MEMORY it repeats the same item,
 *     because that is a sound event which must not be skipped.
 */
#include "store/store.h"

#include <quipu/id.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/memory.h"
#include "mapper/mapper.h"

struct quipu_events {
    quipu_store *store;   /* held */
    quipu_cursor *cursor; /* owned */
    struct quipu_lent_event lent;
    const quipu_item *item; /* of that event, lent by the cursor; or NULL */
    bool repeat;            /* decode `item` again instead of advancing */
};

int quipu_events_open(quipu_store *store, const quipu_id *id,
                      const quipu_query *query, quipu_events **events,
                      quipu_error *error)
{
    quipu_cursor *cursor = NULL;
    int status =
        id ? quipu_records_read(store->records, quipu_id_bytes(id), query,
                                &cursor, error)
           : quipu_records_read_log(store->records, query, &cursor, error);

    return status == QUIPU_OK
               ? quipu_events_of_cursor(store, cursor, events, error)
               : status;
}

int quipu_events_of_cursor(quipu_store *store, quipu_cursor *cursor,
                           quipu_events **events, quipu_error *error)
{
    quipu_events *created = quipu_allocate_zeroed(sizeof(*created));

    if (!created) {
        quipu_cursor_close(cursor);
        return quipu_error_no_memory(error);
    }
    created->cursor = cursor;
    created->store = store;
    quipu_store_hold(store);
    *events = created;
    return QUIPU_OK;
}

bool quipu_events_pass_over(const quipu_store *store, const quipu_item *item)
{
    return (item->flags & QUIPU_ITEM_ERASED) ||
           quipu_mapper_passes_over(store->mapper, item);
}

/* Advances to the next item, or stays at one that has to be decoded again. */
static int advance(quipu_events *events, quipu_error *error)
{
    if (events->repeat) {
        events->repeat = false;
        return QUIPU_OK;
    }
    events->item = NULL; /* and remains so if the cursor fails */
    return quipu_cursor_next(events->cursor, &events->item, error);
}

int quipu_events_step(quipu_events *events, const quipu_event **event,
                      quipu_error *error)
{
    int status = advance(events, error);

    *event = NULL;
    if (status != QUIPU_OK || !events->item) {
        return status;
    }
    status = quipu_mapper_lend(events->store->mapper, events->item,
                               &events->lent, error);
    events->repeat = status == QUIPU_NO_MEMORY;
    *event = events->lent.event;
    return status;
}

int quipu_events_next(quipu_events *events, const quipu_event **event,
                      quipu_error *error)
{
    int status;

    if (!events || !event) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_events_next: an argument is NULL");
    }
    do {
        status = quipu_events_step(events, event, error);
    } while (status == QUIPU_OK && events->item && !*event);
    return status;
}

int quipu_events_next_item(quipu_events *events, const quipu_item **item,
                           quipu_error *error)
{
    int status = advance(events, error);

    *item = events->item;
    return status;
}

const struct quipu_subject *quipu_events_subjects(const quipu_events *events)
{
    return events->lent.subjects;
}

const quipu_item *quipu_events_item(const quipu_events *events)
{
    return events->item;
}

void quipu_events_close(quipu_events *events)
{
    if (!events) {
        return;
    }
    quipu_cursor_close(events->cursor);
    quipu_arena_finish(&events->lent.arena);
    quipu_store_release(events->store);
    quipu_release(events);
}
