/* SPDX-License-Identifier: Apache-2.0 */
/* Selects, runs and judges the cases. */
#include "runner.h"

#include "interrupt.h"
#include "trial/place.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* Seconds: far more than a case takes, or a busy machine fails it. */
#define USUAL_LIMIT 120

/* A case that runs. */
struct job {
    const struct quipu_run *run;
    uint32_t traits;
    struct quipu_place place;
    struct quipu_child child;
    struct quipu_outcome outcome;
    int64_t begin;
};

/* All of a run. */
struct running {
    const struct quipu_run *run;
    const struct quipu_store *store;
    quipu_hear hear;
    void *context;
    struct job *jobs[QUIPU_CHILDREN];
    size_t count;
};

/* ---------------------------------------------------------- the selection */

/* Whether one of the patterns, with commas between, matches. */
static bool matches(const char *patterns, const char *id)
{
    char pattern[128];

    while (*patterns) {
        size_t length = strcspn(patterns, ",");

        snprintf(pattern, sizeof(pattern), "%.*s", (int)length, patterns);
        if (fnmatch(pattern, id, 0) == 0) {
            return true;
        }
        patterns += length + (patterns[length] == ',');
    }
    return false;
}

bool quipu_run_selects(const struct quipu_run *run,
                       const struct quipu_case *case_)
{
    return (!run->only || matches(run->only, case_->id)) &&
           !(run->skip && matches(run->skip, case_->id));
}

/* ------------------------------------------------------------- one case */

/* Milliseconds. */
static int64_t limit_of(const struct job *job)
{
    unsigned limit = job->outcome.case_->limit;

    return INT64_C(1000) * (limit > 0 ? limit : USUAL_LIMIT) *
           job->run->patience;
}

static void run_case(void *context)
{
    const struct job *job = context;
    const struct quipu_case *case_ = job->outcome.case_;
    struct quipu_trial t;
    uint64_t seed = job->run->seed;

    for (const char *c = case_->id; *c; c++) {
        seed = seed * 31 + (unsigned char)*c;
    }
    quipu_trial_init(&t, job->place.uri, job->place.directory, job->traits,
                     seed);
    t.profile = job->run->profile;
    t.patience = job->run->patience;
    t.until = quipu_trial_now() + limit_of(job) / 2;
    t.alone = quipu_case_alone(case_);
    t.link = job->child.link;
    case_->run(&t);
    quipu_trial_finish(&t);
}

static void fail(struct quipu_outcome *outcome, const char *format, ...)
    QUIPU_PRINTF(2, 3);

static void fail(struct quipu_outcome *outcome, const char *format, ...)
{
    size_t used = strlen(outcome->text);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(outcome->text + used, sizeof(outcome->text) - used, format,
              arguments);
    va_end(arguments);
    outcome->verdict = QUIPU_FAILED;
}

static void judge(struct quipu_outcome *outcome,
                  const struct quipu_child *child)
{
    int status = child->status;

    outcome->verdict = QUIPU_FAILED;
    if (child->late) {
        fail(outcome, "it did not end in time and was killed");
    } else if (WIFSIGNALED(status)) {
        fail(outcome, "its process died of signal %d", WTERMSIG(status));
    } else if (WIFEXITED(status) && WEXITSTATUS(status) == QUIPU_EXIT_SKIPPED) {
        outcome->verdict = QUIPU_SKIPPED;
        outcome->skip = QUIPU_SKIP_UNSHOWN;
    } else if (status == 0) {
        outcome->verdict = QUIPU_PASSED;
    } else if (outcome->text[0] == '\0') {
        fail(outcome, "its process ended with wait status 0x%x",
             (unsigned)status);
    }
}

/* Begins a case; false: it could not be, and the outcome says why. */
static bool begin(struct job *job)
{
    if (!quipu_place_make(&job->place, job->run->uri)) {
        fail(&job->outcome, "no folder for {dir} can be made");
        return false;
    }
    job->child = (struct quipu_child){ .text = job->outcome.text,
                                       .size = sizeof(job->outcome.text),
                                       .link = quipu_link_create(),
                                       .hooks = &job->run->hooks };
    if (!job->child.link ||
        !quipu_child_start(&job->child, run_case, job, limit_of(job))) {
        fail(&job->outcome, "the system gives no process");
        return false;
    }
    return true;
}

/* What the case left, handed on. */
static void finish(struct running *all, struct job *job)
{
    struct quipu_link *link = job->child.link;
    char *timeline = NULL;

    if (link) {
        quipu_link_restore(link, &job->run->hooks);
        for (size_t i = 0; i < QUIPU_COUNTS; i++) {
            job->outcome.counts[i] = link->counts[i];
        }
        timeline = job->outcome.verdict == QUIPU_FAILED
                       ? quipu_link_timeline(link)
                       : NULL;
        job->outcome.timeline = timeline;
    }
    job->outcome.milliseconds = quipu_trial_now() - job->begin;
    all->hear(all->context, &job->outcome);
    free(timeline);
    quipu_link_destroy(link);
    quipu_place_remove(&job->place);
    free(job);
}

/* ------------------------------------------------------------- all of it */

/* These want the store, or the machine, to themselves. */
static bool is_alone(const struct quipu_case *case_)
{
    return case_->needs & (QUIPU_TRAIT_SERVER | QUIPU_TRAIT_HEAVY);
}

/* How many may run at once.  Without a place of its own for each case they
 * share the store. */
static size_t room_of(const struct quipu_run *run)
{
    bool apart = strstr(run->uri, "{dir}") || strstr(run->uri, "{name}");
    size_t jobs = run->jobs > 0 && apart ? run->jobs : 1;

    return jobs < QUIPU_CHILDREN ? jobs : QUIPU_CHILDREN;
}

static bool may_begin(const struct running *all, const struct quipu_case *case_)
{
    return all->count == 0 ||
           (all->count < room_of(all->run) && !is_alone(case_) &&
            !is_alone(all->jobs[0]->outcome.case_));
}

static void start(struct running *all, const struct quipu_case *case_)
{
    struct job *job = calloc(1, sizeof(*job));
    const char *reason;

    if (!job) {
        return; /* nobody hears of it: the reports will miss it */
    }
    job->run = all->run;
    job->traits = all->store->traits;
    job->begin = quipu_trial_now();
    job->outcome.case_ = case_;
    reason = quipu_run_refuses(case_, job->traits, &job->outcome.skip);
    if (reason) {
        job->outcome.verdict = QUIPU_SKIPPED;
        snprintf(job->outcome.text, sizeof(job->outcome.text), "%s", reason);
        finish(all, job);
    } else if (begin(job)) {
        all->jobs[all->count++] = job;
    } else {
        finish(all, job);
    }
}

/* Waits a moment, and finishes those that have ended. */
static void attend(struct running *all)
{
    struct quipu_child *children[QUIPU_CHILDREN];
    size_t kept = 0;

    for (size_t i = 0; i < all->count; i++) {
        children[i] = &all->jobs[i]->child;
    }
    quipu_child_wait(children, all->count);
    for (size_t i = 0; i < all->count; i++) {
        struct job *job = all->jobs[i];

        if (job->child.ended) {
            judge(&job->outcome, &job->child);
            finish(all, job);
        } else {
            all->jobs[kept++] = job;
        }
    }
    all->count = kept;
}

/* Ends what runs, and tells nobody. */
static void abandon(struct running *all)
{
    for (size_t i = 0; i < all->count; i++) {
        struct job *job = all->jobs[i];

        quipu_child_kill(&job->child);
        quipu_link_restore(job->child.link, &job->run->hooks);
        quipu_link_destroy(job->child.link);
        quipu_place_remove(&job->place);
        free(job);
    }
    all->count = 0;
}

bool quipu_run_all(const struct quipu_run *run, const struct quipu_store *store,
                   quipu_hear hear, void *context)
{
    struct running all = {
        .run = run, .store = store, .hear = hear, .context = context
    };
    const struct quipu_case *case_;

    for (size_t i = 0; (case_ = quipu_case_at(i)); i++) {
        if (!quipu_run_selects(run, case_)) {
            continue;
        }
        while (!may_begin(&all, case_) && !quipu_interrupted()) {
            attend(&all);
        }
        if (quipu_interrupted()) {
            break;
        }
        start(&all, case_);
    }
    while (all.count > 0 && !quipu_interrupted()) {
        attend(&all);
    }
    abandon(&all);
    return !quipu_interrupted();
}
