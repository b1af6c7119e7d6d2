/* SPDX-License-Identifier: Apache-2.0 */
/* The fixture of the LMDB driver's tests, beside that of all drivers. */
#ifndef LMDB_FIXTURE_H
#define LMDB_FIXTURE_H

#include "drivers/common/fixture.h"

#include <lmdb.h>

/* A datastore, and a schema of stored events bound to it. */
struct place {
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound;
};

/* With the environment variable FIXTURE_MDBCURSOR it is opened with
 * mdbcursor=yes, unless `how` has an option. */
struct place fixture_place(const char *folder, const struct opening *how);
void fixture_leave(struct place *place);

/* Reads the whole log; returns the first status that is not OK. */
int fixture_scan(struct place *place, size_t *count, quipu_error *error);
/* Opens a cursor over the whole log that lends its first batch. */
quipu_driver_cursor *fixture_lend(struct place *place);

/* Appends one item with a state of that size. */
int fixture_append_large(struct place *place, size_t size, quipu_error *error);

/* Overwrites bytes of a store's data file. */
void fixture_write(const char *folder, long offset, const void *data,
                   size_t size);

#endif
