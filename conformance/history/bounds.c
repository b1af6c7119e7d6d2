/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounds on the head of the log, and the check that they agree in real time:
 * INV3 and INV4 (checker.c).
 *
 * INV4 is checked in two passes over the operations.  The first notes, for each
 * id, the earliest end of an operation whose lower bound is that id; a sweep
 * from the head downwards turns this into the earliest end of an operation
 * whose lower bound is that id or a higher one.  The second pass compares the
 * begin of each operation with the entry for the id after its upper bound.
 *
 * Appends and other operations are noted apart, because it depends on them
 * which guarantee is broken: a read that misses what an append was told is
 * stale; a read that misses what another read saw is not monotonic.
 */
#include "checker.h"

#include "context/assertion.h"

#include <inttypes.h>
#include <stdlib.h>

/* INV3: `low` moves up to the end of an append and `high` down to the end of
 * the append before the one that it cuts. */
void quipu_history_bounds_set(struct quipu_checker *c, size_t operation,
                              int64_t low, int64_t high, int kind)
{
    const struct quipu_operation *op = &c->history->operations[operation];
    const struct quipu_final_log *log = &c->logs[op->log];
    size_t missing = QUIPU_NO_OPERATION;
    bool torn = low <= high && kind == QUIPU_TORN_APPEND;

    if (low >= 1 && low <= log->head) {
        low = quipu_history_final_log_commit_last(log, low);
    }
    if (high >= 0 && high < log->head) {
        missing = log->appender[high + 1];
        high = quipu_history_final_log_commit_first(log, high + 1) - 1;
    }
    if (low > high) {
        quipu_history_violations_add(
            c, QUIPU_VIOLATION(kind, high + 1, operation, missing),
            torn ? "%s saw the log end between ids %" PRId64 " and %" PRId64
                   ", which belong to one append"
                 : "no instant fits the response of %s: it needs the log to "
                   "contain id %" PRId64 " and not id %" PRId64,
            quipu_history_violations_operation(c, operation).text,
            torn ? high + 1 : low, torn ? low : high + 1);
        return;
    }
    c->bounds[operation] =
        (struct quipu_bounds){ low, high, op->begin, op->opened, true };
}

/* ------------------------------------------------------------ lower bounds */

/* The bounds of one operation, with which they are compared; an append raises
 * the head from `high` to `low`, another operation finds it between them. */
struct observation {
    size_t number;
    int64_t low, high, begin, end;
    bool append;
};

/* Returns false if the operation says nothing about the head. */
static bool observe(const struct quipu_checker *c, size_t number,
                    struct observation *o)
{
    const struct quipu_operation *op = &c->history->operations[number];
    const struct quipu_append_outcome *outcome = &c->outcomes[number];
    const struct quipu_bounds *b = &c->bounds[number];

    if (b->valid) {
        *o = (struct observation){ number,   b->low, b->high,
                                   b->begin, b->end, false };
        return true;
    }
    if (op->call != QUIPU_HISTORY_APPEND || outcome->first == 0 ||
        !outcome->allowed) {
        return false;
    }
    *o = (struct observation){
        .number = outcome->storer,
        .append = true,
        .low = quipu_history_final_log_commit_last(&c->logs[op->log],
                                                   outcome->first),
        .high = outcome->first - 1,
        .begin = outcome->begin,
        .end = outcome->end,
    };
    return true;
}

static void note_reached(struct quipu_checker *c, uint32_t log,
                         const struct observation *o)
{
    struct quipu_reached *reached;

    if (o->low < 1 || o->low > c->logs[log].head) {
        return;
    }
    reached = &c->reached[log][o->low];
    if (o->append && o->end < reached->append_end) {
        reached->append_end = o->end;
        reached->append = o->number;
    } else if (!o->append && o->end < reached->read_end) {
        reached->read_end = o->end;
        reached->read = o->number;
    }
}

/* An operation that proves an id proves the ids below it. */
static void propagate(struct quipu_checker *c, uint32_t log)
{
    struct quipu_reached *reached = c->reached[log];

    for (int64_t id = c->logs[log].head - 1; id >= 1; id--) {
        if (reached[id + 1].append_end < reached[id].append_end) {
            reached[id].append_end = reached[id + 1].append_end;
            reached[id].append = reached[id + 1].append;
        }
        if (reached[id + 1].read_end < reached[id].read_end) {
            reached[id].read_end = reached[id + 1].read_end;
            reached[id].read = reached[id + 1].read;
        }
    }
}

static void create_reached(struct quipu_checker *c)
{
    size_t logs = c->history->logs.count;

    c->reached = calloc(logs + 1, sizeof(*c->reached));
    CHECK(c->reached, "out of memory while checking a history");
    for (size_t i = 0; i < logs; i++) {
        size_t count = (size_t)c->logs[i].head + 2;

        c->reached[i] = calloc(count, sizeof(*c->reached[i]));
        CHECK(c->reached[i], "out of memory while checking a history");
        for (size_t id = 0; id < count; id++) {
            c->reached[i][id] =
                (struct quipu_reached){ QUIPU_HISTORY_NEVER,
                                        QUIPU_HISTORY_NEVER, QUIPU_NO_OPERATION,
                                        QUIPU_NO_OPERATION };
        }
    }
}

/* ------------------------------------------------------------ upper bounds */

/* The operation `earlier` proved the id before the append began. */
static void report_append(struct quipu_checker *c, const struct observation *o,
                          size_t earlier, bool by_append)
{
    struct quipu_operation_name before =
        quipu_history_violations_operation(c, earlier);
    struct quipu_operation_name name =
        quipu_history_violations_operation(c, o->number);

    if (by_append) {
        quipu_history_violations_add(
            c,
            QUIPU_VIOLATION(QUIPU_REORDERED, o->high + 1, earlier, o->number),
            "append %s was acknowledged before append %s began, but comes "
            "after it in the log",
            before.text, name.text);
    } else {
        quipu_history_violations_add(
            c,
            QUIPU_VIOLATION(QUIPU_TOO_EARLY, o->high + 1, earlier, o->number),
            "%s shows id %" PRId64 ", which %s began to append only later",
            before.text, o->high + 1, name.text);
    }
}

static int kind_of(const struct quipu_checker *c, const struct observation *o,
                   bool by_append)
{
    const struct quipu_operation *op = &c->history->operations[o->number];

    if (op->call == QUIPU_HISTORY_APPEND) {
        return op->status != QUIPU_OK ? QUIPU_UNJUSTIFIED_CONFLICT
                                      : QUIPU_UNJUSTIFIED_SUCCESS;
    }
    if (op->call == QUIPU_HISTORY_WAIT && op->status == QUIPU_TIMEOUT) {
        return QUIPU_LATE_WAKE;
    }
    return by_append ? QUIPU_STALE_READ : QUIPU_NON_MONOTONIC;
}

static bool reads_sequence(const struct quipu_operation *op)
{
    return op->call == QUIPU_HISTORY_READ || op->call == QUIPU_HISTORY_LAST;
}

/* Returns true if an append wrote to the sequences of both reads, and the
 * earlier read shows its items while the later one does not. */
static bool is_torn(const struct quipu_checker *c, const struct observation *o,
                    size_t earlier)
{
    const struct quipu_operation *a = &c->history->operations[earlier];
    const struct quipu_operation *b = &c->history->operations[o->number];

    return reads_sequence(a) && reads_sequence(b) &&
           a->sequence != b->sequence &&
           quipu_history_final_log_commit_last(&c->logs[a->log], o->high + 1) ==
               c->bounds[earlier].low;
}

/* The operation `earlier` proved an id that this one, which began later, did
 * not find. */
static void report_read(struct quipu_checker *c, const struct observation *o,
                        size_t earlier, bool by_append)
{
    struct quipu_operation_name before =
        quipu_history_violations_operation(c, earlier);
    struct quipu_operation_name name =
        quipu_history_violations_operation(c, o->number);
    struct quipu_violation_subject subject = QUIPU_VIOLATION(
        kind_of(c, o, by_append), o->high + 1, earlier, o->number);

    if (subject.kind == QUIPU_LATE_WAKE) {
        quipu_history_violations_add(c, subject,
                                     "a wait for id %" PRId64
                                     " timed out long after the log had "
                                     "reached it",
                                     o->high + 1);
    } else if (by_append) {
        quipu_history_violations_add(
            c, subject,
            "%s was acknowledged before %s began, which took effect without "
            "id %" PRId64,
            before.text, name.text, o->high + 1);
    } else {
        if (subject.kind == QUIPU_NON_MONOTONIC && is_torn(c, o, earlier)) {
            subject.kind = QUIPU_TORN_APPEND;
        }
        quipu_history_violations_add(c, subject,
                                     "%s shows the log beyond id %" PRId64
                                     ", but %s, which began later, does not",
                                     before.text, o->high, name.text);
    }
}

/* INV4. */
static void check(struct quipu_checker *c, uint32_t log,
                  const struct observation *o)
{
    const struct quipu_reached *reached;
    bool by_append;
    size_t earlier;

    if (o->high < 0 || o->high >= c->logs[log].head) {
        return;
    }
    reached = &c->reached[log][o->high + 1];
    by_append = reached->append_end < o->begin;
    if (!by_append && reached->read_end >= o->begin) {
        return;
    }
    earlier = by_append ? reached->append : reached->read;
    if (o->append) {
        report_append(c, o, earlier, by_append);
    } else {
        report_read(c, o, earlier, by_append);
    }
}

/* A wait returns at most wake_limit after the log is known to have grown. */
static void check_wake(struct quipu_checker *c, size_t number)
{
    const struct quipu_operation *op = &c->history->operations[number];
    const struct quipu_reached *reached;
    int64_t grown;
    bool by_append;

    if (op->call != QUIPU_HISTORY_WAIT || op->status != QUIPU_OK ||
        c->history->wake_limit == 0 || op->tracking < 0 ||
        op->tracking >= c->logs[op->log].head) {
        return;
    }
    reached = &c->reached[op->log][op->tracking + 1];
    by_append = reached->append_end < reached->read_end;
    grown = by_append ? reached->append_end : reached->read_end;
    grown = grown > op->begin ? grown : op->begin;
    if (grown != QUIPU_HISTORY_NEVER &&
        op->end - grown > c->history->wake_limit) {
        quipu_history_violations_add(
            c,
            QUIPU_VIOLATION(QUIPU_LATE_WAKE, op->tracking + 1, number,
                            by_append ? reached->append : reached->read),
            "a wait went on for %" PRId64 " ms after the log had grown",
            (op->end - grown) / 1000000);
    }
}

void quipu_history_bounds_check(struct quipu_checker *c)
{
    const struct quipu_history *h = c->history;
    struct observation o;

    create_reached(c);
    for (size_t i = 0; i < h->operation_count; i++) {
        if (observe(c, i, &o)) {
            note_reached(c, h->operations[i].log, &o);
        }
    }
    for (uint32_t i = 0; i < h->logs.count; i++) {
        propagate(c, i);
    }
    for (size_t i = 0; i < h->operation_count; i++) {
        if (observe(c, i, &o)) {
            check(c, h->operations[i].log, &o);
        }
        check_wake(c, i);
    }
}

void quipu_history_bounds_finish(struct quipu_checker *c)
{
    for (size_t i = 0; i < c->history->logs.count; i++) {
        free(c->reached[i]);
    }
    free(c->reached);
}
