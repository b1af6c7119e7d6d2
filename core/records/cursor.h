/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cursors over the items of one sequence, or of the log of a schema.
 *
 * quipu_records_read and quipu_records_read_log check the arguments and open a
 * cursor here; quipu_cursor_next and quipu_cursor_close are public.
 */
#ifndef QUIPU_CORE_RECORDS_CURSOR_H
#define QUIPU_CORE_RECORDS_CURSOR_H

#include "records/records.h"

/*
 * Opens a cursor over a (valid) sequence id, or if it is NULL, over the log,
 * which the driver then supports.  `query` NULL: all items, ascending.
 * NO_MEMORY; INVALID: the query is malformed or `out` is NULL; the codes of the
 * driver's operation.
 */
int quipu_cursor_open(quipu_records *records, const quipu_bytes *sequence_id,
                      const quipu_query *query, quipu_cursor **out,
                      quipu_error *error);

/*
 * Opens a cursor over each of several (valid) sequence ids, of which there is
 * at least one, by the driver's operation read_sequences, which it has.
 * *erasures is set unless all ranges are empty.  Codes as above; after a
 * failure some of the cursors may be open, and the others are as before.
 */
int quipu_cursor_open_many(quipu_records *records,
                           const quipu_sequence_query *queries, size_t count,
                           quipu_cursor **cursors, int64_t *erasures,
                           quipu_error *error);

/* Opens a cursor over the items of the log that pass a filter of the caller,
 * which is copied.  Codes as above; INVALID also for the filter. */
int quipu_cursor_open_filtered(quipu_records *records, const quipu_query *query,
                               const quipu_filter *given, quipu_cursor **out,
                               quipu_error *error);

/* Opens a cursor over the item that has an event id; the driver supports it. */
int quipu_cursor_open_event(quipu_records *records, const quipu_uuid *event_id,
                            quipu_cursor **out, quipu_error *error);

/* Checks an item of a driver: an event id is 16 bytes to everything above the
 * drivers, which copies it without a look at its size.  CORRUPT: a foreign or
 * damaged table has another. */
int quipu_cursor_check_item(const quipu_item *item, quipu_error *error);

/*
 * Converts a query's bounds and limit to the inclusive range that drivers
 * read.  Bounds that are set hold together: the larger lower and the smaller
 * upper one count.  *empty tells that no item can match, and that no driver
 * need be called.  INVALID: an unknown flag or a negative limit.
 */
int quipu_cursor_range(const quipu_query *given, quipu_range *range,
                       bool *empty, quipu_error *error);

#endif
