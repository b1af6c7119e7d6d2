/* SPDX-License-Identifier: Apache-2.0 */
/* A projection in SQLite whose read model shows events that were applied twice
 * or not at all. */
#ifndef QUIPU_TESTS_BALANCES_FIXTURE_H
#define QUIPU_TESTS_BALANCES_FIXTURE_H

#include "consumer_fixture.h"

/* The context of the projection. */
struct balances {
    int64_t refused;    /* notification id of the event that is refused */
    int refusal;        /* with this status */
    int refusals;       /* so often; -1: always */
    long nanoseconds;   /* that each event takes */
    atomic_int applied; /* calls of the handler */
    atomic_int created; /* calls of `create` */
};

extern const quipu_projection_type balances_type;
/* The same without `create` and `drop`. */
extern const quipu_projection_type plain_type;

quipu_projection *open_balances(struct opened_log *log,
                                struct balances *balances,
                                quipu_projection_options options);

/* Runs steps until the end of the log is reached; returns the status of the
 * first step that fails. */
int catch_up(quipu_projection *projection, quipu_error *error);

/* Opens a log of 5 events in the file, and a projection that has applied them
 * and parked event 3, which it refuses until balances->refusals is 0. */
quipu_projection *project_with_parked(struct opened_log *log,
                                      struct balances *balances,
                                      const char *file);

/* Fails unless the read model in the file has each event from 1 to `last` once,
 * in the order of the log, except those of the list, which ends with 0. */
void assert_read_model(const char *file, int64_t last, const int64_t *missing);

#endif
