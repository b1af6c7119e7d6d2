/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checker: finds out, from a history alone, whether the store kept its
 * guarantees.  checker.c explains the method.
 *
 * struct quipu_checker is the state that its parts share.  They run in this
 * order, and each uses what those before it have filled in: final_log,
 * append_outcomes, conflict_bounds and read_bounds, bounds.
 */
#ifndef QUIPU_HISTORY_CHECKER_H
#define QUIPU_HISTORY_CHECKER_H

#include "append_outcomes.h"
#include "bounds.h"
#include "final_log.h"
#include "history.h"
#include "violations.h"

struct quipu_checker {
    const struct quipu_history *history;
    struct quipu_violations *violations;
    struct quipu_final_log *logs;          /* by log */
    struct quipu_progression *sequences;   /* by sequence */
    struct quipu_progression *consumers;   /* by consumer */
    struct quipu_append_outcome *outcomes; /* by operation: of the append
                                              whose first attempt it is */
    size_t *first_attempts;                /* by operation: the first attempt
                                              of an append */
    struct quipu_bounds *bounds;           /* by operation */
    struct quipu_reached **reached;        /* by log, by id 1 .. head + 1 */
};

/* Checks a history.  Fills `violations`, which may be uninitialised; returns
 * true if there are none. */
bool quipu_history_checker_run(const struct quipu_history *history,
                               struct quipu_violations *violations);

/* The index of an operation of the history. */
static inline size_t quipu_checker_index(const struct quipu_checker *c,
                                         const struct quipu_operation *op)
{
    return (size_t)(op - c->history->operations);
}

/* The name of a sequence. */
static inline const char *quipu_checker_sequence(const struct quipu_checker *c,
                                                 uint32_t sequence)
{
    return c->history->sequences.at[sequence].text;
}

#endif
