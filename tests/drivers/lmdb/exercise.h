/* SPDX-License-Identifier: Apache-2.0 */
/* All operations of the driver on a store that may be damaged: for the tests of
 * damage and the fuzz target.
 *
 * The store is small and has pages of every kind: branches and leaves of all
 * databases, overflow pages, lists of free pages, a torn-down schema, tracking
 * records, entries. */
#ifndef LMDB_EXERCISE_H
#define LMDB_EXERCISE_H

#include "fixture.h"

/* Creates the store in a new folder. */
void exercise_make(const char *folder);

/* Opens the store, reads, lists and appends in every way, sets schemas up and
 * tears them down, and closes it.  Returns NULL if each answer was one that a
 * damaged store may give, and no listing went on for ever; otherwise a text
 * that names the operation and the answer, valid until the next call. */
const char *exercise_run(const char *folder);

/* Writes the bytes to the data file, as its whole contents. */
void exercise_plant(const char *folder, const void *data, size_t size);

#endif
