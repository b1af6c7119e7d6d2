/* SPDX-License-Identifier: Apache-2.0 */
/* The stage of a workload: its logs in the store, and the processes and threads
 * that act on it. */
#ifndef QUIPU_STAGE_H
#define QUIPU_STAGE_H

#include "context/workers.h"
#include "workload.h"

#include <stdatomic.h>

/* In memory that all processes share. */
struct quipu_stage_shared {
    atomic_uint writing; /* actors that still append */
    atomic_bool stopped; /* the server, for the last time */
    struct quipu_draft_slot slots[QUIPU_WORKERS_MAX][QUIPU_WORKERS_MAX];
};

struct quipu_stage {
    struct quipu_context *t;
    const struct quipu_workload *workload;
    const char *folder;
    int64_t epoch; /* nanoseconds of quipu_record_clock */
    uint64_t seed;
    const quipu_schema *schemas[QUIPU_ACTOR_LOGS];
    const char *options[QUIPU_ACTOR_LOGS]; /* of the datastore of each log */
    struct quipu_stage_shared *shared;
    uint32_t sessions; /* numbers given so far */
    unsigned kills, stops;
};

/* Sets the logs up, and tears them down where they would stay. */
void quipu_stage_set(struct quipu_stage *stage);
void quipu_stage_clear(struct quipu_stage *stage);

/* Lets all act, until they have done. */
void quipu_stage_play(struct quipu_stage *stage);
/* Reads all at the end, in a session of its own. */
void quipu_stage_finish(struct quipu_stage *stage);

/* ------------------------------------------------------------- the parts of it
 */

/* An actor with its own recording, on records of logs that are open. */
void quipu_stage_enter(struct quipu_stage *stage, struct quipu_actor *actor,
                       quipu_records *const records[], uint32_t session,
                       uint32_t process);
void quipu_stage_leave(struct quipu_actor *actor);

/* Opens the logs, in a process or for one thread. */
void quipu_stage_open(const struct quipu_stage *stage, struct quipu_context *t,
                      quipu_records *records[]);

/* The threads of a process; `first` is the number of the first session. */
void quipu_stage_act(struct quipu_stage *stage, struct quipu_context *t,
                     uint32_t process, uint32_t first);

#endif
