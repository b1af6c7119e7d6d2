/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of a workload: they act, some are killed and replaced, and in
 * the end all is read. */
#include "stage.h"

#include "context/assertion.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

/* What a child finds in its copy of the parent's memory. */
struct role {
    struct quipu_stage *stage;
    uint32_t process, first;
};

static void live(struct quipu_context *t, void *shared, unsigned i)
{
    const struct role *role = shared;

    (void)i;
    quipu_stage_act(role->stage, t, role->process, role->first);
}

static struct quipu_workers start(struct quipu_stage *stage, uint32_t process)
{
    struct role role = { stage, process, stage->sessions + 1 };
    struct quipu_workers crew = quipu_workers_start(stage->t, 1, live, &role);

    stage->sessions += stage->workload->threads;
    return crew;
}

/* ------------------------------------------------------------------- kills */

static void nap(uint64_t microseconds)
{
    struct timespec span = { .tv_sec = (time_t)(microseconds / 1000000),
                             .tv_nsec = (long)(microseconds % 1000000) * 1000 };

    nanosleep(&span, NULL);
}

static bool is_appending(const struct quipu_stage *stage, unsigned process)
{
    bool appending = false;

    for (unsigned i = 0; i < stage->workload->threads; i++) {
        appending =
            appending || atomic_load(&stage->shared->slots[process][i].pending);
    }
    return appending;
}

/* Kills one process after the other in an append, as long as they act, and has
 * another take its place. */
static void kill_some(struct quipu_stage *stage, struct quipu_workers crews[])
{
    const struct quipu_workload *w = stage->workload;

    for (unsigned k = 0; k < w->kills; k++) {
        unsigned process =
            (unsigned)quipu_context_random(stage->t, w->processes);

        nap(10000 + quipu_context_random(stage->t, 60000));
        while (!quipu_workers_any_ended(&crews[process]) &&
               !is_appending(stage, process)) {
            nap(50);
        }
        if (quipu_workers_any_ended(&crews[process])) {
            continue;
        }
        quipu_workers_kill(&crews[process]);
        stage->kills++;
        crews[process] = start(stage, process);
        quipu_workers_release(&crews[process]);
    }
}

/* Stops the server at once, again and again, while all act. */
static void stop_server(struct quipu_stage *stage)
{
    for (unsigned k = 0; k < stage->workload->stops; k++) {
        nap(100000 + quipu_context_random(stage->t, 200000));
        quipu_context_server_stop(stage->t);
        nap(quipu_context_random(stage->t, 50000));
        quipu_context_server_start(stage->t);
        stage->stops++;
    }
    nap(100000);
    atomic_store(&stage->shared->stopped, true);
}

/* -------------------------------------------------------------------- plays */

static void play_processes(struct quipu_stage *stage)
{
    struct quipu_workers crews[QUIPU_WORKERS_MAX];
    const struct quipu_workload *w = stage->workload;

    quipu_context_close_all(stage->t);
    for (unsigned i = 0; i < w->processes; i++) {
        crews[i] = start(stage, i);
    }
    for (unsigned i = 0; i < w->processes; i++) {
        quipu_workers_release(&crews[i]);
    }
    kill_some(stage, crews);
    stop_server(stage);
    for (unsigned i = 0; i < w->processes; i++) {
        quipu_workers_join(&crews[i]);
    }
}

void quipu_stage_play(struct quipu_stage *stage)
{
    const struct quipu_workload *w = stage->workload;
    unsigned processes = w->processes > 0 ? w->processes : 1;

    stage->epoch = quipu_record_clock();
    atomic_store(&stage->shared->writing,
                 processes * (w->threads - w->followers));
    if (w->processes > 0) {
        play_processes(stage);
    } else {
        quipu_stage_act(stage, stage->t, 0, 1);
        stage->sessions = w->threads;
    }
}

void quipu_stage_finish(struct quipu_stage *stage)
{
    struct quipu_actor *actor =
        quipu_context_allocate(stage->t, sizeof(*actor));
    quipu_records *records[QUIPU_ACTOR_LOGS];

    quipu_stage_open(stage, stage->t, records);
    quipu_stage_enter(stage, actor, records, ++stage->sessions,
                      stage->workload->processes);
    quipu_moves_finish(actor, stage->workload->weights[QUIPU_MOVE_TRACK] > 0);
    quipu_stage_leave(actor);
}
