/* SPDX-License-Identifier: Apache-2.0 */
/*
 * V5: system calls that fail, for stores that keep files below {dir}.  A worker
 * lives under quipu-faults.so, which lets its n-th call of a kind fail; n = 1,
 * 2, 3 ... until a life passes without one, or so many of them by chance as the
 * profile lets.  Whatever fails, the worker hears a code that is true, and the
 * store is whole and usable after it.
 *
 * QUIPU_FAULT_HIDE=1 in the suite's own environment reaches the workers: then
 * nobody hears of the failures, as in a driver that does not look, and these
 * cases must fail.
 */
#include "case.h"

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

#define PAIRS 7    /* appends in a life */
#define REOPENED 4 /* it closes and opens the store after so many */
#define HANDLES 2  /* that it has open at once */
#define REFUSALS 6 /* of one failure, at most */

/* What the processes of a case share. */
struct shared {
    unsigned kind; /* of the case: a row of `kinds` */
    uint64_t faults;
    /* Of a life. */
    bool sync;       /* it is a sync that fails */
    bool read;       /* or a read */
    bool forever;    /* and so do all after it */
    bool stays_open; /* the worker never closes the store */
    bool failed;     /* it came to that */
    unsigned calls;  /* of that kind were made */
    int64_t acknowledged;
    bool doubtful; /* the last append may be stored */
};

/* --------------------------------------------------------------- the worker */

struct life {
    struct quipu_context *ctx;
    struct shared *shared;
    quipu_datastore *datastores[HANDLES];
    quipu_records *records[HANDLES];
    struct quipu_builder *batch;
    unsigned refusals;
    int refused; /* the status of the last append, if it is to be repeated */
};

/* A call of quipu has failed: it must be for the failure that was planned, say
 * what is true, and not go on for ever. */
static void excuse(struct life *life, const char *what, int status)
{
    CHECK(quipu_subprocess_failures() > 0,
          "%s answers %s, though no system call has failed: %s", what,
          quipu_status_name(status), ERR->message);
    /* What cannot be read may well be damaged. */
    CHECK(status != QUIPU_CORRUPT || life->shared->read,
          "%s answers CORRUPT, and nothing is wrong but a system call: %s",
          what, ERR->message);
    CHECK(status != QUIPU_INTERNAL && status != QUIPU_NOT_FOUND &&
              status != QUIPU_INVALID,
          "%s answers %s, and nothing is wrong but a system call: %s", what,
          quipu_status_name(status), ERR->message);
    life->refusals++;
    CHECK(life->refusals <= REFUSALS || life->shared->forever,
          "one system call has failed, and the store does not become usable "
          "again: %s",
          ERR->message);
}

static void close_all(struct life *life)
{
    for (int i = 0; i < HANDLES; i++) {
        quipu_records_close(life->records[i], ERR);
        life->records[i] = NULL;
    }
    for (int i = 0; i < HANDLES; i++) {
        quipu_datastore_close(life->datastores[i], ERR);
        life->datastores[i] = NULL;
    }
}

static int open_one(struct life *life, int i)
{
    const quipu_schema *schema = quipu_schema_sequenced_items();
    int status =
        quipu_datastore_open(life->ctx->uri, NULL, &life->datastores[i], ERR);

    if (status == QUIPU_OK) {
        status = quipu_datastore_setup(life->datastores[i], schema, ERR);
    }
    if (status == QUIPU_OK) {
        status = quipu_records_open(life->datastores[i], schema,
                                    &life->records[i], ERR);
    }
    return status;
}

/* Whether it could be opened, perhaps after another attempt. */
static bool open_all(struct life *life)
{
    for (int i = 0; i < HANDLES; i++) {
        int status = open_one(life, i);

        if (status != QUIPU_OK) {
            excuse(life, "opening", status);
            close_all(life);
            if (life->refusals > REFUSALS) {
                return false;
            }
            i = -1;
        }
    }
    return true;
}

static int append(struct life *life, int handle)
{
    int64_t k = life->shared->acknowledged;

    life->batch->records = life->records[handle];
    quipu_paired_append_build(life->ctx, life->batch, 0, k,
                              quipu_paired_append_state_size(k));
    life->shared->doubtful = true;
    return quipu_builder_append(life->batch);
}

static void accept(struct life *life)
{
    bool repeated = life->batch->result.flags & QUIPU_RESULT_REPEATED;

    CHECK(!repeated || life->refused == QUIPU_UNKNOWN_OUTCOME,
          "an append that failed with %s was stored",
          quipu_status_name(life->refused));
    life->shared->acknowledged++;
    life->shared->doubtful = false;
    life->refused = QUIPU_OK;
    quipu_subprocess_mark(0, life->shared->acknowledged);
}

static void refuse(struct life *life, int status)
{
    excuse(life, "appending", status);
    /* Once in doubt it stays so: the first attempt may have been stored. */
    if (life->refused != QUIPU_UNKNOWN_OUTCOME) {
        life->refused = status;
    }
    if (life->refused != QUIPU_UNKNOWN_OUTCOME) {
        int64_t count = quipu_paired_append_count(life->ctx, life->batch, 0);

        CHECK(count <= life->shared->acknowledged,
              "an append failed with %s, and is there",
              quipu_status_name(status));
        life->shared->doubtful = false;
    }
}

/* After a sync has failed nobody knows what is on the disk. */
static void check_refused_by_all(struct life *life)
{
    for (int i = 0; i < HANDLES; i++) {
        int status = append(life, i);

        CHECK(status != QUIPU_OK,
              "a sync has failed, and handle %d appends before all are closed",
              i);
        refuse(life, status);
        life->refusals--;
    }
}

/* One append, until it is taken or the store has to be closed. */
static bool append_one(struct life *life, int handle)
{
    unsigned before = quipu_subprocess_failures();
    int status = append(life, handle);
    bool now = quipu_subprocess_failures() > before;

    if (status == QUIPU_OK) {
        accept(life);
    } else {
        refuse(life, status);
    }
    if (now && life->shared->sync) {
        check_refused_by_all(life);
        return false;
    }
    if (status != QUIPU_OK && append(life, handle) == QUIPU_OK) {
        accept(life);
        status = QUIPU_OK;
    }
    return status == QUIPU_OK;
}

static void append_some(struct life *life)
{
    for (int i = 0; i < REOPENED && life->shared->acknowledged < PAIRS; i++) {
        if (!append_one(life, i % HANDLES)) {
            return;
        }
    }
}

/* All that is left, whatever is answered. */
static void append_to_the_end(struct life *life)
{
    for (int i = 0; i < 2 * PAIRS; i++) {
        int status = life->shared->acknowledged < PAIRS
                         ? append(life, i % HANDLES)
                         : QUIPU_BUSY;

        if (status == QUIPU_OK) {
            life->refused = QUIPU_UNKNOWN_OUTCOME; /* not what is asked here */
            accept(life);
        }
    }
}

static void work(struct quipu_context *ctx, void *shared, unsigned index)
{
    struct life life = { .ctx = ctx, .shared = shared };

    (void)index;
    while (life.shared->acknowledged < PAIRS && life.refusals <= REFUSALS &&
           open_all(&life)) {
        life.batch = quipu_builder_create(ctx, life.records[0], 2);
        if (life.shared->stays_open) {
            append_to_the_end(&life);
            break;
        }
        append_some(&life);
        close_all(&life);
    }
    life.shared->failed = quipu_subprocess_failures() > 0;
    life.shared->calls = quipu_subprocess_calls();
    _exit(0); /* what is open stays open: no sync any more */
}

extern const struct quipu_subprocess_job quipu_subprocess_job_calls;
const struct quipu_subprocess_job quipu_subprocess_job_calls = { "calls",
                                                                 work };

/* --------------------------------------------------------------- the parent */

static const struct kind {
    const char *call;
    int number; /* of the error */
    bool forever, stays_open, power;
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

/* Lives once. */
static void live(struct quipu_context *ctx, struct calls *calls)
{
    const struct kind *kind = calls->kind;
    struct quipu_subprocess_spec task = { .job = &quipu_subprocess_job_calls,
                                          .folder = calls->disk };
    int status;

    *calls->shared = (struct shared){ .kind = calls->shared->kind,
                                      .faults = calls->shared->faults,
                                      .sync = strcmp(kind->call, "sync") == 0,
                                      .read = strcmp(kind->call, "read") == 0,
                                      .forever = kind->forever,
                                      .stays_open = kind->stays_open };
    CHECK(mkdir(calls->disk, 0700) == 0, "cannot make %s", calls->disk);
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
    status = quipu_subprocess_wait(quipu_subprocess_start(ctx, &task, 0));
    if (status != 0) {
        CHECK(
            WIFEXITED(status) && WEXITSTATUS(status) == QUIPU_EXIT_FAILED,
            "%s number %u failed, and the process ended with wait status 0x%x",
            kind->call, calls->n, (unsigned)status);
        CHECK(false, "this was after %s number %u had failed", kind->call,
              calls->n);
    }
}

/* After a failed sync the power goes, too. */
static const char *cut(struct quipu_context *ctx, const struct calls *calls)
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

static void check_disk(struct quipu_context *ctx, const struct calls *calls,
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
          " appends were acknowledged, and %" PRId64 " are there",
          calls->kind->call, calls->n, shared->acknowledged, count);
    CHECK(count <= shared->acknowledged + shared->doubtful,
          "an append that failed is there");
    quipu_paired_append_continue(ctx, r, 0, count);
    count++;
    quipu_paired_append_check_log(ctx, r, 1, &count);
    quipu_context_close_all(ctx);
    ctx->uri = uri;
}

/* Whether the n-th call was made, and failed. */
static bool attempt(struct quipu_context *ctx, struct calls *calls, unsigned n)
{
    const void *then = quipu_context_mark(ctx);
    bool failed;

    calls->n = n;
    calls->disk = quipu_context_format(ctx, "%s/disk-%u", ctx->directory, n);
    calls->journal =
        quipu_context_format(ctx, "%s/journal-%u", ctx->directory, n);
    live(ctx, calls);
    failed = calls->shared->failed;
    if (calls->kind->power) {
        const char *image = cut(ctx, calls);

        check_disk(ctx, calls, image);
        quipu_folder_remove(image);
    } else {
        check_disk(ctx, calls, calls->disk);
    }
    calls->shared->faults += failed;
    quipu_folder_remove(calls->disk);
    unlink(calls->journal);
    quipu_context_release(ctx, then);
    return failed;
}

/* Runs in a process whose own syncs cost no time. */
static void run_kind(struct quipu_context *ctx, void *shared, unsigned index)
{
    struct calls calls = { .shared = shared };
    unsigned most = quipu_context_scale(ctx, 5, 100, 100000), made;

    (void)index;
    calls.kind = &kinds[calls.shared->kind];
    attempt(ctx, &calls, UINT32_MAX); /* none fails, perhaps none is made */
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

static void run(struct quipu_context *ctx, unsigned kind)
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
        run(ctx, number);                       \
    }
KIND(write_fails, 0)
KIND(write_finds_no_room, 1)
KIND(disk_stays_full, 2)
KIND(sync_fails, 3)
KIND(sync_fails_and_power_goes, 4)
KIND(sync_fails_unheeded, 5)
KIND(folder_sync_fails, 6)
KIND(read_fails, 7)
KIND(truncate_fails, 8)
KIND(allocate_finds_no_room, 9)
KIND(open_finds_no_descriptor, 10)
KIND(open_fails, 11)
KIND(map_finds_no_memory, 12)
KIND(remove_fails, 13)

#define FILES (QUIPU_CAN_PERSIST | QUIPU_CAN_LOG | QUIPU_TRAIT_FILES)

static const struct quipu_case cases[] = {
    { "V5.write-fails",
      "The append fails with an error, and the store stays intact.",
      write_fails, FILES, 0, 600 },
    { "V5.write-without-space",
      "A disk that is full for a moment causes an error and no damage.",
      write_finds_no_room, FILES, 0, 600 },
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
      sync_fails_and_power_goes, FILES, 0, 600 },
    { "V5.sync-fails-and-store-stays-open",
      "A later sync that succeeds does not make up for the failed one: the "
      "lost writes stay lost.",
      sync_fails_unheeded, FILES, 0, 600 },
    { "V5.read-fails",
      "A read error is reported, and never taken for an empty store.",
      read_fails, FILES, 0, 600 },
    { "V5.truncate-fails", "A file that keeps its length does no harm.",
      truncate_fails, FILES, 0, 600 },
    { "V5.allocate-without-space",
      "The store does not use space that it could not allocate.",
      allocate_finds_no_room, FILES, 0, 600 },
    { "V5.open-without-descriptors",
      "A process that runs out of descriptors gets an error and loses no "
      "events.",
      open_finds_no_descriptor, FILES, 0, 600 },
    { "V5.open-fails", "A store that cannot be opened now can be opened later.",
      open_fails, FILES, 0, 600 },
    { "V5.map-without-memory", "A failed mmap causes an error and not a crash.",
      map_finds_no_memory, FILES, 0, 600 },
    { "V5.remove-fails", "A file that could not be removed does no harm.",
      remove_fails, FILES, 0, 600 },
};
QUIPU_FAMILY(calls);
