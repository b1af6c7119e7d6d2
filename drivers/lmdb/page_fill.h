/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filling a cursor's batch with items of the log or of a sequence.
 *
 * Both functions read from a snapshot, put items into as.read.items and their
 * number into count, move range behind them, and set done when nothing is left.
 * The caller has made sure that the range is not empty.
 *
 * A batch ends after BATCH_ITEMS items, or BATCH_FILTERED that a filter was
 * applied to, before the item with which its values
 * would exceed BATCH_BYTES, at the limit of the range, or at its end.  The
 * items and the further columns point into as.read.bytes, where the values are
 * copied, so that they outlive the snapshot.  On an error the batch is not to
 * be used; *error names the item or the position.
 */
#ifndef LMDB_DRIVER_PAGE_FILL_H
#define LMDB_DRIVER_PAGE_FILL_H

#include "cursor.h"

/* Both return QUIPU_OK with a batch that may be empty. */

/* Items of the log.  Notification ids have no gaps, so every id of the range is
 * there: CORRUPT if one is missing or its value is damaged.  IO, NO_MEMORY. */
int quipu_lmdb_page_fill_log(quipu_driver_cursor *cursor,
                             const struct snapshot *snapshot,
                             quipu_error *error);

/* Items of the sequence, those up to as.read.head only.  CORRUPT if the index
 * names an item that is missing, damaged or of another place, or if a position
 * of a contiguous sequence is missing between two others.  IO, NO_MEMORY. */
int quipu_lmdb_page_fill_sequence(quipu_driver_cursor *cursor,
                                  const struct snapshot *snapshot,
                                  quipu_error *error);

#endif
