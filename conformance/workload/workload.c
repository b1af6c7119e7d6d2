/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workloads.
 *
 * A workload is a random program for many sessions, given by weights: how often
 * a session appends in which form, reads, or waits.  The sessions use a few
 * shared sequences, so that they conflict; each session draws its steps from
 * the seed of the case and takes positions, guards and tracking records from
 * the responses that it has got (generator.c).  A run (run.c) executes the
 * sessions in threads or processes and records a history; at its end, when no
 * other session is left, the logs are read once more.  The history is then
 * loaded from its files and checked (history/checker.c): the checker sees
 * nothing but the recordings.
 *
 * A random program may miss the situations that it is made for, on a store
 * that is slow, for example.  A workload therefore states what its history has
 * to contain, such as a conflict over a position or a killed append.  If
 * something is missing the run is repeated with one second more, while the
 * case has time, and in the end the case fails: a history that proves nothing
 * must not pass.
 *
 * The same seed draws the same steps, but not the same history: the scheduling
 * of the threads and processes differs.  A history with a violation is
 * therefore kept, and can be checked again with --check-history.
 */
#include "workload.h"

#include "history/checker.h"
#include "history/coverage.h"
#include "history/violation_report.h"
#include "run.h"

#include "context/assertion.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Milliseconds by which a wait may be late: the second that L4 allows, and a
 * generous allowance for a busy machine. */
#define WAKE_LIMIT 8000

/* -------------------------------------------------------------- recording */

/* The URI as the user gave it, without its password and without the prefix of
 * the contract proxy. */
static const char *store_name(struct quipu_context *ctx)
{
    quipu_datastore_info info = { .struct_size = sizeof(info) };

    OK(quipu_datastore_describe(quipu_context_datastore(ctx), &info, ERR));
    return quipu_context_format(ctx, "%.*s%s",
                                (int)strcspn(ctx->direct_uri, ":"),
                                ctx->direct_uri, strchr(info.uri, ':'));
}

static void record(struct quipu_context *ctx,
                   const struct quipu_workload *workload, const char *folder)
{
    struct quipu_workload_run *run = quipu_context_allocate(ctx, sizeof(*run));

    *run = (struct quipu_workload_run){ .ctx = ctx,
                                        .workload = workload,
                                        .folder = folder,
                                        .seed = quipu_context_random(
                                            ctx, UINT64_MAX) };
    run->shared = quipu_workers_share_memory(sizeof(*run->shared));
    quipu_workload_run_setup(run);
    quipu_record_run(folder, workload->name, store_name(ctx), run->seed,
                     (int64_t)WAKE_LIMIT * ctx->patience);
    quipu_workload_run_sessions(run);
    quipu_workload_run_read_all(run);
    quipu_workload_run_teardown(run);
    quipu_context_count(ctx, "kills", run->kills);
    quipu_context_count(ctx, "stops", run->stops);
    munmap(run->shared, sizeof(*run->shared));
}

/* ---------------------------------------------------------------- checking */

/* Reports the violations, keeps the history, and ends the case. */
static _Noreturn void fail(struct quipu_context *ctx,
                           const struct quipu_history *history,
                           const struct quipu_violations *violations,
                           char *folder)
{
    FILE *timeline = quipu_context_timeline(ctx);
    int copy = dup(STDERR_FILENO);
    FILE *text = copy >= 0 ? fdopen(copy, "w") : NULL;
    const char *guarantee;

    if (timeline) {
        quipu_history_violation_report_timeline(history, violations, timeline);
        fclose(timeline);
    }
    if (text) {
        quipu_history_violation_report_text(history, violations, text);
        fclose(text);
    }
    for (size_t i = 0;
         (guarantee = quipu_history_violations_broken(violations, i)); i++) {
        quipu_context_blame(ctx, guarantee);
    }
    quipu_record_folder_keep(folder);
    quipu_completion_exit(QUIPU_COMPLETION_FAILED);
}

static const struct {
    uint32_t bit;
    const char *name;
} situations[] = {
    { QUIPU_COVER_CONFLICT, "a conflict over a position" },
    { QUIPU_COVER_GUARD, "a guard that failed and a guard that held" },
    { QUIPU_COVER_EVENT_ID, "a conflict over an event id" },
    { QUIPU_COVER_ALREADY,
      "a tracking record that another session had overtaken" },
    { QUIPU_COVER_REPEAT, "a repeat of a stored append" },
    { QUIPU_COVER_WAKE, "a wait that another session ended" },
    { QUIPU_COVER_KILL, "a process that was killed during an append" },
};

/* The situations that a history contains. */
static uint32_t contained(const struct quipu_coverage *c)
{
    return (c->conflicts[QUIPU_CAUSE_POSITION] ? QUIPU_COVER_CONFLICT : 0u) |
           (c->conflicts[QUIPU_CAUSE_GUARD] && c->guarded ? QUIPU_COVER_GUARD
                                                          : 0u) |
           (c->conflicts[QUIPU_CAUSE_EVENT_ID] ? QUIPU_COVER_EVENT_ID : 0u) |
           (c->already ? QUIPU_COVER_ALREADY : 0u) |
           (c->repeats ? QUIPU_COVER_REPEAT : 0u) |
           (c->woken ? QUIPU_COVER_WAKE : 0u) |
           (c->unanswered ? QUIPU_COVER_KILL : 0u);
}

/* The first required situation that the history lacks; NULL: it has all. */
static const char *missing(const struct quipu_workload *workload,
                           const struct quipu_coverage *coverage)
{
    uint32_t lacks = workload->required & ~contained(coverage);

    if (coverage->overlaps == 0) {
        return "two operations at the same time";
    }
    for (size_t i = 0; i < sizeof(situations) / sizeof(*situations); i++) {
        if (lacks & situations[i].bit) {
            return situations[i].name;
        }
    }
    return NULL;
}

/* Checks the history; returns what it lacks, or NULL. */
static const char *check(struct quipu_context *ctx,
                         const struct quipu_workload *workload, char *folder)
{
    struct quipu_history *history =
        quipu_context_allocate(ctx, sizeof(*history));
    struct quipu_violations *violations =
        quipu_context_allocate(ctx, sizeof(*violations));
    struct quipu_coverage coverage;

    CHECK(quipu_history_load(history, folder), "%s", history->problem);
    if (!quipu_history_checker_run(history, violations)) {
        fail(ctx, history, violations, folder);
    }
    quipu_history_coverage_count(history, &coverage);
    quipu_history_finish(history);
    quipu_context_count(ctx, "histories", 1);
    quipu_context_count(ctx, "unknown outcomes", coverage.unknown);
    quipu_context_count(ctx, "collisions",
                        coverage.conflicts[QUIPU_CAUSE_POSITION] +
                            coverage.conflicts[QUIPU_CAUSE_GUARD] +
                            coverage.already);
    return missing(workload, &coverage);
}

void quipu_workload_check(struct quipu_context *ctx,
                          const struct quipu_workload *workload)
{
    struct quipu_workload w = *workload;
    const char *lacks;
    unsigned tries = 0;

    /* On a slow store it takes longer until all situations occur. */
    do {
        char *folder = quipu_record_folder_create();

        record(ctx, &w, folder);
        lacks = check(ctx, &w, folder);
        quipu_record_folder_remove(folder);
        w.seconds++;
        tries++;
    } while (lacks && quipu_context_has_time(ctx));
    CHECK(!lacks, "none of %u histories contained %s", tries, lacks);
}
