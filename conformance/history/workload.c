/* SPDX-License-Identifier: Apache-2.0 */
/* Records a history, judges it, and tells what is wrong. */
#include "workload.h"

#include "checker.h"
#include "explain.h"
#include "folder.h"
#include "stage.h"

#include "context/assertion.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Milliseconds by which a wait may be late: a second (L4), and what a busy
 * machine takes. */
#define WAKE 8000

/* -------------------------------------------------------------- recording */

/* The store as the user named it, without a password and without the spy. */
static const char *store_name(struct quipu_context *t)
{
    quipu_datastore_info info = { .struct_size = sizeof(info) };

    OK(quipu_datastore_describe(quipu_context_datastore(t), &info, ERR));
    return quipu_context_format(t, "%.*s%s", (int)strcspn(t->direct_uri, ":"),
                                t->direct_uri, strchr(info.uri, ':'));
}

static void record(struct quipu_context *t,
                   const struct quipu_workload *workload, const char *folder)
{
    struct quipu_stage *stage = quipu_context_allocate(t, sizeof(*stage));

    *stage =
        (struct quipu_stage){ .t = t,
                              .workload = workload,
                              .folder = folder,
                              .seed = quipu_context_random(t, UINT64_MAX) };
    stage->shared = quipu_workers_share_memory(sizeof(*stage->shared));
    quipu_stage_set(stage);
    quipu_record_run(folder, workload->name, store_name(t), stage->seed,
                     (int64_t)WAKE * t->patience);
    quipu_stage_play(stage);
    quipu_stage_finish(stage);
    quipu_stage_clear(stage);
    quipu_context_count(t, "kills", stage->kills);
    quipu_context_count(t, "stops", stage->stops);
    munmap(stage->shared, sizeof(*stage->shared));
}

/* ----------------------------------------------------------------- judging */

/* Tells what is wrong, keeps the history, and ends the case. */
static _Noreturn void convict(struct quipu_context *t,
                              const struct quipu_history *history,
                              const struct quipu_violations *violations,
                              char *folder)
{
    FILE *timeline = quipu_context_timeline(t);
    FILE *text = fdopen(dup(STDERR_FILENO), "w");

    if (timeline) {
        quipu_history_draw(history, violations, timeline);
        fclose(timeline);
    }
    if (text) {
        quipu_history_explain(history, violations, text);
        fclose(text);
    }
    quipu_history_folder_keep(folder);
    _exit(QUIPU_EXIT_FAILED);
}

static const struct {
    uint32_t must;
    const char *what;
} musts[] = {
    { QUIPU_MUST_CONFLICT, "a conflict over a position" },
    { QUIPU_MUST_GUARD, "a guard that failed and one that held" },
    { QUIPU_MUST_STEAL, "an event id that was refused" },
    { QUIPU_MUST_PASS, "a tracking record that stood higher" },
    { QUIPU_MUST_REPEAT, "a repeat of what was stored" },
    { QUIPU_MUST_WAKE, "a wait that was woken" },
    { QUIPU_MUST_DIE, "a process that died in an append" },
    { QUIPU_MUST_FAIL, "an append that found no store" },
};

static uint32_t did_happen(const struct quipu_history_counts *c)
{
    return (c->conflicts[QUIPU_CAUSE_POSITION] ? QUIPU_MUST_CONFLICT : 0u) |
           (c->conflicts[QUIPU_CAUSE_GUARD] && c->guarded ? QUIPU_MUST_GUARD
                                                          : 0u) |
           (c->conflicts[QUIPU_CAUSE_EVENT_ID] ? QUIPU_MUST_STEAL : 0u) |
           (c->already ? QUIPU_MUST_PASS : 0u) |
           (c->repeats ? QUIPU_MUST_REPEAT : 0u) |
           (c->woken ? QUIPU_MUST_WAKE : 0u) |
           (c->unanswered ? QUIPU_MUST_DIE : 0u) |
           (c->failed || c->unknown ? QUIPU_MUST_FAIL : 0u);
}

/* What must happen, and did not; NULL: all did. */
static const char *missing(const struct quipu_workload *workload,
                           const struct quipu_history_counts *counts)
{
    uint32_t lacks = workload->must & ~did_happen(counts);

    if (counts->overlaps == 0) {
        return "two operations at once";
    }
    for (size_t i = 0; i < sizeof(musts) / sizeof(*musts); i++) {
        if (lacks & musts[i].must) {
            return musts[i].what;
        }
    }
    return NULL;
}

/* Judges what was recorded; gives what it lacks. */
static const char *judge(struct quipu_context *t,
                         const struct quipu_workload *workload, char *folder)
{
    struct quipu_history *history = quipu_context_allocate(t, sizeof(*history));
    struct quipu_violations *violations =
        quipu_context_allocate(t, sizeof(*violations));
    struct quipu_history_counts counts;

    CHECK(quipu_history_load(history, folder), "%s", history->problem);
    if (!quipu_history_check(history, violations)) {
        convict(t, history, violations, folder);
    }
    quipu_history_count(history, &counts);
    quipu_history_finish(history);
    quipu_context_count(t, "histories", 1);
    quipu_context_count(t, "unknown outcomes", counts.unknown);
    quipu_context_count(t, "collisions",
                        counts.conflicts[QUIPU_CAUSE_POSITION] +
                            counts.conflicts[QUIPU_CAUSE_GUARD] +
                            counts.already);
    return missing(workload, &counts);
}

void quipu_workload_run(struct quipu_context *t,
                        const struct quipu_workload *workload)
{
    struct quipu_workload w = *workload;
    const char *lacks;
    unsigned tries = 0;

    /* On a slow store it may take longer for all of it to happen. */
    do {
        char *folder = quipu_history_folder_make();

        record(t, &w, folder);
        lacks = judge(t, &w, folder);
        quipu_history_folder_remove(folder);
        w.seconds++;
        tries++;
    } while (lacks && quipu_context_has_time(t));
    CHECK(!lacks, "in %u histories there never was %s", tries, lacks);
}
