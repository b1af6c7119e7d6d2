/* SPDX-License-Identifier: Apache-2.0 */
/* Selects, runs and judges the cases. */
#include "runner.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define USUAL_LIMIT 20 /* seconds */

struct job {
    const struct quipu_run *run;
    const struct quipu_case *case_;
    const struct quipu_place *place;
    uint32_t traits;
    uint32_t *found; /* by the probe, in shared memory */
};

/* ---------------------------------------------------------------- probe */

/* Two datastores of one URI are one store if what one sets up the other can
 * bind. */
static bool is_joint(struct quipu_trial *t)
{
    const quipu_schema *schema = quipu_trial_schema(t, QUIPU_SHAPE_PLAIN);
    quipu_datastore *other;
    quipu_records *records;
    int status;

    quipu_trial_setup(t, schema);
    other = quipu_trial_open(t, NULL);
    status = quipu_records_open(other, schema, &records, E);
    if (status == QUIPU_NOT_FOUND) {
        return false;
    }
    OK(status);
    OK(quipu_records_close(records, E));
    return true;
}

static void probe(void *context)
{
    struct job *job = context;
    quipu_datastore_info info = { .struct_size = sizeof info };
    struct quipu_trial t;
    uint32_t traits;

    quipu_trial_init(&t, job->place->uri, job->place->directory, 0,
                     job->run->seed);
    OK(quipu_datastore_describe(quipu_trial_datastore(&t), &info, E));
    t.traits = traits = info.capabilities;
    if (is_joint(&t)) {
        traits |= QUIPU_TRAIT_JOINT;
    }
    if (job->place->directory) {
        traits |= QUIPU_TRAIT_FILES;
    }
    if (job->run->heavy) {
        traits |= QUIPU_TRAIT_HEAVY;
    }
    quipu_trial_finish(&t);
    *job->found = traits;
}

bool quipu_run_probe(const struct quipu_run *run, uint32_t *traits, char *text,
                     size_t size)
{
    struct quipu_place place;
    struct job job = { .run = run, .place = &place };
    bool late = false;
    int status;

    if (!quipu_place_make(&place, run->uri)) {
        snprintf(text, size, "no folder for {dir} can be made");
        return false;
    }
    job.found = quipu_crew_share(sizeof *job.found);
    status = quipu_run_child(probe, &job,
                             INT64_C(1000) * USUAL_LIMIT * run->patience, text,
                             size, &late);
    *traits = *job.found;
    munmap(job.found, sizeof *job.found);
    quipu_place_remove(&place);
    if (late) {
        snprintf(text, size, "opening took too long");
    }
    return status == 0;
}

/* ------------------------------------------------------------- one case */

static void run_case(void *context)
{
    const struct job *job = context;
    struct quipu_trial t;
    uint64_t seed = job->run->seed;

    for (const char *c = job->case_->id; *c; c++) {
        seed = seed * 31 + (unsigned char)*c;
    }
    quipu_trial_init(&t, job->place->uri, job->place->directory, job->traits,
                     seed);
    t.patience = job->run->patience;
    job->case_->run(&t);
    quipu_trial_finish(&t);
}

static void judge(struct quipu_outcome *outcome, int status, bool late)
{
    size_t used = strlen(outcome->text);
    char *end = outcome->text + used;
    size_t room = sizeof outcome->text - used;

    outcome->verdict = QUIPU_FAILED;
    if (late) {
        snprintf(end, room, "it did not end in time and was killed");
    } else if (WIFSIGNALED(status)) {
        snprintf(end, room, "its process died of signal %d", WTERMSIG(status));
    } else if (WIFEXITED(status) && WEXITSTATUS(status) == QUIPU_EXIT_SKIPPED) {
        outcome->verdict = QUIPU_SKIPPED;
    } else if (status == 0) {
        outcome->verdict = QUIPU_PASSED;
    } else if (used == 0) {
        snprintf(end, room, "its process ended with wait status 0x%x",
                 (unsigned)status);
    }
}

static void attempt(struct job *job, struct quipu_outcome *outcome)
{
    unsigned limit = job->case_->limit > 0 ? job->case_->limit : USUAL_LIMIT;
    struct quipu_place place;
    bool late;
    int status;

    if (!quipu_place_make(&place, job->run->uri)) {
        snprintf(outcome->text, sizeof outcome->text,
                 "no folder for {dir} can be made");
        outcome->verdict = QUIPU_FAILED;
        return;
    }
    /* cppcheck-suppress autoVariables ; the job ends before this returns */
    job->place = &place;
    status = quipu_run_child(run_case, job,
                             INT64_C(1000) * limit * job->run->patience,
                             outcome->text, sizeof outcome->text, &late);
    judge(outcome, status, late);
    quipu_place_remove(&place);
}

/* ------------------------------------------------------------- all of it */

static const struct {
    uint32_t bit;
    const char *absent, *present;
} reasons[] = {
    { QUIPU_CAN_SHARE, "the store is not shared by processes", "shared" },
    { QUIPU_CAN_PERSIST, "the store does not persist", "persistent" },
    { QUIPU_CAN_LOG, "the store keeps no log", "it keeps a log" },
    { QUIPU_CAN_TRACK, "the store keeps no tracking records",
      "it keeps tracking records" },
    { QUIPU_CAN_TRANSACT, "the store runs no function in a transaction",
      "it runs a function in a transaction" },
    { QUIPU_TRAIT_JOINT, "each datastore of this URI is a store of its own",
      "two datastores of this URI are one store" },
    { QUIPU_TRAIT_FILES, "the URI has no {dir}", "the URI has {dir}" },
    { QUIPU_TRAIT_HEAVY, "it is heavy, and runs with --heavy only", "" },
};

/* Why the case is not for this store, or NULL. */
static const char *unfit(const struct quipu_case *case_, uint32_t traits)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (case_->needs & ~traits & reasons[i].bit) {
            return reasons[i].absent;
        }
        if (case_->lacks & traits & reasons[i].bit) {
            return reasons[i].present;
        }
    }
    return NULL;
}

static void run_one(struct job *job, struct quipu_outcome *outcome)
{
    const char *reason = unfit(job->case_, job->traits);
    int64_t begin = quipu_trial_now();

    *outcome = (struct quipu_outcome){ .case_ = job->case_ };
    if (reason) {
        outcome->verdict = QUIPU_SKIPPED;
        snprintf(outcome->text, sizeof outcome->text, "%s", reason);
    } else {
        attempt(job, outcome);
    }
    outcome->milliseconds = quipu_trial_now() - begin;
}

bool quipu_run_selects(const struct quipu_run *run,
                       const struct quipu_case *case_)
{
    return (!run->only || fnmatch(run->only, case_->id, 0) == 0) &&
           !(run->skip && fnmatch(run->skip, case_->id, 0) == 0);
}

static void count(struct quipu_totals *totals, enum quipu_verdict verdict)
{
    totals->passed += verdict == QUIPU_PASSED;
    totals->failed += verdict == QUIPU_FAILED;
    totals->skipped += verdict == QUIPU_SKIPPED;
}

struct quipu_totals quipu_run_all(const struct quipu_run *run, uint32_t traits,
                                  quipu_hear hear, void *context)
{
    struct quipu_totals totals = { 0 };
    struct job job = { .run = run, .traits = traits };
    struct quipu_outcome outcome;

    for (size_t i = 0; quipu_families[i]; i++) {
        for (size_t k = 0; k < quipu_families[i]->count; k++) {
            job.case_ = &quipu_families[i]->cases[k];
            if (quipu_run_selects(run, job.case_)) {
                run_one(&job, &outcome);
                count(&totals, outcome.verdict);
                hear(context, &outcome);
            }
        }
    }
    return totals;
}
