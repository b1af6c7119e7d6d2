/* SPDX-License-Identifier: Apache-2.0 */
/*
 * V3: kill -9, with four processes appending: at random times, and, where the
 * store keeps files below {dir}, at the n-th write, sync ... of one of them.
 * Each life goes on where the one before it was killed, and repeats the append
 * that was under way (U3).
 */
#include "case.h"

#include "context/folder.h"
#include "context/paired_append.h"
#include "context/subprocess.h"

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

static void append_for_ever(struct quipu_context *ctx, void *shared, unsigned i)
{
    struct quipu_writer_progress *fates = shared;
    struct quipu_builder *b =
        quipu_builder_create(ctx, quipu_paired_append_open(ctx), 2);
    int64_t count = quipu_paired_append_count(ctx, b, i);

    CHECK(count >= fates[i].acknowledged,
          "%lld appends were acknowledged, and %lld are there",
          (long long)fates[i].acknowledged, (long long)count);
    for (;;) {
        int status = quipu_paired_append_next(ctx, b, i, &fates[i]);

        CHECK(status == QUIPU_OK,
              "beside one that died an append answers %s: %s",
              quipu_status_name(status), ERR->message);
    }
}

static void nap(uint64_t microseconds)
{
    struct timespec span = { .tv_sec = (time_t)(microseconds / 1000000),
                             .tv_nsec = (long)(microseconds % 1000000) * 1000 };

    nanosleep(&span, NULL);
}

struct begun {
    struct quipu_writer_progress *fates;
    unsigned writer;
};

static void be_writer(struct quipu_context *ctx, void *shared, unsigned i)
{
    struct begun *begun = shared;

    (void)i;
    append_for_ever(ctx, begun->fates, begun->writer);
}

/* A writer in a process of its own. */
static struct quipu_workers start_writer(struct quipu_context *ctx, unsigned i,
                                         struct quipu_writer_progress *fates)
{
    struct begun *begun = quipu_context_allocate(ctx, sizeof(*begun));
    struct quipu_workers crew;

    *begun = (struct begun){ fates, i };
    crew = quipu_workers_start(ctx, 1, be_writer, begun);
    quipu_workers_release(&crew);
    return crew;
}

/* Waits until a writer has come to append, or it has failed. */
static void wait_for(const struct quipu_context *ctx,
                     const struct quipu_writer_progress *fates,
                     const struct quipu_workers *crew)
{
    int64_t until = quipu_context_now() + WORDLESS * ctx->patience;
    int64_t before = fates->acknowledged;

    while (fates->acknowledged <= before && !quipu_workers_any_ended(crew)) {
        CHECK(quipu_context_now() < until,
              "a writer came to nothing beside those that were killed");
        nap(1000);
    }
}

static void killed_at_random(struct quipu_context *ctx)
{
    struct quipu_writer_progress *fates =
        quipu_workers_share_memory(WRITERS * sizeof(*fates));
    unsigned kills = quipu_context_scale(ctx, 30, 300, 3000);
    struct quipu_workers crews[WRITERS];

    quipu_paired_append_open(ctx);
    quipu_context_close_all(ctx);
    for (unsigned i = 0; i < WRITERS; i++) {
        crews[i] = start_writer(ctx, i, fates);
    }
    for (unsigned n = 0; n < kills; n++) {
        unsigned i = (unsigned)quipu_context_random(ctx, WRITERS);

        wait_for(ctx, &fates[i], &crews[i]);
        nap(quipu_context_random(ctx, 10000));
        quipu_workers_kill(&crews[i]);
        crews[i] = start_writer(ctx, i, fates);
        quipu_context_count(ctx, "kills", 1);
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        quipu_workers_kill(&crews[i]);
    }
    quipu_paired_append_verify(ctx, quipu_paired_append_open(ctx), WRITERS,
                               fates);
}

/* ---------------------------------------------------------- at chosen points
 */

struct shared {
    struct quipu_writer_progress fates[WRITERS];
    bool failed;
};

/* A writer that comes to an end, unless it is killed. */
static void append_some(struct quipu_context *ctx, void *shared, unsigned index)
{
    struct shared *all = shared;
    struct quipu_writer_progress *fates = &all->fates[index];

    while (fates->acknowledged < PAIRS) {
        struct quipu_builder *b =
            quipu_builder_create(ctx, quipu_paired_append_open(ctx), 2);

        for (int i = 0; i < 4; i++) {
            OK(quipu_paired_append_next(ctx, b, index, fates));
        }
        quipu_context_close_all(ctx);
    }
}

extern const struct quipu_subprocess_job quipu_subprocess_job_kills;
const struct quipu_subprocess_job quipu_subprocess_job_kills = { "kills",
                                                                 append_some };

/* Number 0 dies at its n-th call, while the others append; then it lives
 * again.  Whether it has died. */
static bool kill_at(struct quipu_context *ctx, struct shared *shared,
                    const char *call, unsigned n)
{
    const char *folder = quipu_context_format(ctx, "%s/disk", ctx->directory);
    struct quipu_subprocess_spec task = { .job = &quipu_subprocess_job_kills,
                                          .folder = folder };
    struct quipu_subprocess_spec doomed = task;
    const char *uri = ctx->uri;
    pid_t workers[WRITERS];
    int status;
    bool died;

    memset(shared, 0, sizeof(*shared));
    CHECK(mkdir(folder, 0700) == 0, "cannot make %s", folder);
    quipu_subprocess_add_fault(&doomed, "QUIPU_FAULT_CALL", call);
    quipu_subprocess_add_fault(&doomed, "QUIPU_FAULT_AT",
                               quipu_context_format(ctx, "%u", n));
    quipu_subprocess_add_fault(&doomed, "QUIPU_FAULT_KILL", "1");
    for (unsigned i = 0; i < WRITERS; i++) {
        workers[i] = quipu_subprocess_start(ctx, i == 0 ? &doomed : &task, i);
    }
    status = quipu_subprocess_wait(workers[0]);
    died = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    CHECK(died || status == 0, "the victim ended with wait status 0x%x",
          (unsigned)status);
    for (unsigned i = 1; i < WRITERS; i++) {
        status = quipu_subprocess_wait(workers[i]);
        CHECK(status == 0,
              "beside one that died at %s number %u a writer ended with wait "
              "status 0x%x",
              call, n, (unsigned)status);
    }
    status = quipu_subprocess_wait(quipu_subprocess_start(ctx, &task, 0));
    CHECK(status == 0, "killed at %s number %u, a writer could not go on", call,
          n);
    ctx->uri = quipu_subprocess_uri(ctx, folder);
    quipu_paired_append_verify(ctx, quipu_paired_append_open(ctx), WRITERS,
                               shared->fates);
    quipu_context_close_all(ctx);
    ctx->uri = uri;
    quipu_folder_remove(folder);
    return died;
}

static void killed_at_points(struct quipu_context *ctx)
{
    static const char *const calls[] = { "write", "sync",     "open",
                                         "map",   "truncate", "remove" };
    unsigned kills = quipu_context_scale(ctx, 6, 120, 2000), most = 40,
             hits = 0;
    struct shared *shared;

    quipu_subprocess_require(ctx);
    shared = quipu_subprocess_share_memory(sizeof(*shared));
    for (unsigned i = 0; i < kills; i++) {
        const char *call = calls[i % (sizeof(calls) / sizeof(*calls))];
        const void *then = quipu_context_mark(ctx);

        hits += kill_at(ctx, shared, call,
                        1 + (unsigned)quipu_context_random(
                                ctx, i % 6 == 0 ? 4 * most : most / 2));
        quipu_context_release(ctx, then);
    }
    quipu_context_count(ctx, "kills", hits);
    CHECK(hits > 0, "the driver makes no call at which it can be killed");
}

#define LASTS (QUIPU_CAN_PERSIST | QUIPU_CAN_LOG | QUIPU_CAN_SHARE)

static const struct quipu_case cases[] = {
    { "V3.kill-9-of-four-writers",
      "Acknowledged appends stay, and an append in doubt is stored at most "
      "once.",
      killed_at_random, LASTS, 0, 600 },
    { "V3.kill-9-at-chosen-system-calls",
      "A process that dies between two writes leaves an intact store, and no "
      "lock.",
      killed_at_points, LASTS | QUIPU_TRAIT_FILES, 0, 600 },
};
QUIPU_FAMILY(kills);
