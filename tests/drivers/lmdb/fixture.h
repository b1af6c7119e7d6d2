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

/* ----------------------------------------------------------------- entries */

#define ENTRY_KEYS 400 /* that entry_name can make */

/* Writes of an entry; their texts are borrowed. */
quipu_bytes entry_bytes(const char *text);
quipu_entry_write entry_write_of(const char *key, const char *value);
quipu_entry_write entry_deletion_of(const char *key);
quipu_entry_write entry_expecting(quipu_entry_write write, int64_t revision);

/* Makes the name of the key of that index; the names are in no order. */
void entry_name(char key[16], size_t index);

/* Writes entries in one request; those that return nothing assert success. */
int entry_try_write(quipu_driver_datastore *datastore,
                    const quipu_entry_write *writes, size_t count,
                    quipu_result *result, quipu_error *error);
void entry_write_all(struct place *place, const quipu_entry_write *writes,
                     size_t count);
void entry_write(struct place *place, quipu_entry_write write);

/* The rows that a listing has yielded. */
struct listed {
    size_t count;
    char key[16]; /* of the first one */
    char last[16];
    int64_t revision; /* of the first one */
    size_t size;
    bool ascending;
};

int entry_try_list(quipu_driver_datastore *datastore, quipu_bytes prefix,
                   quipu_bytes from, struct listed *listed, quipu_error *error);

/* Checks the whole data file, as a backup does; the second one after it has
 * closed the store, and asserts success. */
int entry_full_check(const char *folder, quipu_error *error);
void entry_leave_sound(struct place *place, const char *folder);

#endif
