/* SPDX-License-Identifier: Apache-2.0 */
/* The listing of consumers as copies, and what happens beside a change of
 * them. */
#ifndef QUIPU_TESTS_LISTING_FIXTURE_H
#define QUIPU_TESTS_LISTING_FIXTURE_H

#include "balances_fixture.h"

/* A consumer as it was listed; its texts are copies. */
struct listed {
    quipu_consumer consumer;
    char name[256];
    char log[256];
};

/* Lists the consumers; returns their number. */
size_t list_consumers(quipu_datastore *tracking, quipu_datastore *logs,
                      struct listed *found, size_t most);

/* Lists them, and returns the one of that name. */
struct listed find_consumer(const struct opened_log *log, const char *name);

/* Returns the consumer, with the texts of this copy. */
const quipu_consumer *listed_consumer(struct listed *listed);

/* Opens a datastore of the file whose operations do not fail. */
quipu_datastore *open_file(const char *file);
void close_datastore(quipu_datastore *datastore);

/* Appends an event, which the projection applies, before the next append of
 * an interposed datastore. */
void step_before_append(quipu_projection *projection, struct opened_log *log);

#endif
