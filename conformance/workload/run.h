/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of a workload: sets up its logs, runs the processes and threads with
 * their sessions, kills and replaces processes or stops the server if the
 * workload wants it, and makes the final reads.
 */
#ifndef QUIPU_WORKLOAD_RUN_H
#define QUIPU_WORKLOAD_RUN_H

#include "context/workers.h"
#include "workload.h"

#include <stdatomic.h>

/* State in memory that all processes of a run share. */
struct quipu_workload_shared {
    atomic_uint writing; /* sessions that still append */
    atomic_bool stopped; /* the server has been stopped for the last time */
    struct quipu_session_pending slots[QUIPU_WORKERS_MAX][QUIPU_WORKERS_MAX];
};

struct quipu_workload_run {
    struct quipu_context *ctx;
    const struct quipu_workload *workload;
    const char *folder; /* of the history */
    int64_t epoch;      /* time zero of the history, on quipu_record_clock() */
    uint64_t seed;
    const quipu_schema *schemas[QUIPU_SESSION_LOGS];
    const char *options[QUIPU_SESSION_LOGS]; /* for the datastore of a log */
    struct quipu_workload_shared *shared;
    uint32_t sessions;     /* numbers given so far */
    unsigned kills, stops; /* made so far */
};

/* Sets the logs up; tears them down where the store would keep them. */
void quipu_workload_run_setup(struct quipu_workload_run *run);
void quipu_workload_run_teardown(struct quipu_workload_run *run);

/* Runs all sessions until they have ended. */
void quipu_workload_run_sessions(struct quipu_workload_run *run);
/* Makes the final reads, in a session of their own. */
void quipu_workload_run_read_all(struct quipu_workload_run *run);

#endif
