/* SPDX-License-Identifier: Apache-2.0 */
/* Judges a kept history. */
#include "verdict.h"

#include "checker.h"
#include "explain.h"

#include <quipu/conformance.h>

#include <inttypes.h>
#include <stdlib.h>

static void print_counts(const struct quipu_history *history)
{
    struct quipu_history_counts c;

    quipu_history_count(history, &c);
    printf("%s on %s, seed %" PRIu64 ": %zu sessions, %zu operations, "
           "%zu of them begun while another was under way\n",
           history->workload, history->store, history->seed,
           history->session_count, c.operations, c.overlaps);
    printf("%zu items stored; refused: %zu over positions, %zu over guards, "
           "%zu over event ids, %zu passed in tracking\n",
           c.items, c.conflicts[QUIPU_CAUSE_POSITION],
           c.conflicts[QUIPU_CAUSE_GUARD], c.conflicts[QUIPU_CAUSE_EVENT_ID],
           c.already);
    printf("%zu repeats that met what was stored, %zu guarded appends stored, "
           "%zu waits woken, %zu failed, %zu unknown, %zu unanswered\n",
           c.repeats, c.guarded, c.woken, c.failed, c.unknown, c.unanswered);
}

int quipu_verdict_of(const char *folder)
{
    struct quipu_history *history = calloc(1, sizeof(*history));
    struct quipu_violations *violations = calloc(1, sizeof(*violations));
    int status = QUIPU_CONFORMANCE_MISUSE;

    if (!history || !violations) {
        fprintf(stderr, "quipu-conformance: no memory\n");
    } else if (!quipu_history_load(history, folder)) {
        fprintf(stderr, "quipu-conformance: %s\n", history->problem);
    } else {
        bool legal = quipu_history_check(history, violations);

        print_counts(history);
        quipu_history_explain(history, violations, stdout);
        printf("%s: %zu violations\n", folder, violations->total);
        status = legal ? QUIPU_CONFORMANCE_HOLDS : QUIPU_CONFORMANCE_BROKEN;
    }
    if (history) {
        quipu_history_finish(history);
    }
    free(history);
    free(violations);
    return status;
}
