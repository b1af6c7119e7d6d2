/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outcomes of appends: where each append stands in the final log, which of its
 * attempts stored it, and within which interval.
 *
 * An append and its repeats are attempts at one append; the first attempt, the
 * one that the origins of the items name, stands for all of them.
 */
#ifndef QUIPU_HISTORY_APPEND_OUTCOMES_H
#define QUIPU_HISTORY_APPEND_OUTCOMES_H

#include "history.h"

struct quipu_checker;

/* Of a first attempt. */
struct quipu_append_outcome {
    int64_t first;      /* id of the first item; 0: not in the log */
    size_t storer;      /* the attempt that stored it */
    int64_t begin, end; /* the interval in which it was stored */
    bool unknown;       /* no attempt was told that it stored the append */
    bool allowed;       /* at least one attempt may have stored it */
};

/* Fills c->outcomes and c->first_attempts, and finds appends that are in the
 * log in part, twice, or although every attempt failed. */
void quipu_history_append_outcomes_find(struct quipu_checker *c);

/* Checks what successful appends returned, and that the guards of each append
 * in the log held where it stands. */
void quipu_history_append_outcomes_check(struct quipu_checker *c);

/* The id with which the final log has the item; 0 if it does not have it. */
int64_t quipu_history_append_outcomes_stored_id(
    const struct quipu_checker *c, struct quipu_history_origin origin);

#endif
