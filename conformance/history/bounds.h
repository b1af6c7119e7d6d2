/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounds on the head of the log, which follow from the response of each
 * operation, and the check that all of them agree in real time.  checker.c
 * explains the method.
 */
#ifndef QUIPU_HISTORY_BOUNDS_H
#define QUIPU_HISTORY_BOUNDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct quipu_checker;

/* At an instant between `begin` and `end` the head of the log was at least
 * `low` and at most `high`. */
struct quipu_bounds {
    int64_t low, high;
    int64_t begin, end;
    bool valid;
};

/* The earliest end of an operation which proves that the head had reached an
 * id: of an append, and of any other operation. */
struct quipu_reached {
    int64_t append_end, read_end;
    size_t append, read; /* these operations */
};

/* Notes the bounds of an operation that appended nothing, widened to whole
 * commits (INV3).  An empty range is a violation of the given kind. */
void quipu_history_bounds_set(struct quipu_checker *c, size_t operation,
                              int64_t low, int64_t high, int kind);

/* Derives bounds from conflicts and repeats (conflict_bounds.c), and from
 * reads, heads, tracking records and waits (read_bounds.c). */
void quipu_history_conflict_bounds_find(struct quipu_checker *c);
void quipu_history_read_bounds_find(struct quipu_checker *c);

/* Checks the bounds of all operations against each other (INV4). */
void quipu_history_bounds_check(struct quipu_checker *c);
void quipu_history_bounds_finish(struct quipu_checker *c);

#endif
