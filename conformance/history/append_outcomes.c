/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outcomes of appends: establishes INV2 (checker.c).
 *
 * A session repeats an append whose outcome it does not know, and a session
 * that takes the place of a killed one repeats the append that was running.  A
 * repeat has the same items with the same event ids, and the store must not
 * store it twice.  All attempts at an append are therefore considered together:
 * the append is in the log once, or not at all, and one of the attempts that
 * may have stored it did.
 *
 *   a response OK without `repeated`     stored it, between begin and end
 *   no such response, but unknown        may have stored it, at any time after
 *   outcomes or OK with `repeated`       the first of them began
 *   all attempts failed                  must not be in the log
 */
#include "checker.h"

#include <inttypes.h>

static const struct quipu_history_entry *item_of(
    const struct quipu_checker *c, const struct quipu_operation *op, size_t i)
{
    return &c->history->entries[op->entries + i];
}

/* The first attempt at the append: the one that its items name as their origin,
 * if they are all of that append and in its order; otherwise itself.  An append
 * with some items of another (a stolen event id) is an append of its own. */
static size_t first_attempt_of(const struct quipu_checker *c,
                               const struct quipu_operation *op)
{
    size_t self = quipu_checker_index(c, op);
    const struct quipu_operation *origin;
    const struct quipu_history_entry *item;

    if (op->count == 0) {
        return self;
    }
    origin =
        quipu_history_find_append(c->history, item_of(c, op, 0)->origin, &item);
    if (!origin || origin->count != op->count || origin->log != op->log) {
        return self;
    }
    for (size_t i = 0; i < op->count; i++) {
        if (!quipu_history_same_origin(item_of(c, op, i)->origin,
                                       item_of(c, origin, i)->origin)) {
            return self;
        }
    }
    return quipu_checker_index(c, origin);
}

/* -------------------------------------------------------- place in the log */

/* Notes where the item with the id places its append. */
static void place_append(struct quipu_checker *c, struct quipu_final_log *log,
                         int64_t id)
{
    const struct quipu_history_entry *entry = log->at[id], *item;
    const struct quipu_operation *op =
        quipu_history_find_append(c->history, entry->origin, &item);
    struct quipu_append_outcome *outcome;
    size_t append;
    int64_t first = id - (int64_t)entry->origin.index, other;

    if (!op || op->log != log->log) {
        return;
    }
    append = quipu_checker_index(c, op);
    outcome = &c->outcomes[append];
    log->appender[id] = append;
    if (outcome->first == 0) {
        outcome->first = first > 0 ? first : id;
    }
    if (outcome->first == first) {
        return;
    }
    other = outcome->first + (int64_t)entry->origin.index;
    if (other <= log->head && log->at[other] &&
        quipu_history_same_origin(log->at[other]->origin, entry->origin)) {
        quipu_history_violations_add(
            c,
            QUIPU_VIOLATION_OF("U3", QUIPU_DUPLICATE, id, append,
                               log->final_read),
            "an item is in the log twice, with the ids %" PRId64
            " and %" PRId64,
            other, id);
    }
}

/* The items of an append must follow each other in the log. */
static void check_whole(struct quipu_checker *c, size_t append)
{
    const struct quipu_operation *op = &c->history->operations[append];
    const struct quipu_final_log *log = &c->logs[op->log];
    const struct quipu_append_outcome *outcome = &c->outcomes[append];

    for (size_t i = 0; i < op->count; i++) {
        int64_t id = outcome->first + (int64_t)i;

        if (id > log->head || !log->at[id] ||
            !quipu_history_same_origin(log->at[id]->origin,
                                       item_of(c, op, i)->origin)) {
            quipu_history_violations_add(
                c,
                QUIPU_VIOLATION(QUIPU_TORN_APPEND, id, append, log->final_read),
                "item %zu of the %zu items of one append is not at id %" PRId64,
                i, op->count, id);
            return;
        }
    }
}

int64_t quipu_history_append_outcomes_stored_id(
    const struct quipu_checker *c, struct quipu_history_origin origin)
{
    const struct quipu_history_entry *item;
    const struct quipu_operation *op =
        quipu_history_find_append(c->history, origin, &item);
    const struct quipu_final_log *log;
    int64_t id;

    if (!op) {
        return 0;
    }
    log = &c->logs[op->log];
    id = c->outcomes[quipu_checker_index(c, op)].first + (int64_t)origin.index;
    return id <= log->head && log->at[id] &&
                   quipu_history_same_origin(log->at[id]->origin, origin)
               ? id
               : 0;
}

/* ---------------------------------------------------------------- attempts */

/* Returns true if the operation may have stored its append.  That includes a
 * response OK with `repeated`: a driver that loses its connection during the
 * commit may retry by itself, and then finds the items stored. */
static bool may_store(const struct quipu_operation *op)
{
    return op->status == QUIPU_HISTORY_UNANSWERED ||
           op->status == QUIPU_UNKNOWN_OUTCOME || op->status == QUIPU_OK;
}

static void add_attempt(struct quipu_checker *c, size_t attempt)
{
    const struct quipu_operation *op = &c->history->operations[attempt];
    struct quipu_append_outcome *outcome =
        &c->outcomes[c->first_attempts[attempt]];

    if (!may_store(op)) {
        return;
    }
    if (op->status == QUIPU_OK && !op->repeated) {
        if (outcome->allowed && !outcome->unknown) {
            quipu_history_violations_add(
                c,
                QUIPU_VIOLATION(QUIPU_WRONG_RESULT, outcome->first,
                                outcome->storer, attempt),
                "the same append was acknowledged twice, and neither response "
                "says that it is a repeat");
        }
        outcome->storer = attempt;
        outcome->begin = op->begin;
        outcome->end = op->end;
        outcome->unknown = false;
    } else if (!outcome->allowed ||
               (outcome->unknown && op->begin < outcome->begin)) {
        outcome->storer = attempt;
        outcome->begin = op->begin;
        outcome->end = QUIPU_HISTORY_NEVER;
        outcome->unknown = true;
    }
    outcome->allowed = true;
}

static void check_outcome(struct quipu_checker *c, size_t append)
{
    const struct quipu_operation *op = &c->history->operations[append];
    const struct quipu_append_outcome *outcome = &c->outcomes[append];

    if (outcome->first > 0) {
        check_whole(c, append);
        if (!outcome->allowed) {
            quipu_history_violations_add(
                c,
                QUIPU_VIOLATION(QUIPU_FAILED_VISIBLE, outcome->first, append,
                                c->logs[op->log].final_read),
                "an append that failed is in the log, at id %" PRId64,
                outcome->first);
        }
    }
}

void quipu_history_append_outcomes_find(struct quipu_checker *c)
{
    const struct quipu_history *h = c->history;

    for (size_t i = 0; i < h->logs.count; i++) {
        for (int64_t id = 1; id <= c->logs[i].head; id++) {
            if (c->logs[i].at[id]) {
                place_append(c, &c->logs[i], id);
            }
        }
    }
    for (size_t i = 0; i < h->operation_count; i++) {
        if (h->operations[i].call == QUIPU_HISTORY_APPEND) {
            c->first_attempts[i] = first_attempt_of(c, &h->operations[i]);
            add_attempt(c, i);
        }
    }
    for (size_t i = 0; i < h->operation_count; i++) {
        if (h->operations[i].call == QUIPU_HISTORY_APPEND) {
            check_outcome(c, i);
        }
    }
}

/* ---------------------------------------------------------------- responses */

static void check_result_item(struct quipu_checker *c, size_t append, size_t i)
{
    const struct quipu_operation *op = &c->history->operations[append];
    const struct quipu_final_log *log = &c->logs[op->log];
    const struct quipu_history_entry *item =
        &c->history->entries[op->entries + i];
    int64_t id = quipu_history_append_outcomes_stored_id(c, item->origin);
    int64_t returned = op->result + (int64_t)i;

    if (id == 0) {
        quipu_history_violations_add(
            c,
            QUIPU_VIOLATION(QUIPU_LOST_APPEND, returned, append,
                            log->final_read),
            "an append was acknowledged with id %" PRId64
            ", but its item %zu is not in the log",
            returned, i);
    } else if (id != returned) {
        quipu_history_violations_add(
            c, QUIPU_VIOLATION(QUIPU_WRONG_RESULT, id, append, log->final_read),
            "an append returned for item %zu the id %" PRId64
            ", but the log has it with id %" PRId64,
            i, returned, id);
    } else if (op->position_count > 0 &&
               c->history->positions[op->positions + i] !=
                   log->at[id]->position) {
        quipu_history_violations_add(
            c, QUIPU_VIOLATION(QUIPU_WRONG_RESULT, id, append, log->final_read),
            "an append returned for item %zu the position %" PRId64
            ", but the log has it at position %" PRId64,
            i, c->history->positions[op->positions + i], log->at[id]->position);
    }
}

/* Reports the first wrong item only: an append that is lost has many. */
static void check_result(struct quipu_checker *c, size_t append)
{
    const struct quipu_operation *op = &c->history->operations[append];
    size_t before = c->violations->total;

    for (size_t i = 0; i < op->count && c->violations->total == before; i++) {
        check_result_item(c, append, i);
    }
    if (op->count == 0 && op->result != 0) {
        quipu_history_violations_add(
            c,
            QUIPU_VIOLATION(QUIPU_WRONG_RESULT, 0, append, QUIPU_NO_OPERATION),
            "an append without items returned an id");
    }
}

/* ------------------------------------------------------------ preconditions */

static void check_guard(struct quipu_checker *c, size_t append,
                        const struct quipu_history_guard *guard)
{
    const struct quipu_append_outcome *outcome = &c->outcomes[append];
    const struct quipu_final_log *log =
        &c->logs[c->history->operations[append].log];
    const struct quipu_progression *steps = &c->sequences[guard->sequence];
    size_t length =
        quipu_history_final_log_steps_until(steps, outcome->first - 1);
    bool holds = guard->demand == QUIPU_DEMAND_EMPTY ? length == 0
                 : guard->demand == QUIPU_DEMAND_NOT_EMPTY
                     ? length > 0
                     : (int64_t)length == guard->position + 1 && length > 0;

    if (!holds) {
        quipu_history_violations_add(
            c,
            QUIPU_VIOLATION(QUIPU_UNJUSTIFIED_SUCCESS, outcome->first,
                            outcome->storer,
                            length > 0 ? log->appender[steps->at[length - 1].id]
                                       : QUIPU_NO_OPERATION),
            "a guard on %s did not hold: at id %" PRId64
            " the sequence had %zu items",
            quipu_checker_sequence(c, guard->sequence), outcome->first - 1,
            length);
    }
}

static void check_guards(struct quipu_checker *c, size_t append)
{
    const struct quipu_operation *op = &c->history->operations[append];

    for (size_t i = 0; i < op->guard_count; i++) {
        check_guard(c, append, &c->history->guards[op->guards + i]);
    }
}

void quipu_history_append_outcomes_check(struct quipu_checker *c)
{
    for (size_t i = 0; i < c->history->operation_count; i++) {
        const struct quipu_operation *op = &c->history->operations[i];

        if (op->call != QUIPU_HISTORY_APPEND) {
            continue;
        }
        if (op->status == QUIPU_OK) {
            check_result(c, i);
        }
        if (c->outcomes[i].first > 0 && c->outcomes[i].allowed) {
            check_guards(c, i);
        }
    }
}
