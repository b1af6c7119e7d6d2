/* SPDX-License-Identifier: Apache-2.0 */
/*
 * E4: erasures after power cuts and kills.
 *
 * A program stores items, in part by a relaxed handle, and erases them in
 * commits of COMMIT items.  In files below {dir}, it runs in a subprocess under
 * quipu-faults.so, whose journal has the acknowledged erasures; the power is
 * cut at its records, at any call and not at syncs only.  Opened again, the
 * store has all items; from the first on a whole number of commits is erased,
 * at least those that were acknowledged; and the same call erases the rest.
 * Elsewhere the program is killed at random times.
 */
#include "cases/erasure/item_texts.h"

#include "context/folder.h"
#include "context/subprocess.h"
#include "disk_image/disk_image.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ITEMS 60
#define COMMIT 5  /* items */
#define STORED 0u /* writers of the journal: items that are stored, */
#define ERASED 1u /* and erased */

static const quipu_bytes of_log = { NULL, 0 };

static quipu_erasure first_items(int64_t count)
{
    return (quipu_erasure){ .struct_size = sizeof(quipu_erasure),
                            .lower = 1,
                            .upper = count,
                            .limit = COMMIT };
}

/* The schema has a fixed name, since the processes open it by that. */
static const quipu_schema *schema_of_case(void)
{
    static quipu_schema schema;

    schema = *quipu_schema_sequenced_items();
    schema.metadata = "metadata";
    return &schema;
}

static quipu_records *open_records(struct quipu_context *ctx,
                                   const char *options)
{
    quipu_datastore *d = quipu_context_open(ctx, options);

    OK(quipu_datastore_setup(d, schema_of_case(), ERR));
    return quipu_context_bind(ctx, d, schema_of_case());
}

/* Stores items after those that there are; the states of some need more than a
 * page. */
static void store_items(struct quipu_context *ctx, quipu_records *records,
                        size_t count)
{
    struct quipu_builder *b = quipu_builder_create(ctx, records, count);
    quipu_bytes s = quipu_context_sequence(ctx);

    for (size_t i = 0; i < count; i++) {
        quipu_item *item = quipu_builder_add_next(b, s, "");
        size_t size = i % 7 == 3 ? 9000 : 200;

        item->state.data = quipu_context_allocate(ctx, size);
        item->state.size = size;
        item->metadata = quipu_bytes_of_text("metadata");
    }
    OK(quipu_builder_append(b));
}

/* Checks the items of the log; returns how many of them, from the first on, are
 * erased. */
static int64_t check_items(struct quipu_context *ctx, quipu_records *records)
{
    struct quipu_item_texts log = quipu_item_texts_read(ctx, records, of_log);
    int64_t erased = 0;

    for (size_t i = 0; i < log.count; i++) {
        CHECK(log.at[i].notification_id == (int64_t)i + 1,
              "item %zu of the log has notification id %" PRId64, i + 1,
              log.at[i].notification_id);
        if (quipu_item_text_is_erased(&log.at[i])) {
            CHECK(erased == (int64_t)i,
                  "item %zu is erased, and an item before it is not", i + 1);
            erased++;
        }
    }
    CHECK(erased % COMMIT == 0,
          "%" PRId64 " items are erased, which are no whole commits of %d",
          erased, COMMIT);
    return erased;
}

/* ------------------------------------------------------------ power cuts */

/* Memory that the case and its subprocesses share. */
struct shared {
    uint64_t cuts;
};

static void store_and_erase(struct quipu_context *ctx, void *shared,
                            unsigned index)
{
    quipu_records *relaxed = open_records(ctx, "durability=relaxed");
    quipu_records *records = open_records(ctx, NULL);

    (void)shared;
    (void)index;
    store_items(ctx, records, ITEMS / 2);
    quipu_subprocess_mark(STORED, ITEMS / 2);
    store_items(ctx, relaxed, ITEMS / 2);
    for (int64_t count = COMMIT; count <= ITEMS; count += COMMIT) {
        const quipu_erasure erasure = first_items(count);
        int64_t erased = -1;

        OK(quipu_records_erase(records, &erasure, &erased, ERR));
        CHECK(erased == COMMIT, "%" PRId64 " items are reported erased, of %d",
              erased, COMMIT);
        quipu_subprocess_mark(ERASED, count);
    }
    quipu_context_close_all(ctx);
}

extern const struct quipu_subprocess_job quipu_subprocess_job_erasure;
const struct quipu_subprocess_job quipu_subprocess_job_erasure = {
    "erasure", store_and_erase
};

/* Checks the store as it is after a cut before record `end`. */
static void check_image(struct quipu_context *ctx,
                        const struct quipu_journal *journal, const char *image,
                        size_t end)
{
    int64_t stored = quipu_journal_mark(journal, end, STORED);
    int64_t acknowledged = quipu_journal_mark(journal, end, ERASED);
    const char *uri = ctx->uri;
    quipu_records *r;
    int64_t erased, all, rest = -1;

    ctx->uri = quipu_subprocess_uri(ctx, image);
    r = open_records(ctx, NULL);
    erased = check_items(ctx, r);
    CHECK(erased == acknowledged || erased == acknowledged + COMMIT,
          "power cut before record %zu: %" PRId64
          " items were reported erased, and %" PRId64 " are",
          end, acknowledged, erased);
    all = (int64_t)quipu_item_list_check_log(ctx, r).count;
    CHECK(all >= stored && all >= erased,
          "power cut before record %zu: %" PRId64 " items were stored, and "
          "%" PRId64 " are left",
          end, stored, all);
    if (all > 0) {
        const quipu_erasure erasure = first_items(all);

        OK(quipu_records_erase(r, &erasure, &rest, ERR));
        CHECK(rest == all - erased,
              "%" PRId64 " items of %" PRId64 " were erased before the power "
              "cut, and %" PRId64 " after it",
              erased, all, rest);
    }
    quipu_context_close_all(ctx);
    ctx->uri = uri;
}

static void cut_and_check(struct quipu_context *ctx,
                          const struct quipu_journal *journal, const char *disk,
                          size_t end)
{
    const void *mark = quipu_context_mark(ctx);
    const char *image = quipu_context_format(ctx, "%s/image", ctx->directory);
    struct quipu_power_cut cut = { .end = end,
                                   .seed =
                                       quipu_context_random(ctx, UINT64_MAX),
                                   .disk = disk,
                                   .image = image };

    quipu_disk_image_make(journal, &cut);
    check_image(ctx, journal, image, end);
    quipu_folder_remove(image);
    quipu_context_release(ctx, mark);
}

/* Cuts the power before every n-th record, so that all of a quick run are
 * spread over the whole journal. */
static void cut_power(struct quipu_context *ctx, void *memory, unsigned index)
{
    const char *disk = quipu_context_format(ctx, "%s/disk", ctx->directory);
    const char *path = quipu_context_format(ctx, "%s/journal", ctx->directory);
    struct quipu_subprocess_spec task = { .job = &quipu_subprocess_job_erasure,
                                          .folder = disk };
    unsigned cuts = quipu_context_scale(ctx, 120, 1500, 20000);
    struct shared *shared = memory;
    struct quipu_journal journal;
    pid_t program;
    int status;

    (void)index;
    CHECK(mkdir(disk, 0700) == 0, "cannot create %s", disk);
    quipu_subprocess_add_fault(&task, "QUIPU_FAULT_JOURNAL", path);
    program = quipu_subprocess_start(ctx, &task, 0);
    status = quipu_subprocess_wait(program);
    CHECK_CHILD(program, status, "the program that erases");
    journal = quipu_journal_read(ctx, path);
    CHECK(journal.count > 0, "the driver makes no file operations");
    for (unsigned i = 0; i <= cuts; i++) {
        cut_and_check(ctx, &journal, disk,
                      (size_t)((uint64_t)journal.count * i / cuts));
        shared->cuts++;
    }
}

extern const struct quipu_subprocess_job quipu_subprocess_job_erasure_cuts;
const struct quipu_subprocess_job quipu_subprocess_job_erasure_cuts = {
    "erasure-cuts", cut_power
};

/* The cuts run in a subprocess whose own syncs are not made, because they cost
 * time. */
static void power_cuts(struct quipu_context *ctx)
{
    struct quipu_subprocess_spec task = {
        .job = &quipu_subprocess_job_erasure_cuts, .folder = ctx->directory
    };
    struct shared *shared;

    quipu_subprocess_require(ctx);
    shared = quipu_subprocess_share_memory(sizeof(*shared));
    quipu_subprocess_add_fault(&task, "QUIPU_FAULT_IDLE", "1");
    quipu_subprocess_delegate(ctx, &task);
    quipu_context_count(ctx, "power cuts", shared->cuts);
}

/* ------------------------------------------------------------------ kills */

#define KILLED 2000 /* items */

struct victim {
    const quipu_schema *schema;
    atomic_llong reported;
};

static void erase_until_killed(struct quipu_context *ctx, void *memory,
                               unsigned index)
{
    struct victim *victim = memory;
    quipu_records *r =
        quipu_context_bind(ctx, quipu_context_open(ctx, NULL), victim->schema);

    (void)index;
    for (int64_t count = atomic_load(&victim->reported); count < KILLED;) {
        const quipu_erasure erasure = first_items(count + COMMIT);

        OK(quipu_records_erase(r, &erasure, NULL, ERR));
        count += COMMIT;
        atomic_store(&victim->reported, count);
    }
}

static void kills(struct quipu_context *ctx)
{
    quipu_schema *schema = quipu_context_schema(ctx, QUIPU_SHAPE_METADATA);
    struct victim *victim = quipu_workers_share_memory(sizeof(*victim));
    unsigned rounds = quipu_context_scale(ctx, 12, 100, 1000);
    quipu_records *r;

    quipu_context_setup(ctx, schema);
    r = quipu_context_bind(ctx, quipu_context_datastore(ctx), schema);
    for (int i = 0; i < 20; i++) {
        store_items(ctx, r, KILLED / 20);
    }
    quipu_context_close_all(ctx);
    victim->schema = schema;
    for (unsigned n = 0; n < rounds; n++) {
        const void *mark = quipu_context_mark(ctx);
        struct quipu_workers workers =
            quipu_workers_start(ctx, 1, erase_until_killed, victim);
        int64_t reported, erased;

        quipu_workers_release(&workers);
        quipu_context_sleep(1000 + quipu_context_random(ctx, 40000));
        quipu_workers_kill(&workers);
        quipu_context_count(ctx, "kills", 1);
        reported = atomic_load(&victim->reported);
        r = quipu_context_bind(ctx, quipu_context_open(ctx, NULL), schema);
        erased = check_items(ctx, r);
        /* A server may still commit what the process has sent. */
        CHECK(erased >= reported && erased <= reported + COMMIT,
              "after a kill %" PRId64
              " items were reported erased, and %" PRId64 " are",
              reported, erased);
        quipu_context_close_all(ctx);
        quipu_context_release(ctx, mark);
    }
}

static const struct quipu_case cases[] = {
    { "E4.power-cuts",
      "What was reported erased must not come back after a power cut.",
      power_cuts,
      QUIPU_CAN_ERASE | QUIPU_CAN_LOG | QUIPU_CAN_PERSIST | QUIPU_TRAIT_FILES,
      0, 600 },
    { "E4.kills", "An erasure that is killed is continued by the same call.",
      kills, QUIPU_CAN_ERASE | QUIPU_CAN_LOG | QUIPU_CAN_PERSIST, 0, 300 },
};
QUIPU_FAMILY_IN(crash, erasure);
