/* SPDX-License-Identifier: Apache-2.0 */
/* Judges what appends were told that succeeded, and whether they could. */
#include "judging.h"

#include <inttypes.h>

/* ------------------------------------------------------ what it was told */

static void check_told_item(struct quipu_judging *j, size_t append, size_t i)
{
    const struct quipu_operation *op = &j->history->operations[append];
    const struct quipu_ledger *ledger = &j->ledgers[op->log];
    const struct quipu_history_entry *item =
        &j->history->entries[op->entries + i];
    int64_t id = quipu_judging_stored(j, item->mark),
            told = op->told + (int64_t)i;

    if (id == 0) {
        quipu_judging_object(j, QUIPU_LOST_APPEND, told, append, ledger->final,
                             "an append was acknowledged with id %" PRId64
                             ", and its item number %zu is not in the log",
                             told, i);
    } else if (id != told) {
        quipu_judging_object(j, QUIPU_WRONG_RESULT, id, append, ledger->final,
                             "an append was told that item number %zu has id "
                             "%" PRId64 ", and it has %" PRId64,
                             i, told, id);
    } else if (op->position_count > 0 &&
               j->history->positions[op->positions + i] !=
                   ledger->at[id]->position) {
        quipu_judging_object(j, QUIPU_WRONG_RESULT, id, append, ledger->final,
                             "an append was told that item number %zu is at "
                             "position %" PRId64 ", and it is at %" PRId64,
                             i, j->history->positions[op->positions + i],
                             ledger->at[id]->position);
    }
}

/* What was lost whole is told once. */
static void check_told(struct quipu_judging *j, size_t append)
{
    const struct quipu_operation *op = &j->history->operations[append];
    size_t before = j->violations->total;

    for (size_t i = 0; i < op->count && j->violations->total == before; i++) {
        check_told_item(j, append, i);
    }
    if (op->count == 0 && op->told != 0) {
        quipu_judging_object(j, QUIPU_WRONG_RESULT, 0, append, QUIPU_NOBODY,
                             "an append of no items was told an id");
    }
}

/* ------------------------------------------------------ whether it could */

static void check_guard(struct quipu_judging *j, size_t append,
                        const struct quipu_history_guard *guard)
{
    const struct quipu_fate *fate = &j->fates[append];
    const struct quipu_ledger *ledger =
        &j->ledgers[j->history->operations[append].log];
    const struct quipu_ledger_line *line = &j->sequences[guard->sequence];
    size_t length = quipu_ledger_length(line, fate->first - 1);
    bool holds = guard->demand == QUIPU_DEMAND_EMPTY ? length == 0
                 : guard->demand == QUIPU_DEMAND_NOT_EMPTY
                     ? length > 0
                     : (int64_t)length == guard->position + 1 && length > 0;

    if (!holds) {
        quipu_judging_object(
            j, QUIPU_CAUSELESS_SUCCESS, fate->first, fate->storer,
            length > 0 ? ledger->appender[line->at[length - 1].id]
                       : QUIPU_NOBODY,
            "a guard on %s cannot have held: with id %" PRId64
            " it had %zu items",
            quipu_judging_sequence(j, guard->sequence), fate->first - 1,
            length);
    }
}

static void check_grounds(struct quipu_judging *j, size_t append)
{
    const struct quipu_operation *op = &j->history->operations[append];

    for (size_t i = 0; i < op->guard_count; i++) {
        check_guard(j, append, &j->history->guards[op->guards + i]);
    }
}

void quipu_judging_check_appends(struct quipu_judging *j)
{
    for (size_t i = 0; i < j->history->operation_count; i++) {
        const struct quipu_operation *op = &j->history->operations[i];

        if (op->call != QUIPU_HISTORY_APPEND) {
            continue;
        }
        if (op->status == QUIPU_OK) {
            check_told(j, i);
        }
        if (j->fates[i].first > 0 && j->fates[i].allowed) {
            check_grounds(j, i);
        }
    }
}
