/* SPDX-License-Identifier: Apache-2.0 */
/* What became of each append: where it is stored, by which of its attempts,
 * and when at the earliest and the latest. */
#include "judging.h"

#include "context/assertion.h"

#include <inttypes.h>
#include <stdlib.h>

static const struct quipu_history_entry *item_of(
    const struct quipu_judging *j, const struct quipu_operation *op, size_t i)
{
    return &j->history->entries[op->entries + i];
}

/* Whose items an append appends: those of another if all are, in order. */
static size_t origin_of(const struct quipu_judging *j,
                        const struct quipu_operation *op)
{
    size_t self = quipu_judging_number(j, op);
    const struct quipu_operation *origin;
    const struct quipu_history_entry *item;

    if (op->count == 0) {
        return self;
    }
    origin = quipu_history_origin(j->history, item_of(j, op, 0)->mark, &item);
    if (!origin || origin->count != op->count || origin->log != op->log) {
        return self;
    }
    for (size_t i = 0; i < op->count; i++) {
        if (!quipu_mark_same(item_of(j, op, i)->mark,
                             item_of(j, origin, i)->mark)) {
            return self;
        }
    }
    return quipu_judging_number(j, origin);
}

/* ------------------------------------------------- which are in the ledger */

/* Notes where the append's items stand. */
static void place_append(struct quipu_judging *j, struct quipu_ledger *ledger,
                         int64_t id)
{
    const struct quipu_history_entry *entry = ledger->at[id], *item;
    const struct quipu_operation *op =
        quipu_history_origin(j->history, entry->mark, &item);
    struct quipu_fate *fate;
    size_t append;
    int64_t first = id - (int64_t)entry->mark.index, other;

    if (!op || op->log != ledger->log) {
        return;
    }
    append = quipu_judging_number(j, op);
    fate = &j->fates[append];
    ledger->appender[id] = append;
    if (fate->first == 0) {
        fate->first = first > 0 ? first : id;
    }
    if (fate->first == first) {
        return;
    }
    other = fate->first + (int64_t)entry->mark.index;
    if (other <= ledger->head && ledger->at[other] &&
        quipu_mark_same(ledger->at[other]->mark, entry->mark)) {
        quipu_judging_object(j, QUIPU_DUPLICATE, id, append, ledger->final,
                             "an item is in the log twice, with the ids "
                             "%" PRId64 " and %" PRId64,
                             other, id);
    }
}

/* A whole append has as many items as it asked for. */
static void check_whole(struct quipu_judging *j, size_t append)
{
    const struct quipu_operation *op = &j->history->operations[append];
    const struct quipu_ledger *ledger = &j->ledgers[op->log];
    const struct quipu_fate *fate = &j->fates[append];

    for (size_t i = 0; i < op->count; i++) {
        int64_t id = fate->first + (int64_t)i;

        if (id > ledger->head || !ledger->at[id] ||
            !quipu_mark_same(ledger->at[id]->mark, item_of(j, op, i)->mark)) {
            quipu_judging_object(j, QUIPU_TORN_APPEND, id, append,
                                 ledger->final,
                                 "of %zu items of one append number %zu is "
                                 "not at id %" PRId64,
                                 op->count, i, id);
            return;
        }
    }
}

int64_t quipu_ledger_first(const struct quipu_ledger *ledger, int64_t id)
{
    int64_t first = id;

    while (first > 1 && ledger->appender[first - 1] == ledger->appender[id] &&
           ledger->appender[id] != QUIPU_NOBODY && ledger->at[first - 1]) {
        first--;
    }
    return first;
}

int64_t quipu_ledger_last(const struct quipu_ledger *ledger, int64_t id)
{
    int64_t last = id;

    while (last < ledger->head && ledger->at[last + 1] &&
           ledger->appender[last + 1] == ledger->appender[id] &&
           ledger->appender[id] != QUIPU_NOBODY) {
        last++;
    }
    return last;
}

int64_t quipu_judging_stored(const struct quipu_judging *j,
                             struct quipu_mark mark)
{
    const struct quipu_history_entry *item;
    const struct quipu_operation *op =
        quipu_history_origin(j->history, mark, &item);
    const struct quipu_ledger *ledger;
    int64_t id;

    if (!op) {
        return 0;
    }
    ledger = &j->ledgers[op->log];
    id = j->fates[quipu_judging_number(j, op)].first + (int64_t)mark.index;
    return id <= ledger->head && ledger->at[id] &&
                   quipu_mark_same(ledger->at[id]->mark, mark)
               ? id
               : 0;
}

/* ------------------------------------------------------------- by attempts */

/* Only these may have stored something.  A driver that loses its connection at
 * the commit may repeat the append by itself, and then finds what it stored. */
static bool may_store(const struct quipu_operation *op)
{
    return op->status == QUIPU_HISTORY_UNANSWERED ||
           op->status == QUIPU_UNKNOWN_OUTCOME || op->status == QUIPU_OK;
}

static void add_attempt(struct quipu_judging *j, size_t attempt)
{
    const struct quipu_operation *op = &j->history->operations[attempt];
    struct quipu_fate *fate = &j->fates[j->origins[attempt]];

    if (!may_store(op)) {
        return;
    }
    if (op->status == QUIPU_OK && !op->repeated) {
        if (fate->allowed && !fate->unknown) {
            quipu_judging_object(j, QUIPU_WRONG_RESULT, fate->first,
                                 fate->storer, attempt,
                                 "the same append was acknowledged twice, and "
                                 "neither time called a repeat");
        }
        fate->storer = attempt;
        fate->begin = op->begin;
        fate->end = op->end;
        fate->unknown = false;
    } else if (!fate->allowed || (fate->unknown && op->begin < fate->begin)) {
        fate->storer = attempt;
        fate->begin = op->begin;
        fate->end = QUIPU_HISTORY_NEVER;
        fate->unknown = true;
    }
    fate->allowed = true;
}

static void judge_fate(struct quipu_judging *j, size_t append)
{
    const struct quipu_operation *op = &j->history->operations[append];
    const struct quipu_fate *fate = &j->fates[append];

    if (fate->first > 0) {
        check_whole(j, append);
        if (!fate->allowed) {
            quipu_judging_object(j, QUIPU_REFUSED_VISIBLE, fate->first, append,
                                 j->ledgers[op->log].final,
                                 "an append that was refused is in the log, "
                                 "at id %" PRId64,
                                 fate->first);
        }
    }
}

void quipu_judging_find_fates(struct quipu_judging *j)
{
    const struct quipu_history *h = j->history;

    j->fates = calloc(h->operation_count + 1, sizeof(*j->fates));
    j->origins = calloc(h->operation_count + 1, sizeof(*j->origins));
    CHECK(j->fates && j->origins, "no memory to check a history");
    for (size_t i = 0; i < h->logs.count; i++) {
        for (int64_t id = 1; id <= j->ledgers[i].head; id++) {
            if (j->ledgers[i].at[id]) {
                place_append(j, &j->ledgers[i], id);
            }
        }
    }
    for (size_t i = 0; i < h->operation_count; i++) {
        if (h->operations[i].call == QUIPU_HISTORY_APPEND) {
            j->origins[i] = origin_of(j, &h->operations[i]);
            add_attempt(j, i);
        }
    }
    for (size_t i = 0; i < h->operation_count; i++) {
        if (h->operations[i].call == QUIPU_HISTORY_APPEND) {
            judge_fate(j, i);
        }
    }
}
