/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records: a handle on one schema of a datastore, which appends and reads its
 * items.
 *
 * This layer works on items and needs no event types; generic tools and
 * language bindings use it directly.  Fork and the codes that any function may
 * return are those of datastore.h.
 *
 * Threads: all functions may be called from several threads at once, except
 * `close` (last, alone) and those of one cursor or listing (one thread at a
 * time, any thread).
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
 * Binds a schema that is set up.  The schema is copied.  *records is closed by
 * quipu_records_close, before the datastore.  NOT_FOUND: the schema is not set
 * up; CONFLICT: it is set up with other columns; INVALID: it fails
 * quipu_schema_check.
 */
QUIPU_API int quipu_records_open(quipu_datastore *datastore,
                                 const quipu_schema *schema,
                                 quipu_records **records, quipu_error *error);

/* Closes the handle and frees it.  NULL is allowed.  INVALID: cursors or
 * listings that were opened from it are still open; nothing is then closed. */
QUIPU_API int quipu_records_close(quipu_records *records, quipu_error *error);

/* Return the schema (without attributes of columns) and the datastore, borrowed
 * from the handle; NULL for NULL. */
QUIPU_API const quipu_schema *quipu_records_schema(
    const quipu_records *records);
QUIPU_API quipu_datastore *quipu_records_datastore(
    const quipu_records *records);

/* ------------------------------------------------------------ appending */

/*
 * Stores all items, of any number of sequences, the tracking record and the
 * entries, or nothing (U2, K2).  When the call returns OK, the append is
 * visible, and durable as the datastore's durability says.
 *
 * The preconditions are checked in this order: event ids (U3), guards (S3),
 * entries (K4), tracking record (U4, T1), positions (S1, S2).
 *
 * *result (NULL is allowed) receives the positions and notification ids, or the
 * cause of the refusal.  Its member `positions` is read; zero the struct before
 * the call.
 *
 * CONFLICT: a position is taken or is not the next one, a guard failed, an
 * entry or the tracking record is not as the conditions expect, or some event
 * ids are stored already, but not as this append; result->cause says which.
 * ALREADY: the tracking record is not above the stored one.  INVALID: a member
 * is wrong, or the append has no items, guards, tracking and entries;
 * result->cause and index name the item, guard or entry.  UNSUPPORTED: it has
 * tracking or conditions, and the store keeps no tracking records or no
 * entries.  NOT_FOUND: the schema was torn down.  DENIED: the datastore was
 * opened readonly.
 *
 * After any error but UNKNOWN_OUTCOME nothing is stored.  After
 * UNKNOWN_OUTCOME, make the same call again: with event ids, it stores nothing
 * twice and returns the original result (U3).
 *
 * Threads that append to one datastore at the same time, to any of its schemas,
 * share commits, in order of arrival, unless the option `group` is 1.  Each
 * append is checked and stored as if it were alone.  An append that
 * waits for the commits of other threads until its deadline fails with BUSY.
 * Once it is passed to the driver, the driver watches the deadline.
 */
QUIPU_API int quipu_records_append(quipu_records *records,
                                   const quipu_append *append,
                                   quipu_result *result, quipu_error *error);

/*
 * Appends, and calls `work` (see driver.h) with the back end's own handle in
 * the same transaction: the program's rows, the items and the tracking record
 * become durable together.
 *
 * `work` runs in the calling thread, after the preconditions have been found to
 * hold and before the commit, perhaps more than once.  If it returns a status
 * other than OK, which may be any number, the transaction is rolled back and
 * the status is returned.  The append may be empty.  The call shares a commit
 * with no other append; with items or guards it waits for its turn among them.
 * `work` must neither begin nor end a transaction, nor call quipu on the same
 * datastore; both are INVALID.  UNSUPPORTED: the driver does not have the
 * operation; otherwise the codes of quipu_records_append.
 */
QUIPU_API int quipu_records_transact(quipu_records *records,
                                     const quipu_append *append,
                                     quipu_work work, void *context,
                                     quipu_result *result, quipu_error *error);

/* -------------------------------------------------------------- reading */

enum quipu_query_flag {
    QUIPU_QUERY_GT = 1u << 0, /* the bound of this name is set */
    QUIPU_QUERY_GTE = 1u << 1,
    QUIPU_QUERY_LT = 1u << 2,
    QUIPU_QUERY_LTE = 1u << 3,
    QUIPU_QUERY_LIMIT = 1u << 4,
    QUIPU_QUERY_DESCENDING = 1u << 5
};

/* Bounds of positions in a sequence, or of notification ids in the log.  All
 * bounds that are set hold together. */
typedef struct quipu_query {
    uint32_t struct_size;
    uint32_t flags; /* enum quipu_query_flag */
    int64_t gt, gte, lt, lte;
    int64_t limit; /* items, at least 0; counted in reading order */
} quipu_query;

/*
 * Open a cursor over one sequence, in order of position, or over the log of the
 * schema, in order of notification id.  `query` NULL: all items, ascending. The
 * cursor yields exactly the items that were visible when it was opened (V4),
 * and hinders no writer.  A sequence without items yields none.  INVALID: the
 * sequence id is not of the schema's kind, or the query has an unknown flag or
 * a negative limit.  UNSUPPORTED: the store keeps no log.
 */
QUIPU_API int quipu_records_read(quipu_records *records,
                                 quipu_bytes sequence_id,
                                 const quipu_query *query,
                                 quipu_cursor **cursor, quipu_error *error);
QUIPU_API int quipu_records_read_log(quipu_records *records,
                                     const quipu_query *query,
                                     quipu_cursor **cursor, quipu_error *error);

/* A read of one sequence by quipu_records_read_many. */
typedef struct quipu_sequence_query {
    quipu_bytes sequence_id;
    const quipu_query *query; /* NULL: all items, ascending */
} quipu_sequence_query;

/*
 * Opens a cursor over each of `count` sequences, as quipu_records_read does for
 * one, in as few round trips to a server as possible.  cursors[i] is of
 * queries[i]; they need not be of one moment.  Each keeps its first items in
 * memory, at most a few megabytes.
 *
 * *erasures (NULL is allowed) receives the number of erasures of the schema
 * (quipu_records_erasures), of a moment that is not later than any of the
 * cursors.
 *
 * The codes of quipu_records_read and quipu_records_erasures; INVALID also: a
 * pointer is NULL.  After a failure no cursor is open, and the members of
 * `cursors` are NULL.
 */
QUIPU_API int quipu_records_read_many(quipu_records *records,
                                      const quipu_sequence_query *queries,
                                      size_t count, quipu_cursor **cursors,
                                      int64_t *erasures, quipu_error *error);

/*
 * Opens a cursor over the items of the log that pass a filter, as
 * quipu_records_read_log does over all: it yields the same items in the same
 * order, without those that do not pass (W1); the limit counts those that pass.
 * A log without any that pass is read in parts, each of which has the whole
 * timeout, so that its length causes no TIMEOUT (W4).  The filter is copied;
 * NULL passes all.  INVALID: the filter is malformed, or it has prefixes and
 * the ids of the schema are UUIDs.
 */
QUIPU_API int quipu_records_read_filtered(quipu_records *records,
                                          const quipu_query *query,
                                          const quipu_filter *filter,
                                          quipu_cursor **cursor,
                                          quipu_error *error);

/* Returns the partition of a sequence id, 0 to partition_count - 1, as
 * quipu_filter defines it; `schema` gives the kind of the id. */
QUIPU_API uint32_t quipu_filter_partition(const quipu_schema *schema,
                                          quipu_bytes sequence_id,
                                          uint32_t partition_count);

/*
 * Opens a cursor over the item that has an event id: one item, or none.  So a
 * program finds out after UNKNOWN_OUTCOME whether an append was stored.
 * UNSUPPORTED: the driver does not have the operation.  INVALID: the schema has
 * no column for event ids.
 */
QUIPU_API int quipu_records_find_event(quipu_records *records,
                                       const quipu_uuid *event_id,
                                       quipu_cursor **cursor,
                                       quipu_error *error);

/* Sets *item to the next item, which is valid until the next call on the
 * cursor, or to NULL after the last.  NOT_FOUND: the schema was torn down; it
 * depends on the store whether there are former items or none instead
 * (quipu_datastore_teardown).  After an error the cursor can only be closed.
 * `close` frees it; NULL is allowed. */
QUIPU_API int quipu_cursor_next(quipu_cursor *cursor, const quipu_item **item,
                                quipu_error *error);
QUIPU_API void quipu_cursor_close(quipu_cursor *cursor);

/* Reads the position of a sequence's last item.  NOT_FOUND: the sequence is
 * empty, or the schema was torn down (likewise). */
QUIPU_API int quipu_records_last(quipu_records *records,
                                 quipu_bytes sequence_id, int64_t *position,
                                 quipu_error *error);

/*
 * Reads a sequence's last item and the number of erasures
 * (quipu_records_erasures), most often in one read of the store.  If both are
 * the same as when the sequence was read before, its items have not changed
 * since.  The number is never of a later moment than the item.
 *
 * Calls `see` once, in this thread, with the item, which is borrowed for that
 * call; not at all if the sequence is empty.  *erasures (NULL is allowed) is
 * set on OK only, also if the sequence is empty; 0 if the store cannot erase.
 * INVALID: the id is not of the schema's kind, or `see` is NULL.  NOT_FOUND:
 * the schema was torn down (likewise).
 */
QUIPU_API int quipu_records_last_item(quipu_records *records,
                                      quipu_bytes sequence_id, quipu_see see,
                                      void *context, int64_t *erasures,
                                      quipu_error *error);

/* Lists the sequences whose id is above `after` (absent: all), by id in byte
 * order, in the way of the listings of datastore.h. */
QUIPU_API int quipu_sequences_open(quipu_records *records, quipu_bytes after,
                                   quipu_sequences **sequences,
                                   quipu_error *error);
QUIPU_API int quipu_sequences_next(quipu_sequences *sequences,
                                   const quipu_sequence **sequence,
                                   quipu_error *error);
QUIPU_API void quipu_sequences_close(quipu_sequences *sequences);

/* -------------------------------------------------------------- the log */

/* Reads the head of the log, the position of its last item; its notification id
 * is 0 if the log is empty.  UNSUPPORTED: the store keeps no log. */
QUIPU_API int quipu_records_head(quipu_records *records, quipu_position *head,
                                 quipu_error *error);

/* Reads the log position of the item with a notification id, in the form that
 * can be kept outside the store.  NOT_FOUND: there is no such item. */
QUIPU_API int quipu_records_position(quipu_records *records,
                                     int64_t notification_id,
                                     quipu_position *position,
                                     quipu_error *error);

/*
 * Checks that a position that was kept outside the store still refers to the
 * same item of the same log (L5).  CONFLICT: the store is another one, or the
 * log was rewound and has another item there, or none.  INVALID: its
 * notification id is negative.
 */
QUIPU_API int quipu_records_check_position(quipu_records *records,
                                           const quipu_position *position,
                                           quipu_error *error);

/*
 * Blocks until the log has a notification id above `after`, and sets *head to
 * the last one.  Returns OK early, with the current head, if the datastore is
 * interrupted (quipu_datastore_interrupt).  TIMEOUT: `milliseconds` have
 * passed; negative: no limit.  UNSUPPORTED: the store keeps no log, or cannot
 * wait.
 */
QUIPU_API int quipu_records_wait(quipu_records *records, int64_t after,
                                 int64_t milliseconds, int64_t *head,
                                 quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
