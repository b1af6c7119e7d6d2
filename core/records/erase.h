/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Erases the contents of a range of items, or counts what it would erase: the
 * work of quipu_records_erase and quipu_records_erasable, whose comments in
 * <quipu/erasure.h> say what they check and return.
 *
 * All functions may be called from several threads at once.  The driver is not
 * called with a lock of the core held, and the commit queue is not involved:
 * each driver orders its commits by itself, so that an erasure waits for
 * appends, and appends for one of its commits at most (E6).
 */
#ifndef QUIPU_CORE_RECORDS_ERASE_H
#define QUIPU_CORE_RECORDS_ERASE_H

#include <quipu/erasure.h>

#include "records/records.h"

/* Erases a range in commits of erasure->limit items.  *erased (NULL is allowed)
 * is always set: to the number of items that were erased for certain. */
int quipu_erase_run(quipu_records *records, const quipu_erasure *erasure,
                    int64_t *erased, quipu_error *error);

/* Counts the items of a range that are not erased, by reading all of them.  It
 * changes nothing, so the datastore may be readonly.  *items is set on success
 * only. */
int quipu_erase_count(quipu_records *records, const quipu_erasure *erasure,
                      int64_t *items, quipu_error *error);

#endif
