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
 *       with items in its batch; if there are none, the outcome stays
 *       unknown (V5).
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

#endif
