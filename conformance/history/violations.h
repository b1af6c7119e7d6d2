/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Violations that the checker finds in a history.  Each has a kind, the
 * guarantee that is broken, the operations that are evidence for it, and a
 * sentence.
 *
 * The kind implies the guarantee, except where one kind covers several: a
 * conflict or a success without justification breaks the guarantee of the
 * precondition, and a gap or a duplicate that of ids or of positions.
 */
#ifndef QUIPU_HISTORY_VIOLATIONS_H
#define QUIPU_HISTORY_VIOLATIONS_H

#include <quipu/types.h>

#include <stddef.h>
#include <stdint.h>

struct quipu_checker;

/* In order of severity: a report shows the first kind that occurs. */
enum quipu_violation_kind {
    QUIPU_LOST_APPEND,         /* acknowledged, but not in the log */
    QUIPU_FAILED_VISIBLE,      /* failed or never requested, but in the log */
    QUIPU_VANISHED,            /* was read, but is not in the final log */
    QUIPU_TORN_APPEND,         /* an append stored or visible in part */
    QUIPU_DUPLICATE,           /* an item, an id or a position twice */
    QUIPU_GAP,                 /* an id or a position that no item has */
    QUIPU_LATE_ARRIVAL,        /* a log read skipped an id that was filled
                                  later */
    QUIPU_REORDERED,           /* acknowledged before another append began, but
                                  behind it in the log */
    QUIPU_TOO_EARLY,           /* shows an append that began only after the
                                  read had ended */
    QUIPU_STALE_READ,          /* does not show an append that was acknowledged
                                  before the read began */
    QUIPU_NON_MONOTONIC,       /* does not show what an earlier read showed */
    QUIPU_UNJUSTIFIED_SUCCESS, /* stored although a precondition did not hold */
    QUIPU_UNJUSTIFIED_CONFLICT, /* at no instant of the call was there a cause
                                 */
    QUIPU_WRONG_RESULT,         /* returned ids or positions are not those in
                                   the log */
    QUIPU_WRONG_READ,           /* order, bounds, limit, another sequence */
    QUIPU_ALTERED_ITEM,         /* differs from the item that was appended */
    QUIPU_LATE_WAKE,            /* a wait went on although the log had grown */
    QUIPU_VIOLATION_KINDS
};

#define QUIPU_VIOLATION_OPERATIONS 4

struct quipu_violation {
    enum quipu_violation_kind kind;
    const char *guarantee;                         /* "V3" */
    size_t operations[QUIPU_VIOLATION_OPERATIONS]; /* indexes */
    unsigned operation_count;
    int64_t id;     /* the notification id concerned, or 0 */
    char text[320]; /* one sentence */
};

#define QUIPU_VIOLATIONS_KEPT 8 /* of each kind; the rest is only counted */

struct quipu_violations {
    struct quipu_violation at[QUIPU_VIOLATION_KINDS][QUIPU_VIOLATIONS_KEPT];
    size_t counts[QUIPU_VIOLATION_KINDS];
    size_t total;
};

#define QUIPU_NO_OPERATION SIZE_MAX /* in place of an operation's index */

/* The subject of a violation: its kind, the notification id or 0, and up to two
 * operations that are evidence.  The append whose item has that id is added as
 * a third.  `guarantee`: NULL if the kind and the first operation imply it. */
struct quipu_violation_subject {
    int kind;
    int64_t id;
    size_t first, second; /* indexes, or QUIPU_NO_OPERATION */
    const char *guarantee;
};

#define QUIPU_VIOLATION(kind, id, first, second) \
    ((struct quipu_violation_subject){ (kind), (id), (first), (second), NULL })
#define QUIPU_VIOLATION_OF(guarantee, kind, id, first, second)          \
    ((struct quipu_violation_subject){ (kind), (id), (first), (second), \
                                       (guarantee) })

void quipu_history_violations_add(struct quipu_checker *c,
                                  struct quipu_violation_subject subject,
                                  const char *format, ...) QUIPU_PRINTF(3, 4);

/* "lost-append" */
const char *quipu_history_violations_name(int kind);

/* Enumerates the guarantees that are broken, each once: index 0, 1 ... until
 * NULL. */
const char *quipu_history_violations_broken(
    const struct quipu_violations *violations, size_t index);

/* The name of an operation in a sentence: "3.17", its session and number. */
struct quipu_operation_name {
    char text[48];
};
struct quipu_operation_name quipu_history_violations_operation(
    const struct quipu_checker *c, size_t operation);

#endif
