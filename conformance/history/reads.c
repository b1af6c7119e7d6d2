/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What reads say of the log's head.  A sequence's positions and the log's ids
 * are both numbers without gaps, so that what a query shows, and where it
 * stops, tells which was the last number when it was opened.
 */
#include "judging.h"

#include <inttypes.h>

/* The last number was at least `low`, and below `high` + 1. */
struct fit {
    int64_t low, high;
    bool good;
};

struct reading {
    const struct quipu_operation *op;
    size_t number;
    bool log;
    int64_t base, end; /* of the numbers: the first, and the last there is */
    int64_t from, to;  /* bounds that mean something */
};

static const struct quipu_history_entry *entry_of(const struct quipu_judging *j,
                                                  const struct reading *r,
                                                  size_t i)
{
    return &j->history->entries[r->op->entries + i];
}

static int64_t place_of(const struct quipu_judging *j, const struct reading *r,
                        size_t i)
{
    const struct quipu_history_entry *entry = entry_of(j, r, i);

    return r->log ? entry->id : entry->position;
}

/* --------------------------------------------------------- what is missing */

static bool same_commit(const struct quipu_ledger *ledger, int64_t a, int64_t b)
{
    return a >= 1 && a <= ledger->head && b >= 1 && b <= ledger->head &&
           ledger->appender[a] == ledger->appender[b] &&
           ledger->appender[a] != QUIPU_NOBODY;
}

/* `missing` should stand beside `seen`, and does not. */
static void object_missing(struct quipu_judging *j, const struct reading *r,
                           int64_t missing, int64_t seen)
{
    const struct quipu_ledger *ledger = &j->ledgers[r->op->log];
    int kind = QUIPU_GAP;

    if (r->log && missing >= 1 && missing <= ledger->head &&
        ledger->at[missing]) {
        kind = same_commit(ledger, missing, seen) ? QUIPU_TORN_APPEND
                                                  : QUIPU_LATE_ARRIVAL;
    }
    quipu_judging_object(j, kind, r->log ? missing : 0, r->number,
                         r->log && missing >= 1 && missing <= ledger->head
                             ? ledger->appender[missing]
                             : QUIPU_NOBODY,
                         "a read saw %s %" PRId64 " and not %" PRId64,
                         r->log ? "id" : "position", seen, missing);
}

static void object_order(struct quipu_judging *j, const struct reading *r,
                         int64_t seen, int64_t expected)
{
    quipu_judging_object(
        j,
        seen == expected + (r->op->descending ? 1 : -1) ? QUIPU_DUPLICATE
                                                        : QUIPU_WRONG_READ,
        r->log ? seen : 0, r->number, QUIPU_NOBODY,
        "a read gave %s %" PRId64 " where %" PRId64 " was to come",
        r->log ? "id" : "position", seen, expected);
}

static bool check_step(struct quipu_judging *j, const struct reading *r,
                       int64_t seen, int64_t expected)
{
    bool passed = r->op->descending ? seen < expected : seen > expected;

    if (seen == expected) {
        return true;
    }
    if (passed && seen >= r->from && seen <= r->to) {
        object_missing(j, r, expected, seen);
    } else {
        object_order(j, r, seen, expected);
    }
    return false;
}

/* ---------------------------------------------------------- two directions */

static struct fit fit_ascending(struct quipu_judging *j,
                                const struct reading *r)
{
    struct fit fit = { r->base - 1, INT64_MAX, true };
    int64_t expected = r->from;

    for (size_t i = 0; i < r->op->count; i++) {
        fit.good = check_step(j, r, place_of(j, r, i), expected);
        if (!fit.good) {
            return fit;
        }
        fit.low = expected++;
    }
    if ((int64_t)r->op->count < r->op->limit && expected <= r->to &&
        expected <= r->end) {
        fit.high = expected - 1;
    }
    return fit;
}

static struct fit fit_descending(struct quipu_judging *j,
                                 const struct reading *r)
{
    struct fit fit = { r->base - 1, INT64_MAX, true };
    int64_t expected = r->op->count > 0 ? place_of(j, r, 0) : r->from - 1;

    if (r->op->count > 0) {
        fit.low = expected;
    }
    if (expected > r->to) {
        object_order(j, r, expected, r->to);
        fit.good = false;
    }
    if (expected < r->to && expected < r->end && r->op->limit > 0) {
        fit.high = expected;
    }
    for (size_t i = 0; fit.good && i < r->op->count; i++) {
        fit.good = check_step(j, r, place_of(j, r, i), expected--);
    }
    if (fit.good && expected >= r->from &&
        (int64_t)r->op->count < r->op->limit) {
        object_missing(j, r, expected, expected + 1);
        fit.good = false;
    }
    return fit;
}

/* ----------------------------------------------------------------- reads */

static bool check_limits(struct quipu_judging *j, const struct reading *r)
{
    if ((int64_t)r->op->count > r->op->limit) {
        quipu_judging_object(j, QUIPU_WRONG_READ, 0, r->number, QUIPU_NOBODY,
                             "a read gave %zu items, and its limit is %" PRId64,
                             r->op->count, r->op->limit);
        return false;
    }
    for (size_t i = 0; i < r->op->count; i++) {
        const struct quipu_history_entry *entry = entry_of(j, r, i);
        int64_t place = place_of(j, r, i);

        if (place < r->from || place > r->to) {
            quipu_judging_object(
                j, QUIPU_WRONG_READ, 0, r->number, QUIPU_NOBODY,
                "a read gave %" PRId64 ", which is beyond its bounds", place);
            return false;
        }
        if (!r->log && entry->sequence != r->op->sequence) {
            quipu_judging_object(j, QUIPU_WRONG_READ, entry->id, r->number,
                                 QUIPU_NOBODY, "a read gave an item of %s",
                                 quipu_judging_sequence(j, entry->sequence));
            return false;
        }
    }
    return true;
}

/* The ids of the places, for the log's head. */
static void see_fit(struct quipu_judging *j, const struct reading *r,
                    struct fit fit)
{
    const struct quipu_ledger_line *line = &j->sequences[r->op->sequence];

    if (fit.low > r->end) {
        return; /* that it vanished was told */
    }
    if (!r->log) {
        fit.low = fit.low >= 0 ? line->at[fit.low].id : 0;
        fit.high =
            fit.high != INT64_MAX ? line->at[fit.high + 1].id - 1 : INT64_MAX;
    }
    quipu_judging_see(j, r->number, fit.low, fit.high, QUIPU_TORN_APPEND);
}

static void see_read(struct quipu_judging *j, size_t number)
{
    const struct quipu_operation *op = &j->history->operations[number];
    struct reading r = { .op = op,
                         .number = number,
                         .log = op->call == QUIPU_HISTORY_LOG };
    struct fit fit;
    size_t before = j->violations->total;

    r.base = r.log ? 1 : 0;
    r.end = r.log ? j->ledgers[op->log].head
                  : (int64_t)j->sequences[op->sequence].count - 1;
    r.from = op->from > r.base ? op->from : r.base;
    r.to = op->to;
    for (size_t i = 0; i < op->count; i++) {
        quipu_judging_compare(j, number, entry_of(j, &r, i));
    }
    if (j->violations->total > before || !check_limits(j, &r)) {
        return;
    }
    if (r.from > r.to || op->limit == 0) {
        return;
    }
    fit = op->descending ? fit_descending(j, &r) : fit_ascending(j, &r);
    if (fit.good) {
        see_fit(j, &r, fit);
    }
}

static void see(struct quipu_judging *j, size_t number)
{
    const struct quipu_operation *op = &j->history->operations[number];
    bool found = op->status == QUIPU_OK;

    switch (op->call) {
    case QUIPU_HISTORY_READ:
    case QUIPU_HISTORY_LOG:
        if (found) {
            see_read(j, number);
        }
        break;
    case QUIPU_HISTORY_LAST:
        if (found || op->status == QUIPU_NOT_FOUND) {
            quipu_judging_see_last(j, number);
        }
        break;
    case QUIPU_HISTORY_TRACK:
        if (found || op->status == QUIPU_NOT_FOUND) {
            quipu_judging_see_track(j, number);
        }
        break;
    case QUIPU_HISTORY_WAIT:
        if (op->status == QUIPU_TIMEOUT) {
            quipu_judging_see_timeout(j, number);
        }
        /* fall through */
    case QUIPU_HISTORY_HEAD:
        if (found) {
            quipu_judging_see_head(j, number);
        }
        break;
    default:
        break;
    }
}

void quipu_judging_see_reads(struct quipu_judging *j)
{
    for (size_t i = 0; i < j->history->operation_count; i++) {
        see(j, i);
    }
}
