/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program under test: the store over the datastore of a scenario, and what
 * works on it: an aggregate's repository, a projection or a process.
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
    const quipu_process_type *process;       /* or NULL */
    quipu_datastore *datastore;

    quipu_scenario_options options;
    quipu_schema schema; /* borrows its names and columns */
    quipu_mapping mapping;
    const quipu_event_type **types; /* of the mapping; owned */

    quipu_store *store;           /* NULL: the program is closed */
    quipu_unit *unit;             /* for the events of the scenario */
    quipu_repository *repository; /* of the aggregate's type */
    quipu_projection *projecting;
    quipu_process *reacting;
    quipu_timer_runner *timers; /* NULL: the store keeps no timers */
    bool is_started;            /* options.stop is due */
};

/* Takes the options (NULL is allowed) of a program that has its type; the rest
 * is zeroed.  After a failure it has to be finished all the same.  INVALID: the
 * type is NULL, an option is wrong, or there are no event types; NO_MEMORY. */
int quipu_program_init(struct quipu_program *program,
                       const quipu_scenario_options *options,
                       quipu_error *error);
void quipu_program_finish(struct quipu_program *program);

/* Opens the program; after a failure it has to be closed all the same. */
int quipu_program_open(struct quipu_program *program, quipu_error *error);

/* Closes what is open.  INVALID: options.stop has left something open that was
 * opened from the store. */
int quipu_program_close(struct quipu_program *program, quipu_error *error);

/* Executes one step of the projection or process, and when that has caught up,
 * appends events of timers that are due.  *caught_up: neither has anything left
 * to do. */
int quipu_program_step(struct quipu_program *program, bool *caught_up,
                       quipu_error *error);

#endif
