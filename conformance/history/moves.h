/* SPDX-License-Identifier: Apache-2.0 */
/* What actors do: moves, drawn by weight.  What is drawn depends on the seed
 * alone; positions depend on what the actor was told, too. */
#ifndef QUIPU_MOVES_H
#define QUIPU_MOVES_H

#include "actor.h"

enum quipu_move {
    QUIPU_MOVE_NEXT,    /* items, their positions left to the store */
    QUIPU_MOVE_AT,      /* after the last position that it knows */
    QUIPU_MOVE_GROUP,   /* over several sequences, both ways */
    QUIPU_MOVE_GUARD,   /* with a guard on another sequence */
    QUIPU_MOVE_DEMAND,  /* guards, and no item */
    QUIPU_MOVE_CREATE,  /* to a new sequence, guarded to be empty */
    QUIPU_MOVE_PROCESS, /* with a tracking record that others may pass */
    QUIPU_MOVE_REPEAT,  /* its last append, unchanged */
    QUIPU_MOVE_STEAL,   /* with the event id of an item that is stored */
    QUIPU_MOVE_READ,    /* a sequence: bounds, limits, both directions */
    QUIPU_MOVE_PAIR,    /* two sequences, one after the other */
    QUIPU_MOVE_LAST,
    QUIPU_MOVE_HEAD,
    QUIPU_MOVE_LOG,  /* a part of the log, in both directions */
    QUIPU_MOVE_TAIL, /* waits a little, and reads what came */
    QUIPU_MOVE_TRACK,
    QUIPU_MOVES
};

/* Makes one move; `weights` by enum quipu_move, not all zero. */
void quipu_moves_make(struct quipu_actor *a,
                      const uint8_t weights[QUIPU_MOVES]);

/* Waits, and reads what came; whether something did. */
bool quipu_moves_follow(struct quipu_actor *a, unsigned log,
                        int64_t milliseconds);

/* Appends to each log, so that nobody waits for ever. */
void quipu_moves_close(struct quipu_actor *a);

/* Reads all at the end: each hot sequence in both directions, tracking, and the
 * log, which is final. */
void quipu_moves_finish(struct quipu_actor *a, bool tracks);

#endif
