/* SPDX-License-Identifier: Apache-2.0 */
/*
 * V3: power cuts, for stores that keep files below {dir}.
 *
 * Writers append in subprocesses under quipu-faults.so, which keeps a journal
 * of all their file operations and of the appends that were acknowledged.  The
 * power is cut at chosen records of the journal: disk_image.c makes a state of
 * the files that a disk can have then.  Opened, it must be a store with whole
 * appends only, at least all that were acknowledged before the cut (with
 * durability=full), and it must be usable.
 *
 * QUIPU_FAULT_LIE=1 in the suite's own environment reaches the subprocesses:
 * syncs then do nothing, and these cases must fail (mutants R01, R05).
 */
#include "cases/case.h"

#include "context/folder.h"
#include "context/paired_append.h"
#include "context/subprocess.h"
#include "disk_image/disk_image.h"

#include <quipu/drivers.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define APPENDS 9      /* of a writer */
#define REOPEN_AFTER 3 /* appends: the store is closed and opened */
#define MAX_WRITERS 4
#define RELAXED_WRITER 1 /* number of the writer with a relaxed handle */

/* Memory that the case and its subprocesses share. */
struct shared {
    unsigned kind; /* index in `kinds` */
    int appends;   /* of each writer */
    bool relaxed;  /* each process also appends by a relaxed handle */
    bool
        observed; /* a thread reads, and the items that it reads must survive */
    uint64_t cuts;
};

/* -------------------------------------------------------------- the writers */

/* Makes a writer's next append, and marks in the journal that it was
 * acknowledged. */
static void append_next(struct quipu_context *ctx, struct quipu_builder *b,
                        unsigned writer, int64_t *next)
{
    quipu_paired_append_build(ctx, b, writer, *next,
                              quipu_paired_append_state_size(*next));
    OK(quipu_builder_append(b));
    quipu_subprocess_mark(writer, ++*next);
}

/* Another handle of the process, with durability=relaxed.  It is opened first,
 * and appends before the other one. */
struct relaxed {
    struct quipu_builder *batch;
    int64_t next;
};

static void open_relaxed(struct quipu_context *ctx, struct relaxed *relaxed)
{
    quipu_datastore *d = quipu_context_open(ctx, "durability=relaxed");
    const quipu_schema *schema = quipu_schema_sequenced_items();

    OK(quipu_datastore_setup(d, schema, ERR));
    relaxed->batch =
        quipu_builder_create(ctx, quipu_context_bind(ctx, d, schema), 2);
    relaxed->next =
        quipu_paired_append_count(ctx, relaxed->batch, RELAXED_WRITER);
    CHECK(relaxed->next >= 0, "the last position cannot be read: %s",
          ERR->message);
}

/* A thread that marks in the journal what it sees: an append that is visible
 * must be durable (V2).  Syncs are slow then. */
struct observer {
    struct quipu_context *ctx;
    struct quipu_builder *builder;
    unsigned writer;
    atomic_bool over;
    pthread_t thread;
};

static void *observe(void *context)
{
    struct observer *o = context;
    int64_t seen = 0;

    while (!atomic_load(&o->over)) {
        int64_t count =
            quipu_paired_append_count(o->ctx, o->builder, o->writer);

        if (count > seen) {
            seen = count;
            quipu_subprocess_mark(o->writer, seen);
        }
        quipu_context_sleep(50);
    }
    return NULL;
}

static void observer_start(struct observer *o)
{
    atomic_store(&o->over, false);
    CHECK(pthread_create(&o->thread, NULL, observe, o) == 0,
          "cannot create a thread");
}

static void observer_stop(struct observer *o)
{
    atomic_store(&o->over, true);
    pthread_join(o->thread, NULL);
}

/* Makes appends after those that are stored. */
static void work(struct quipu_context *ctx, void *shared, unsigned index)
{
    const struct shared *all = shared;
    int left = all->appends;

    while (left > 0) {
        struct relaxed relaxed = { .batch = NULL };
        struct observer observer;
        struct quipu_builder *b;
        int64_t k;

        if (all->relaxed) {
            open_relaxed(ctx, &relaxed);
        }
        b = quipu_builder_create(ctx, quipu_paired_append_open(ctx), 2);
        k = quipu_paired_append_count(ctx, b, index);
        CHECK(k >= 0, "the last position cannot be read: %s", ERR->message);
        if (all->observed) {
            observer = (struct observer){ .ctx = ctx,
                                          .builder = quipu_builder_create(
                                              ctx, b->records, 2),
                                          .writer = index };
            observer_start(&observer);
        }
        for (int i = 0; i < REOPEN_AFTER && left > 0; i++, left--) {
            if (all->relaxed) {
                append_next(ctx, relaxed.batch, RELAXED_WRITER, &relaxed.next);
            }
            if (all->relaxed && i % 2 == 1) { /* then the next is its repeat */
                quipu_paired_append_build(ctx, relaxed.batch, index, k,
                                          quipu_paired_append_state_size(k));
                OK(quipu_builder_append(relaxed.batch));
            }
            append_next(ctx, b, index, &k);
        }
        if (all->observed) {
            observer_stop(&observer);
        }
        quipu_context_close_all(ctx);
    }
}

extern const struct quipu_subprocess_job quipu_subprocess_job_power;
const struct quipu_subprocess_job quipu_subprocess_job_power = { "power",
                                                                 work };

/* ---------------------------------------------------------------- the case */

/* A run of writers, and the power cuts in it. */
struct power {
    const char *options; /* of their store, or NULL */
    unsigned processes, writers;
    bool full; /* durability=full */
    const char *base, *disk;
    struct quipu_journal journal;
    struct shared *shared;
    unsigned names;
    int64_t least[MAX_WRITERS]; /* acknowledged before the journal began */
};

/* Checks the number of a writer's stored appends after a cut before record
 * `end`. */
static void check_count(const struct power *power, unsigned writer,
                        int64_t count, size_t end)
{
    int64_t acknowledged = quipu_journal_mark(&power->journal, end, writer);
    bool full = power->full && writer < power->processes;

    acknowledged = acknowledged > power->least[writer] ? acknowledged
                                                       : power->least[writer];
    CHECK(count >= acknowledged || !full,
          "power cut before record %zu: %" PRId64
          " appends were acknowledged, but %" PRId64 " are stored",
          end, acknowledged, count);
    CHECK(count <= acknowledged + 1 || power->base,
          "more appends are stored than were made");
}

static void check_image(struct quipu_context *ctx, const struct power *power,
                        const char *image, size_t end)
{
    const char *uri = ctx->uri;
    int64_t counts[MAX_WRITERS];
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

/* Cuts the power before a record; returns the folder of the image. */
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
    const void *mark = quipu_context_mark(ctx);
    const char *image = cut_at(ctx, power, end);

    check_image(ctx, power, image, end);
    quipu_folder_remove(image);
    quipu_context_release(ctx, mark);
}

/* Runs the writers, and reads their journal. */
static void run_writers(struct quipu_context *ctx, struct power *power)
{
    const char *path = new_name(ctx, power, "journal");
    struct quipu_subprocess_spec task = { .job = &quipu_subprocess_job_power,
                                          .folder = power->disk,
                                          .options = power->options };
    pid_t processes[MAX_WRITERS];

    quipu_subprocess_add_fault(&task, "QUIPU_FAULT_JOURNAL", path);
    if (power->shared->observed) {
        quipu_subprocess_add_fault(&task, "QUIPU_FAULT_SLOW", "1");
    }
    for (unsigned i = 0; i < power->processes; i++) {
        processes[i] = quipu_subprocess_start(ctx, &task, i);
    }
    for (unsigned i = 0; i < power->processes; i++) {
        int status = quipu_subprocess_wait(processes[i]);

        CHECK_CHILD(processes[i], status, "writer %u", i);
    }
    power->journal = quipu_journal_read(ctx, path);
}

/* The first run, in an empty folder. */
static void begin(struct quipu_context *ctx, struct power *power)
{
    power->shared->appends = APPENDS;
    power->disk = new_name(ctx, power, "disk");
    CHECK(mkdir(power->disk, 0700) == 0, "cannot create %s", power->disk);
    run_writers(ctx, power);
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
    CHECK(!power->full || syncs >= APPENDS,
          "%d appends were acknowledged with only %u syncs", APPENDS, syncs);
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

/* Runs the writers on an image, and cuts the power again. */
static void cut_again(struct quipu_context *ctx, struct power *first)
{
    size_t end = (size_t)quipu_context_random(ctx, first->journal.count + 1);
    struct power second = *first;
    unsigned cuts = quipu_context_scale(ctx, 8, 40, 100);
    struct quipu_power_cut same = { .base = cut_at(ctx, first, end) };

    /* A second copy of the same image, for the writers to change. */
    second.base = same.base;
    second.disk = same.image = new_name(ctx, first, "disk");
    quipu_disk_image_make(&second.journal, &same);
    second.names = first->names;
    second.shared->appends = 2;
    for (unsigned i = 0; i < first->processes; i++) {
        second.least[i] = quipu_journal_mark(&first->journal, end, i);
    }
    run_writers(ctx, &second);
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
    unsigned processes;
    const char *options;
    bool relaxed, observed;
} kinds[] = {
    { cut_at_syncs, 1, NULL, false, false },
    { cut_at_syncs, 1, "durability=relaxed", false, false },
    { cut_anywhere, 1, NULL, false, false },
    { cut_anywhere, 1, "checkpoint=5", false, false },
    { cut_anywhere, MAX_WRITERS, NULL, false, false },
    { cut_anywhere, MAX_WRITERS, "durability=relaxed", false, false },
    { cut_twice, 1, NULL, false, false },
    { cut_at_syncs, 1, NULL, true, false },
    { cut_at_syncs, 1, NULL, false, true },
};

/* Runs in a subprocess whose own syncs are not made, because they cost time. */
static void run_kind(struct quipu_context *ctx, void *shared, unsigned index)
{
    struct power power = { .shared = shared };
    const struct kind *kind = &kinds[power.shared->kind];

    (void)index;
    power.processes = kind->processes;
    power.writers = kind->processes + kind->relaxed;
    power.shared->relaxed = kind->relaxed;
    power.shared->observed = kind->observed;
    power.full = !kind->options || !strstr(kind->options, "relaxed");
    /* The URI may set the durability itself. */
    power.options = power.full || !strstr(ctx->direct_uri, "durability=")
                        ? kind->options
                        : NULL;
    kind->cut(ctx, &power);
}

extern const struct quipu_subprocess_job quipu_subprocess_job_power_cuts;
const struct quipu_subprocess_job quipu_subprocess_job_power_cuts = {
    "power-cuts", run_kind
};

static void run_case(struct quipu_context *ctx, unsigned kind)
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
    run_case(ctx, 0);
}

static void at_syncs_relaxed(struct quipu_context *ctx)
{
    run_case(ctx, 1);
}

static void anywhere(struct quipu_context *ctx)
{
    run_case(ctx, 2);
}

/* Returns true if the driver has an option that the URI does not set. */
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

/* With frequent checkpoints, if the driver has that option. */
static void during_checkpoints(struct quipu_context *ctx)
{
    run_case(ctx, has_option(ctx, "checkpoint") ? 3 : 2);
}

static void with_processes(struct quipu_context *ctx)
{
    run_case(ctx, 4);
}

static void with_processes_relaxed(struct quipu_context *ctx)
{
    run_case(ctx, 5);
}

static void twice(struct quipu_context *ctx)
{
    run_case(ctx, 6);
}

static void with_relaxed_handle(struct quipu_context *ctx)
{
    run_case(ctx, 7);
}

static void observed(struct quipu_context *ctx)
{
    run_case(ctx, 8);
}

#define FILES (QUIPU_CAN_PERSIST | QUIPU_CAN_LOG | QUIPU_TRAIT_FILES)

static const struct quipu_case cases[] = {
    { "V3.power-cut-at-every-sync",
      "Acknowledged appends are on the disk, complete and in order.", at_syncs,
      FILES, 0, 600 },
    { "V3.power-cut-at-every-sync-relaxed",
      "With durability=relaxed only the newest appends can be lost.",
      at_syncs_relaxed, FILES, 0, 600 },
    { "V2.visible-appends-survive-a-power-cut",
      "A consumer acts on what it reads, and the store must not forget it.",
      observed, FILES, 0, 600 },
    { "V3.power-cut-with-a-relaxed-handle",
      "A relaxed handle in the same process must not weaken another handle's "
      "durability.",
      with_relaxed_handle, FILES | QUIPU_TRAIT_MULTI_OPEN, 0, 600 },
    { "V3.power-cut-anywhere",
      "The power can fail between any two writes, also while the store is "
      "created and opened.",
      anywhere, FILES, 0, 600 },
    { "V3.power-cut-during-checkpoints",
      "Pages that a checkpoint copies stay in the log until their copies are "
      "durable.",
      during_checkpoints, FILES, 0, 600 },
    { "V3.power-cut-with-four-processes",
      "A process must not build on appends that another one has not yet made "
      "durable.",
      with_processes, FILES | QUIPU_CAN_SHARE, 0, 600 },
    { "V3.power-cut-with-four-processes-relaxed",
      "Appends that are lost must not leave a gap in the log.",
      with_processes_relaxed, FILES | QUIPU_CAN_SHARE, 0, 600 },
    { "V3.power-cut-twice",
      "A second power cut can happen while the store recovers from the first.",
      twice, FILES, 0, 600 },
};
QUIPU_FAMILY_IN(crash, power);
