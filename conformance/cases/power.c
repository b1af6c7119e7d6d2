/* SPDX-License-Identifier: Apache-2.0 */
/*
 * V3: power cuts, for stores that keep files below {dir}.  Workers append under
 * quipu-faults.so, which keeps a journal of what they do to the files.  The
 * power is cut at chosen records of it, and what a disk could hold then must be
 * a store that has what the workers had acknowledged.
 *
 * QUIPU_FAULT_LIE=1 in the suite's own environment reaches the workers: then
 * syncs do nothing, and these cases must fail.
 */
#include "case.h"

#include "context/folder.h"
#include "context/paired_append.h"
#include "context/subprocess.h"
#include "disk_image/disk_image.h"

#include <quipu/drivers.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PAIRS 9    /* appends of two items in a worker's life */
#define REOPENED 3 /* it closes and opens the store after so many */
#define WORKERS 4  /* at most */
#define BESIDE 1   /* the number of the writer that is relaxed */

/* What the processes of a case share. */
struct shared {
    unsigned kind; /* of the case: a row of `kinds` */
    int pairs;     /* for each worker to append */
    bool beside;   /* it has a relaxed handle, too */
    uint64_t cuts;
};

/* --------------------------------------------------------------- the worker */

/* Appends the next pair of a writer, and tells the journal that it was
 * acknowledged. */
static void append_next(struct quipu_context *ctx, struct quipu_builder *b,
                        unsigned writer, int64_t *next)
{
    quipu_paired_append_build(ctx, b, writer, *next,
                              quipu_paired_append_state_size(*next));
    OK(quipu_builder_append(b));
    quipu_subprocess_mark(writer, ++*next);
}

/* Another handle of the process, which would not wait for the disk.  It is
 * opened first, and appends before the other does. */
struct beside {
    struct quipu_builder *batch;
    int64_t next;
};

static void open_beside(struct quipu_context *ctx, struct beside *beside)
{
    quipu_datastore *d = quipu_context_open(ctx, "durability=relaxed");
    const quipu_schema *schema = quipu_schema_sequenced_items();

    OK(quipu_datastore_setup(d, schema, ERR));
    beside->batch =
        quipu_builder_create(ctx, quipu_context_bind(ctx, d, schema), 2);
    beside->next = quipu_paired_append_count(ctx, beside->batch, BESIDE);
    CHECK(beside->next >= 0, "the last position cannot be read: %s",
          ERR->message);
}

/* Appends pairs after those that are there. */
static void work(struct quipu_context *ctx, void *shared, unsigned index)
{
    const struct shared *all = shared;
    int left = all->pairs;

    while (left > 0) {
        struct beside beside = { .batch = NULL };
        struct quipu_builder *b;
        int64_t k;

        if (all->beside) {
            open_beside(ctx, &beside);
        }
        b = quipu_builder_create(ctx, quipu_paired_append_open(ctx), 2);
        k = quipu_paired_append_count(ctx, b, index);
        CHECK(k >= 0, "the last position cannot be read: %s", ERR->message);
        for (int i = 0; i < REOPENED && left > 0; i++, left--) {
            if (all->beside) {
                append_next(ctx, beside.batch, BESIDE, &beside.next);
            }
            append_next(ctx, b, index, &k);
        }
        quipu_context_close_all(ctx);
    }
}

extern const struct quipu_subprocess_job quipu_subprocess_job_power;
const struct quipu_subprocess_job quipu_subprocess_job_power = { "power",
                                                                 work };

/* --------------------------------------------------------------- the parent */

/* Lives of workers, and what is cut of them. */
struct power {
    const char *options; /* of their store, or NULL */
    unsigned workers, writers;
    bool full; /* durability */
    const char *base, *disk;
    struct quipu_journal journal;
    struct shared *shared;
    unsigned names;
    int64_t least[WORKERS]; /* acknowledged before the journal began */
};

/* `end`: of the journal, where the power went. */
static void check_count(const struct power *power, unsigned worker,
                        int64_t count, size_t end)
{
    int64_t told = quipu_journal_mark(&power->journal, end, worker);
    bool full = power->full && worker < power->workers;

    told = told > power->least[worker] ? told : power->least[worker];
    CHECK(count >= told || !full,
          "power cut before record %zu: %" PRId64
          " appends were acknowledged, and %" PRId64 " are there",
          end, told, count);
    CHECK(count <= told + 1 || power->base, "more appends than were made");
}

static void check_image(struct quipu_context *ctx, const struct power *power,
                        const char *image, size_t end)
{
    const char *uri = ctx->uri;
    int64_t counts[WORKERS];
    quipu_records *r;

    ctx->uri = quipu_subprocess_uri(ctx, image);
    r = quipu_paired_append_open(ctx);
    quipu_paired_append_check_log(ctx, r, power->writers, counts);
    for (unsigned i = 0; i < power->writers; i++) {
        check_count(power, i, counts[i], end);
        quipu_paired_append_continue(ctx, r, i, counts[i]);
        counts[i]++;
    }
    quipu_paired_append_check_log(ctx, r, power->writers, counts);
    quipu_context_close_all(ctx);
    ctx->uri = uri;
}

static const char *new_name(struct quipu_context *ctx, struct power *power,
                            const char *what)
{
    return quipu_context_format(ctx, "%s/%s-%u", ctx->directory, what,
                                ++power->names);
}

/* Cuts the power before a record; gives what is left. */
static const char *cut_at(struct quipu_context *ctx, struct power *power,
                          size_t end)
{
    const char *image = new_name(ctx, power, "image");
    struct quipu_power_cut cut = { .end = end,
                                   .seed =
                                       quipu_context_random(ctx, UINT64_MAX),
                                   .base = power->base,
                                   .disk = power->disk,
                                   .image = image };

    quipu_disk_image_make(&power->journal, &cut);
    power->shared->cuts++;
    return image;
}

static void cut_and_check(struct quipu_context *ctx, struct power *power,
                          size_t end)
{
    const void *then = quipu_context_mark(ctx);
    const char *image = cut_at(ctx, power, end);

    check_image(ctx, power, image, end);
    quipu_folder_remove(image);
    quipu_context_release(ctx, then);
}

/* Lets the workers live on the disk, and reads their journal. */
static void live(struct quipu_context *ctx, struct power *power)
{
    const char *path = new_name(ctx, power, "journal");
    struct quipu_subprocess_spec task = { .job = &quipu_subprocess_job_power,
                                          .folder = power->disk,
                                          .options = power->options };
    pid_t workers[WORKERS];

    quipu_subprocess_add_fault(&task, "QUIPU_FAULT_JOURNAL", path);
    for (unsigned i = 0; i < power->workers; i++) {
        workers[i] = quipu_subprocess_start(ctx, &task, i);
    }
    for (unsigned i = 0; i < power->workers; i++) {
        int status = quipu_subprocess_wait(workers[i]);

        CHECK(status == 0, "worker %u ended with wait status 0x%x", i,
              (unsigned)status);
    }
    power->journal = quipu_journal_read(ctx, path);
}

/* The first life, on an empty disk. */
static void begin(struct quipu_context *ctx, struct power *power)
{
    power->shared->pairs = PAIRS;
    power->disk = new_name(ctx, power, "disk");
    CHECK(mkdir(power->disk, 0700) == 0, "cannot make %s", power->disk);
    live(ctx, power);
}

static bool is_sync(const struct quipu_journal *journal, size_t i)
{
    uint32_t kind = quipu_journal_at(journal, i)->kind;

    return kind == JOURNAL_SYNC || kind == JOURNAL_SYNC_FOLDER ||
           kind == JOURNAL_STORE;
}

/* -------------------------------------------------------------- at each sync
 */

static void cut_at_syncs(struct quipu_context *ctx, struct power *power)
{
    unsigned chances = quipu_context_scale(ctx, 2, 10, 100), syncs = 0;

    begin(ctx, power);
    for (size_t i = 0; i < power->journal.count; i++) {
        syncs += is_sync(&power->journal, i);
        for (unsigned k = 0; is_sync(&power->journal, i) && k < chances; k++) {
            cut_and_check(ctx, power, i);
        }
    }
    for (unsigned k = 0; k < 10 * chances; k++) {
        cut_and_check(ctx, power, power->journal.count);
    }
    CHECK(!power->full || syncs >= PAIRS,
          "%d appends were acknowledged with %u syncs", PAIRS, syncs);
}

/* ---------------------------------------------------------------- anywhere */

static void cut_anywhere(struct quipu_context *ctx, struct power *power)
{
    unsigned cuts = quipu_context_scale(ctx, 100, 600, 20000);

    begin(ctx, power);
    for (unsigned i = 0; i < cuts; i++) {
        cut_and_check(
            ctx, power,
            (size_t)quipu_context_random(ctx, power->journal.count + 1));
    }
}

/* ------------------------------------------------------------------- twice */

/* What is left is opened, and the power goes again. */
static void cut_again(struct quipu_context *ctx, struct power *first)
{
    size_t end = (size_t)quipu_context_random(ctx, first->journal.count + 1);
    struct power second = *first;
    unsigned cuts = quipu_context_scale(ctx, 8, 40, 100);
    struct quipu_power_cut same = { .base = cut_at(ctx, first, end) };

    /* The same once more, for the worker to change. */
    second.base = same.base;
    second.disk = same.image = new_name(ctx, first, "disk");
    quipu_disk_image_make(&second.journal, &same);
    second.names = first->names;
    second.shared->pairs = 2;
    for (unsigned i = 0; i < first->workers; i++) {
        second.least[i] = quipu_journal_mark(&first->journal, end, i);
    }
    live(ctx, &second);
    for (unsigned i = 0; i < cuts; i++) {
        cut_and_check(
            ctx, &second,
            (size_t)quipu_context_random(ctx, second.journal.count + 1));
    }
    first->names = second.names;
    quipu_folder_remove(second.base);
    quipu_folder_remove(second.disk);
}

static void cut_twice(struct quipu_context *ctx, struct power *power)
{
    unsigned rounds = quipu_context_scale(ctx, 8, 30, 1000);

    begin(ctx, power);
    for (unsigned i = 0; i < rounds; i++) {
        cut_again(ctx, power);
    }
}

/* ---------------------------------------------------------------- the cases */

static const struct kind {
    void (*cut)(struct quipu_context *ctx, struct power *power);
    unsigned workers;
    const char *options;
    bool beside;
} kinds[] = {
    { cut_at_syncs, 1, NULL, false },
    { cut_at_syncs, 1, "durability=relaxed", false },
    { cut_anywhere, 1, NULL, false },
    { cut_anywhere, 1, "checkpoint=5", false },
    { cut_anywhere, WORKERS, NULL, false },
    { cut_anywhere, WORKERS, "durability=relaxed", false },
    { cut_twice, 1, NULL, false },
    { cut_at_syncs, 1, NULL, true },
};

/* Lives, cuts and looks, in a process whose own syncs cost no time. */
static void run_kind(struct quipu_context *ctx, void *shared, unsigned index)
{
    struct power power = { .shared = shared };
    const struct kind *kind = &kinds[power.shared->kind];

    (void)index;
    power.workers = kind->workers;
    power.writers = kind->workers + kind->beside;
    power.shared->beside = kind->beside;
    power.full = !kind->options || !strstr(kind->options, "relaxed");
    /* The URI may name it itself. */
    power.options = power.full || !strstr(ctx->direct_uri, "durability=")
                        ? kind->options
                        : NULL;
    kind->cut(ctx, &power);
}

extern const struct quipu_subprocess_job quipu_subprocess_job_power_cuts;
const struct quipu_subprocess_job quipu_subprocess_job_power_cuts = {
    "power-cuts", run_kind
};

static void run(struct quipu_context *ctx, unsigned kind)
{
    struct quipu_subprocess_spec task = { .job =
                                              &quipu_subprocess_job_power_cuts,
                                          .folder = ctx->directory };
    struct shared *shared;

    quipu_subprocess_require(ctx);
    shared = quipu_subprocess_share_memory(sizeof(*shared));
    shared->kind = kind;
    quipu_subprocess_add_fault(&task, "QUIPU_FAULT_IDLE", "1");
    quipu_subprocess_delegate(ctx, &task);
    quipu_context_count(ctx, "power cuts", shared->cuts);
}

static void at_syncs(struct quipu_context *ctx)
{
    run(ctx, 0);
}

static void at_syncs_relaxed(struct quipu_context *ctx)
{
    run(ctx, 1);
}

static void anywhere(struct quipu_context *ctx)
{
    run(ctx, 2);
}

/* Whether the driver publishes an option, and the URI does not name it. */
static bool has_option(struct quipu_context *ctx, const char *name)
{
    const quipu_driver *driver;

    OK(quipu_drivers_find(
        quipu_context_format(ctx, "%.*s", (int)strcspn(ctx->direct_uri, ":"),
                             ctx->direct_uri),
        &driver, ERR));
    for (uint32_t i = 0; i < driver->option_count; i++) {
        if (strcmp(driver->options[i].name, name) == 0) {
            return !strstr(ctx->direct_uri,
                           quipu_context_format(ctx, "%s=", name));
        }
    }
    return false;
}

/* What is logged is copied to its place all the time, where that is done. */
static void amid_checkpoints(struct quipu_context *ctx)
{
    run(ctx, has_option(ctx, "checkpoint") ? 3 : 2);
}

static void under_processes(struct quipu_context *ctx)
{
    run(ctx, 4);
}

static void under_processes_relaxed(struct quipu_context *ctx)
{
    run(ctx, 5);
}

static void twice(struct quipu_context *ctx)
{
    run(ctx, 6);
}

static void beside(struct quipu_context *ctx)
{
    run(ctx, 7);
}

#define FILES (QUIPU_CAN_PERSIST | QUIPU_CAN_LOG | QUIPU_TRAIT_FILES)

static const struct quipu_case cases[] = {
    { "V3.power-cut-at-every-sync",
      "Acknowledged appends are on the disk, complete and in order.", at_syncs,
      FILES, 0, 600 },
    { "V3.power-cut-at-every-sync-relaxed",
      "With durability=relaxed only the newest appends can be lost.",
      at_syncs_relaxed, FILES, 0, 600 },
    { "V3.power-cut-with-a-relaxed-handle",
      "A relaxed handle in the same process must not weaken another handle's "
      "durability.",
      beside, FILES | QUIPU_TRAIT_MULTI_OPEN, 0, 600 },
    { "V3.power-cut-anywhere",
      "The power can fail between any two writes, also while the store is "
      "created and opened.",
      anywhere, FILES, 0, 600 },
    { "V3.power-cut-during-checkpoints",
      "Pages that a checkpoint copies stay in the log until their copies are "
      "durable.",
      amid_checkpoints, FILES, 0, 600 },
    { "V3.power-cut-with-four-processes",
      "A process must not build on appends that another one has not yet made "
      "durable.",
      under_processes, FILES | QUIPU_CAN_SHARE, 0, 600 },
    { "V3.power-cut-with-four-processes-relaxed",
      "Appends that are lost must not leave a gap in the log.",
      under_processes_relaxed, FILES | QUIPU_CAN_SHARE, 0, 600 },
    { "V3.power-cut-twice",
      "A second power cut can happen while the store recovers from the first.",
      twice, FILES, 0, 600 },
};
QUIPU_FAMILY(power);
