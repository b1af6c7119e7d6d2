/* SPDX-License-Identifier: Apache-2.0 */
/* The logs of a workload, and the threads of one process that act on them. */
#include "stage.h"

#include "context/assertion.h"

#include <string.h>

/* Milliseconds: longer than a wait may be late; and for what is the last. */
#define LONG_WAIT 12000
#define SHORT_WAIT 50
#define FEW 60 /* moves that an actor makes however long they take */

/* -------------------------------------------------------------------- logs */

static quipu_datastore *open_datastore(const struct quipu_stage *stage,
                                       struct quipu_context *t, unsigned log)
{
    return stage->options[log] ? quipu_context_open(t, stage->options[log])
                               : quipu_context_datastore(t);
}

void quipu_stage_set(struct quipu_stage *stage)
{
    struct quipu_context *t = stage->t;
    const struct quipu_workload *w = stage->workload;

    for (unsigned i = 0; i < w->log_count; i++) {
        stage->schemas[i] = quipu_context_schema(t, w->shapes[i]);
        stage->options[i] = NULL;
        if (!w->parted || i + 1 < w->log_count ||
            !(t->traits & QUIPU_TRAIT_MULTI_OPEN) ||
            strstr(t->uri, "namespace=")) {
            quipu_context_setup(t, stage->schemas[i]);
            continue;
        }
        stage->options[i] = quipu_context_format(
            t, "namespace=%s", quipu_context_name(t, "other"));
        OK(quipu_datastore_setup(open_datastore(stage, t, i), stage->schemas[i],
                                 ERR));
    }
}

void quipu_stage_clear(struct quipu_stage *stage)
{
    struct quipu_context *t = stage->t;

    for (unsigned i = 0; i < stage->workload->log_count; i++) {
        if (stage->options[i] && (t->traits & QUIPU_CAN_PERSIST)) {
            quipu_datastore_teardown(open_datastore(stage, t, i),
                                     stage->schemas[i], ERR);
        }
    }
    quipu_context_close_all(t);
}

void quipu_stage_open(const struct quipu_stage *stage, struct quipu_context *t,
                      quipu_records *records[])
{
    bool apart = stage->workload->apart;

    for (unsigned i = 0; i < stage->workload->log_count; i++) {
        quipu_datastore *datastore =
            apart ? quipu_context_open(t, stage->options[i])
                  : open_datastore(stage, t, i);

        records[i] = quipu_context_bind(t, datastore, stage->schemas[i]);
    }
}

/* ------------------------------------------------------------------- actors */

void quipu_stage_enter(struct quipu_stage *stage, struct quipu_actor *actor,
                       quipu_records *const records[], uint32_t session,
                       uint32_t process)
{
    const struct quipu_workload *w = stage->workload;

    *actor = (struct quipu_actor){
        .t = stage->t,
        .session = session,
        .random = stage->seed + session * UINT64_C(0x632be59bd9b4e019),
        .log_count = w->log_count,
        .hot = w->hot,
        .status = QUIPU_CONFLICT,
        .excuses = w->stops > 0,
    };
    for (unsigned i = 0; i < w->log_count; i++) {
        struct quipu_actor_log *log = &actor->logs[i];

        log->name[0] = (char)('a' + (int)i);
        log->records = records[i];
        log->text = w->shapes[i] & QUIPU_SHAPE_TEXT;
        log->events = !(w->shapes[i] & QUIPU_SHAPE_NO_EVENT_ID);
        for (unsigned k = 0; k < QUIPU_ACTOR_HOT; k++) {
            log->last[k] = -1;
        }
    }
    quipu_record_open(&actor->recorder, stage->folder, session, process,
                      stage->epoch);
}

void quipu_stage_leave(struct quipu_actor *actor)
{
    quipu_record_close(&actor->recorder);
}

/* -------------------------------------------------------------- one process */

struct cast {
    struct quipu_stage *stage;
    struct quipu_context *t;
    quipu_records *records[QUIPU_ACTOR_LOGS]; /* unless each has its own */
    uint32_t process, first;
};

/* Whether an actor that has made so many moves goes on. */
static bool in_time(const struct quipu_stage *stage, unsigned moves)
{
    if (stage->workload->stops > 0) {
        return !atomic_load(&stage->shared->stopped);
    }
    return moves < FEW || quipu_record_clock() - stage->epoch <
                              (int64_t)stage->workload->seconds * 1000000000 *
                                  stage->t->patience;
}

/* What a process that was killed may have appended, or not. */
static void repeat_for_another(struct quipu_actor *a,
                               struct quipu_draft_slot *slot)
{
    if (slot->pending && a->logs[slot->draft.log].events) {
        struct quipu_draft draft = slot->draft;

        quipu_actor_append(a, &draft);
    }
    slot->pending = false;
}

/* What is in doubt is repeated, as a program would. */
static void settle(struct quipu_actor *a)
{
    if (a->status == QUIPU_UNKNOWN_OUTCOME && a->logs[a->draft.log].events) {
        struct quipu_draft draft = a->draft;

        quipu_actor_append(a, &draft);
    }
}

/* The last to finish wakes those who wait for more. */
static void write(struct quipu_stage *stage, struct quipu_actor *a)
{
    const struct quipu_workload *w = stage->workload;

    for (unsigned k = 0; k < w->moves && in_time(stage, k); k++) {
        quipu_moves_make(a, w->weights);
        settle(a);
    }
    if (atomic_fetch_sub(&stage->shared->writing, 1) == 1) {
        quipu_moves_close(a);
    }
}

/* Follows until nobody writes any more, and to the end. */
static void follow(struct quipu_stage *stage, struct quipu_actor *a,
                   unsigned log)
{
    while (atomic_load(&stage->shared->writing) > 0) {
        quipu_moves_follow(a, log, (int64_t)LONG_WAIT * a->t->patience);
    }
    while (quipu_moves_follow(a, log, SHORT_WAIT)) {
        continue;
    }
}

static void act(void *context, unsigned i)
{
    struct cast *cast = context;
    struct quipu_stage *stage = cast->stage;
    const struct quipu_workload *w = stage->workload;
    quipu_records *own[QUIPU_ACTOR_LOGS];
    struct quipu_actor *actor = quipu_context_allocate(cast->t, sizeof(*actor));

    if (w->apart) {
        quipu_stage_open(stage, cast->t, own);
    }
    quipu_stage_enter(stage, actor, w->apart ? own : cast->records,
                      cast->first + i, cast->process);
    actor->t = cast->t;
    if (w->kills > 0) {
        actor->slot = &stage->shared->slots[cast->process][i];
        repeat_for_another(actor, actor->slot);
    }
    if (i < w->threads - w->followers) {
        write(stage, actor);
    } else {
        follow(stage, actor, i % w->log_count);
    }
    quipu_stage_leave(actor);
}

void quipu_stage_act(struct quipu_stage *stage, struct quipu_context *t,
                     uint32_t process, uint32_t first)
{
    struct cast cast = {
        .stage = stage, .t = t, .process = process, .first = first
    };

    if (!stage->workload->apart) {
        quipu_stage_open(stage, t, cast.records);
    }
    quipu_workers_run_threads(stage->workload->threads, act, &cast);
}
