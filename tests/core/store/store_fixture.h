/* SPDX-License-Identifier: Apache-2.0 */
/* Stores over the memory driver, and a scripted driver that wraps it and fails
 * as a test has set; for the tests of core/store and core/domain. */
#ifndef QUIPU_TESTS_CORE_STORE_FIXTURE_H
#define QUIPU_TESTS_CORE_STORE_FIXTURE_H

#include "quipu_test.h"

#include <stdatomic.h>

#include <quipu/quipu.h>

/* ---------------------------------------------------------------- driver */

/* The scheme "scripted": the memory driver with the faults that are set here.
 * Each number is decremented when its fault occurs; 0 means no fault. */
struct script {
    atomic_int
        lost_answers; /* appends that are stored and return UNKNOWN_OUTCOME */
    atomic_int lost_appends;   /* appends that are not stored and return that */
    atomic_int busy_appends;   /* appends that are not stored and return BUSY */
    atomic_int steps_to_error; /* the step that makes it 0 returns step_error */
    atomic_int step_error;
    atomic_int appends; /* number of those that reached the store */
};
extern struct script script;

/* Adds the driver; called once per program. */
void script_add_driver(void);
void script_clear(void);

/* ---------------------------------------------------------------- events */

struct noted {
    quipu_event base;
    const char *text;
};
/* An event that is mapped by its own attributes. */
struct measured {
    quipu_event base;
    const char *device;
    quipu_time at;
    double value;
};
extern const quipu_event_type noted, measured;

/* A mapping of `noted` alone. */
extern const quipu_mapping noted_mapping;

/* Makes an event with a new event id and this version. */
struct noted make_noted(const quipu_id *id, int64_t version, const char *text);
quipu_id uuid_id(void);
quipu_id text_id(const char *text);

/* ---------------------------------------------------------------- stores */

struct opened {
    quipu_datastore *datastore;
    quipu_schema schema;
    quipu_store *store;
};

/* Stored events with UUID ids, unless flags of quipu_schema_flag are given. */
void schema_make(quipu_schema *schema, uint32_t flags);
void datastore_open(quipu_datastore **datastore, const char *uri,
                    const quipu_schema *schema);
void opened_open(struct opened *opened, uint32_t flags,
                 const quipu_mapping *mapping);
void opened_close(struct opened *opened);

/* Stores `count` events of new texts, "0", "1" ..., at versions 0, 1 ... */
void fill(quipu_store *store, const quipu_id *id, int count);

/* Stores an item without the mapper. */
void put_item(quipu_store *store, const quipu_id *id, int64_t position,
              const char *topic, const void *state, size_t size);

/* Returns the number of items in the log. */
size_t log_size(quipu_store *store);

#endif
