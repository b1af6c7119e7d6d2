/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers for the driver's tests.  They call the driver through its table of
 * operations, without the core, on the server of tests/postgres/with-cluster.
 */
#ifndef POSTGRES_FIXTURE_H
#define POSTGRES_FIXTURE_H

#include "quipu_test.h"

#include <quipu/driver.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MILLISECOND INT64_C(1000000)
#define SECOND INT64_C(1000000000)

int64_t fixture_now(void);
const quipu_driver *fixture_driver(void);

/* Opens a URI of a body and options, "name=value&name=value", which are not
 * percent-decoded.  Of quipu's own options it knows readonly, relaxed, closed
 * (create=no) and namespace. */
int fixture_try_body(const char *body, const char *options,
                     quipu_driver_datastore **datastore, quipu_error *error);
/* The same for the database that the environment names. */
int fixture_try_open(const char *options, quipu_driver_datastore **datastore,
                     quipu_error *error);
quipu_driver_datastore *fixture_open(const char *options);
void fixture_close(quipu_driver_datastore *datastore);

/* The preset of stored events with a table name. */
quipu_schema fixture_schema(const char *table);
/* Sets a schema up and binds it. */
quipu_driver_schema *fixture_bind(quipu_driver_datastore *datastore,
                                  const quipu_schema *schema);

/* An item with its bytes.  The sequence id is made from a number, and so is the
 * event id; a position below 0 means the next one. */
struct piece {
    unsigned char sequence[16];
    unsigned char event[16];
    char state[32];
    quipu_item item;
};
void fixture_piece(struct piece *piece, uint32_t sequence, int64_t position,
                   uint64_t event);

/* Appends one item with a deadline `time` nanoseconds from now. */
int fixture_put(quipu_driver_datastore *datastore, quipu_driver_schema *bound,
                const struct piece *piece, int64_t time, quipu_result *result,
                quipu_error *error);
/* Appends one item at the next position, with a new event id. */
void fixture_append(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, uint32_t sequence);
int64_t fixture_head(quipu_driver_datastore *datastore,
                     quipu_driver_schema *bound);

/* Runs SQL as the superuser, on another connection. */
void fixture_sql(const char *format, ...) QUIPU_PRINTF(1, 2);
/* The same; returns the number in the first field. */
int64_t fixture_ask(const char *format, ...) QUIPU_PRINTF(1, 2);
void fixture_pause(int64_t time);

#endif
