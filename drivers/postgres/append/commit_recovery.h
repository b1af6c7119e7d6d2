/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commit recovery: the result of a COMMIT that was not answered.
 *
 * The connection was lost, or the deadline passed, between sending COMMIT and
 * its answer.  The batch was then stored as a whole or not at all.  The strict
 * pass, on another connection, finds out: requests that it finds to be repeats
 * were stored by the lost try, and if there are none it stores the batch.
 *
 * INV1  The two tries cannot both store the batch. The strict pass waits for
 *       the locks of a transaction that is still committing; and if the lost
 *       one reaches the server later, its event ids are taken.
 * INV2  To the caller a request that the lost try stored is no repeat; one
 *       that an earlier call stored is (U3). Only requests that the lost try
 *       would have stored are marked as uncertain.
 * INV3  A request without items cannot be found. It has the fate of those
 *       with items in its batch, and the strict pass does not check it again if
 *       they are stored; if there are none, the outcome stays unknown (V5).
 * INV4  Before the outcome of a batch with conditions is reported as unknown,
 *       its transaction has ended, unless the deadline passes before: then the
 *       server ends it within IDLE_LIMIT.  So entries do not change later by
 *       themselves (K5).  If the server says that it was aborted, it is tried
 *       again.  If the server says that it was committed, the outcome is
 *       reported as unknown all the same: after a crash, in which a commit that
 *       was not answered is lost, the server can give its number to another
 *       transaction.
 */
#ifndef POSTGRES_COMMIT_RECOVERY_H
#define POSTGRES_COMMIT_RECOVERY_H

#include "batch.h"

/* After a COMMIT without an answer: marks in batch->uncertain what it may have
 * stored.  NULL then means that the outcome cannot be found out: there are no
 * event ids to search for, or no memory. */
void quipu_postgres_commit_recovery_begin(struct batch *batch);

/* After a strict pass that is done: corrects the results of requests that the
 * lost try stored. */
void quipu_postgres_commit_recovery_end(struct batch *batch);

/* Waits until the transaction of a batch that cannot be found has ended, or
 * until the deadline.  Returns true if it was aborted: nothing is stored. */
bool quipu_postgres_commit_recovery_is_aborted(const struct batch *batch);

#endif
