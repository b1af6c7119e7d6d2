/* SPDX-License-Identifier: Apache-2.0 */
/* The moves that append. */
#include "moves.h"

#include "moves_read.h"

#include <quipu/types.h>

static void add(struct quipu_draft *draft, struct quipu_label sequence,
                int64_t position)
{
    if (draft->item_count < QUIPU_DRAFT_ITEMS) {
        draft->items[draft->item_count].sequence = sequence;
        draft->items[draft->item_count++].position = position;
    }
}

static void demand(struct quipu_draft *draft, struct quipu_label sequence,
                   int what, int64_t position)
{
    if (draft->guard_count < QUIPU_DRAFT_GUARDS) {
        draft->guards[draft->guard_count].sequence = sequence;
        draft->guards[draft->guard_count].demand = what;
        draft->guards[draft->guard_count++].position = position;
    }
}

/* ------------------------------------------------------------------- items */

static void next(struct quipu_actor *a)
{
    struct quipu_draft draft = { .log = quipu_actor_some_log(a) };

    for (uint64_t n = 1 + quipu_actor_random(a, 3); n > 0; n--) {
        add(&draft, quipu_actor_some_hot(a), QUIPU_HISTORY_NEXT);
    }
    quipu_actor_append(a, &draft);
}

void quipu_moves_close(struct quipu_actor *a)
{
    for (unsigned log = 0; log < a->log_count; log++) {
        struct quipu_draft draft = { .log = log };

        add(&draft, quipu_actor_some_hot(a), QUIPU_HISTORY_NEXT);
        quipu_actor_append(a, &draft);
    }
}

static void add_known(struct quipu_actor *a, struct quipu_draft *draft,
                      struct quipu_label sequence, uint64_t count)
{
    int64_t position = a->logs[draft->log].last[sequence.a];

    while (count-- > 0) {
        add(draft, sequence, ++position);
    }
}

static void at(struct quipu_actor *a)
{
    struct quipu_draft draft = { .log = quipu_actor_some_log(a) };

    add_known(a, &draft, quipu_actor_some_hot(a), 1 + quipu_actor_random(a, 3));
    quipu_actor_append(a, &draft);
}

/* Each hot sequence that is drawn gets two items or none. */
static void group(struct quipu_actor *a)
{
    struct quipu_draft draft = { .log = quipu_actor_some_log(a) };
    uint32_t first = quipu_actor_some_hot(a).a;

    for (uint32_t i = 0; i < a->hot && i < 3; i++) {
        struct quipu_label sequence = { 'h', (first + i) % a->hot, 0 };

        if (quipu_actor_random(a, 3) == 0) {
            add_known(a, &draft, sequence, 2);
        } else {
            add(&draft, sequence, QUIPU_HISTORY_NEXT);
            add(&draft, sequence, QUIPU_HISTORY_NEXT);
        }
    }
    quipu_actor_append(a, &draft);
}

static void create(struct quipu_actor *a)
{
    struct quipu_draft draft = { .log = quipu_actor_some_log(a) };
    struct quipu_label new = { 'n', a->session, a->recorder.number + 1 };

    demand(&draft, new, QUIPU_DEMAND_EMPTY, 0);
    add(&draft, new, 0);
    add(&draft, quipu_actor_some_hot(a), QUIPU_HISTORY_NEXT);
    add(&draft, new, 1);
    quipu_actor_append(a, &draft);
}

/* ------------------------------------------------------------------ guards */

/* A demand that the actor believes to hold, mostly. */
static void demand_known(struct quipu_actor *a, struct quipu_draft *draft)
{
    struct quipu_label sequence = quipu_actor_some_hot(a);
    int64_t last = a->logs[draft->log].last[sequence.a];

    if (last < 0) {
        demand(draft, sequence, QUIPU_DEMAND_EMPTY, 0);
    } else if (quipu_actor_random(a, 3) == 0) {
        demand(draft, sequence, QUIPU_DEMAND_NOT_EMPTY, 0);
    } else {
        demand(draft, sequence, QUIPU_DEMAND_LAST, last);
    }
}

static void guard(struct quipu_actor *a)
{
    struct quipu_draft draft = { .log = quipu_actor_some_log(a) };
    struct quipu_label sequence = quipu_actor_some_hot(a);

    /* Told where it ends, others make that untrue, or do not. */
    if (quipu_actor_random(a, 2) == 0) {
        quipu_actor_last(a, draft.log, sequence);
    }
    demand_known(a, &draft);
    add(&draft, sequence, QUIPU_HISTORY_NEXT);
    if (quipu_actor_random(a, 2) == 0) {
        add_known(a, &draft, (struct quipu_label){ 'h', 0, 0 },
                  sequence.a != 0);
    }
    quipu_actor_append(a, &draft);
}

static void demand_only(struct quipu_actor *a)
{
    struct quipu_draft draft = { .log = quipu_actor_some_log(a) };

    demand_known(a, &draft);
    if (quipu_actor_random(a, 2) == 0) {
        demand_known(a, &draft);
    }
    quipu_actor_append(a, &draft);
}

/* ------------------------------------------------- tracking, and event ids */

/* All actors are copies of one consumer. */
static void process(struct quipu_actor *a)
{
    struct quipu_draft draft = { .log = quipu_actor_some_log(a),
                                 .tracks = true };

    draft.track = a->logs[draft.log].tracked + 1;
    add(&draft, quipu_actor_some_hot(a), QUIPU_HISTORY_NEXT);
    quipu_actor_append(a, &draft);
}

static void repeat(struct quipu_actor *a)
{
    struct quipu_draft draft = a->draft;

    if (draft.item_count > 0 && a->logs[draft.log].events) {
        quipu_actor_append(a, &draft);
    }
}

static void steal(struct quipu_actor *a)
{
    struct quipu_draft draft = { .log = a->draft.log };

    if (a->status != QUIPU_OK || a->draft.item_count == 0 ||
        !a->logs[draft.log].events) {
        return;
    }
    add(&draft, quipu_actor_some_hot(a), QUIPU_HISTORY_NEXT);
    add(&draft, a->draft.items[0].sequence, QUIPU_HISTORY_NEXT);
    draft.items[quipu_actor_random(a, 2)].mark = a->draft.items[0].mark;
    quipu_actor_append(a, &draft);
    a->status = QUIPU_CONFLICT; /* it repeats no theft */
}

/* -------------------------------------------------------------------- moves */

static void (*const moves[QUIPU_MOVES])(struct quipu_actor *a) = {
    [QUIPU_MOVE_NEXT] = next,
    [QUIPU_MOVE_AT] = at,
    [QUIPU_MOVE_GROUP] = group,
    [QUIPU_MOVE_GUARD] = guard,
    [QUIPU_MOVE_DEMAND] = demand_only,
    [QUIPU_MOVE_CREATE] = create,
    [QUIPU_MOVE_PROCESS] = process,
    [QUIPU_MOVE_REPEAT] = repeat,
    [QUIPU_MOVE_STEAL] = steal,
    [QUIPU_MOVE_READ] = quipu_moves_read,
    [QUIPU_MOVE_PAIR] = quipu_moves_pair,
    [QUIPU_MOVE_LAST] = quipu_moves_last,
    [QUIPU_MOVE_HEAD] = quipu_moves_head,
    [QUIPU_MOVE_LOG] = quipu_moves_log,
    [QUIPU_MOVE_TAIL] = quipu_moves_tail,
    [QUIPU_MOVE_TRACK] = quipu_moves_track,
};

void quipu_moves_make(struct quipu_actor *a, const uint8_t weights[QUIPU_MOVES])
{
    unsigned sum = 0;
    uint64_t drawn;
    int move = 0;

    for (int i = 0; i < QUIPU_MOVES; i++) {
        sum += weights[i];
    }
    drawn = quipu_actor_random(a, sum);
    while (drawn >= weights[move]) {
        drawn -= weights[move++];
    }
    moves[move](a);
}
