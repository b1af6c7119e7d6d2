/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Races of threads.
 *
 * Threads append at the same time, in rounds, through one datastore or through
 * one each.  A race proves nothing unless calls overlap, so it counts
 * collisions, goes on until there are enough of them or half of the case's time
 * is over, and fails if there was none.
 */
#ifndef QUIPU_RACE_H
#define QUIPU_RACE_H

#include "cases/case.h"

#include <stdatomic.h>

#define QUIPU_RACE_THREADS 8

struct quipu_race {
    struct quipu_context *ctx;
    quipu_records *records[QUIPU_RACE_THREADS]; /* one of each thread */
    quipu_bytes s[QUIPU_RACE_THREADS];          /* sequences */
    unsigned round;
    atomic_uint won, lost; /* appends that were stored, and refused */
    atomic_uint seen;      /* items read while a writer was active */
    atomic_uint stored;    /* items */
    int64_t until;         /* no rounds for more collisions after this time */
    atomic_uint inside;    /* number of appends in progress */
    atomic_uint collided;  /* appends that began while another was in
                            * progress */
};

/* Initialises a race with a new schema of the given shape.  `separate`: each
 * thread has a datastore of its own. */
void quipu_race_begin(struct quipu_race *race, struct quipu_context *ctx,
                      unsigned shape, bool separate);
/* Makes a thread's append and counts collisions; returns the status. */
int quipu_race_append(struct quipu_race *race, struct quipu_builder *builder);
/* Returns true if another round is needed: too few collisions, and time left.
 */
bool quipu_race_goes_on(const struct quipu_race *race, unsigned collisions);
/* Counts the collisions, and fails the case if there are none. */
void quipu_race_check_collided(struct quipu_context *ctx, unsigned collisions);

/* ------------------------------------------------ reads beside the writers */

/* Returns the last position of a sequence, or -1 if it is empty. */
int64_t quipu_race_last_position(quipu_records *records, quipu_bytes sequence);

/* Reads the log after notification id `*seen` as a consumer does, checks that
 * the ids have no gap and that appends of two items are whole, and updates
 * `*seen`.  Returns the number of new items. */
unsigned quipu_race_follow(quipu_records *records, int64_t *seen);

#endif
