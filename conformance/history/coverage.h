/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Coverage: which situations a history contains.  A history without conflicts
 * or without operations that overlap proves nothing, however correct it is; a
 * workload therefore states what its history has to cover.
 */
#ifndef QUIPU_HISTORY_COVERAGE_H
#define QUIPU_HISTORY_COVERAGE_H

#include "history.h"

struct quipu_coverage {
    size_t operations;
    size_t items;        /* stored, without repeats */
    size_t unanswered;   /* operations that a kill interrupted */
    size_t unknown;      /* appends with an unknown outcome */
    size_t overlaps;     /* operations that began while another was running */
    size_t conflicts[8]; /* by enum quipu_cause */
    size_t already;      /* appends that another consumer's record overtook */
    size_t failed;       /* appends that did not reach the store */
    size_t repeats;      /* appends that were answered as repeats */
    size_t woken;        /* waits that began before the append which they
                            reported */
    size_t guarded;      /* appends with guards that were stored */
};

void quipu_history_coverage_count(const struct quipu_history *history,
                                  struct quipu_coverage *coverage);

#endif
