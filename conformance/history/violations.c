/* SPDX-License-Identifier: Apache-2.0 */
/* Violations: their names, the guarantees that they break, and the list of
 * those that were found. */
#include "violations.h"

#include "checker.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* By enum quipu_violation_kind. */
static const struct {
    const char *name, *guarantee;
} kinds[QUIPU_VIOLATION_KINDS] = {
    [QUIPU_LOST_APPEND] = { "lost-append", "V3" },
    [QUIPU_FAILED_VISIBLE] = { "failed-visible", "V5" },
    [QUIPU_VANISHED] = { "vanished", "V2" },
    [QUIPU_TORN_APPEND] = { "torn-append", "U2" },
    [QUIPU_DUPLICATE] = { "duplicate", "U1" },
    [QUIPU_GAP] = { "gap", "L1" },
    [QUIPU_LATE_ARRIVAL] = { "late-arrival", "L2" },
    [QUIPU_REORDERED] = { "reordered", "L1" },
    [QUIPU_STALE_READ] = { "stale-read", "V1" },
    [QUIPU_NON_MONOTONIC] = { "non-monotonic-read", "V1" },
    [QUIPU_TOO_EARLY] = { "too-early", "V4" },
    [QUIPU_UNJUSTIFIED_CONFLICT] = { "unjustified-conflict", "U1" },
    [QUIPU_UNJUSTIFIED_SUCCESS] = { "unjustified-success", "S3" },
    [QUIPU_WRONG_RESULT] = { "wrong-result", "S5" },
    [QUIPU_WRONG_READ] = { "wrong-read", "S4" },
    [QUIPU_ALTERED_ITEM] = { "altered-item", "F1" },
    [QUIPU_LATE_WAKE] = { "late-wake", "L4" },
};

const char *quipu_history_violations_name(int kind)
{
    return kind >= 0 && kind < QUIPU_VIOLATION_KINDS ? kinds[kind].name : "?";
}

/* The guarantee of the precondition over which an append was refused: the first
 * or the second operation of a subject. */
static const char *refused_over(const struct quipu_checker *c,
                                const struct quipu_violation_subject *subject)
{
    const struct quipu_operation *op = &c->history->operations[subject->first];

    if (op->status != QUIPU_ALREADY && op->status != QUIPU_CONFLICT) {
        op = &c->history->operations[subject->second];
    }
    if (op->status == QUIPU_ALREADY) {
        return "U4";
    }
    return op->cause == QUIPU_CAUSE_GUARD      ? "S3"
           : op->cause == QUIPU_CAUSE_EVENT_ID ? "U3"
                                               : "U1";
}

static const char *guarantee_of(const struct quipu_checker *c,
                                const struct quipu_violation_subject *subject)
{
    if (subject->guarantee) {
        return subject->guarantee;
    }
    if (subject->kind == QUIPU_UNJUSTIFIED_CONFLICT) {
        return refused_over(c, subject);
    }
    return kinds[subject->kind].guarantee;
}

/* ------------------------------------------------------------- enumerating */

/* Returns true if a violation before this one breaks the same guarantee. */
static bool is_repeated(const struct quipu_violations *violations, int kind,
                        size_t i)
{
    const char *guarantee = violations->at[kind][i].guarantee;

    for (int k = 0; k <= kind; k++) {
        for (size_t n = 0; n < QUIPU_VIOLATIONS_KEPT &&
                           n < (k == kind ? i : violations->counts[k]);
             n++) {
            if (strcmp(violations->at[k][n].guarantee, guarantee) == 0) {
                return true;
            }
        }
    }
    return false;
}

const char *quipu_history_violations_broken(
    const struct quipu_violations *violations, size_t index)
{
    for (int k = 0; k < QUIPU_VIOLATION_KINDS; k++) {
        for (size_t i = 0;
             i < violations->counts[k] && i < QUIPU_VIOLATIONS_KEPT; i++) {
            if (!is_repeated(violations, k, i) && index-- == 0) {
                return violations->at[k][i].guarantee;
            }
        }
    }
    return NULL;
}

/* ------------------------------------------------------------------ adding */

static void add_operation(struct quipu_violation *violation, size_t number)
{
    for (unsigned i = 0; i < violation->operation_count; i++) {
        if (violation->operations[i] == number) {
            return;
        }
    }
    if (number != QUIPU_NO_OPERATION &&
        violation->operation_count < QUIPU_VIOLATION_OPERATIONS) {
        violation->operations[violation->operation_count++] = number;
    }
}

/* The append whose item has the id in the log of the operation. */
static size_t appender_of(const struct quipu_checker *c, size_t operation,
                          int64_t id)
{
    const struct quipu_final_log *log;

    if (operation == QUIPU_NO_OPERATION) {
        return QUIPU_NO_OPERATION;
    }
    log = &c->logs[c->history->operations[operation].log];
    return id >= 1 && id <= log->head && log->appender ? log->appender[id]
                                                       : QUIPU_NO_OPERATION;
}

void quipu_history_violations_add(struct quipu_checker *c,
                                  struct quipu_violation_subject subject,
                                  const char *format, ...)
{
    size_t *count = &c->violations->counts[subject.kind];
    struct quipu_violation *violation;
    va_list arguments;

    c->violations->total++;
    if (*count >= QUIPU_VIOLATIONS_KEPT) {
        ++*count;
        return;
    }
    violation = &c->violations->at[subject.kind][(*count)++];
    violation->kind = (enum quipu_violation_kind)subject.kind;
    violation->guarantee = guarantee_of(c, &subject);
    violation->id = subject.id;
    violation->operation_count = 0;
    add_operation(violation, subject.first);
    add_operation(violation, subject.second);
    add_operation(violation, appender_of(c, subject.first, subject.id));
    va_start(arguments, format);
    vsnprintf(violation->text, sizeof(violation->text), format, arguments);
    va_end(arguments);
}

struct quipu_operation_name quipu_history_violations_operation(
    const struct quipu_checker *c, size_t operation)
{
    const struct quipu_operation *op = &c->history->operations[operation];
    struct quipu_operation_name name;

    snprintf(name.text, sizeof(name.text), "%" PRIu32 ".%" PRIu32,
             c->history->sessions[op->session].number, op->number);
    return name;
}
