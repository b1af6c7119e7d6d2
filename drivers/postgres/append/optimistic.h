/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The optimistic pass: a batch in one round trip, from BEGIN to COMMIT.
 *
 * It asks the server nothing beforehand.  It supposes that each request of the
 * batch is accepted, computes where all items go in that case, and derives what
 * each sequence must be like before the first of them is stored: empty, not
 * empty, or ending at a position.  These expectations are sent with the items,
 * and the insert fails if one of them does not hold.  The unique indexes refuse
 * positions and event ids that exist; SQL_TRACKING_WRITE refuses a tracking
 * record that is not above the stored one.
 *
 * INV1  If the transaction commits, the strict pass would have accepted each
 *       request with the same result.
 * INV2  A batch that the expectations cannot describe (two guards that
 *       contradict each other, tracking records that do not rise, guards of
 *       a schema without items, entries, tracking records that are expected at
 *       a position) is left to the strict pass, with nothing sent.
 * INV3  If any statement fails, the server commits nothing, although COMMIT
 *       is already on its way: in a failed transaction COMMIT rolls back.
 *
 * A batch of items of one sequence at known positions is one statement,
 * SQL_INSERT_ONE or SQL_INSERT_RUN.  On a session of the driver's own it is
 * sent without BEGIN and COMMIT, and is committed at the synchronization point
 * behind it.  If that is not answered, the outcome is as unknown as that of a
 * COMMIT.
 */
#ifndef POSTGRES_OPTIMISTIC_H
#define POSTGRES_OPTIMISTIC_H

#include "batch.h"

/* Tries to store the batch.  OUTCOME_STRICT: the strict pass has to decide. */
enum outcome quipu_postgres_optimistic_try(struct batch *batch,
                                           const struct lease *lease);

#endif
