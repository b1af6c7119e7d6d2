/* SPDX-License-Identifier: Apache-2.0 */
/*
 * V3 and U3: kill -9 of one of four appending processes: at random times, and,
 * if the store keeps files below {dir}, before its n-th write, sync, open ...
 * The process that replaces it repeats the interrupted append and goes on.
 */
#include "cases/case.h"

#include "context/folder.h"
#include "context/paired_append.h"
#include "context/subprocess.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WRITERS 4
#define APPENDS 12           /* of each writer in the cases at chosen calls */
#define STALL INT64_C(60000) /* milliseconds without an append: a failure */

static void append_until_killed(struct quipu_context *ctx, void *shared,
                                unsigned i)
{
    struct quipu_writer_progress *progress = shared;
    struct quipu_builder *b =
        quipu_builder_create(ctx, quipu_paired_append_open(ctx), 2);
    int64_t count = quipu_paired_append_count(ctx, b, i);

    CHECK(count >= progress[i].acknowledged,
          "%lld appends were acknowledged, but %lld are stored",
          (long long)progress[i].acknowledged, (long long)count);
    for (;;) {
        int status = quipu_paired_append_next(ctx, b, i, &progress[i]);

        CHECK(status == QUIPU_OK,
              "after another process was killed an append returns %s: %s",
              quipu_status_name(status), ERR->message);
    }
}

struct writer {
    struct quipu_writer_progress *progress;
    unsigned writer;
};

static void run_writer(struct quipu_context *ctx, void *shared, unsigned i)
{
    struct writer *self = shared;

    (void)i;
    append_until_killed(ctx, self->progress, self->writer);
}

/* Starts a writer in a process of its own. */
static struct quipu_workers start_writer(struct quipu_context *ctx, unsigned i,
                                         struct quipu_writer_progress *progress)
{
    struct writer *self = quipu_context_allocate(ctx, sizeof(*self));
    struct quipu_workers process;

    *self = (struct writer){ progress, i };
    process = quipu_workers_start(ctx, 1, run_writer, self);
    quipu_workers_release(&process);
    return process;
}

/* Waits until a writer has made an append, or has ended. */
static void wait_for_append(const struct quipu_context *ctx,
                            const struct quipu_writer_progress *progress,
                            const struct quipu_workers *process)
{
    int64_t until = quipu_context_now() + STALL * ctx->patience;
    int64_t before = progress->acknowledged;

    while (progress->acknowledged <= before &&
           !quipu_workers_any_ended(process)) {
        CHECK(quipu_context_now() < until,
              "a writer appends nothing while others are killed");
        quipu_context_sleep(1000);
    }
}

static void killed_at_random(struct quipu_context *ctx)
{
    struct quipu_writer_progress *progress =
        quipu_workers_share_memory(WRITERS * sizeof(*progress));
    unsigned kills = quipu_context_scale(ctx, 30, 300, 3000);
    struct quipu_workers processes[WRITERS];

    quipu_paired_append_open(ctx);
    quipu_context_close_all(ctx);
    for (unsigned i = 0; i < WRITERS; i++) {
        processes[i] = start_writer(ctx, i, progress);
    }
    for (unsigned n = 0; n < kills; n++) {
        unsigned i = (unsigned)quipu_context_random(ctx, WRITERS);

        wait_for_append(ctx, &progress[i], &processes[i]);
        quipu_context_sleep(quipu_context_random(ctx, 10000));
        quipu_workers_kill(&processes[i]);
        processes[i] = start_writer(ctx, i, progress);
        quipu_context_count(ctx, "kills", 1);
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        quipu_workers_kill(&processes[i]);
    }
    quipu_paired_append_verify(ctx, quipu_paired_append_open(ctx), WRITERS,
                               progress);
}

/* ---------------------------------------------------------- at chosen points
 */

struct shared {
    struct quipu_writer_progress progress[WRITERS];
    bool failed;
};

/* Makes APPENDS appends, unless the process is killed before. */
static void append_some(struct quipu_context *ctx, void *shared, unsigned index)
{
    struct shared *all = shared;
    struct quipu_writer_progress *progress = &all->progress[index];

    while (progress->acknowledged < APPENDS) {
        struct quipu_builder *b =
            quipu_builder_create(ctx, quipu_paired_append_open(ctx), 2);

        for (int i = 0; i < 4; i++) {
            OK(quipu_paired_append_next(ctx, b, index, progress));
        }
        quipu_context_close_all(ctx);
    }
}

extern const struct quipu_subprocess_job quipu_subprocess_job_kills;
const struct quipu_subprocess_job quipu_subprocess_job_kills = { "kills",
                                                                 append_some };

/* Kills writer 0 before its n-th call, while the others append, and starts it
 * again.  Returns false if it makes fewer calls. */
static bool kill_at(struct quipu_context *ctx, struct shared *shared,
                    const char *call, unsigned n)
{
    const char *folder = quipu_context_format(ctx, "%s/disk", ctx->directory);
    struct quipu_subprocess_spec task = { .job = &quipu_subprocess_job_kills,
                                          .folder = folder };
    struct quipu_subprocess_spec victim = task;
    const char *uri = ctx->uri;
    pid_t workers[WRITERS];
    int status;
    bool died;

    memset(shared, 0, sizeof(*shared));
    CHECK(mkdir(folder, 0700) == 0, "cannot create %s", folder);
    quipu_subprocess_add_fault(&victim, "QUIPU_FAULT_CALL", call);
    quipu_subprocess_add_fault(&victim, "QUIPU_FAULT_AT",
                               quipu_context_format(ctx, "%u", n));
    quipu_subprocess_add_fault(&victim, "QUIPU_FAULT_KILL", "1");
    for (unsigned i = 0; i < WRITERS; i++) {
        workers[i] = quipu_subprocess_start(ctx, i == 0 ? &victim : &task, i);
    }
    status = quipu_subprocess_wait(workers[0]);
    died = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (!died) {
        CHECK_CHILD(workers[0], status, "the writer that was to be killed");
    }
    for (unsigned i = 1; i < WRITERS; i++) {
        status = quipu_subprocess_wait(workers[i]);
        CHECK_CHILD(workers[i], status,
                    "another writer was killed at %s number %u, and a writer",
                    call, n);
    }
    workers[0] = quipu_subprocess_start(ctx, &task, 0);
    status = quipu_subprocess_wait(workers[0]);
    CHECK_CHILD(workers[0], status,
                "after a kill at %s number %u the next writer", call, n);
    ctx->uri = quipu_subprocess_uri(ctx, folder);
    quipu_paired_append_verify(ctx, quipu_paired_append_open(ctx), WRITERS,
                               shared->progress);
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
             killed = 0;
    struct shared *shared;

    quipu_subprocess_require(ctx);
    shared = quipu_subprocess_share_memory(sizeof(*shared));
    for (unsigned i = 0; i < kills; i++) {
        const char *call = calls[i % (sizeof(calls) / sizeof(*calls))];
        const void *mark = quipu_context_mark(ctx);

        killed += kill_at(ctx, shared, call,
                          1 + (unsigned)quipu_context_random(
                                  ctx, i % 6 == 0 ? 4 * most : most / 2));
        quipu_context_release(ctx, mark);
    }
    quipu_context_count(ctx, "kills", killed);
    CHECK(killed > 0,
          "the driver makes none of the calls at which it would be killed");
}

#define SHARED (QUIPU_CAN_PERSIST | QUIPU_CAN_LOG | QUIPU_CAN_SHARE)

static const struct quipu_case cases[] = {
    { "V3.kill-9-of-four-writers",
      "Acknowledged appends stay, and an append in doubt is stored at most "
      "once.",
      killed_at_random, SHARED, 0, 600 },
    { "V3.kill-9-at-chosen-system-calls",
      "A process that dies between two writes leaves an intact store, and no "
      "lock.",
      killed_at_points, SHARED | QUIPU_TRAIT_FILES, 0, 600 },
};
QUIPU_FAMILY_IN(crash, kills);
