/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies of items.
 *
 * An item that a cursor lends is borrowed until the cursor's next step.  Parts
 * of the core that keep items for longer copy them into an arena, which frees
 * all at once: a batch of a consumer, a section of the log.
 *
 * One thread at a time for each arena.
 */
#ifndef QUIPU_CORE_RECORDS_ITEM_H
#define QUIPU_CORE_RECORDS_ITEM_H

#include <quipu/types.h>

#include "base/arena.h"

/*
 * Replaces everything that an item points to by a copy in the arena: its bytes,
 * and the values of its further columns with theirs.  Absent bytes stay absent.
 * The struct itself is the caller's, typically a copy of the one that was lent:
 *
 *     items[count] = *lent;
 *     if (!quipu_item_copy(&arena, &items[count])) { ... }
 *
 * Returns false if there is no memory; the item then points partly to copies.
 */
bool quipu_item_copy(quipu_arena *arena, quipu_item *item);

#endif
