/* SPDX-License-Identifier: Apache-2.0 */
/* Judges a history: all parts of it, and what they object to. */
#include "judging.h"

#include "context/assertion.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name, *guarantee;
} kinds[QUIPU_VIOLATION_KINDS] = {
    [QUIPU_LOST_APPEND] = { "lost-append", "V3" },
    [QUIPU_REFUSED_VISIBLE] = { "refused-visible", "V5" },
    [QUIPU_VANISHED] = { "vanished", "V2" },
    [QUIPU_TORN_APPEND] = { "torn-append", "U2" },
    [QUIPU_DUPLICATE] = { "duplicate", "U1" },
    [QUIPU_GAP] = { "gap", "L1" },
    [QUIPU_LATE_ARRIVAL] = { "late-arrival", "L2" },
    [QUIPU_REORDERED] = { "reordered", "L1" },
    [QUIPU_STALE_READ] = { "stale-read", "V1" },
    [QUIPU_NON_MONOTONIC] = { "non-monotonic-read", "V1" },
    [QUIPU_TOO_EARLY] = { "too-early", "V4" },
    [QUIPU_CAUSELESS_REFUSAL] = { "causeless-refusal", "U1" },
    [QUIPU_CAUSELESS_SUCCESS] = { "causeless-success", "S3" },
    [QUIPU_WRONG_RESULT] = { "wrong-result", "S5" },
    [QUIPU_WRONG_READ] = { "wrong-read", "S4" },
    [QUIPU_ALTERED_ITEM] = { "altered-item", "F1" },
    [QUIPU_LATE_WAKE] = { "late-wake", "L4" },
};

const char *quipu_violation_name(int kind)
{
    return kind >= 0 && kind < QUIPU_VIOLATION_KINDS ? kinds[kind].name : "?";
}

const char *quipu_violation_guarantee(int kind)
{
    return kind >= 0 && kind < QUIPU_VIOLATION_KINDS ? kinds[kind].guarantee
                                                     : "?";
}

/* ------------------------------------------------------------- objecting */

static void add_operation(struct quipu_violation *violation, size_t number)
{
    for (unsigned i = 0; i < violation->operation_count; i++) {
        if (violation->operations[i] == number) {
            return;
        }
    }
    if (number != QUIPU_NOBODY &&
        violation->operation_count < QUIPU_VIOLATION_OPERATIONS) {
        violation->operations[violation->operation_count++] = number;
    }
}

/* Whose item stands at the id that it is about. */
static size_t appender_of(const struct quipu_judging *j, size_t operation,
                          int64_t id)
{
    const struct quipu_ledger *ledger;

    if (operation == QUIPU_NOBODY) {
        return QUIPU_NOBODY;
    }
    ledger = &j->ledgers[j->history->operations[operation].log];
    return id >= 1 && id <= ledger->head && ledger->appender
               ? ledger->appender[id]
               : QUIPU_NOBODY;
}

void quipu_judging_object(struct quipu_judging *j, int kind, int64_t id,
                          size_t first, size_t second, const char *format, ...)
{
    size_t *count = &j->violations->counts[kind];
    struct quipu_violation *violation;
    va_list arguments;

    j->violations->total++;
    if (*count >= QUIPU_VIOLATIONS_KEPT) {
        ++*count;
        return;
    }
    violation = &j->violations->at[kind][(*count)++];
    violation->kind = (enum quipu_violation_kind)kind;
    violation->id = id;
    violation->operation_count = 0;
    add_operation(violation, first);
    add_operation(violation, second);
    add_operation(violation, appender_of(j, first, id));
    va_start(arguments, format);
    vsnprintf(violation->text, sizeof(violation->text), format, arguments);
    va_end(arguments);
}

size_t quipu_judging_number(const struct quipu_judging *j,
                            const struct quipu_operation *op)
{
    return (size_t)(op - j->history->operations);
}

struct quipu_called quipu_judging_call(const struct quipu_judging *j,
                                       size_t operation)
{
    const struct quipu_operation *op = &j->history->operations[operation];
    struct quipu_called called;

    snprintf(called.text, sizeof(called.text), "%" PRIu32 ".%" PRIu32,
             j->history->sessions[op->session].number, op->number);
    return called;
}

const char *quipu_judging_sequence(const struct quipu_judging *j,
                                   uint32_t sequence)
{
    return j->history->sequences.at[sequence].text;
}

/* ------------------------------------------------------------------ sights */

void quipu_judging_see(struct quipu_judging *j, size_t operation, int64_t low,
                       int64_t high, int kind)
{
    const struct quipu_operation *op = &j->history->operations[operation];
    const struct quipu_ledger *ledger = &j->ledgers[op->log];
    struct quipu_sight *sight = &j->sights[operation];
    size_t missing = QUIPU_NOBODY;
    bool halves = low <= high && kind == QUIPU_TORN_APPEND;

    if (low >= 1 && low <= ledger->head) {
        low = quipu_ledger_last(ledger, low);
    }
    if (high >= 0 && high < ledger->head) {
        missing = ledger->appender[high + 1];
        high = quipu_ledger_first(ledger, high + 1) - 1;
    }
    if (low > high) {
        quipu_judging_object(
            j, kind, high + 1, operation, missing,
            halves ? "%s saw the log between ids %" PRId64 " and %" PRId64
                     ", which are of one append"
                   : "there was no instant at which %s can have been told this "
                     "(it needs the log to reach id %" PRId64
                     " and not %" PRId64 ")",
            quipu_judging_call(j, operation).text, halves ? high + 1 : low,
            halves ? low : high + 1);
        return;
    }
    *sight = (struct quipu_sight){ low, high, op->begin, op->opened, true };
}

/* ---------------------------------------------------------------- all of it */

static void finish(struct quipu_judging *j)
{
    for (size_t i = 0; i < j->history->logs.count; i++) {
        free(j->ledgers[i].at);
        free(j->ledgers[i].appender);
        free(j->proofs[i]);
    }
    for (size_t i = 0; i < j->history->sequences.count; i++) {
        free(j->sequences[i].at);
    }
    for (size_t i = 0; i < j->history->consumers.count; i++) {
        free(j->consumers[i].at);
    }
    free(j->ledgers);
    free(j->sequences);
    free(j->consumers);
    free(j->proofs);
    free(j->fates);
    free(j->origins);
    free(j->sights);
}

bool quipu_history_check(const struct quipu_history *history,
                         struct quipu_violations *violations)
{
    struct quipu_judging j = { .history = history, .violations = violations };

    violations->total = 0;
    for (int i = 0; i < QUIPU_VIOLATION_KINDS; i++) {
        violations->counts[i] = 0;
    }
    j.sights = calloc(history->operation_count + 1, sizeof(*j.sights));
    CHECK(j.sights, "no memory to check a history");
    quipu_judging_read_ledgers(&j);
    quipu_judging_find_fates(&j);
    quipu_judging_check_appends(&j);
    quipu_judging_see_refusals(&j);
    quipu_judging_see_reads(&j);
    quipu_judging_check_time(&j);
    finish(&j);
    return violations->total == 0;
}
