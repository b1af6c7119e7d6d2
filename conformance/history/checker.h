/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges a history by the recordings alone.
 *
 * The log as it was read at the end is the order of commits.  Every operation
 * must fit into it at an instant between its begin and its end: an append
 * where its items stand, all else between two commits.  So each says of the
 * log's head that it was below an id at some time, or not below it; what one
 * says must not contradict another.  The work is linear in what was recorded.
 */
#ifndef QUIPU_CHECKER_H
#define QUIPU_CHECKER_H

#include "history.h"

enum quipu_violation_kind {
    QUIPU_LOST_APPEND,       /* acknowledged, and not in the log */
    QUIPU_REFUSED_VISIBLE,   /* refused or never made, and seen or stored */
    QUIPU_VANISHED,          /* seen, and not in the log at the end */
    QUIPU_TORN_APPEND,       /* one item without another of its append */
    QUIPU_DUPLICATE,         /* an item twice, an id or a position twice */
    QUIPU_GAP,               /* ids or positions that nobody has */
    QUIPU_LATE_ARRIVAL,      /* an id above was seen, and not the one below */
    QUIPU_REORDERED,         /* acknowledged before another began, and after
                                it in the log */
    QUIPU_TOO_EARLY,         /* shows what was appended after it was opened */
    QUIPU_STALE_READ,        /* does not show what was acknowledged before */
    QUIPU_NON_MONOTONIC,     /* does not show what a read before has shown */
    QUIPU_CAUSELESS_SUCCESS, /* stored, though it demanded what was not so */
    QUIPU_CAUSELESS_REFUSAL, /* at no instant of the call was it right */
    QUIPU_WRONG_RESULT,      /* told ids or positions are not those stored */
    QUIPU_WRONG_READ,        /* order, bounds, limit, another sequence */
    QUIPU_ALTERED_ITEM,      /* not as it was appended */
    QUIPU_LATE_WAKE,         /* waited on though the log had grown */
    QUIPU_VIOLATION_KINDS
};

#define QUIPU_VIOLATION_OPERATIONS 4

struct quipu_violation {
    enum quipu_violation_kind kind;
    size_t operations[QUIPU_VIOLATION_OPERATIONS]; /* of the history's */
    unsigned operation_count;
    int64_t id;     /* the notification id that it is about, or 0 */
    char text[320]; /* what is wrong, in a sentence */
};

#define QUIPU_VIOLATIONS_KEPT 8 /* of each kind; the rest is counted */

struct quipu_violations {
    struct quipu_violation at[QUIPU_VIOLATION_KINDS][QUIPU_VIOLATIONS_KEPT];
    size_t counts[QUIPU_VIOLATION_KINDS];
    size_t total;
};

/* Fills `violations`, which may be uninitialised.  True: there are none. */
bool quipu_history_check(const struct quipu_history *history,
                         struct quipu_violations *violations);

/* "lost-append", and the guarantee that it breaks, "V1". */
const char *quipu_violation_name(int kind);
const char *quipu_violation_guarantee(int kind);

/* How much a history has put to the test. */
struct quipu_history_counts {
    size_t operations, items, unanswered, unknown;
    size_t overlaps;     /* operations that began while another was under way */
    size_t conflicts[8]; /* by enum quipu_cause */
    size_t already;
    size_t failed;  /* appends that found no store, and left nothing */
    size_t repeats; /* that met a stored one */
    size_t woken;   /* waits that began before what they were told of */
    size_t guarded; /* appends with guards that were stored */
};

void quipu_history_count(const struct quipu_history *history,
                         struct quipu_history_counts *counts);

#endif
