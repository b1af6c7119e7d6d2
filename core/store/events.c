/* SPDX-License-Identifier: Apache-2.0 */
/* Reads events: a cursor that decodes each item into memory of its own, which
 * the next step takes back. */
#include "store/store.h"

#include <quipu/id.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/memory.h"
#include "mapper/decode.h"

struct quipu_events {
    quipu_store *store;
    quipu_cursor *cursor;
    quipu_arena arena;      /* holds the event lent last */
    const quipu_item *item; /* the cursor's, of that event */
    bool again;             /* memory was short: decode this item once more */
};

static int create_events(quipu_store *store, quipu_events **events,
                         quipu_error *error)
{
    quipu_events *created = NULL;

    if (!store || !events) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "reading events: an argument is NULL");
    }
    created = quipu_allocate_zeroed(sizeof(*created));
    if (!created) {
        return quipu_error_no_memory(error);
    }
    created->store = store;
    quipu_arena_init(&created->arena);
    quipu_store_hold(store);
    *events = created;
    return QUIPU_OK;
}

int quipu_store_read(quipu_store *store, const quipu_id *id,
                     const quipu_query *query, quipu_events **events,
                     quipu_error *error)
{
    quipu_events *created = NULL;
    int status = QUIPU_OK;

    if (!id || !events) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_store_read: an argument is NULL");
    }
    status = create_events(store, &created, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_records_read(store->records, quipu_id_bytes(id), query,
                                &created->cursor, error);
    if (status != QUIPU_OK) {
        quipu_events_close(created);
        return status;
    }
    *events = created;
    return QUIPU_OK;
}

int quipu_store_read_log(quipu_store *store, const quipu_query *query,
                         quipu_events **events, quipu_error *error)
{
    quipu_events *created = NULL;
    int status = QUIPU_OK;

    if (!events) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_store_read_log: an argument is NULL");
    }
    status = create_events(store, &created, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status =
        quipu_records_read_log(store->records, query, &created->cursor, error);
    if (status != QUIPU_OK) {
        quipu_events_close(created);
        return status;
    }
    *events = created;
    return QUIPU_OK;
}

/* Steps to the next item, or stays at one that is to be decoded again. */
static int step(quipu_events *events, quipu_error *error)
{
    if (events->again) {
        events->again = false;
        return QUIPU_OK;
    }
    events->item = NULL; /* and stays so if the cursor fails */
    return quipu_cursor_next(events->cursor, &events->item, error);
}

int quipu_events_next(quipu_events *events, const quipu_event **event,
                      quipu_error *error)
{
    quipu_event *decoded = NULL;
    int status = QUIPU_OK;

    if (!events || !event) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_events_next: an argument is NULL");
    }
    *event = NULL;
    quipu_arena_reset(&events->arena);
    status = step(events, error);
    if (status || !events->item) {
        return status;
    }
    status = quipu_mapper_decode(events->store->mapper, events->item,
                                 &events->arena, &decoded, error);
    /* Going on would pass over an event that is there and sound. */
    events->again = status == QUIPU_NO_MEMORY;
    if (status == QUIPU_OK) {
        *event = decoded;
    }
    return status;
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
    quipu_arena_finish(&events->arena);
    quipu_store_release(events->store);
    quipu_release(events);
}
