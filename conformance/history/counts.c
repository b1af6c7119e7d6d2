/* SPDX-License-Identifier: Apache-2.0 */
/* How much a history has put to the test. */
#include "checker.h"

#include "context/assertion.h"

#include <quipu/types.h>

#include <stdlib.h>

static int by_begin(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;

    return (a[0] > b[0]) - (a[0] < b[0]);
}

/* Operations that began before one that began earlier had ended. */
static size_t count_overlaps(const struct quipu_history *h)
{
    int64_t(*spans)[2] = calloc(h->operation_count + 1, sizeof(*spans));
    int64_t end = INT64_MIN;
    size_t overlaps = 0;

    CHECK(spans, "no memory to check a history");
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
                         struct quipu_history_counts *counts)
{
    bool stored = op->status == QUIPU_OK && !op->repeated && op->count > 0;

    counts->items += stored ? op->count : 0;
    counts->guarded += stored && op->guard_count > 0;
    counts->repeats += op->status == QUIPU_OK && op->repeated;
    counts->unknown += op->status == QUIPU_UNKNOWN_OUTCOME;
    counts->failed += op->status == QUIPU_IO || op->status == QUIPU_DENIED;
    counts->already += op->status == QUIPU_ALREADY;
    if (op->status == QUIPU_CONFLICT && op->cause < 8) {
        counts->conflicts[op->cause]++;
    }
}

/* When each id was acknowledged: waits that began before that were woken. */
static void count_woken(const struct quipu_history *h,
                        struct quipu_history_counts *counts)
{
    int64_t **begins = calloc(h->logs.count + 1, sizeof(*begins));
    size_t room = h->entry_count + 2;

    CHECK(begins, "no memory to check a history");
    for (size_t i = 0; i < h->logs.count; i++) {
        begins[i] = calloc(room, sizeof(**begins));
        CHECK(begins[i], "no memory to check a history");
    }
    for (size_t i = 0; i < h->operation_count; i++) {
        const struct quipu_operation *op = &h->operations[i];

        if (op->call == QUIPU_HISTORY_APPEND && op->status == QUIPU_OK &&
            op->told >= 1 && op->told < (int64_t)room && !op->repeated) {
            begins[op->log][op->told] = op->begin;
        }
    }
    for (size_t i = 0; i < h->operation_count; i++) {
        const struct quipu_operation *op = &h->operations[i];

        if (op->call == QUIPU_HISTORY_WAIT && op->status == QUIPU_OK &&
            op->track >= 0 && op->track + 1 < (int64_t)room) {
            counts->woken += begins[op->log][op->track + 1] > op->begin;
        }
    }
    for (size_t i = 0; i < h->logs.count; i++) {
        free(begins[i]);
    }
    free(begins);
}

void quipu_history_count(const struct quipu_history *history,
                         struct quipu_history_counts *counts)
{
    *counts = (struct quipu_history_counts){
        .operations = history->operation_count,
        .overlaps = count_overlaps(history),
    };
    for (size_t i = 0; i < history->operation_count; i++) {
        const struct quipu_operation *op = &history->operations[i];

        counts->unanswered += op->status == QUIPU_HISTORY_UNANSWERED;
        if (op->call == QUIPU_HISTORY_APPEND) {
            count_append(op, counts);
        }
    }
    count_woken(history, counts);
}
