/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delayed visibility: items of an append are stored and have notification ids,
 * but readers do not see them for a moment.  This is how a commit looks whose
 * transaction took its numbers long before it was committed.
 *
 * One range of notification ids of one schema can be hidden at a time.  Appends
 * are serialised here, so that the range is known before another append can
 * take ids.  A read takes a snapshot of the range when its cursor is opened.
 */
#ifndef QUIPU_MUTANT_DELAYED_VISIBILITY_H
#define QUIPU_MUTANT_DELAYED_VISIBILITY_H

#include "mutant.h"

/*
 * Makes the append, and hides the items of the first request but for the first
 * `seen` of them.  Stores the append's status in `status`.  Returns true if
 * items are hidden now; the caller then ends that with delayed_visibility_end.
 * Returns false if a range is hidden already, or if nothing was stored.
 */
bool delayed_visibility_append(struct append_call *a, size_t seen, int *status);
/* Makes the append, and ends its delayed visibility after some time.  Returns
 * the append's status. */
int delayed_visibility_append_for(struct append_call *a, size_t seen,
                                  int64_t nanoseconds);
/* Returns true if the log has items after the hidden range. */
bool delayed_visibility_passed(const struct append_call *a);
void delayed_visibility_end(void);

/* Copies the hidden range to a read that is opened. */
void delayed_visibility_snapshot(struct read_call *call);
/* Returns true if a read of the log must not return this item. */
bool delayed_visibility_hides(const struct read_call *call,
                              const quipu_item *item);

#endif
