/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event store: appends events to a schema and reads them; a mapper and
 * records in one object.
 *
 * Threads: a store may be used by several threads at once, and is closed by
 * one, when no other uses it.  A cursor is used by one thread at a time.
 *
 * In addition to the codes that are listed, functions return those of records.h
 * and mapper.h.
 */
#ifndef QUIPU_STORE_H
#define QUIPU_STORE_H

#include <quipu/mapper.h>
#include <quipu/records.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct quipu_store quipu_store;
typedef struct quipu_events quipu_events;

/* Opens a store over a schema that exists (quipu_datastore_setup).  The
 * datastore must stay open.  INVALID: an argument is NULL; NO_MEMORY; codes of
 * quipu_mapper_open and quipu_records_open. */
QUIPU_API int quipu_store_open(quipu_datastore *datastore,
                               const quipu_schema *schema,
                               const quipu_mapping *mapping,
                               quipu_store **store, quipu_error *error);

/* Closes a store.  INVALID: a cursor, persistence policy or repository still
 * uses it; it stays open then.  NULL is allowed. */
QUIPU_API int quipu_store_close(quipu_store *store, quipu_error *error);

/* Return the parts of a store, borrowed until it is closed. */
QUIPU_API quipu_records *quipu_store_records(const quipu_store *store);
QUIPU_API const quipu_mapper *quipu_store_mapper(const quipu_store *store);

/* ------------------------------------------------------------ appending */

/*
 * Appends events, all or none, each at the position that it names; they may be
 * of several sequences.  *result (NULL is allowed) as for
 * quipu_records_append.  INVALID: there is no event, or one is NULL.
 */
QUIPU_API int quipu_store_append(quipu_store *store,
                                 const quipu_event *const *events, size_t count,
                                 quipu_result *result, quipu_error *error);

/* The expected version of a sequence: the condition under which events are
 * appended to it. */
enum quipu_expected_version {
    QUIPU_EXPECT_ANY = 0,    /* none; positions never cause a CONFLICT */
    QUIPU_EXPECT_NONE = 1,   /* the sequence has no event yet */
    QUIPU_EXPECT_EXISTS = 2, /* it has at least one event */
    QUIPU_EXPECT_EXACT = 3   /* its last event is at `position` */
};

typedef struct quipu_expected {
    int32_t version;   /* enum quipu_expected_version */
    uint32_t reserved; /* 0 */
    int64_t position;  /* for QUIPU_EXPECT_EXACT */
} quipu_expected;

/*
 * Appends events of one sequence after its last event, if its version is as
 * expected; check and append are one atomic step.  The positions that the
 * events name must be in range, but are not used: the store chooses the next
 * ones, and returns them in result->positions.
 *
 * CONFLICT: the version is not as expected.  INVALID: there is no event, the
 * events are of several sequences, `expected` is not valid, or the schema is
 * sparse, where there is no next position.
 */
QUIPU_API int quipu_store_append_expecting(quipu_store *store,
                                           const quipu_expected *expected,
                                           const quipu_event *const *events,
                                           size_t count, quipu_result *result,
                                           quipu_error *error);

/* -------------------------------------------------------------- reading */

/*
 * Open a cursor over the events of one sequence, in the order of their
 * positions, or over the log, in the order of notification ids.  `query` as in
 * records.h; NULL: all events.  The caller closes the cursor.
 */
QUIPU_API int quipu_store_read(quipu_store *store, const quipu_id *id,
                               const quipu_query *query, quipu_events **events,
                               quipu_error *error);
QUIPU_API int quipu_store_read_log(quipu_store *store, const quipu_query *query,
                                   quipu_events **events, quipu_error *error);

/*
 * Sets *event to the next event, or to NULL after the last one.  The cursor
 * lends the event and what it points to until the next call; use
 * quipu_event_copy to keep it.  Events that were erased, and items of topics
 * that the mapping retires, are passed over, so that versions may be missing;
 * quipu_records_read yields their items.
 *
 * If quipu_events_item is not NULL after a failure, the item was read but could
 * not be converted: NOT_FOUND (unknown topic), CORRUPT or UNSUPPORTED (state).
 * The next call continues with the event after it; after NO_MEMORY it tries the
 * same event again.  If quipu_events_item is NULL, reading itself has failed,
 * and the cursor can only be closed.
 */
QUIPU_API int quipu_events_next(quipu_events *events, const quipu_event **event,
                                quipu_error *error);

/* Returns the item of the event that was lent last, or that could not be
 * converted, with its notification id, columns and state; valid as long as the
 * event.  NULL before the first event and after the last. */
QUIPU_API const quipu_item *quipu_events_item(const quipu_events *events);

/* Closes a cursor.  NULL is allowed. */
QUIPU_API void quipu_events_close(quipu_events *events);

/*
 * Gets the last event of a sequence that a cursor would yield, which the caller
 * frees with quipu_event_destroy.  Events that were erased or are of a retired
 * topic are passed over, so that this may not be the last version, which
 * quipu_records_last returns.
 *
 * NOT_FOUND: the sequence has no event.  UNSUPPORTED: all of its events are
 * passed over, or the last one is of an unknown topic; so neither is mistaken
 * for a sequence that does not exist.
 */
QUIPU_API int quipu_store_last(quipu_store *store, const quipu_id *id,
                               quipu_event **event, quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
