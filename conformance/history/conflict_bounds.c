/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounds from conflicts and repeats.
 *
 * A conflict over a position or a guard reports the last position of the
 * sequence concerned, so it was decided while the sequence had that length.
 * The preconditions of an append are checked in the order event ids, guards,
 * tracking, positions; a conflict over a position therefore also says that all
 * guards held at the same instant.  A conflict over an event id says that the
 * item with the event id was stored, ALREADY that the consumer's record had
 * reached the tracked id, and a repeat that the append was stored.
 *
 * An append without items stores nothing and has no place in the log: it is
 * bounded by its guards in the same way.
 */
#include "checker.h"

#include <inttypes.h>

/* The head was at least `low` and at most `high`. */
struct span {
    int64_t low, high;
};

static const struct span always = { 0, INT64_MAX };

/* The intersection. */
static struct span both(struct span a, struct span b)
{
    return (struct span){ a.low > b.low ? a.low : b.low,
                          a.high < b.high ? a.high : b.high };
}

/* While the sequence had `length` items. */
static struct span while_length(const struct quipu_progression *steps,
                                size_t length)
{
    return (struct span){ length > 0 ? steps->at[length - 1].id : 0,
                          length < steps->count ? steps->at[length].id - 1
                                                : INT64_MAX };
}

/* While the guard holds; an empty span if it never does. */
static struct span while_holds(const struct quipu_checker *c,
                               const struct quipu_history_guard *guard)
{
    const struct quipu_progression *steps = &c->sequences[guard->sequence];
    struct span span = always;

    if (guard->demand == QUIPU_DEMAND_EMPTY) {
        return while_length(steps, 0);
    }
    if (guard->demand == QUIPU_DEMAND_LAST) {
        return guard->position >= 0 && guard->position < (int64_t)steps->count
                   ? while_length(steps, (size_t)guard->position + 1)
                   : (struct span){ 0, -1 };
    }
    span.low = steps->count > 0 ? steps->at[0].id : INT64_MAX;
    return span;
}

static struct span while_all_hold(const struct quipu_checker *c,
                                  const struct quipu_operation *op)
{
    struct span span = always;

    for (size_t i = 0; i < op->guard_count; i++) {
        span = both(span, while_holds(c, &c->history->guards[op->guards + i]));
    }
    return span;
}

static void report(struct quipu_checker *c, size_t conflict, const char *why)
{
    quipu_history_violations_add(c,
                                 QUIPU_VIOLATION(QUIPU_UNJUSTIFIED_CONFLICT, 0,
                                                 conflict, QUIPU_NO_OPERATION),
                                 "%s", why);
}

/* The span while the last position of the sequence was the one that the
 * conflict reports; false: it never was. */
static bool reported_span(struct quipu_checker *c, size_t conflict,
                          uint32_t sequence, struct span *span)
{
    const struct quipu_operation *op = &c->history->operations[conflict];
    const struct quipu_progression *steps = &c->sequences[sequence];
    int64_t length = op->has_last ? op->result + 1 : 0;

    if (length < 0 || length > (int64_t)steps->count ||
        (op->has_last && length == 0)) {
        quipu_history_violations_add(
            c,
            QUIPU_VIOLATION(QUIPU_UNJUSTIFIED_CONFLICT, 0, conflict,
                            QUIPU_NO_OPERATION),
            "the conflict reports that %s ends at %" PRId64
            ", but the final log has %zu items of it",
            quipu_checker_sequence(c, sequence), op->result, steps->count);
        return false;
    }
    *span = while_length(steps, (size_t)length);
    return true;
}

static void bound_position(struct quipu_checker *c, size_t conflict)
{
    const struct quipu_operation *op = &c->history->operations[conflict];
    const struct quipu_history_entry *items = &c->history->entries[op->entries];
    int64_t next = op->has_last ? op->result + 1 : 0;
    struct span span;

    if (op->index >= op->count) {
        report(c, conflict,
               "the conflict names an item that the append does not have");
        return;
    }
    for (uint32_t i = 0; i < op->index; i++) {
        next += items[i].sequence == items[op->index].sequence;
    }
    if (items[op->index].position == QUIPU_HISTORY_NEXT) {
        report(c, conflict,
               "the conflict is over a position, but the append left the "
               "position to the store");
    } else if (items[op->index].position == next) {
        report(c, conflict,
               "the append requested the position after the last one that the "
               "conflict reports");
    } else if (reported_span(c, conflict, items[op->index].sequence, &span)) {
        span = both(span, while_all_hold(c, op));
        quipu_history_bounds_set(c, conflict, span.low, span.high,
                                 QUIPU_UNJUSTIFIED_CONFLICT);
    }
}

static void bound_guard(struct quipu_checker *c, size_t conflict)
{
    const struct quipu_operation *op = &c->history->operations[conflict];
    const struct quipu_history_guard *guard;
    struct span span;
    bool held;

    if (op->index >= op->guard_count) {
        report(c, conflict,
               "the conflict names a guard that the append does not have");
        return;
    }
    guard = &c->history->guards[op->guards + op->index];
    held = guard->demand == QUIPU_DEMAND_EMPTY ? !op->has_last
           : guard->demand == QUIPU_DEMAND_NOT_EMPTY
               ? op->has_last
               : op->has_last && op->result == guard->position;
    if (held) {
        report(
            c, conflict,
            "the guard holds for the last position that the conflict reports");
    } else if (reported_span(c, conflict, guard->sequence, &span)) {
        quipu_history_bounds_set(c, conflict, span.low, span.high,
                                 QUIPU_UNJUSTIFIED_CONFLICT);
    }
}

static void bound_event_id(struct quipu_checker *c, size_t conflict)
{
    const struct quipu_operation *op = &c->history->operations[conflict];
    int64_t id;

    if (op->index >= op->count) {
        report(c, conflict,
               "the conflict names an item that the append does not have");
        return;
    }
    id = quipu_history_append_outcomes_stored_id(
        c, c->history->entries[op->entries + op->index].origin);
    if (id == 0) {
        report(c, conflict,
               "no item in the log has the event id that the conflict names");
    } else if (c->first_attempts[conflict] != conflict &&
               c->outcomes[c->first_attempts[conflict]].first > 0) {
        report(c, conflict,
               "the append repeats one that is stored, which is no conflict");
    } else {
        quipu_history_bounds_set(c, conflict, id, INT64_MAX,
                                 QUIPU_UNJUSTIFIED_CONFLICT);
    }
}

static void bound_already(struct quipu_checker *c, size_t conflict)
{
    const struct quipu_operation *op = &c->history->operations[conflict];
    const struct quipu_progression *steps = &c->consumers[op->consumer];
    size_t i = op->tracks
                   ? quipu_history_final_log_steps_below(steps, op->tracking)
                   : 0;

    if (!op->tracks || i == steps->count) {
        report(c, conflict,
               "the consumer's tracking record never reached the tracked id");
    } else {
        quipu_history_bounds_set(c, conflict, steps->at[i].id, INT64_MAX,
                                 QUIPU_UNJUSTIFIED_CONFLICT);
    }
}

static void bound_conflict(struct quipu_checker *c, size_t conflict)
{
    switch (c->history->operations[conflict].cause) {
    case QUIPU_CAUSE_POSITION:
        bound_position(c, conflict);
        break;
    case QUIPU_CAUSE_GUARD:
        bound_guard(c, conflict);
        break;
    case QUIPU_CAUSE_EVENT_ID:
        bound_event_id(c, conflict);
        break;
    default:
        report(c, conflict,
               "the conflict names a cause that no append can have");
    }
}

void quipu_history_conflict_bounds_find(struct quipu_checker *c)
{
    for (size_t i = 0; i < c->history->operation_count; i++) {
        const struct quipu_operation *op = &c->history->operations[i];

        if (op->call != QUIPU_HISTORY_APPEND) {
            continue;
        }
        if (op->status == QUIPU_CONFLICT) {
            bound_conflict(c, i);
        } else if (op->status == QUIPU_ALREADY) {
            bound_already(c, i);
        } else if (op->status == QUIPU_OK && op->count == 0) {
            struct span span = while_all_hold(c, op);

            quipu_history_bounds_set(c, i, span.low, span.high,
                                     QUIPU_UNJUSTIFIED_SUCCESS);
        } else if (op->status == QUIPU_OK && op->repeated &&
                   c->outcomes[c->first_attempts[i]].first > 0) {
            quipu_history_bounds_set(c, i,
                                     c->outcomes[c->first_attempts[i]].first,
                                     INT64_MAX, QUIPU_UNJUSTIFIED_SUCCESS);
        }
    }
}
