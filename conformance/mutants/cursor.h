/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cursors of the active mutant: each wraps a cursor of the base driver and
 * returns those of its items that the mutant's `filter` shows.  Listings
 * (schemas, sequences, tracking records) are wrapped too, unfiltered, because a
 * driver has one `step` and one `cursor_close` for all of its cursors.
 *
 * The wrapper relies on the memory driver returning one item for each step.  It
 * copies the description of a read, but not the sequence id in it, which is
 * valid only while the cursor is opened.
 */
#ifndef QUIPU_MUTANT_CURSOR_H
#define QUIPU_MUTANT_CURSOR_H

#include "mutant.h"

/* Opens a cursor for a read of items, whose description it copies.  With
 * `open_at_first_step` the base cursor of a log read is opened by the first
 * step. */
int mutant_cursor_open(const struct read_call *call,
                       quipu_driver_cursor **cursor, quipu_error *error);
/* Wraps the base driver's cursor over a listing, and owns it. */
int mutant_cursor_wrap(quipu_driver_cursor *base, quipu_driver_cursor **cursor);

/* The same for a listing of entries, to which the mutant's `entry` and
 * `compare_entries` apply. */
int mutant_cursor_wrap_entries(quipu_driver_cursor *base,
                               quipu_driver_cursor **cursor);

/* The driver's operations `step` and `cursor_close`. */
int mutant_cursor_step(quipu_driver_cursor *cursor, int64_t deadline,
                       const void **rows, size_t *count, quipu_error *error);
void mutant_cursor_close(quipu_driver_cursor *cursor);

#endif
