/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event store as core/store and core/domain see it: a mapper and the
 * records handle of one schema.
 *
 * A store does not change after it has been opened, except for its count of
 * users, so threads share it without a lock.
 */
#ifndef QUIPU_CORE_STORE_STORE_H
#define QUIPU_CORE_STORE_STORE_H

#include <stdatomic.h>

#include <quipu/store.h>

struct quipu_store {
    quipu_records *records; /* owned */
    quipu_mapper *mapper;   /* owned */
    uint32_t schema_flags;  /* enum quipu_schema_flag */
    /* True if the sequence id is the event's originator id and the position its
     * originator version, as a repository requires. */
    bool keeps_versions;
    /* Number of cursors, persistence policies and repositories that refer to
     * the store; it cannot be closed until it is 0. */
    atomic_size_t users;
};

/* Count a user of the store, and end its use.  Any thread.  Closing relies on
 * the rule that it is called last, by one thread, so nothing is lost between
 * its check of the count and the freeing. */
static inline void quipu_store_hold(quipu_store *store)
{
    atomic_fetch_add(&store->users, 1);
}

static inline void quipu_store_release(quipu_store *store)
{
    atomic_fetch_sub(&store->users, 1);
}

/* Room for the text of an id, its NUL included. */
#define QUIPU_STORE_ID_TEXT_SIZE (QUIPU_ID_MAX + 1)

/* Writes an id for messages: a UUID in its 36 characters, or the text itself,
 * as the schema's ids are. */
void quipu_store_id_text(const quipu_store *store, const quipu_id *id,
                         char text[QUIPU_STORE_ID_TEXT_SIZE]);

/* Opens a cursor over the events of a sequence, or of the log if `id` is NULL.
 * Codes as for quipu_store_read and quipu_store_read_log. */
int quipu_events_open(quipu_store *store, const quipu_id *id,
                      const quipu_query *query, quipu_events **events,
                      quipu_error *error);

/* The same over a cursor over items, which it takes over, and closes if it
 * fails.  NO_MEMORY. */
int quipu_events_of_cursor(quipu_store *store, quipu_cursor *cursor,
                           quipu_events **events, quipu_error *error);

struct quipu_subject;

/* Returns the subjects whose keys have opened personal members of the event
 * that is lent; NULL: none. */
const struct quipu_subject *quipu_events_subjects(const quipu_events *events);

/* Returns true if cursors over events pass the item over: it was erased, or its
 * topic is retired. */
bool quipu_events_pass_over(const quipu_store *store, const quipu_item *item);

/* Like quipu_events_next, but stops at an item that is passed over: *event is
 * NULL then, while quipu_events_item returns the item. */
int quipu_events_step(quipu_events *events, const quipu_event **event,
                      quipu_error *error);

/* Sets *item to the next item without decoding its event, or to NULL after the
 * last one; the cursor lends it until the next call.  Codes of
 * quipu_cursor_next. */
int quipu_events_next_item(quipu_events *events, const quipu_item **item,
                           quipu_error *error);

#endif
