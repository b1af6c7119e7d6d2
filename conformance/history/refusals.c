/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What refusals say of the log's head: a conflict that tells a sequence's last
 * position was made between the item there and the next.
 */
#include "judging.h"

#include <inttypes.h>

struct span {
    int64_t low, high;
};

static const struct span always = { 0, INT64_MAX };

static struct span both(struct span a, struct span b)
{
    return (struct span){ a.low > b.low ? a.low : b.low,
                          a.high < b.high ? a.high : b.high };
}

/* While the sequence had so many items. */
static struct span while_long(const struct quipu_ledger_line *line,
                              size_t length)
{
    return (struct span){ length > 0 ? line->at[length - 1].id : 0,
                          length < line->count ? line->at[length].id - 1
                                               : INT64_MAX };
}

static struct span while_holds(const struct quipu_judging *j,
                               const struct quipu_history_guard *guard)
{
    const struct quipu_ledger_line *line = &j->sequences[guard->sequence];
    struct span span = always;

    if (guard->demand == QUIPU_DEMAND_EMPTY) {
        return while_long(line, 0);
    }
    if (guard->demand == QUIPU_DEMAND_LAST) {
        return guard->position >= 0 && guard->position < (int64_t)line->count
                   ? while_long(line, (size_t)guard->position + 1)
                   : (struct span){ 0, -1 };
    }
    span.low = line->count > 0 ? line->at[0].id : INT64_MAX;
    return span;
}

static struct span while_all_hold(const struct quipu_judging *j,
                                  const struct quipu_operation *op)
{
    struct span span = always;

    for (size_t i = 0; i < op->guard_count; i++) {
        span = both(span, while_holds(j, &j->history->guards[op->guards + i]));
    }
    return span;
}

static void object(struct quipu_judging *j, size_t refused, const char *why)
{
    quipu_judging_object(j, QUIPU_CAUSELESS_REFUSAL, 0, refused, QUIPU_NOBODY,
                         "%s", why);
}

/* The span while the sequence ended as was told; false: it never did. */
static bool told_span(struct quipu_judging *j, size_t refused,
                      uint32_t sequence, struct span *span)
{
    const struct quipu_operation *op = &j->history->operations[refused];
    const struct quipu_ledger_line *line = &j->sequences[sequence];
    int64_t length = op->has_last ? op->told + 1 : 0;

    if (length < 0 || length > (int64_t)line->count ||
        (op->has_last && length == 0)) {
        quipu_judging_object(
            j, QUIPU_CAUSELESS_REFUSAL, 0, refused, QUIPU_NOBODY,
            "it was told that %s ends at %" PRId64
            ", and it has %zu items at the end",
            quipu_judging_sequence(j, sequence), op->told, line->count);
        return false;
    }
    *span = while_long(line, (size_t)length);
    return true;
}

static void see_position(struct quipu_judging *j, size_t refused)
{
    const struct quipu_operation *op = &j->history->operations[refused];
    const struct quipu_history_entry *items = &j->history->entries[op->entries];
    int64_t next = op->has_last ? op->told + 1 : 0;
    struct span span;

    if (op->index >= op->count) {
        object(j, refused, "the item that it was refused for is not there");
        return;
    }
    for (uint32_t i = 0; i < op->index; i++) {
        next += items[i].sequence == items[op->index].sequence;
    }
    if (items[op->index].position == QUIPU_HISTORY_NEXT) {
        object(j, refused, "it left the position to the store");
    } else if (items[op->index].position == next) {
        object(j, refused,
               "it asked for the position that comes next after "
               "the last that it was told");
    } else if (told_span(j, refused, items[op->index].sequence, &span)) {
        span = both(span, while_all_hold(j, op));
        quipu_judging_see(j, refused, span.low, span.high,
                          QUIPU_CAUSELESS_REFUSAL);
    }
}

static void see_guard(struct quipu_judging *j, size_t refused)
{
    const struct quipu_operation *op = &j->history->operations[refused];
    const struct quipu_history_guard *guard;
    struct span span;
    bool held;

    if (op->index >= op->guard_count) {
        object(j, refused, "the guard that it was refused for is not there");
        return;
    }
    guard = &j->history->guards[op->guards + op->index];
    held = guard->demand == QUIPU_DEMAND_EMPTY ? !op->has_last
           : guard->demand == QUIPU_DEMAND_NOT_EMPTY
               ? op->has_last
               : op->has_last && op->told == guard->position;
    if (held) {
        object(j, refused,
               "with what it was told of the sequence's end the "
               "guard holds");
    } else if (told_span(j, refused, guard->sequence, &span)) {
        quipu_judging_see(j, refused, span.low, span.high,
                          QUIPU_CAUSELESS_REFUSAL);
    }
}

static void see_event_id(struct quipu_judging *j, size_t refused)
{
    const struct quipu_operation *op = &j->history->operations[refused];
    int64_t id;

    if (op->index >= op->count) {
        object(j, refused, "the item that it was refused for is not there");
        return;
    }
    id = quipu_judging_stored(
        j, j->history->entries[op->entries + op->index].mark);
    if (id == 0) {
        object(j, refused,
               "no item in the log has the event id that it was "
               "refused for");
    } else if (j->origins[refused] != refused &&
               j->fates[j->origins[refused]].first > 0) {
        object(j, refused, "it is a repeat of the append that is stored");
    } else {
        quipu_judging_see(j, refused, id, INT64_MAX, QUIPU_CAUSELESS_REFUSAL);
    }
}

static void see_already(struct quipu_judging *j, size_t refused)
{
    const struct quipu_operation *op = &j->history->operations[refused];
    const struct quipu_ledger_line *line = &j->consumers[op->consumer];
    size_t i = op->tracks ? quipu_ledger_below(line, op->track) : 0;

    if (!op->tracks || i == line->count) {
        object(j, refused, "the consumer's record never stood so high");
    } else {
        quipu_judging_see(j, refused, line->at[i].id, INT64_MAX,
                          QUIPU_CAUSELESS_REFUSAL);
    }
}

static void see_refusal(struct quipu_judging *j, size_t refused)
{
    switch (j->history->operations[refused].cause) {
    case QUIPU_CAUSE_POSITION:
        see_position(j, refused);
        break;
    case QUIPU_CAUSE_GUARD:
        see_guard(j, refused);
        break;
    case QUIPU_CAUSE_EVENT_ID:
        see_event_id(j, refused);
        break;
    default:
        object(j, refused, "the conflict names no cause that there can be");
    }
}

void quipu_judging_see_refusals(struct quipu_judging *j)
{
    for (size_t i = 0; i < j->history->operation_count; i++) {
        const struct quipu_operation *op = &j->history->operations[i];

        if (op->call != QUIPU_HISTORY_APPEND) {
            continue;
        }
        if (op->status == QUIPU_CONFLICT) {
            see_refusal(j, i);
        } else if (op->status == QUIPU_ALREADY) {
            see_already(j, i);
        } else if (op->status == QUIPU_OK && op->count == 0) {
            struct span span = while_all_hold(j, op);

            quipu_judging_see(j, i, span.low, span.high,
                              QUIPU_CAUSELESS_SUCCESS);
        } else if (op->status == QUIPU_OK && op->repeated &&
                   j->fates[j->origins[i]].first > 0) {
            quipu_judging_see(j, i, j->fates[j->origins[i]].first, INT64_MAX,
                              QUIPU_CAUSELESS_SUCCESS);
        }
    }
}
