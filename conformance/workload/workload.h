/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A workload: many sessions that use a few logs of a store at the same time.
 * Their operations are recorded as a history, which is then checked.
 * workload.c explains how.
 */
#ifndef QUIPU_WORKLOAD_H
#define QUIPU_WORKLOAD_H

#include "generator.h"

/* Situations that a history must contain; without them it proves nothing. */
enum quipu_workload_coverage {
    QUIPU_COVER_CONFLICT = 1u << 0, /* a conflict over a position */
    QUIPU_COVER_GUARD = 1u << 1,    /* a guard that failed, and one that held */
    QUIPU_COVER_EVENT_ID = 1u << 2, /* a conflict over an event id */
    QUIPU_COVER_ALREADY = 1u << 3,  /* a tracking record overtaken by another */
    QUIPU_COVER_REPEAT = 1u << 4,   /* a repeat of a stored append */
    QUIPU_COVER_WAKE = 1u << 5,     /* a wait that another session ended */
    QUIPU_COVER_KILL = 1u << 6      /* a process killed during an append */
};

struct quipu_workload {
    const char *name;
    uint8_t weights[QUIPU_STEPS];
    unsigned processes; /* 0: all threads belong to the case's own process */
    unsigned threads;   /* of each process */
    unsigned followers; /* threads of each process that only follow the logs */
    unsigned steps;     /* of each session, at most */
    unsigned seconds;   /* at most */
    unsigned log_count;
    unsigned shapes[QUIPU_SESSION_LOGS]; /* enum quipu_shape, by log */
    unsigned shared;      /* sequences of a log to which all sessions append */
    bool own_datastores;  /* each thread opens a datastore of its own */
    bool other_namespace; /* the last log is in another namespace */
    unsigned kills;       /* of processes */
    unsigned stops;       /* of the server */
    uint32_t required;    /* enum quipu_workload_coverage */
};

/* Records a history and checks it; repeats that with more time while the
 * history lacks a required situation.  A violation is printed, drawn as a
 * timeline and kept as a folder, and ends the case. */
void quipu_workload_check(struct quipu_context *ctx,
                          const struct quipu_workload *workload);

#endif
