/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounds from reads, heads, last positions, tracking records and waits.
 *
 * The positions of a sequence and the ids of a log are numbers without gaps
 * (INV1 in checker.c).  The numbers that a query returns must therefore follow
 * each other, beginning at its bound, and the place where it stops says which
 * number was the last one when the cursor was opened:
 *
 *   - the highest number that it returned existed;
 *   - if it stopped although neither its limit nor its bound was reached, the
 *     next number did not exist.
 *
 * For a sequence, the number is then translated to the notification id of the
 * item at that position.
 */
#include "checker.h"

#include <inttypes.h>

/* The last number was at least `low` and at most `high`; not valid: the read
 * returned something wrong, which has been reported. */
struct range {
    int64_t low, high;
    bool valid;
};

/* A read, and the numbers that it may return. */
struct reading {
    const struct quipu_operation *op;
    size_t number;
    bool log;          /* of the log: numbers are ids, not positions */
    int64_t base, end; /* the first number, and the last in the final log */
    int64_t from, to;  /* the bounds of the query, `from` at least base */
};

static const struct quipu_history_entry *entry_of(const struct quipu_checker *c,
                                                  const struct reading *r,
                                                  size_t i)
{
    return &c->history->entries[r->op->entries + i];
}

static int64_t number_of(const struct quipu_checker *c, const struct reading *r,
                         size_t i)
{
    const struct quipu_history_entry *entry = entry_of(c, r, i);

    return r->log ? entry->id : entry->position;
}

/* --------------------------------------------------------- missing numbers */

static bool same_commit(const struct quipu_final_log *log, int64_t a, int64_t b)
{
    return a >= 1 && a <= log->head && b >= 1 && b <= log->head &&
           log->appender[a] == log->appender[b] &&
           log->appender[a] != QUIPU_NO_OPERATION;
}

/* `seen` was returned without its neighbour `missing`. */
static void report_missing(struct quipu_checker *c, const struct reading *r,
                           int64_t missing, int64_t seen)
{
    const struct quipu_final_log *log = &c->logs[r->op->log];
    int kind = QUIPU_GAP;

    if (r->log && missing >= 1 && missing <= log->head && log->at[missing]) {
        kind = same_commit(log, missing, seen) ? QUIPU_TORN_APPEND
                                               : QUIPU_LATE_ARRIVAL;
    }
    quipu_history_violations_add(
        c,
        QUIPU_VIOLATION_OF(kind == QUIPU_GAP && !r->log ? "S4" : NULL, kind,
                           r->log ? missing : 0, r->number,
                           r->log && missing >= 1 && missing <= log->head
                               ? log->appender[missing]
                               : QUIPU_NO_OPERATION),
        "a read returned %s %" PRId64 " but not %" PRId64,
        r->log ? "id" : "position", seen, missing);
}

static void report_order(struct quipu_checker *c, const struct reading *r,
                         int64_t seen, int64_t expected)
{
    quipu_history_violations_add(
        c,
        QUIPU_VIOLATION_OF("S4",
                           seen == expected + (r->op->descending ? 1 : -1)
                               ? QUIPU_DUPLICATE
                               : QUIPU_WRONG_READ,
                           r->log ? seen : 0, r->number, QUIPU_NO_OPERATION),
        "a read returned %s %" PRId64 " where %" PRId64 " was expected",
        r->log ? "id" : "position", seen, expected);
}

/* Returns false, and reports why, if `seen` is not the expected number. */
static bool check_step(struct quipu_checker *c, const struct reading *r,
                       int64_t seen, int64_t expected)
{
    bool passed = r->op->descending ? seen < expected : seen > expected;

    if (seen == expected) {
        return true;
    }
    if (passed && seen >= r->from && seen <= r->to) {
        report_missing(c, r, expected, seen);
    } else {
        report_order(c, r, seen, expected);
    }
    return false;
}

/* ------------------------------------------------------- ranges of numbers */

static struct range range_ascending(struct quipu_checker *c,
                                    const struct reading *r)
{
    struct range range = { r->base - 1, INT64_MAX, true };
    int64_t expected = r->from;

    for (size_t i = 0; i < r->op->count; i++) {
        range.valid = check_step(c, r, number_of(c, r, i), expected);
        if (!range.valid) {
            return range;
        }
        range.low = expected++;
    }
    if ((int64_t)r->op->count < r->op->limit && expected <= r->to &&
        expected <= r->end) {
        range.high = expected - 1;
    }
    return range;
}

static struct range range_descending(struct quipu_checker *c,
                                     const struct reading *r)
{
    struct range range = { r->base - 1, INT64_MAX, true };
    int64_t expected = r->op->count > 0 ? number_of(c, r, 0) : r->from - 1;

    if (r->op->count > 0) {
        range.low = expected;
    }
    if (expected > r->to) {
        report_order(c, r, expected, r->to);
        range.valid = false;
    }
    if (expected < r->to && expected < r->end && r->op->limit > 0) {
        range.high = expected;
    }
    for (size_t i = 0; range.valid && i < r->op->count; i++) {
        range.valid = check_step(c, r, number_of(c, r, i), expected--);
    }
    if (range.valid && expected >= r->from &&
        (int64_t)r->op->count < r->op->limit) {
        report_missing(c, r, expected, expected + 1);
        range.valid = false;
    }
    return range;
}

/* ------------------------------------------------------------------- reads */

/* Returns false if the read returned more or other items than it may. */
static bool check_limits(struct quipu_checker *c, const struct reading *r)
{
    if ((int64_t)r->op->count > r->op->limit) {
        quipu_history_violations_add(
            c,
            QUIPU_VIOLATION(QUIPU_WRONG_READ, 0, r->number, QUIPU_NO_OPERATION),
            "a read returned %zu items, but its limit is %" PRId64,
            r->op->count, r->op->limit);
        return false;
    }
    for (size_t i = 0; i < r->op->count; i++) {
        const struct quipu_history_entry *entry = entry_of(c, r, i);
        int64_t number = number_of(c, r, i);

        if (number < r->from || number > r->to) {
            quipu_history_violations_add(
                c,
                QUIPU_VIOLATION(QUIPU_WRONG_READ, 0, r->number,
                                QUIPU_NO_OPERATION),
                "a read returned %" PRId64 ", which is outside its bounds",
                number);
            return false;
        }
        if (!r->log && entry->sequence != r->op->sequence) {
            quipu_history_violations_add(
                c,
                QUIPU_VIOLATION(QUIPU_WRONG_READ, entry->id, r->number,
                                QUIPU_NO_OPERATION),
                "a read of %s returned an item of %s",
                quipu_checker_sequence(c, r->op->sequence),
                quipu_checker_sequence(c, entry->sequence));
            return false;
        }
    }
    return true;
}

/* Translates the range to ids. */
static void set_range(struct quipu_checker *c, const struct reading *r,
                      struct range range)
{
    const struct quipu_progression *steps = &c->sequences[r->op->sequence];

    if (range.low > r->end) {
        return; /* reported as vanished */
    }
    if (!r->log) {
        range.low = range.low >= 0 ? steps->at[range.low].id : 0;
        range.high = range.high != INT64_MAX ? steps->at[range.high + 1].id - 1
                                             : INT64_MAX;
    }
    quipu_history_bounds_set(c, r->number, range.low, range.high,
                             QUIPU_TORN_APPEND);
}

static void bound_read(struct quipu_checker *c, size_t number)
{
    const struct quipu_operation *op = &c->history->operations[number];
    struct reading r = { .op = op,
                         .number = number,
                         .log = op->call == QUIPU_HISTORY_LOG };
    struct range range;
    size_t before = c->violations->total;

    r.base = r.log ? 1 : 0;
    r.end = r.log ? c->logs[op->log].head
                  : (int64_t)c->sequences[op->sequence].count - 1;
    r.from = op->from > r.base ? op->from : r.base;
    r.to = op->to;
    for (size_t i = 0; i < op->count; i++) {
        quipu_history_final_log_compare(c, number, entry_of(c, &r, i));
    }
    if (c->violations->total > before || !check_limits(c, &r)) {
        return;
    }
    if (r.from > r.to || op->limit == 0) {
        return;
    }
    range = op->descending ? range_descending(c, &r) : range_ascending(c, &r);
    if (range.valid) {
        set_range(c, &r, range);
    }
}

/* -------------------------------------------- last, head, tracking, wait */

static void bound_last(struct quipu_checker *c, size_t number)
{
    const struct quipu_operation *op = &c->history->operations[number];
    const struct quipu_progression *steps = &c->sequences[op->sequence];
    size_t length = op->status == QUIPU_OK ? (size_t)op->result + 1 : 0;

    if (op->status == QUIPU_OK && (op->result < 0 || length > steps->count)) {
        quipu_history_violations_add(
            c,
            QUIPU_VIOLATION(QUIPU_VANISHED, 0, number,
                            c->logs[op->log].final_read),
            "the last position of %s was read as %" PRId64
            ", but the final log has %zu items of it",
            quipu_checker_sequence(c, op->sequence), op->result, steps->count);
        return;
    }
    quipu_history_bounds_set(
        c, number, length > 0 ? steps->at[length - 1].id : 0,
        length < steps->count ? steps->at[length].id - 1 : INT64_MAX,
        QUIPU_TORN_APPEND);
}

static void bound_head(struct quipu_checker *c, size_t number)
{
    const struct quipu_operation *op = &c->history->operations[number];
    int64_t end = c->logs[op->log].head;

    if (op->result > end) {
        quipu_history_violations_add(
            c,
            QUIPU_VIOLATION(QUIPU_VANISHED, op->result, number,
                            c->logs[op->log].final_read),
            "the head of the log was read as %" PRId64
            ", but in the final log it is %" PRId64,
            op->result, end);
        return;
    }
    if (op->call == QUIPU_HISTORY_WAIT && op->result <= op->tracking) {
        quipu_history_violations_add(
            c,
            QUIPU_VIOLATION_OF("L4", QUIPU_WRONG_RESULT, op->result, number,
                               QUIPU_NO_OPERATION),
            "a wait for an id above %" PRId64
            " returned with the head at %" PRId64,
            op->tracking, op->result);
    }
    quipu_history_bounds_set(c, number, op->result,
                             op->result < end ? op->result : INT64_MAX,
                             QUIPU_TORN_APPEND);
}

static void bound_track(struct quipu_checker *c, size_t number)
{
    const struct quipu_operation *op = &c->history->operations[number];
    const struct quipu_progression *steps = &c->consumers[op->consumer];
    size_t i = op->status == QUIPU_OK
                   ? quipu_history_final_log_steps_below(steps, op->result)
                   : 0;
    bool found = op->status == QUIPU_OK;

    if (found && (i == steps->count || steps->at[i].value != op->result)) {
        quipu_history_violations_add(
            c,
            QUIPU_VIOLATION_OF("U4", QUIPU_VANISHED, 0, number,
                               c->logs[op->log].final_read),
            "a consumer's record was read as %" PRId64
            ", which no append stored",
            op->result);
        return;
    }
    i += found;
    quipu_history_bounds_set(c, number, i > 0 ? steps->at[i - 1].id : 0,
                             i < steps->count ? steps->at[i].id - 1 : INT64_MAX,
                             QUIPU_TORN_APPEND);
}

/* A wait that timed out says that the log did not grow, except within the time
 * by which a wait may be late. */
static void bound_timeout(struct quipu_checker *c, size_t number)
{
    const struct quipu_operation *op = &c->history->operations[number];

    if (c->history->wake_limit > 0 && op->tracking < c->logs[op->log].head) {
        quipu_history_bounds_set(c, number, 0, op->tracking, QUIPU_LATE_WAKE);
        if (op->end - c->history->wake_limit > op->begin) {
            c->bounds[number].begin = op->end - c->history->wake_limit;
        }
    }
}

/* ---------------------------------------------------------- all operations */

static void bound(struct quipu_checker *c, size_t number)
{
    const struct quipu_operation *op = &c->history->operations[number];
    bool found = op->status == QUIPU_OK;

    switch (op->call) {
    case QUIPU_HISTORY_READ:
    case QUIPU_HISTORY_LOG:
        if (found) {
            bound_read(c, number);
        }
        break;
    case QUIPU_HISTORY_LAST:
        if (found || op->status == QUIPU_NOT_FOUND) {
            bound_last(c, number);
        }
        break;
    case QUIPU_HISTORY_TRACK:
        if (found || op->status == QUIPU_NOT_FOUND) {
            bound_track(c, number);
        }
        break;
    case QUIPU_HISTORY_WAIT:
        if (op->status == QUIPU_TIMEOUT) {
            bound_timeout(c, number);
        } else if (found) {
            bound_head(c, number);
        }
        break;
    case QUIPU_HISTORY_HEAD:
        if (found) {
            bound_head(c, number);
        }
        break;
    default:
        break;
    }
}

void quipu_history_read_bounds_find(struct quipu_checker *c)
{
    for (size_t i = 0; i < c->history->operation_count; i++) {
        bound(c, i);
    }
}
