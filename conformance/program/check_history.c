/* SPDX-License-Identifier: Apache-2.0 */
/* --check-history: checks a history that was kept. */
#include "history/checker.h"
#include "history/coverage.h"
#include "history/violation_report.h"
#include "program.h"

#include <quipu/conformance.h>

#include <inttypes.h>
#include <stdlib.h>

static void print_coverage(const struct quipu_history *history)
{
    struct quipu_coverage c;

    quipu_history_coverage_count(history, &c);
    printf("%s on %s, seed %" PRIu64 ": %zu sessions, %zu operations, "
           "%zu of which began while another was running\n",
           history->workload, history->store, history->seed,
           history->session_count, c.operations, c.overlaps);
    printf("%zu items stored; conflicts: %zu over positions, %zu over guards, "
           "%zu over event ids; %zu tracking records overtaken\n",
           c.items, c.conflicts[QUIPU_CAUSE_POSITION],
           c.conflicts[QUIPU_CAUSE_GUARD], c.conflicts[QUIPU_CAUSE_EVENT_ID],
           c.already);
    printf("%zu repeats of stored appends, %zu guarded appends stored, "
           "%zu waits woken, %zu appends failed, %zu with unknown outcome, "
           "%zu operations without response\n",
           c.repeats, c.guarded, c.woken, c.failed, c.unknown, c.unanswered);
}

int quipu_check_history_run(const char *folder)
{
    struct quipu_history *history = calloc(1, sizeof(*history));
    struct quipu_violations *violations = calloc(1, sizeof(*violations));
    int status = QUIPU_CONFORMANCE_MISUSE;

    if (!history || !violations) {
        fprintf(stderr, "quipu-conformance: out of memory\n");
    } else if (!quipu_history_load(history, folder)) {
        fprintf(stderr, "quipu-conformance: %s\n", history->problem);
    } else {
        bool legal = quipu_history_checker_run(history, violations);

        print_coverage(history);
        quipu_history_violation_report_text(history, violations, stdout);
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
