/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one place where appends go from the core to a driver: in groups, by the
 * commit queue (see queue.h), or each alone, with option group=1.
 *
 * What a driver answers to a group, and what becomes of it:
 *
 *   OK                each has its own result; what the driver did not take
 *                     stays first in the queue.
 *   UNKNOWN_OUTCOME   holds for all that were taken: all of it is stored, or
 *                     nothing.
 *   BUSY              nothing is stored.  If the deadline is past, those whose
 *                     own is past answer it too, the others try again.
 *                     If not: as the next.
 *   any other         nothing is stored, and whose fault it is nobody knows:
 *     NO_MEMORY       perhaps one was too large;
 *     NOT_FOUND       one's schema was torn down;
 *     IO              one was too much for the disk, or the disk is gone;
 *     CORRUPT         one met a page or value that is damaged;
 *     DENIED          one's table is not granted;
 *     INTERNAL        one met a bug;
 *     not allowed     one met a bug of the driver's: INTERNAL.
 *                     So they are tried again, half as many at a time, until
 *                     each is stored or has a code that it got alone.  Whose
 *                     deadline passes meanwhile answers IO if that was it, else
 *                     BUSY.
 *
 * Of a group of one the code is its own.  OK with an impossible number taken is
 * INTERNAL for all.
 */
#ifndef QUIPU_CORE_RECORDS_COMMIT_H
#define QUIPU_CORE_RECORDS_COMMIT_H

#include "records/handles.h"

/*
 * Has a driver judge and store one request, whose items have `bytes`.  OK: it
 * was judged, and result->status tells how.  Else it was not, and *error tells
 * why.
 */
int quipu_commit(quipu_datastore *datastore, const quipu_request *request,
                 uint64_t bytes, quipu_result *result, int64_t deadline,
                 quipu_error *error);

/*
 * Waits for a turn of its own, for a transaction; after OK it has to be ended.
 * BUSY: the deadline passed; INTERNAL: this thread has it already.
 */
int quipu_commit_begin(quipu_datastore *datastore, int64_t deadline,
                       quipu_error *error);
void quipu_commit_end(quipu_datastore *datastore);

#endif
