/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Erasing the contents of stored events, such as personal data that must be
 * deleted:
 *
 *     int forget_order(quipu_records *records, quipu_bytes order,
 *                      quipu_error *error)
 *     {
 *         const quipu_erasure all = { .struct_size = sizeof(all),
 *                                     .sequence_id = order,
 *                                     .lower = INT64_MIN,
 *                                     .upper = INT64_MAX };
 *         int64_t erased;
 *
 *         return quipu_records_erase(records, &all, &erased, error);
 *     }
 *
 * An erased item loses its state, its metadata and its further columns, and
 * keeps its place: sequence id, position, notification id, topic, event id and
 * time.  So put no personal data into these.  No position and no id is given
 * again.  A cursor yields an erased item with QUIPU_ITEM_ERASED, an empty
 * state, absent metadata, and NULL in each further column.
 *
 * Backups, replicas and copies keep what they hold.  Freed space of the store's
 * own files may hold the bytes for some time, unless QUIPU_ERASURE_SCRUB is
 * set, which not every store can (QUIPU_CAN_SCRUB; docs/guarantees.md, E8).
 *
 * Threads and codes as in records.h.  UNSUPPORTED: the store cannot erase
 * (QUIPU_CAN_ERASE).
 */
#ifndef QUIPU_ERASURE_H
#define QUIPU_ERASURE_H

#include <quipu/records.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Erases the items of a range that are stored when the call begins, in commits
 * of up to `limit` items (0: 1,000); each has the datastore's whole timeout.
 * Appends go on between two commits.  The bounds are inclusive, and must both
 * be set: INT64_MIN and INT64_MAX are all items.  There is no way back.
 *
 * *erased (NULL is allowed) is always set, also on failure: to the number of
 * items that this call has erased for certain.  Items that were erased before
 * are not counted, and nothing is written for them; so after any failure the
 * same call continues where this one has ended (E3).
 *
 * INVALID: lower > upper, limit < 0, an unknown flag, or a sequence id that is
 * not of the schema's kind.  UNSUPPORTED: the store cannot erase, or cannot
 * scrub; or the range is one of the log, and it keeps none.  DENIED: the
 * datastore was opened readonly.  NOT_FOUND: the schema was torn down (or OK:
 * the store shows no items then), or columns were added after the records were
 * opened (F5).  BUSY: others held the store until the deadline; with
 * QUIPU_ERASURE_SCRUB also: readers kept the erased bytes in a file until the
 * deadline.  UNKNOWN_OUTCOME: the last commit has perhaps erased its items,
 * too.
 */
QUIPU_API int quipu_records_erase(quipu_records *records,
                                  const quipu_erasure *erasure, int64_t *erased,
                                  quipu_error *error);

/*
 * Counts the items of a range that are not erased, those that
 * quipu_records_erase would erase now.  It reads all items of the range and
 * changes nothing, so that it also works readonly.  `limit` and `flags` are
 * checked and have no effect.  Codes as above, and TIMEOUT.
 */
QUIPU_API int quipu_records_erasable(quipu_records *records,
                                     const quipu_erasure *erasure,
                                     int64_t *items, quipu_error *error);

/*
 * Reads the number of commits that have erased items of the schema (E9); 0 also
 * if the store cannot erase.  It grows with each of them, so that a cache of
 * items is valid as long as the number has not changed.  Read it before the
 * items.  NOT_FOUND: the schema was torn down (quipu_datastore_teardown says
 * what else a read may return then).
 */
QUIPU_API int quipu_records_erasures(quipu_records *records, int64_t *commits,
                                     quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
