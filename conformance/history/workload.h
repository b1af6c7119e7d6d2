/* SPDX-License-Identifier: Apache-2.0 */
/* A workload: many sessions at once on a few logs, recorded and then judged. */
#ifndef QUIPU_WORKLOAD_H
#define QUIPU_WORKLOAD_H

#include "moves.h"

/* What a history must have put to the test, or it proves nothing. */
enum quipu_workload_must {
    QUIPU_MUST_CONFLICT = 1u << 0, /* over a position */
    QUIPU_MUST_GUARD = 1u << 1,    /* fail, and hold */
    QUIPU_MUST_STEAL = 1u << 2,    /* an event id, and be refused */
    QUIPU_MUST_PASS = 1u << 3,     /* another in tracking (ALREADY) */
    QUIPU_MUST_REPEAT = 1u << 4,   /* what is stored */
    QUIPU_MUST_WAKE = 1u << 5,     /* somebody who waited */
    QUIPU_MUST_DIE = 1u << 6,      /* in the middle of an append */
    QUIPU_MUST_FAIL = 1u << 7      /* because the store was away */
};

struct quipu_workload {
    const char *name;
    uint8_t weights[QUIPU_MOVES];
    unsigned processes; /* 0: all threads are of the case's own process */
    unsigned threads;   /* of each process */
    unsigned followers; /* threads of each that follow the logs instead */
    unsigned moves;     /* of each session */
    unsigned seconds;   /* at most */
    unsigned log_count;
    unsigned shapes[QUIPU_ACTOR_LOGS]; /* enum quipu_shape */
    unsigned hot;                      /* sequences to which all write */
    bool apart;     /* each thread with a datastore of its own */
    bool parted;    /* the last log is of another namespace */
    unsigned kills; /* of processes */
    unsigned stops; /* of the store's server */
    uint32_t must;  /* enum quipu_workload_must */
};

/* Records and judges; again, if what must happen did not.  A violation is
 * told, drawn and kept, and ends the case. */
void quipu_workload_run(struct quipu_context *t,
                        const struct quipu_workload *workload);

#endif
