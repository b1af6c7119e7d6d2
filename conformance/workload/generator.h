/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The generator of a session's operations: steps drawn at random by weight.
 * The draw depends on the seed alone; the positions and ids in a step also
 * depend on the responses that the session has got.
 */
#ifndef QUIPU_WORKLOAD_GENERATOR_H
#define QUIPU_WORKLOAD_GENERATOR_H

#include "session.h"

enum quipu_workload_step {
    QUIPU_STEP_NEXT,       /* append; the store chooses the positions */
    QUIPU_STEP_POSITION,   /* append after the last position it knows */
    QUIPU_STEP_GROUP,      /* append to several sequences, both ways */
    QUIPU_STEP_GUARD,      /* append with a guard on another sequence */
    QUIPU_STEP_GUARD_ONLY, /* append guards without an item */
    QUIPU_STEP_CREATE,     /* append to a new sequence, guarded to be empty */
    QUIPU_STEP_TRACKING,   /* append with a tracking record */
    QUIPU_STEP_REPEAT,     /* its last append, unchanged */
    QUIPU_STEP_STOLEN_ID,  /* append with the event id of a stored item */
    QUIPU_STEP_READ,       /* read a sequence: bounds, limit, direction */
    QUIPU_STEP_PAIR,       /* read two sequences, one after the other */
    QUIPU_STEP_LAST,
    QUIPU_STEP_HEAD,
    QUIPU_STEP_LOG,  /* read a part of the log in either direction */
    QUIPU_STEP_TAIL, /* wait a little and read the new part of the log */
    QUIPU_STEP_READ_TRACKING,
    QUIPU_STEPS
};

/* Makes one step; `weights` by enum quipu_workload_step, not all zero. */
void quipu_generator_step(struct quipu_session *s,
                          const uint8_t weights[QUIPU_STEPS]);

/* Waits for the log to grow and reads the new part; returns false if the wait
 * timed out. */
bool quipu_generator_follow(struct quipu_session *s, unsigned log,
                            int64_t milliseconds);

/* Appends an item to each log, so that no follower waits to its timeout. */
void quipu_generator_append_last(struct quipu_session *s);

/* Makes the final reads: the head, each shared sequence in both directions, the
 * tracking record if `tracks`, and the log with `final`. */
void quipu_generator_read_all(struct quipu_session *s, bool tracks);

#endif
