/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Selects cases, runs each in a process of its own, and judges how it ended.
 *
 * A case runs in a forked child (child.c) with a time limit: the case's own
 * limit or two minutes, at most the run's, multiplied by the run's patience.  A
 * case therefore needs no clean-up when an assertion fails, and a driver that
 * crashes or hangs fails that case and no other.  A driver that has hung once
 * often hangs again, and the run has failed already, so the later cases get an
 * eighth of their time.
 *
 * The child states how it ends (context/completion.h): that the case has
 * returned, which is the only way to pass; that an assertion failed or that the
 * case cannot run here, with the reason on standard error.  If it ends without
 * a statement, by a signal or by an exit of whatever status, or if it exceeds
 * its time limit, the case failed.
 *
 * In a run with `unfinished` a case that calls an operation that the driver
 * does not have yet is skipped, however its processes end.
 *
 * The runner and the child share a channel (context/channel.h): counters, the
 * file of a timeline, and a socket pair by which the case has the runner stop
 * and start the store's server.
 *
 * Each case has a store of its own if the URI has {dir} or {name}; only then
 * can cases run at the same time.  Cases that stop the server, and heavy cases,
 * run alone.
 */
#include "runner.h"

#include "context/store_uri.h"
#include "context/unwritten.h"

#include <fnmatch.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Time limit of a case in seconds: far more than any case takes, because a busy
 * machine must not fail it. */
#define USUAL_LIMIT 120
#define HURRY 8 /* divisor of the limits after a case that was late */

/* A running case. */
struct job {
    const struct quipu_run *run;
    uint32_t traits;
    struct quipu_store_uri store_uri;
    struct quipu_child child;
    struct quipu_outcome outcome;
    int64_t begin;
    int64_t limit; /* milliseconds */
    int unwritten; /* file of context/unwritten.h, or -1 */
};

/* A run, and its cases that are running. */
struct running {
    const struct quipu_run *run;
    const struct quipu_store *store;
    quipu_runner_callback callback;
    void *context;
    struct job *jobs[QUIPU_CHILDREN];
    size_t count;
    bool late;   /* a case has exceeded its time limit */
    bool failed; /* a case has failed */
};

/* ----------------------------------------------------------------- signals */

static const int caught[] = { SIGINT, SIGTERM, SIGHUP };
#define SIGNALS (sizeof(caught) / sizeof(*caught))

static struct sigaction saved_actions[SIGNALS];
static volatile sig_atomic_t arrived;

static void on_signal(int number)
{
    arrived = number;
}

void quipu_runner_catch_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal };

    arrived = 0;
    for (size_t i = 0; i < SIGNALS; i++) {
        sigaction(caught[i], NULL, &saved_actions[i]);
        if (saved_actions[i].sa_handler != SIG_IGN) {
            sigaction(caught[i], &action, NULL);
        }
    }
}

void quipu_runner_restore_signals(void)
{
    for (size_t i = 0; i < SIGNALS; i++) {
        sigaction(caught[i], &saved_actions[i], NULL);
    }
}

int quipu_runner_signal(void)
{
    return arrived;
}

/* --------------------------------------------------------------- selection */

/* Returns true if one of the comma-separated patterns matches. */
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

bool quipu_runner_selects(const struct quipu_run *run,
                          const struct quipu_case *case_)
{
    return (!run->only || matches(run->only, case_->id)) &&
           !(run->skip && matches(run->skip, case_->id));
}

static const struct {
    uint32_t bit;
    const char *absent, *present; /* the needs of a skipped case */
} reasons[] = {
    { QUIPU_CAN_SHARE, "needs a store that processes share",
      "needs a store that processes do not share" },
    { QUIPU_CAN_PERSIST, "needs a store that persists",
      "needs a store that does not persist" },
    { QUIPU_CAN_LOG, "needs a log", "needs a store without a log" },
    { QUIPU_CAN_TRACK, "needs tracking records",
      "needs a store without tracking records" },
    { QUIPU_CAN_TRANSACT, "needs functions in a transaction",
      "needs a store without functions in a transaction" },
    { QUIPU_CAN_BACKUP, "needs backups", "needs a store without backups" },
    { QUIPU_CAN_ENTRIES, "needs key-value entries",
      "needs a store without key-value entries" },
    { QUIPU_CAN_ERASE, "needs erasing", "needs a store without erasing" },
    { QUIPU_CAN_SCRUB, "needs scrubbing", "needs a store without scrubbing" },
    { QUIPU_TRAIT_MULTI_OPEN, "needs a URI whose datastores are one store",
      "needs a URI whose datastores are each a store of its own" },
    { QUIPU_TRAIT_FILES, "needs {dir} in the URI",
      "needs a URI without {dir}" },
    { QUIPU_TRAIT_SERVER, "needs --stop and --start",
      "needs a run without --stop and --start" },
    { QUIPU_TRAIT_HEAVY, "needs the profile full or soak",
      "needs the profile quick" },
};

/* Returns why a case without a needed capability or trait is skipped.  For a
 * store that outlives its datastores a missing trait of the *run* means that a
 * declared guarantee was not tested. */
static enum quipu_skip kind_of(uint32_t bit, uint32_t traits)
{
    bool outlives = traits & (QUIPU_CAN_PERSIST | QUIPU_CAN_SHARE);
    bool untested = false;

    switch (bit) {
    case QUIPU_TRAIT_HEAVY:
        return QUIPU_SKIP_PROFILE;
    case QUIPU_TRAIT_MULTI_OPEN:
        untested = outlives;
        break;
    case QUIPU_TRAIT_FILES: /* unless the server is stopped instead */
        untested = outlives && !(traits & QUIPU_TRAIT_SERVER);
        break;
    case QUIPU_TRAIT_SERVER:
        untested = outlives && !(traits & QUIPU_TRAIT_FILES);
        break;
    default:
        break;
    }
    return untested ? QUIPU_SKIP_UNTESTED : QUIPU_SKIP_NOT_APPLICABLE;
}

const char *quipu_runner_skip_reason(const struct quipu_case *case_,
                                     uint32_t traits, enum quipu_skip *skip)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
        uint32_t bit = reasons[i].bit;

        if (case_->needs & ~traits & bit) {
            *skip = kind_of(bit, traits);
            return reasons[i].absent;
        }
        if (case_->lacks & traits & bit) {
            *skip = QUIPU_SKIP_NOT_APPLICABLE;
            return reasons[i].present;
        }
    }
    return NULL;
}

/* ---------------------------------------------------------------- one case */

/* Returns the time limit of a case in milliseconds. */
static int64_t limit_of(const struct quipu_run *run,
                        const struct quipu_case *case_)
{
    unsigned limit = case_->limit > 0 ? case_->limit : USUAL_LIMIT;

    if (run->limit > 0 && run->limit < limit) {
        limit = run->limit;
    }
    return INT64_C(1000) * limit * run->patience;
}

static void run_case(void *context)
{
    const struct job *job = context;
    const struct quipu_case *case_ = job->outcome.case_;
    struct quipu_context ctx;
    uint64_t seed = job->run->seed;

    if (job->run->unfinished) {
        quipu_unwritten_accept(job->unwritten);
    }
    for (const char *c = case_->id; *c; c++) {
        seed = seed * 31 + (unsigned char)*c;
    }
    quipu_context_init(&ctx, job->store_uri.uri, job->store_uri.directory,
                       job->traits, seed);
    ctx.profile = job->run->profile;
    ctx.patience = job->run->patience;
    ctx.until = quipu_context_now() + job->limit / 2;
    ctx.ungrouped = quipu_case_is_ungrouped(case_);
    ctx.channel = job->child.channel;
    case_->run(&ctx);
    quipu_context_finish(&ctx);
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

static void judge(struct job *job)
{
    struct quipu_outcome *outcome = &job->outcome;
    const struct quipu_child *child = &job->child;
    char text[256];

    outcome->verdict = QUIPU_FAILED;
    outcome->crashed =
        child->late || (child->completion == QUIPU_COMPLETION_DIED &&
                        WIFSIGNALED(child->status));
    if (quipu_unwritten_called(job->unwritten, text, sizeof(text))) {
        outcome->verdict = QUIPU_SKIPPED;
        outcome->skip = QUIPU_SKIP_UNWRITTEN;
        outcome->crashed = false;
        snprintf(outcome->text, sizeof(outcome->text),
                 "the driver does not have %s yet", text);
    } else if (child->late) {
        fail(outcome, "it did not end within %.1f s and was killed",
             (double)job->limit / 1000);
    } else if (child->completion == QUIPU_COMPLETION_DIED) {
        fail(outcome, "its process %s",
             quipu_completion_describe(child->status, text, sizeof(text)));
    } else if (child->completion == QUIPU_COMPLETION_SKIPPED) {
        outcome->verdict = QUIPU_SKIPPED;
        outcome->skip = QUIPU_SKIP_UNTESTED;
    } else if (child->completion == QUIPU_COMPLETION_INAPPLICABLE) {
        outcome->verdict = QUIPU_SKIPPED;
        outcome->skip = QUIPU_SKIP_NOT_APPLICABLE;
    } else if (child->completion == QUIPU_COMPLETION_DONE) {
        outcome->verdict = QUIPU_PASSED;
    }
}

/* Starts a case; returns false if that fails, with the reason in the outcome.
 */
static bool begin(struct job *job)
{
    if (!quipu_store_uri_create(&job->store_uri, job->run->uri)) {
        fail(&job->outcome, "cannot create a folder for {dir}");
        return false;
    }
    job->child = (struct quipu_child){ .text = job->outcome.text,
                                       .size = sizeof(job->outcome.text),
                                       .channel = quipu_channel_create(),
                                       .hooks = &job->run->hooks };
    job->unwritten = job->run->unfinished ? quipu_unwritten_create() : -1;
    if (!job->child.channel ||
        !quipu_child_start(&job->child, run_case, job, job->limit)) {
        fail(&job->outcome, "cannot create a process");
        return false;
    }
    return true;
}

/* Reports the outcome of a case, and frees all that belongs to it. */
static void finish(struct running *all, struct job *job)
{
    struct quipu_channel *channel = job->child.channel;
    char *timeline = NULL;

    if (channel) {
        quipu_channel_restore_server(channel, &job->run->hooks);
        for (size_t i = 0; i < QUIPU_COUNTS; i++) {
            job->outcome.counts[i] = channel->counts[i];
        }
        memcpy(job->outcome.broken, channel->broken, QUIPU_BROKEN_SIZE);
        timeline = job->outcome.verdict == QUIPU_FAILED
                       ? quipu_channel_timeline(channel)
                       : NULL;
        job->outcome.timeline = timeline;
    }
    job->outcome.milliseconds = quipu_context_now() - job->begin;
    all->late |= job->child.late;
    all->failed |= job->outcome.verdict == QUIPU_FAILED;
    all->callback(all->context, &job->outcome);
    free(timeline);
    quipu_channel_destroy(channel);
    quipu_unwritten_destroy(job->unwritten);
    quipu_store_uri_destroy(&job->store_uri);
    free(job);
}

/* -------------------------------------------------------------- all cases */

/* Returns true for a case that stops the server, or loads the machine. */
static bool runs_alone(const struct quipu_case *case_)
{
    return case_->needs & (QUIPU_TRAIT_SERVER | QUIPU_TRAIT_HEAVY);
}

/* Returns the number of cases that may run at the same time: 1 if they share
 * the store. */
static size_t room_of(const struct quipu_run *run)
{
    bool separate = strstr(run->uri, "{dir}") || strstr(run->uri, "{name}");
    size_t jobs = run->jobs > 0 && separate ? run->jobs : 1;

    return jobs < QUIPU_CHILDREN ? jobs : QUIPU_CHILDREN;
}

static bool may_begin(const struct running *all, const struct quipu_case *case_)
{
    return all->count == 0 ||
           (all->count < room_of(all->run) && !runs_alone(case_) &&
            !runs_alone(all->jobs[0]->outcome.case_));
}

static void start(struct running *all, const struct quipu_case *case_)
{
    struct job *job = calloc(1, sizeof(*job));
    const char *reason;

    if (!job) {
        return; /* out of memory: the reports lack this case */
    }
    job->run = all->run;
    job->traits = all->store->traits;
    job->begin = quipu_context_now();
    job->limit = limit_of(all->run, case_) / (all->late ? HURRY : 1);
    job->outcome.case_ = case_;
    job->unwritten = -1;
    reason = quipu_runner_skip_reason(case_, job->traits, &job->outcome.skip);
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

/* Waits for a moment, and reports the cases that have ended. */
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
            judge(job);
            finish(all, job);
        } else {
            all->jobs[kept++] = job;
        }
    }
    all->count = kept;
}

/* Kills the running cases without reporting them. */
static void abandon(struct running *all)
{
    for (size_t i = 0; i < all->count; i++) {
        struct job *job = all->jobs[i];

        quipu_child_kill(&job->child);
        quipu_channel_restore_server(job->child.channel, &job->run->hooks);
        quipu_channel_destroy(job->child.channel);
        quipu_unwritten_destroy(job->unwritten);
        quipu_store_uri_destroy(&job->store_uri);
        free(job);
    }
    all->count = 0;
}

/* Returns true if no further case is to begin. */
static bool is_over(const struct running *all)
{
    return quipu_runner_signal() || (all->run->fail_fast && all->failed);
}

bool quipu_runner_all(const struct quipu_run *run,
                      const struct quipu_store *store,
                      quipu_runner_callback callback, void *context)
{
    struct running all = {
        .run = run, .store = store, .callback = callback, .context = context
    };
    const struct quipu_case *case_;

    for (size_t i = 0; (case_ = quipu_case_at(i)); i++) {
        if (!quipu_runner_selects(run, case_)) {
            continue;
        }
        while (!may_begin(&all, case_) && !is_over(&all)) {
            attend(&all);
        }
        if (is_over(&all)) {
            break;
        }
        start(&all, case_);
    }
    while (all.count > 0 && !is_over(&all)) {
        attend(&all);
    }
    abandon(&all);
    return !is_over(&all);
}

bool quipu_runner_in_process(const struct quipu_run *run,
                             const struct quipu_store *store,
                             const struct quipu_case *case_)
{
    struct job job = { .run = run, .traits = store->traits, .unwritten = -1 };
    const char *reason =
        quipu_runner_skip_reason(case_, job.traits, &job.outcome.skip);

    if (!reason && !quipu_store_uri_create(&job.store_uri, run->uri)) {
        reason = "needs a folder for {dir}, which cannot be created";
    }
    if (reason) {
        fprintf(stderr, "%s cannot run: it %s\n", case_->id, reason);
        return false;
    }
    fprintf(stderr, "%s runs in process %d on %s\n", case_->id, (int)getpid(),
            job.store_uri.uri);
    job.outcome.case_ = case_;
    job.limit = limit_of(run, case_);
    job.child.channel = quipu_channel_create();
    run_case(&job);
    fprintf(stderr, "%s passed\n", case_->id);
    quipu_channel_destroy(job.child.channel);
    quipu_store_uri_destroy(&job.store_uri);
    return true;
}
