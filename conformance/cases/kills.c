/* SPDX-License-Identifier: Apache-2.0 */
/*
 * V3: kill -9, with four processes appending: at random times, and, where the
 * store keeps files below {dir}, at the n-th write, sync ... of one of them.
 * Each life goes on where the one before it was killed, and repeats the append
 * that was under way (U3).
 */
#include "suite.h"

#include "disk/worker.h"
#include "trial/folder.h"
#include "trial/pairs.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WRITERS 4
#define PAIRS 12                /* of each writer beside a victim */
#define WORDLESS INT64_C(60000) /* milliseconds without an append: too long */

static void append_for_ever(struct quipu_trial *t, void *shared, unsigned i)
{
    struct quipu_fates *fates = shared;
    struct quipu_batch *b = quipu_batch_create(t, quipu_pairs_open(t), 2);
    int64_t count = quipu_pairs_last(t, b, i);

    CHECK(count >= fates[i].acknowledged,
          "%lld appends were acknowledged, and %lld are there",
          (long long)fates[i].acknowledged, (long long)count);
    for (;;) {
        int status = quipu_pairs_append(t, b, i, &fates[i]);

        CHECK(status == QUIPU_OK,
              "beside one that died an append answers %s: %s",
              quipu_status_name(status), E->message);
    }
}

static void nap(uint64_t microseconds)
{
    struct timespec span = { .tv_sec = (time_t)(microseconds / 1000000),
                             .tv_nsec = (long)(microseconds % 1000000) * 1000 };

    nanosleep(&span, NULL);
}

struct begun {
    struct quipu_fates *fates;
    unsigned writer;
};

static void be_writer(struct quipu_trial *t, void *shared, unsigned i)
{
    struct begun *begun = shared;

    (void)i;
    append_for_ever(t, begun->fates, begun->writer);
}

/* A writer in a process of its own. */
static struct quipu_crew start_writer(struct quipu_trial *t, unsigned i,
                                      struct quipu_fates *fates)
{
    struct begun *begun = quipu_trial_keep(t, sizeof(*begun));
    struct quipu_crew crew;

    *begun = (struct begun){ fates, i };
    crew = quipu_crew_start(t, 1, be_writer, begun);
    quipu_crew_go(&crew);
    return crew;
}

/* Waits until a writer has come to append, or it has failed. */
static void wait_for(const struct quipu_trial *t,
                     const struct quipu_fates *fates,
                     const struct quipu_crew *crew)
{
    int64_t until = quipu_trial_now() + WORDLESS * t->patience;
    int64_t before = fates->acknowledged;

    while (fates->acknowledged <= before && !quipu_crew_ended(crew)) {
        CHECK(quipu_trial_now() < until,
              "a writer came to nothing beside those that were killed");
        nap(1000);
    }
}

static void killed_at_random(struct quipu_trial *t)
{
    struct quipu_fates *fates = quipu_crew_share(WRITERS * sizeof(*fates));
    unsigned kills = quipu_trial_scale(t, 30, 300, 3000);
    struct quipu_crew crews[WRITERS];

    quipu_pairs_open(t);
    quipu_trial_close_all(t);
    for (unsigned i = 0; i < WRITERS; i++) {
        crews[i] = start_writer(t, i, fates);
    }
    for (unsigned n = 0; n < kills; n++) {
        unsigned i = (unsigned)quipu_trial_random(t, WRITERS);

        wait_for(t, &fates[i], &crews[i]);
        nap(quipu_trial_random(t, 10000));
        quipu_crew_kill(&crews[i]);
        crews[i] = start_writer(t, i, fates);
        quipu_trial_count(t, "kills", 1);
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        quipu_crew_kill(&crews[i]);
    }
    quipu_pairs_settle(t, quipu_pairs_open(t), WRITERS, fates);
}

/* ---------------------------------------------------------- at chosen points
 */

struct shared {
    struct quipu_fates fates[WRITERS];
    bool failed;
};

/* A writer that comes to an end, unless it is killed. */
static void append_some(struct quipu_trial *t, void *shared, unsigned index)
{
    struct shared *all = shared;
    struct quipu_fates *fates = &all->fates[index];

    while (fates->acknowledged < PAIRS) {
        struct quipu_batch *b = quipu_batch_create(t, quipu_pairs_open(t), 2);

        for (int i = 0; i < 4; i++) {
            OK(quipu_pairs_append(t, b, index, fates));
        }
        quipu_trial_close_all(t);
    }
}

extern const struct quipu_job quipu_job_kills;
const struct quipu_job quipu_job_kills = { "kills", append_some };

/* Number 0 dies at its n-th call, while the others append; then it lives
 * again.  Whether it has died. */
static bool kill_at(struct quipu_trial *t, struct shared *shared,
                    const char *call, unsigned n)
{
    const char *folder = quipu_trial_text(t, "%s/disk", t->directory);
    struct quipu_task task = { .job = &quipu_job_kills, .folder = folder };
    struct quipu_task doomed = task;
    const char *uri = t->uri;
    pid_t workers[WRITERS];
    int status;
    bool died;

    memset(shared, 0, sizeof(*shared));
    CHECK(mkdir(folder, 0700) == 0, "cannot make %s", folder);
    quipu_task_fault(&doomed, "QUIPU_FAULT_CALL", call);
    quipu_task_fault(&doomed, "QUIPU_FAULT_AT", quipu_trial_text(t, "%u", n));
    quipu_task_fault(&doomed, "QUIPU_FAULT_KILL", "1");
    for (unsigned i = 0; i < WRITERS; i++) {
        workers[i] = quipu_worker_start(t, i == 0 ? &doomed : &task, i);
    }
    status = quipu_worker_wait(workers[0]);
    died = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    CHECK(died || status == 0, "the victim ended with wait status 0x%x",
          (unsigned)status);
    for (unsigned i = 1; i < WRITERS; i++) {
        status = quipu_worker_wait(workers[i]);
        CHECK(status == 0,
              "beside one that died at %s number %u a writer ended with wait "
              "status 0x%x",
              call, n, (unsigned)status);
    }
    status = quipu_worker_wait(quipu_worker_start(t, &task, 0));
    CHECK(status == 0, "killed at %s number %u, a writer could not go on", call,
          n);
    t->uri = quipu_worker_uri(t, folder);
    quipu_pairs_settle(t, quipu_pairs_open(t), WRITERS, shared->fates);
    quipu_trial_close_all(t);
    t->uri = uri;
    quipu_folder_remove(folder);
    return died;
}

static void killed_at_points(struct quipu_trial *t)
{
    static const char *const calls[] = { "write", "sync",     "open",
                                         "map",   "truncate", "remove" };
    unsigned kills = quipu_trial_scale(t, 6, 120, 2000), most = 40, hits = 0;
    struct shared *shared;

    quipu_worker_check(t);
    shared = quipu_worker_share(sizeof(*shared));
    for (unsigned i = 0; i < kills; i++) {
        const char *call = calls[i % (sizeof(calls) / sizeof(*calls))];
        const void *then = quipu_trial_then(t);

        hits += kill_at(t, shared, call,
                        1 + (unsigned)quipu_trial_random(
                                t, i % 6 == 0 ? 4 * most : most / 2));
        quipu_trial_forget(t, then);
    }
    quipu_trial_count(t, "kills", hits);
    CHECK(hits > 0, "the driver makes no call at which it can be killed");
}

#define LASTS (QUIPU_CAN_PERSIST | QUIPU_CAN_LOG | QUIPU_CAN_SHARE)

static const struct quipu_case cases[] = {
    { "V3.kill-9-of-four-writers",
      "What was acknowledged stays, and what was in doubt is stored once.",
      killed_at_random, LASTS, 0, 600 },
    { "V3.kill-9-at-chosen-calls",
      "A process that dies between two writes leaves a store, and no lock.",
      killed_at_points, LASTS | QUIPU_TRAIT_FILES, 0, 600 },
};
QUIPU_FAMILY(kills);
