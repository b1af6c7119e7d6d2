/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appends that may be repeats although their states have other bytes.
 *
 * A driver recognises a repeat (U3) by the bytes of the states.  An event that
 * was sealed with another key, or compressed at another level or by another
 * version of zstd, has other bytes at the second attempt; so has one that an
 * earlier release has stored in an earlier version, or under an alias.  Then
 * the append would be a CONFLICT, though everything that it contains is stored.
 *
 * So if an append is refused because of an event id, the stored items are read.
 * Those that open to the same events give their topics and states to the items
 * of the append, which is executed once more.  The driver judges everything
 * else about a repeat, as the order of the items and the tracking record.
 */
#ifndef QUIPU_CORE_STORE_REPEAT_H
#define QUIPU_CORE_STORE_REPEAT_H

#include "records/append.h"
#include "store/store.h"

/*
 * Executes an append of the items, with the codes of quipu_append_execute.
 * append->items are those of the list, whose states may be replaced.
 *
 * If it cannot be found out for the moment whether the append is a repeat,
 * because a stored event or its key cannot be read: BUSY, IO or TIMEOUT.
 */
int quipu_repeat_append(const quipu_store *store, quipu_items *items,
                        const struct quipu_append_call *call,
                        const quipu_append *append, quipu_result *result,
                        quipu_error *error);

#endif
