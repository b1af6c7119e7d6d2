/* SPDX-License-Identifier: Apache-2.0 */
/* Fixture of the driver tests. They call a driver through its table of
 * operations, without the core. fixture.c is compiled for each driver, with
 * FIXTURE_SCHEME and FIXTURE_ENTRY. All files are in the current folder, which
 * belongs to the test. */
#ifndef DRIVERS_FIXTURE_H
#define DRIVERS_FIXTURE_H

#include "quipu_test.h"

#include <quipu/driver.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "now.h"

/* Returns a new name of a store, "t1.db", "t2.db" ..., valid until the next
 * call. */
const char *fixture_file(void);

const quipu_driver *fixture_driver(void);

/* Arguments of an opening. All zero: the usual ones, which create the store. */
struct opening {
    uint32_t flags; /* instead of QUIPU_OPEN_CREATE, if not 0 */
    const char *name_space;
    const char *option; /* name of an option, or NULL */
    const char *value;
    int64_t deadline; /* 0: FIXTURE_PATIENCE ahead */
};

/* Opens a file of the current folder, or the body of a URI that begins with
 * '/'. */
int fixture_try_open(const char *file, const struct opening *how,
                     quipu_driver_datastore **datastore, quipu_error *error);
quipu_driver_datastore *fixture_open(const char *file);
void fixture_close(quipu_driver_datastore *datastore);

/* Returns the default schema of stored events with that table and those flags.
 */
quipu_schema fixture_schema(const char *table, uint32_t flags);
/* Sets the schema up and binds it. */
quipu_driver_schema *fixture_bind(quipu_driver_datastore *datastore,
                                  const quipu_schema *schema);

/* An item of a sequence that a number names. The event id is derived from
 * `event`. A position below 0 stands for the next one. */
struct piece {
    unsigned char sequence[16];
    unsigned char event[16];
    char state[32];
    quipu_item item;
};
void fixture_piece(struct piece *piece, uint32_t sequence, int64_t position,
                   uint32_t event);

/* Appends one item at the next position, with a new event id. */
int fixture_try_append(quipu_driver_datastore *datastore,
                       quipu_driver_schema *bound, uint32_t sequence,
                       quipu_result *result, quipu_error *error);
void fixture_append(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, uint32_t sequence);
int fixture_append_all(quipu_driver_datastore *datastore,
                       const quipu_request *requests, size_t count,
                       quipu_result *results, quipu_error *error);

int64_t fixture_head(quipu_driver_datastore *datastore,
                     quipu_driver_schema *bound);
/* Reads the log and asserts that its notification ids are 1, 2 ... Returns
 * their number. */
size_t fixture_count(quipu_driver_datastore *datastore,
                     quipu_driver_schema *bound);

/* Supplied by the fixture of each driver: the file that holds the items of a
 * store, and a function that creates an object of the application in a
 * transaction. */
const char *fixture_data(const char *file);
int fixture_work(void *native, void *context, quipu_error *error);

/* Returns the bytes of a file, to be freed by the caller; NULL if it does not
 * exist. */
unsigned char *fixture_bytes(const char *file, size_t *size);
/* Asserts that opening is refused, that the file of the items has not changed,
 * and that no file was created beside it. */
void fixture_refuses_untouched(const char *file, const struct opening *how,
                               int status, const char *message);

#endif
