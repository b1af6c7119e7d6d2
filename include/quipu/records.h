/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records: sequenced items in and out of one schema of one datastore.
 *
 * No event type is needed here; this is the part of quipu for generic tools
 * and language bindings.  Threads, fork and general codes: as datastore.h; a
 * cursor is used by one thread at a time.
 */
#ifndef QUIPU_RECORDS_H
#define QUIPU_RECORDS_H

#include <quipu/datastore.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct quipu_records quipu_records;
typedef struct quipu_cursor quipu_cursor;
typedef struct quipu_sequences quipu_sequences;

/*
 * Binds a schema that is set up.  The schema is copied.  NOT_FOUND: it is not
 * set up; CONFLICT: set up with other columns.
 */
QUIPU_API int quipu_records_open(quipu_datastore *datastore,
                                 const quipu_schema *schema,
                                 quipu_records **records, quipu_error *error);

/* After its cursors and listings; otherwise INVALID, and nothing is closed.
 * NULL is allowed. */
QUIPU_API int quipu_records_close(quipu_records *records, quipu_error *error);

/* The schema, without attributes, and the datastore; borrowed. */
QUIPU_API const quipu_schema *quipu_records_schema(
    const quipu_records *records);
QUIPU_API quipu_datastore *quipu_records_datastore(
    const quipu_records *records);

/* ------------------------------------------------------------ appending */

/* One append; all is borrowed for the call. */
typedef struct quipu_append {
    uint32_t struct_size;
    uint32_t reserved;
    const quipu_item *items;
    size_t item_count;
    const quipu_guard *guards;
    size_t guard_count;
    const quipu_tracking *tracking; /* or NULL */
} quipu_append;

/*
 * Stores all the items, over any number of sequences, and the tracking record,
 * or nothing (U2).  When it returns OK the append is durable as the datastore's
 * durability says, and visible.
 *
 * *result (NULL is allowed) tells where the items went, or what refused them;
 * its `positions` is read, so zero the struct before.
 *
 * CONFLICT: a position is taken or not the next one, a guard failed, or event
 * ids are stored already but not as this append (result.cause says which).
 * ALREADY: the tracking record stands at or above this.  INVALID: an item is
 * wrong, or there is nothing to do.  NOT_FOUND: the schema was torn down.
 * BUSY and all other codes but UNKNOWN_OUTCOME: nothing is stored.  After
 * UNKNOWN_OUTCOME make the same call again: with event ids it stores nothing
 * twice and returns the original result (U3).
 *
 * Threads that append to one datastore at the same time, under whatever schema,
 * share commits, in order of arrival, unless its option `group` is 1; each is
 * judged, stored and answered as if it had come alone.  An append that waits
 * for others' commits until its deadline is given up: BUSY.  One that is under
 * way is not given up: it is answered by the store, which knows its deadline.
 */
QUIPU_API int quipu_records_append(quipu_records *records,
                                   const quipu_append *append,
                                   quipu_result *result, quipu_error *error);

/*
 * The same, and `work` (see driver.h) with the back end's own handle in the
 * same transaction: rows of the program's own, the tracking record and new
 * items become durable together.  `work` runs after the append is judged and
 * before it is committed, perhaps more than once; what it returns other than
 * OK undoes all and is returned.  The append may be empty.  It waits for its
 * turn among the appends, and shares a commit with none.  UNSUPPORTED.
 */
QUIPU_API int quipu_records_transact(quipu_records *records,
                                     const quipu_append *append,
                                     quipu_work work, void *context,
                                     quipu_result *result, quipu_error *error);

/* -------------------------------------------------------------- reading */

enum quipu_query_flag {
    QUIPU_QUERY_GT = 1u << 0, /* which of the bounds are set */
    QUIPU_QUERY_GTE = 1u << 1,
    QUIPU_QUERY_LT = 1u << 2,
    QUIPU_QUERY_LTE = 1u << 3,
    QUIPU_QUERY_LIMIT = 1u << 4,
    QUIPU_QUERY_DESCENDING = 1u << 5
};

/* Bounds of positions, or of notification ids; all that are set hold. */
typedef struct quipu_query {
    uint32_t struct_size;
    uint32_t flags; /* enum quipu_query_flag */
    int64_t gt, gte, lt, lte;
    int64_t limit; /* at least 0; counts in the direction of the query */
} quipu_query;

/*
 * Opens a cursor over one sequence, in order of position, or over the log of
 * the schema, in order of notification id.  `query` NULL: all, ascending.  It
 * yields exactly the items that were visible when it was opened (V4), and
 * holds no lock and no transaction between steps.
 */
QUIPU_API int quipu_records_read(quipu_records *records,
                                 quipu_bytes sequence_id,
                                 const quipu_query *query,
                                 quipu_cursor **cursor, quipu_error *error);
QUIPU_API int quipu_records_read_log(quipu_records *records,
                                     const quipu_query *query,
                                     quipu_cursor **cursor, quipu_error *error);

/* Lends the next item until the next call on the cursor; *item is NULL after
 * the last.  After an error the cursor can only be closed. */
QUIPU_API int quipu_cursor_next(quipu_cursor *cursor, const quipu_item **item,
                                quipu_error *error);
QUIPU_API void quipu_cursor_close(quipu_cursor *cursor);

/* The position of a sequence's last item.  NOT_FOUND: the sequence is
 * empty. */
QUIPU_API int quipu_records_last(quipu_records *records,
                                 quipu_bytes sequence_id, int64_t *position,
                                 quipu_error *error);

/* The sequences whose id is above `after` (absent: all), in byte order. */
QUIPU_API int quipu_sequences_open(quipu_records *records, quipu_bytes after,
                                   quipu_sequences **sequences,
                                   quipu_error *error);
QUIPU_API int quipu_sequences_next(quipu_sequences *sequences,
                                   const quipu_sequence **sequence,
                                   quipu_error *error);
QUIPU_API void quipu_sequences_close(quipu_sequences *sequences);

/* -------------------------------------------------------------- the log */

/* The log's last position: notification id 0 while it is empty. */
QUIPU_API int quipu_records_head(quipu_records *records, quipu_position *head,
                                 quipu_error *error);

/*
 * The log position of an item, for keeping outside the store.  NOT_FOUND.
 */
QUIPU_API int quipu_records_position(quipu_records *records,
                                     int64_t notification_id,
                                     quipu_position *position,
                                     quipu_error *error);

/*
 * Whether a position that was kept outside still names the same item of the
 * same log (L5).  CONFLICT: the store is another one, or the log was rewound
 * and holds another item there, or none.
 */
QUIPU_API int quipu_records_check_position(quipu_records *records,
                                           const quipu_position *position,
                                           quipu_error *error);

/*
 * Waits up to `milliseconds` (negative: for ever) until the log holds an id
 * above `after`, and sets *head to the last one.  Returns OK early, with the
 * head as it is, when the datastore is interrupted.  TIMEOUT.
 */
QUIPU_API int quipu_records_wait(quipu_records *records, int64_t after,
                                 int64_t milliseconds, int64_t *head,
                                 quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
