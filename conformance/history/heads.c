/* SPDX-License-Identifier: Apache-2.0 */
/* What a single number says of the log's head: a sequence's last position, the
 * head itself, a tracking record; and a wait that ended in vain. */
#include "judging.h"

#include <inttypes.h>

void quipu_judging_see_last(struct quipu_judging *j, size_t number)
{
    const struct quipu_operation *op = &j->history->operations[number];
    const struct quipu_ledger_line *line = &j->sequences[op->sequence];
    size_t length = op->status == QUIPU_OK ? (size_t)op->told + 1 : 0;

    if (op->status == QUIPU_OK && (op->told < 0 || length > line->count)) {
        quipu_judging_object(
            j, QUIPU_VANISHED, 0, number, j->ledgers[op->log].final,
            "the last position of %s was %" PRId64
            ", and at the end it has %zu items",
            quipu_judging_sequence(j, op->sequence), op->told, line->count);
        return;
    }
    quipu_judging_see(j, number, length > 0 ? line->at[length - 1].id : 0,
                      length < line->count ? line->at[length].id - 1
                                           : INT64_MAX,
                      QUIPU_TORN_APPEND);
}

void quipu_judging_see_head(struct quipu_judging *j, size_t number)
{
    const struct quipu_operation *op = &j->history->operations[number];
    int64_t end = j->ledgers[op->log].head;

    if (op->told > end) {
        quipu_judging_object(
            j, QUIPU_VANISHED, op->told, number, j->ledgers[op->log].final,
            "the log's head was %" PRId64 ", and at the end it is %" PRId64,
            op->told, end);
        return;
    }
    if (op->call == QUIPU_HISTORY_WAIT && op->told <= op->track) {
        quipu_judging_object(
            j, QUIPU_WRONG_RESULT, op->told, number, QUIPU_NOBODY,
            "a wait for more than %" PRId64 " ended with the head at %" PRId64,
            op->track, op->told);
    }
    quipu_judging_see(j, number, op->told,
                      op->told < end ? op->told : INT64_MAX, QUIPU_TORN_APPEND);
}

void quipu_judging_see_track(struct quipu_judging *j, size_t number)
{
    const struct quipu_operation *op = &j->history->operations[number];
    const struct quipu_ledger_line *line = &j->consumers[op->consumer];
    size_t i = op->status == QUIPU_OK ? quipu_ledger_below(line, op->told) : 0;
    bool found = op->status == QUIPU_OK;

    if (found && (i == line->count || line->at[i].value != op->told)) {
        quipu_judging_object(j, QUIPU_VANISHED, 0, number,
                             j->ledgers[op->log].final,
                             "a consumer's record was read as %" PRId64
                             ", which no append stored",
                             op->told);
        return;
    }
    i += found;
    quipu_judging_see(j, number, i > 0 ? line->at[i - 1].id : 0,
                      i < line->count ? line->at[i].id - 1 : INT64_MAX,
                      QUIPU_TORN_APPEND);
}

/* A wait that was not answered in time says that the log had not grown. */
void quipu_judging_see_timeout(struct quipu_judging *j, size_t number)
{
    const struct quipu_operation *op = &j->history->operations[number];

    if (j->history->wake > 0 && op->track < j->ledgers[op->log].head) {
        quipu_judging_see(j, number, 0, op->track, QUIPU_LATE_WAKE);
        if (op->end - j->history->wake > op->begin) {
            j->sights[number].begin = op->end - j->history->wake;
        }
    }
}
