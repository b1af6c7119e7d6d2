/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State query: the current server state of the sequences, event ids,
 * positions, entries and tracking records that a batch refers to, read in one
 * round trip.
 *
 * The heads are locked first, in the order of the schemas' numbers, so that
 * the state does not change until the end of the transaction.  A schema of
 * which requests have neither items nor guards is not locked; its head is only
 * read, to know that it was not torn down.  Entries are locked behind the
 * heads (entries.h), and then the tracking records, if a request expects one
 * at a position (T1): so an append without items and guards stops no other
 * append, unless it refers to the same entry or record.
 */
#ifndef POSTGRES_STATE_QUERY_H
#define POSTGRES_STATE_QUERY_H

#include "batch.h"

#include "common/preconditions.h"

/* The stored state that concerns an item of a request. */
struct item_state {
    struct stored_item stored; /* under its event id */
    bool taken;                /* sparse schemas: its position */
};

/* Begins a transaction and reads the state.  Fills batch->schemas (heads),
 * batch->sequences (last positions), batch->entries, batch->tracking (stored
 * records), and `items`, which has a zeroed element for each item of the
 * batch. NOT_FOUND: a schema was torn down.  The transaction stays open. */
int quipu_postgres_state_query_run(struct batch *batch,
                                   const struct lease *lease,
                                   struct item_state *items);

/* The number of items that the requests have for a schema. */
size_t quipu_postgres_state_query_count_items(const struct batch *batch,
                                              uint32_t schema);

#endif
