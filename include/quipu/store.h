/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event store: events in, events out; a mapper over records.
 *
 * Threads: a store may be used by several threads at once (closed by one,
 * last), a cursor by one at a time.  Beside the codes listed, functions return
 * those of records.h and mapper.h.
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

/* Opens a store over a schema that is set up. */
QUIPU_API int quipu_store_open(quipu_datastore *datastore,
                               const quipu_schema *schema,
                               const quipu_mapping *mapping,
                               quipu_store **store, quipu_error *error);

/* After its cursors, and the policies and repositories over it; otherwise
 * INVALID, and nothing is closed.  NULL is allowed. */
QUIPU_API int quipu_store_close(quipu_store *store, quipu_error *error);

/* Its parts, borrowed. */
QUIPU_API quipu_records *quipu_store_records(const quipu_store *store);
QUIPU_API const quipu_mapper *quipu_store_mapper(const quipu_store *store);

/* ------------------------------------------------------------ appending */

/*
 * Stores the events, of any number of originators, all or none, each at the
 * position that it names.  *result as quipu_records_append; NULL is allowed.
 * No events is INVALID.
 */
QUIPU_API int quipu_store_append(quipu_store *store,
                                 const quipu_event *const *events, size_t count,
                                 quipu_result *result, quipu_error *error);

/* What a sequence must be for an append to be accepted. */
enum quipu_expected_version {
    QUIPU_EXPECT_ANY = 0,    /* anything; never a CONFLICT of positions */
    QUIPU_EXPECT_NONE = 1,   /* it has no event yet */
    QUIPU_EXPECT_EXISTS = 2, /* it has at least one */
    QUIPU_EXPECT_EXACT = 3   /* its last event is at `position` */
};

typedef struct quipu_expected {
    int32_t version; /* enum quipu_expected_version */
    uint32_t reserved;
    int64_t position; /* for QUIPU_EXPECT_EXACT */
} quipu_expected;

/*
 * Stores events of one sequence after its last one, if it is as expected.
 * The positions that the events name must be in range, and are not used;
 * result->positions tells those that they got.  Contiguous schemas only.
 * CONFLICT: the sequence is not as expected.  INVALID: the events are of
 * several sequences, or none.
 */
QUIPU_API int quipu_store_append_expecting(quipu_store *store,
                                           const quipu_expected *expected,
                                           const quipu_event *const *events,
                                           size_t count, quipu_result *result,
                                           quipu_error *error);

/* -------------------------------------------------------------- reading */

/*
 * Opens a cursor over the events of one sequence, by position, or over the
 * log, by notification id.  `query` as in records.h; NULL: all.
 */
QUIPU_API int quipu_store_read(quipu_store *store, const quipu_id *id,
                               const quipu_query *query, quipu_events **events,
                               quipu_error *error);
QUIPU_API int quipu_store_read_log(quipu_store *store, const quipu_query *query,
                                   quipu_events **events, quipu_error *error);

/*
 * Lends the next event, with all that it points to, until the next call on
 * the cursor; quipu_event_copy keeps one.  *event is NULL after the last.
 * After NOT_FOUND (unknown topic), CORRUPT or UNSUPPORTED (state) the cursor
 * stands behind that event and can go on, as long as quipu_events_item is not
 * NULL; if it is, the store itself has failed, and the cursor can only be
 * closed.  After NO_MEMORY with an item the next call tries that event again.
 */
QUIPU_API int quipu_events_next(quipu_events *events, const quipu_event **event,
                                quipu_error *error);

/* The item of the event lent last, or that could not be decoded: its
 * notification id, columns, state.  NULL before the first and after the last.
 * Lent as the event. */
QUIPU_API const quipu_item *quipu_events_item(const quipu_events *events);

QUIPU_API void quipu_events_close(quipu_events *events);

/* The last event of a sequence, to be destroyed by quipu_event_destroy.
 * NOT_FOUND: it has none; an unknown topic is UNSUPPORTED here. */
QUIPU_API int quipu_store_last(quipu_store *store, const quipu_id *id,
                               quipu_event **event, quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
