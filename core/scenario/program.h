/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program under test: the store over the datastore of a scenario, and what
 * works on it, an aggregate's repository or a projection.
 *
 * It is opened when a scenario begins, and again after each crash.
 *
 * One thread at a time.
 */
#ifndef QUIPU_CORE_SCENARIO_PROGRAM_H
#define QUIPU_CORE_SCENARIO_PROGRAM_H

#include <quipu/scenario.h>

struct quipu_program {
    /* Set by the scenario. */
    const quipu_aggregate_type *aggregate;   /* or NULL */
    const quipu_projection_type *projection; /* or NULL */
    quipu_scenario_options options;
    quipu_datastore *datastore;

    quipu_store *store;           /* NULL: the program is closed */
    quipu_unit *unit;             /* for the events of the scenario */
    quipu_repository *repository; /* of the aggregate's type */
    quipu_projection *running;
    bool is_started; /* options.stop is due */
};

/* The schema of the scenario. */
const quipu_schema *quipu_program_schema(const struct quipu_program *program);

/* Opens the program; after a failure it has to be closed all the same. */
int quipu_program_open(struct quipu_program *program, quipu_error *error);

/* Closes what is open.  INVALID: options.stop has left something open that was
 * opened from the store. */
int quipu_program_close(struct quipu_program *program, quipu_error *error);

/* Executes one step of the projection or process.  INVALID: there is none. */
int quipu_program_step(struct quipu_program *program, bool *caught_up,
                       quipu_error *error);

#endif
