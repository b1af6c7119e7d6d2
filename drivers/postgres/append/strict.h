/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strict pass: each request of a batch is decided on its own.
 *
 * Three round trips.  The first begins a transaction, locks the heads of the
 * schemas, and reads the state that the requests refer to (state_query.h).
 * Then the preconditions of one request after the other are checked against
 * that state and against what earlier requests of the batch add to it
 * (common/preconditions.h).  The second stores what was accepted, the third
 * commits.
 *
 * INV1  What was read holds until the commit: no append to a schema whose
 *       head is locked can run, and entries are locked (entries.h).  A
 *       tracking record that no request expects at a position may be written
 *       by an append to another schema all the same, and one that does not
 *       exist may be made: SQL_TRACKING_WRITE then fails, and the pass is
 * tried again. INV2  A refused request leaves nothing in the state against
 *       which later requests are checked.
 *
 * Requests with conditions stay in a batch with others, which share the commit
 * and its three round trips: each is checked against the state that the
 * accepted ones before it leave, entries and tracking records included.
 */
#ifndef POSTGRES_STRICT_H
#define POSTGRES_STRICT_H

#include "batch.h"
#include "work.h"

/* Tries to store the accepted requests of the batch, and runs the function
 * before the commit if one was accepted. */
enum outcome quipu_postgres_strict_try(struct batch *batch,
                                       const struct lease *lease,
                                       const struct caller_work *work);

#endif
