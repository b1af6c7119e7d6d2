/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commits: the only place where appends pass from the core to a driver, in
 * groups by the commit queue (commit_queue.h), or one by one with the option
 * group=1.
 *
 * This table says what the code of a driver's call for a group means, and what
 * becomes of its requests:
 *
 *   OK               Each request has its own result.  Requests that the
 *                    driver did not take (*taken) stay first in the queue.
 *   UNKNOWN_OUTCOME  Holds for all requests taken: all of them are stored, or
 *                    none.
 *   BUSY             Nothing is stored.  If the group's deadline has passed,
 *                    members whose own deadline has passed fail with BUSY,
 *                    and the others are tried again.  If it has not, the
 *                    group is split, as below.
 *   any other code   Nothing is stored, and it is unknown which request is the
 *                    cause.  The group is split.
 *
 * Splitting.  The requests are put back and tried again in groups of half the
 * size, until each is stored or has a code that it got alone.  The cause may
 * be one request or all:
 *
 *     NO_MEMORY       one request was too large
 *     NOT_FOUND       the schema of one request was torn down
 *     IO              one request did not fit on the disk, or the disk failed
 *     CORRUPT         one request met a damaged page or value
 *     DENIED          the table of one request is not granted
 *     INTERNAL        one request met a bug
 *     not allowed     the driver broke its contract: INTERNAL
 *
 * A request whose deadline passes meanwhile fails with IO if the group's code
 * was IO, else BUSY.  The code of a group of one request is that request's own.
 * OK with an impossible number of requests taken is INTERNAL for all.
 */
#ifndef QUIPU_CORE_RECORDS_COMMIT_H
#define QUIPU_CORE_RECORDS_COMMIT_H

#include "datastore/datastore.h"

/*
 * Stores one append, alone or in a group.  The caller sets the members
 * `request`, `size` (bytes of its items), `deadline`, `result` and `error` of
 * `own`.  OK: the driver has checked the preconditions and stored the append or
 * not; own->result->status says which.  Otherwise the append was not executed,
 * *own->error says why, and nothing is stored, except perhaps after
 * UNKNOWN_OUTCOME.
 */
int quipu_commit(quipu_datastore *datastore, struct quipu_commit_request *own);

/*
 * Waits until no other append of the datastore is under way, for a transaction
 * with items or guards.  After OK, quipu_commit_end must be called.  BUSY: the
 * deadline passed; INTERNAL: the calling thread holds the turn already.
 */
int quipu_commit_begin(quipu_datastore *datastore, int64_t deadline,
                       quipu_error *error);
void quipu_commit_end(quipu_datastore *datastore);

#endif
