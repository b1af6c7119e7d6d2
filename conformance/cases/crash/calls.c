/* SPDX-License-Identifier: Apache-2.0 */
/*
 * V5: system calls that fail, for stores that keep files below {dir}.
 *
 * A writer runs in a subprocess under quipu-faults.so, which makes its n-th
 * call of one kind fail.  n is 1, 2, 3 ... until a run makes fewer calls; if
 * there are more points of failure than the profile allows, they are sampled.
 * Whichever call fails,
 *
 *   - the writer gets a status that is true of the failure (check_failure);
 *   - an append that failed is not stored, unless the outcome is unknown;
 *   - after a failed sync no handle appends until all are closed;
 *   - the store is intact and usable afterwards, and has all that was
 *     acknowledged (check_store).
 *
 * In the cases with a power cut the store is then checked as the cut leaves it.
 *
 * QUIPU_FAULT_HIDE=1 in the suite's own environment reaches the subprocesses:
 * the failures are hidden from the driver, as if it ignored them, and these
 * cases must fail (mutants R03, R04, R07).
 */
#include "cases/case.h"

#include "context/folder.h"
#include "context/paired_append.h"
#include "context/subprocess.h"
#include "disk_image/disk_image.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define APPENDS 7      /* of a run */
#define REOPEN_AFTER 4 /* appends: the store is closed and opened */
#define HANDLES 2      /* that are open at the same time */
#define MAX_FAILURES 6 /* of quipu calls, for one failed system call */

/* Memory that the case and its subprocesses share. */
struct shared {
    unsigned kind;   /* index in `kinds` */
    uint64_t faults; /* number of runs in which a call failed */
    /* Of one run. */
    bool sync;       /* the call that fails is a sync */
    bool read;       /* it is a read */
    bool forever;    /* all calls after it fail, too */
    bool stays_open; /* the writer never closes the store */
    bool failed;     /* the call was made, and failed */
    unsigned calls;  /* number of calls of that kind */
    int64_t acknowledged;
    bool in_doubt; /* the last append may be stored or not */
};

/* --------------------------------------------------------------- the writer */

struct run {
    struct quipu_context *ctx;
    struct shared *shared;
    quipu_datastore *datastores[HANDLES];
    quipu_records *records[HANDLES];
    struct quipu_builder *batch;
    unsigned failures; /* of quipu calls since the system call failed */
    int refused;       /* status of the last append, if it is to be repeated */
};

/* Checks a quipu call that failed: the cause must be the planned failure, the
 * status must be true of it, and the failures must end. */
static void check_failure(struct run *run, const char *what, int status)
{
    CHECK(quipu_subprocess_failures() > 0,
          "%s returns %s, but no system call has failed: %s", what,
          quipu_status_name(status), ERR->message);
    /* After a failed read the driver cannot tell whether the file is damaged.
     */
    CHECK(status != QUIPU_CORRUPT || run->shared->read,
          "%s returns CORRUPT, but only a system call has failed: %s", what,
          ERR->message);
    CHECK(status != QUIPU_INTERNAL && status != QUIPU_NOT_FOUND &&
              status != QUIPU_INVALID,
          "%s returns %s, but only a system call has failed: %s", what,
          quipu_status_name(status), ERR->message);
    run->failures++;
    CHECK(run->failures <= MAX_FAILURES || run->shared->forever,
          "after one failed system call the store does not become usable "
          "again: %s",
          ERR->message);
}

static void close_all(struct run *run)
{
    for (int i = 0; i < HANDLES; i++) {
        quipu_records_close(run->records[i], ERR);
        run->records[i] = NULL;
    }
    for (int i = 0; i < HANDLES; i++) {
        quipu_datastore_close(run->datastores[i], ERR);
        run->datastores[i] = NULL;
    }
}

static int open_one(struct run *run, int i)
{
    const quipu_schema *schema = quipu_schema_sequenced_items();
    int status =
        quipu_datastore_open(run->ctx->uri, NULL, &run->datastores[i], ERR);

    if (status == QUIPU_OK) {
        status = quipu_datastore_setup(run->datastores[i], schema, ERR);
    }
    if (status == QUIPU_OK) {
        status = quipu_records_open(run->datastores[i], schema,
                                    &run->records[i], ERR);
    }
    return status;
}

/* Opens all handles, if need be in several attempts. */
static bool open_all(struct run *run)
{
    for (int i = 0; i < HANDLES; i++) {
        int status = open_one(run, i);

        if (status != QUIPU_OK) {
            check_failure(run, "opening", status);
            close_all(run);
            if (run->failures > MAX_FAILURES) {
                return false;
            }
            i = -1;
        }
    }
    return true;
}

static int append(struct run *run, int handle)
{
    int64_t k = run->shared->acknowledged;

    run->batch->records = run->records[handle];
    quipu_paired_append_build(run->ctx, run->batch, 0, k,
                              quipu_paired_append_state_size(k));
    run->shared->in_doubt = true;
    return quipu_builder_append(run->batch);
}

static void accept(struct run *run)
{
    bool repeated = run->batch->result.flags & QUIPU_RESULT_REPEATED;

    CHECK(!repeated || run->refused == QUIPU_UNKNOWN_OUTCOME,
          "an append that returned %s was stored",
          quipu_status_name(run->refused));
    run->shared->acknowledged++;
    run->shared->in_doubt = false;
    run->refused = QUIPU_OK;
    quipu_subprocess_mark(0, run->shared->acknowledged);
}

static void refuse(struct run *run, int status)
{
    check_failure(run, "appending", status);
    /* After UNKNOWN_OUTCOME the first attempt may be stored, also if the
     * repeat returns another status. */
    if (run->refused != QUIPU_UNKNOWN_OUTCOME) {
        run->refused = status;
    }
    if (run->refused != QUIPU_UNKNOWN_OUTCOME) {
        int64_t count = quipu_paired_append_count(run->ctx, run->batch, 0);

        CHECK(count <= run->shared->acknowledged,
              "an append returned %s, but is stored",
              quipu_status_name(status));
        run->shared->in_doubt = false;
    }
}

/* After a failed sync the content of the disk is unknown, so no handle may
 * append. */
static void check_all_handles_refuse(struct run *run)
{
    for (int i = 0; i < HANDLES; i++) {
        int status = append(run, i);

        CHECK(status != QUIPU_OK,
              "a sync has failed, but handle %d appends before all are closed",
              i);
        refuse(run, status);
        run->failures--;
    }
}

/* Makes one append, in two attempts if need be.  Returns false if the store has
 * to be closed. */
static bool append_one(struct run *run, int handle)
{
    unsigned before = quipu_subprocess_failures();
    int status = append(run, handle);
    bool now = quipu_subprocess_failures() > before;

    if (status == QUIPU_OK) {
        accept(run);
    } else {
        refuse(run, status);
    }
    if (now && run->shared->sync) {
        check_all_handles_refuse(run);
        return false;
    }
    if (status != QUIPU_OK && append(run, handle) == QUIPU_OK) {
        accept(run);
        status = QUIPU_OK;
    }
    return status == QUIPU_OK;
}

static void append_some(struct run *run)
{
    for (int i = 0; i < REOPEN_AFTER && run->shared->acknowledged < APPENDS;
         i++) {
        if (!append_one(run, i % HANDLES)) {
            return;
        }
    }
}

/* Makes the remaining appends and ignores failures. */
static void append_ignoring_failures(struct run *run)
{
    for (int i = 0; i < 2 * APPENDS; i++) {
        int status = run->shared->acknowledged < APPENDS
                         ? append(run, i % HANDLES)
                         : QUIPU_BUSY;

        if (status == QUIPU_OK) {
            run->refused =
                QUIPU_UNKNOWN_OUTCOME; /* a stored repeat is fine here */
            accept(run);
        }
    }
}

static void work(struct quipu_context *ctx, void *shared, unsigned index)
{
    struct run run = { .ctx = ctx, .shared = shared };

    (void)index;
    while (run.shared->acknowledged < APPENDS && run.failures <= MAX_FAILURES &&
           open_all(&run)) {
        run.batch = quipu_builder_create(ctx, run.records[0], 2);
        if (run.shared->stays_open) {
            append_ignoring_failures(&run);
            break;
        }
        append_some(&run);
        close_all(&run);
    }
    run.shared->failed = quipu_subprocess_failures() > 0;
    run.shared->calls = quipu_subprocess_calls();
    /* Without closing the store, which would sync. */
    quipu_completion_exit(QUIPU_COMPLETION_DONE);
}

extern const struct quipu_subprocess_job quipu_subprocess_job_calls;
const struct quipu_subprocess_job quipu_subprocess_job_calls = { "calls",
                                                                 work };

/* ----------------------------------------------------------------- the case */

static const struct kind {
    const char *call;
    int number; /* errno */
    bool forever, stays_open;
    bool power; /* the power is cut at the end of the run */
} kinds[] = {
    { "write", EIO, false, false, false },
    { "write", ENOSPC, false, false, false },
    { "write", ENOSPC, true, false, false },
    { "sync", EIO, false, false, false },
    { "sync", EIO, false, false, true },
    { "sync", EIO, false, true, true },
    { "folder", EIO, false, false, false },
    { "read", EIO, false, false, false },
    { "truncate", EIO, false, false, false },
    { "allocate", ENOSPC, false, false, false },
    { "open", EMFILE, false, false, false },
    { "open", EIO, false, false, false },
    { "map", ENOMEM, false, false, false },
    { "remove", EIO, false, false, false },
};

struct calls {
    struct shared *shared;
    const struct kind *kind;
    const char *disk, *journal;
    unsigned n; /* the call that fails */
};

/* Runs the writer once. */
static void run_writer(struct quipu_context *ctx, struct calls *calls)
{
    const struct kind *kind = calls->kind;
    struct quipu_subprocess_spec task = { .job = &quipu_subprocess_job_calls,
                                          .folder = calls->disk };
    pid_t writer;
    int status;

    *calls->shared = (struct shared){ .kind = calls->shared->kind,
                                      .faults = calls->shared->faults,
                                      .sync = strcmp(kind->call, "sync") == 0,
                                      .read = strcmp(kind->call, "read") == 0,
                                      .forever = kind->forever,
                                      .stays_open = kind->stays_open };
    CHECK(mkdir(calls->disk, 0700) == 0, "cannot create %s", calls->disk);
    quipu_subprocess_add_fault(&task, "QUIPU_FAULT_CALL", kind->call);
    quipu_subprocess_add_fault(&task, "QUIPU_FAULT_AT",
                               quipu_context_format(ctx, "%u", calls->n));
    quipu_subprocess_add_fault(&task, "QUIPU_FAULT_ERRNO",
                               quipu_context_format(ctx, "%d", kind->number));
    quipu_subprocess_add_fault(&task, "QUIPU_FAULT_TIMES",
                               kind->forever ? "1000000" : "1");
    if (kind->power) {
        quipu_subprocess_add_fault(&task, "QUIPU_FAULT_JOURNAL",
                                   calls->journal);
    }
    writer = quipu_subprocess_start(ctx, &task, 0);
    status = quipu_subprocess_wait(writer);
    if (status != 0) { /* it may have written its reason: this is added */
        dprintf(STDERR_FILENO, "the call that was to fail was %s number %u\n",
                kind->call, calls->n);
    }
    CHECK_CHILD(writer, status, "%s number %u failed, and the writer",
                kind->call, calls->n);
}

/* Cuts the power at the end of the run; returns the folder of the image. */
static const char *cut_power(struct quipu_context *ctx,
                             const struct calls *calls)
{
    struct quipu_journal journal = quipu_journal_read(ctx, calls->journal);
    struct quipu_power_cut cut = {
        .end = journal.count,
        .seed = quipu_context_random(ctx, UINT64_MAX),
        .disk = calls->disk,
        .image = quipu_context_format(ctx, "%s-image", calls->disk),
    };

    quipu_disk_image_make(&journal, &cut);
    return cut.image;
}

static void check_store(struct quipu_context *ctx, const struct calls *calls,
                        const char *disk)
{
    const struct shared *shared = calls->shared;
    const char *uri = ctx->uri;
    quipu_records *r;
    int64_t count;

    ctx->uri = quipu_subprocess_uri(ctx, disk);
    r = quipu_paired_append_open(ctx);
    quipu_paired_append_check_log(ctx, r, 1, &count);
    CHECK(count >= shared->acknowledged,
          "%s number %u failed; %" PRId64
          " appends were acknowledged, but %" PRId64 " are stored",
          calls->kind->call, calls->n, shared->acknowledged, count);
    CHECK(count <= shared->acknowledged + shared->in_doubt,
          "an append that failed is stored");
    quipu_paired_append_continue(ctx, r, 0, count);
    count++;
    quipu_paired_append_check_log(ctx, r, 1, &count);
    quipu_context_close_all(ctx);
    ctx->uri = uri;
}

/* Runs the writer with a failure of its n-th call, and checks the store.
 * Returns true if that call was made. */
static bool attempt(struct quipu_context *ctx, struct calls *calls, unsigned n)
{
    const void *mark = quipu_context_mark(ctx);
    bool failed;

    calls->n = n;
    calls->disk = quipu_context_format(ctx, "%s/disk-%u", ctx->directory, n);
    calls->journal =
        quipu_context_format(ctx, "%s/journal-%u", ctx->directory, n);
    run_writer(ctx, calls);
    failed = calls->shared->failed;
    if (calls->kind->power) {
        const char *image = cut_power(ctx, calls);

        check_store(ctx, calls, image);
        quipu_folder_remove(image);
    } else {
        check_store(ctx, calls, calls->disk);
    }
    calls->shared->faults += failed;
    quipu_folder_remove(calls->disk);
    unlink(calls->journal);
    quipu_context_release(ctx, mark);
    return failed;
}

/* Runs in a subprocess whose own syncs are not made, because they cost time. */
static void run_kind(struct quipu_context *ctx, void *shared, unsigned index)
{
    struct calls calls = { .shared = shared };
    unsigned most = quipu_context_scale(ctx, 5, 100, 100000), made;

    (void)index;
    calls.kind = &kinds[calls.shared->kind];
    attempt(ctx, &calls, UINT32_MAX); /* none fails: only counts the calls */
    made = calls.shared->calls;
    if (most >= made) {
        for (unsigned n = 1; attempt(ctx, &calls, n); n++) {
        }
        return;
    }
    for (unsigned i = 0; i < most; i++) {
        attempt(ctx, &calls, 1 + (unsigned)quipu_context_random(ctx, made));
    }
}

extern const struct quipu_subprocess_job quipu_subprocess_job_calls_fail;
const struct quipu_subprocess_job quipu_subprocess_job_calls_fail = {
    "calls-fail", run_kind
};

static void run_case(struct quipu_context *ctx, unsigned kind)
{
    struct quipu_subprocess_spec task = { .job =
                                              &quipu_subprocess_job_calls_fail,
                                          .folder = ctx->directory };
    struct shared *shared;

    quipu_subprocess_require(ctx);
    shared = quipu_subprocess_share_memory(sizeof(*shared));
    shared->kind = kind;
    quipu_subprocess_add_fault(&task, "QUIPU_FAULT_IDLE", "1");
    quipu_subprocess_delegate(ctx, &task);
    quipu_context_count(ctx, "faults", shared->faults);
}

#define KIND(name, number)                      \
    static void name(struct quipu_context *ctx) \
    {                                           \
        run_case(ctx, number);                  \
    }
KIND(write_fails, 0)
KIND(write_without_space, 1)
KIND(disk_stays_full, 2)
KIND(sync_fails, 3)
KIND(sync_fails_and_power_is_cut, 4)
KIND(sync_fails_and_store_stays_open, 5)
KIND(folder_sync_fails, 6)
KIND(read_fails, 7)
KIND(truncate_fails, 8)
KIND(allocate_without_space, 9)
KIND(open_without_descriptors, 10)
KIND(open_fails, 11)
KIND(map_without_memory, 12)
KIND(remove_fails, 13)

#define FILES (QUIPU_CAN_PERSIST | QUIPU_CAN_LOG | QUIPU_TRAIT_FILES)

static const struct quipu_case cases[] = {
    { "V5.write-fails",
      "The append fails with an error, and the store stays intact.",
      write_fails, FILES, 0, 600 },
    { "V5.write-without-space",
      "A disk that is full for a moment causes an error and no damage.",
      write_without_space, FILES, 0, 600 },
    { "V5.disk-stays-full",
      "The events stored before the disk was full can be read afterwards.",
      disk_stays_full, FILES, 0, 600 },
    { "V5.sync-fails",
      "After a failed sync the content of the disk is unknown, so appends are "
      "refused until all handles are closed.",
      sync_fails, FILES, 0, 600 },
    { "V5.sync-of-folder-fails",
      "A file name is not treated as durable if the sync of its folder failed.",
      folder_sync_fails, FILES, 0, 600 },
    { "V5.sync-fails-and-power-is-cut",
      "A store that is opened again does not rely on pages that the disk has "
      "lost.",
      sync_fails_and_power_is_cut, FILES, 0, 600 },
    { "V5.sync-fails-and-store-stays-open",
      "A later sync that succeeds does not make up for the failed one: the "
      "lost writes stay lost.",
      sync_fails_and_store_stays_open, FILES, 0, 600 },
    { "V5.read-fails",
      "A read error is reported, and never taken for an empty store.",
      read_fails, FILES, 0, 600 },
    { "V5.truncate-fails", "A file that keeps its length does no harm.",
      truncate_fails, FILES, 0, 600 },
    { "V5.allocate-without-space",
      "The store does not use space that it could not allocate.",
      allocate_without_space, FILES, 0, 600 },
    { "V5.open-without-descriptors",
      "A process that runs out of descriptors gets an error and loses no "
      "events.",
      open_without_descriptors, FILES, 0, 600 },
    { "V5.open-fails", "A store that cannot be opened now can be opened later.",
      open_fails, FILES, 0, 600 },
    { "V5.map-without-memory", "A failed mmap causes an error and not a crash.",
      map_without_memory, FILES, 0, 600 },
    { "V5.remove-fails", "A file that could not be removed does no harm.",
      remove_fails, FILES, 0, 600 },
};
QUIPU_FAMILY_IN(crash, calls);
