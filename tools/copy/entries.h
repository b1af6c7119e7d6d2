/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copying of key-value entries, those of programs.
 *
 * Entries whose keys begin with "quipu/" are not copied: they tell of read
 * models, parked events and running groups, none of which is copied.
 *
 * Revisions are counted by each store, so that those of the target are others.
 * An entry of the target whose value differs is replaced only if it was written
 * there less often than in the source, as by an earlier copy; otherwise, and if
 * the source lacks it, a program has written it, and the copy is refused.
 *
 * Both stores are listed side by side, in the byte order of the keys, so that
 * constant memory is needed.
 */
#ifndef QUIPU_TOOLS_COPY_ENTRIES_H
#define QUIPU_TOOLS_COPY_ENTRIES_H

#include <quipu/quipu.h>

struct copy;

/* Checks, before anything is written, that the target can take the entries.
 * CONFLICT: it has others; UNSUPPORTED: it keeps none, or a value is too large
 * for it. */
int copy_entries_check(struct copy *copy, quipu_error *error);

/* Writes the entries that the target lacks, or that have changed. */
int copy_entries_write(struct copy *copy, quipu_error *error);

/* Compares the entries of both stores, and counts them in copy->entry_count.
 * CONFLICT: they differ. */
int copy_entries_compare(struct copy *copy, quipu_error *error);

#endif
