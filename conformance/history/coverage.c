/* SPDX-License-Identifier: Apache-2.0 */
/* Coverage of a history. */
#include "coverage.h"

#include "context/assertion.h"

#include <quipu/types.h>

#include <stdlib.h>

static int by_begin(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;

    return (a[0] > b[0]) - (a[0] < b[0]);
}

/* The number of operations that began before an earlier one had ended. */
static size_t count_overlaps(const struct quipu_history *h)
{
    int64_t(*spans)[2] = calloc(h->operation_count + 1, sizeof(*spans));
    int64_t end = INT64_MIN;
    size_t overlaps = 0;

    CHECK(spans, "out of memory while checking a history");
    for (size_t i = 0; i < h->operation_count; i++) {
        spans[i][0] = h->operations[i].begin;
        spans[i][1] = h->operations[i].end == QUIPU_HISTORY_NEVER
                          ? h->operations[i].begin
                          : h->operations[i].end;
    }
    qsort(spans, h->operation_count, sizeof(*spans), by_begin);
    for (size_t i = 0; i < h->operation_count; i++) {
        overlaps += spans[i][0] < end;
        end = spans[i][1] > end ? spans[i][1] : end;
    }
    free(spans);
    return overlaps;
}

static void count_append(const struct quipu_operation *op,
                         struct quipu_coverage *coverage)
{
    bool stored = op->status == QUIPU_OK && !op->repeated && op->count > 0;

    coverage->items += stored ? op->count : 0;
    coverage->guarded += stored && op->guard_count > 0;
    coverage->repeats += op->status == QUIPU_OK && op->repeated;
    coverage->unknown += op->status == QUIPU_UNKNOWN_OUTCOME;
    coverage->failed += op->status == QUIPU_IO || op->status == QUIPU_DENIED;
    coverage->already += op->status == QUIPU_ALREADY;
    if (op->status == QUIPU_CONFLICT && op->cause < 8) {
        coverage->conflicts[op->cause]++;
    }
}

/* A wait was woken if it began before the append that it reports; a wait that
 * began later returned at once. */
static void count_woken(const struct quipu_history *h,
                        struct quipu_coverage *coverage)
{
    int64_t **begins = calloc(h->logs.count + 1, sizeof(*begins));
    size_t room = h->entry_count + 2;

    CHECK(begins, "out of memory while checking a history");
    for (size_t i = 0; i < h->logs.count; i++) {
        begins[i] = calloc(room, sizeof(**begins));
        CHECK(begins[i], "out of memory while checking a history");
    }
    for (size_t i = 0; i < h->operation_count; i++) {
        const struct quipu_operation *op = &h->operations[i];

        if (op->call == QUIPU_HISTORY_APPEND && op->status == QUIPU_OK &&
            op->result >= 1 && op->result < (int64_t)room && !op->repeated) {
            begins[op->log][op->result] = op->begin;
        }
    }
    for (size_t i = 0; i < h->operation_count; i++) {
        const struct quipu_operation *op = &h->operations[i];

        if (op->call == QUIPU_HISTORY_WAIT && op->status == QUIPU_OK &&
            op->tracking >= 0 && op->tracking + 1 < (int64_t)room) {
            coverage->woken += begins[op->log][op->tracking + 1] > op->begin;
        }
    }
    for (size_t i = 0; i < h->logs.count; i++) {
        free(begins[i]);
    }
    free(begins);
}

void quipu_history_coverage_count(const struct quipu_history *history,
                                  struct quipu_coverage *coverage)
{
    *coverage = (struct quipu_coverage){
        .operations = history->operation_count,
        .overlaps = count_overlaps(history),
    };
    for (size_t i = 0; i < history->operation_count; i++) {
        const struct quipu_operation *op = &history->operations[i];

        coverage->unanswered += op->status == QUIPU_HISTORY_UNANSWERED;
        if (op->call == QUIPU_HISTORY_APPEND) {
            count_append(op, coverage);
        }
    }
    count_woken(history, coverage);
}
