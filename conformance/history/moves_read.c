/* SPDX-License-Identifier: Apache-2.0 */
/* The moves that read. */
#include "moves_read.h"

#include "moves.h"

#define WINDOW 12 /* items that a read asks for, about */

/* A query near the end that the actor knows: so that it stays short, and may
 * see what is new.  Each kind of bound, and none, comes up. */
static quipu_query some_query(struct quipu_actor *a, int64_t end)
{
    quipu_query q = { .struct_size = sizeof(q) };
    int64_t low = end - (int64_t)quipu_actor_random(a, WINDOW);
    int64_t high = low + (int64_t)quipu_actor_random(a, WINDOW) + 1;
    uint64_t form = quipu_actor_random(a, 16);

    q.gt = q.gte = low;
    q.lt = q.lte = high;
    q.limit = (int64_t)quipu_actor_random(a, WINDOW);
    if (form & 1) {
        q.flags |= QUIPU_QUERY_DESCENDING;
    }
    /* Ascending from the beginning, without a limit, all would be read. */
    if (form & 2) {
        q.flags |= form & 4 ? QUIPU_QUERY_GT : QUIPU_QUERY_GTE;
    } else {
        q.flags |= QUIPU_QUERY_LIMIT;
    }
    if (form & 8) {
        q.flags |= form & 4 ? QUIPU_QUERY_LT : QUIPU_QUERY_LTE;
    }
    return q;
}

void quipu_moves_read(struct quipu_actor *a)
{
    unsigned log = quipu_actor_some_log(a);
    struct quipu_label sequence = quipu_actor_some_hot(a);
    quipu_query q = some_query(a, a->logs[log].last[sequence.a]);

    quipu_actor_read(a, log, sequence, &q);
}

void quipu_moves_log(struct quipu_actor *a)
{
    unsigned log = quipu_actor_some_log(a);
    quipu_query q = some_query(a, a->logs[log].head);

    quipu_actor_read_log(a, log, &q, false);
}

/* What grows together must be seen together. */
void quipu_moves_pair(struct quipu_actor *a)
{
    unsigned log = quipu_actor_some_log(a);
    struct quipu_label one = quipu_actor_some_hot(a);
    struct quipu_label other = { 'h', (one.a + 1) % a->hot, 0 };
    quipu_query q = { .struct_size = sizeof(q),
                      .flags = QUIPU_QUERY_LIMIT | QUIPU_QUERY_DESCENDING,
                      .limit = 2 };

    quipu_actor_read(a, log, one, &q);
    if (quipu_actor_random(a, 2) == 0) {
        quipu_actor_last(a, log, other);
    } else {
        quipu_actor_read(a, log, other, &q);
    }
}

void quipu_moves_last(struct quipu_actor *a)
{
    unsigned log = quipu_actor_some_log(a);

    quipu_actor_last(a, log, quipu_actor_some_hot(a));
}

void quipu_moves_head(struct quipu_actor *a)
{
    quipu_actor_head(a, quipu_actor_some_log(a));
}

void quipu_moves_track(struct quipu_actor *a)
{
    quipu_actor_track(a, quipu_actor_some_log(a));
}

void quipu_moves_tail(struct quipu_actor *a)
{
    quipu_moves_follow(a, quipu_actor_some_log(a), 20);
}

/* ------------------------------------------------------------- followers */

bool quipu_moves_follow(struct quipu_actor *a, unsigned log,
                        int64_t milliseconds)
{
    quipu_query q = { .struct_size = sizeof(q),
                      .flags = QUIPU_QUERY_GT | QUIPU_QUERY_LIMIT,
                      .limit = 100 };

    if (!quipu_actor_wait(a, log, milliseconds)) {
        return false;
    }
    do {
        q.gt = a->logs[log].head;
    } while (quipu_actor_read_log(a, log, &q, false) == 100);
    return true;
}

void quipu_moves_finish(struct quipu_actor *a, bool tracks)
{
    quipu_query q = { .struct_size = sizeof(q) };

    for (unsigned log = 0; log < a->log_count; log++) {
        quipu_actor_head(a, log);
        for (uint32_t i = 0; i < a->hot; i++) {
            struct quipu_label sequence = { 'h', i, 0 };

            q.flags = 0;
            quipu_actor_read(a, log, sequence, &q);
            q.flags = QUIPU_QUERY_DESCENDING;
            quipu_actor_read(a, log, sequence, &q);
            quipu_actor_last(a, log, sequence);
        }
        q.flags = 0;
        if (tracks) {
            quipu_actor_track(a, log);
        }
        /* Last, should a server still finish what a killed process began. */
        quipu_actor_read_log(a, log, &q, true);
    }
}
