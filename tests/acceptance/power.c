/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Power cuts, on back ends that keep files: a projection applies events while
 * quipu-faults.so records all operations on the files.  The power is cut at
 * random records; from each cut a state of the files is made that a disk can
 * have then (conformance/disk_image).  Opened, its read model must be what the
 * events up to its tracking record make of it (P1), with all events and the
 * record that were acknowledged before the cut (V3), and it must be usable.
 *
 * As a control the same is done with a disk that ignores syncs: the test must
 * notice that acknowledged events are lost.
 */
#include "power.h"

#include "acceptance.h"
#include "context/folder.h"
#include "context/subprocess.h"
#include "disk_image/disk_image.h"
#include "erasures.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum {
    ROUNDS = 12,  /* of the writer: append, apply */
    REOPEN = 4,   /* rounds, after which all is closed and opened */
    EVENTS = 5,   /* of a round */
    APPENDED = 0, /* marks in the journal: events that are stored, */
    RECORDED = 1  /* and the record */
};

/* Memory that the test and the subprocess share. */
struct shared {
    char driver[16];
    char options[64];
};

static const struct model *find_model(const char *driver)
{
    return strcmp(driver, "lmdb") == 0 ? &model_lmdb : &model_sqlite;
}

/* -------------------------------------------------------------- the writer */

static int64_t position_of(quipu_projection *projection)
{
    quipu_consumer_status status = { .struct_size = sizeof(status) };
    quipu_error error;

    assert_ok(quipu_projection_status(projection, &status, &error), &error);
    return status.position;
}

/* Appends some events, and applies them. */
static void write_round(struct opened_log *log, quipu_projection *projection)
{
    bool caught_up = false;
    quipu_error error;

    for (int i = 0; i < EVENTS; i++) {
        add_events(log, 1);
        quipu_subprocess_mark(APPENDED, log->stored);
    }
    while (!caught_up) {
        assert_ok(quipu_projection_step(projection, &caught_up, &error),
                  &error);
        quipu_subprocess_mark(RECORDED, position_of(projection));
    }
}

static void write_all(struct quipu_context *ctx, void *memory, unsigned index)
{
    const struct shared *shared = memory;
    const struct model *model = find_model(shared->driver);
    const quipu_projection_options options = {
        .batch_items = 3, .attempts = 1, .on_failure = QUIPU_FAILURE_PARK
    };
    struct applied applied = { .model = model,
                               .refused = 11,
                               .refusal = QUIPU_NOT_FOUND };
    char name[96];
    quipu_error error;
    int64_t stored = 0;
    (void)index;

    add_interposed(model->driver);
    assert_int_equal(chdir(ctx->directory), 0);
    model->prepare("power", shared->options, name);
    for (int round = 0; round < ROUNDS;) {
        struct opened_log log;

        open_log(&log, name);
        log.sequences = 1;
        log.stored = stored;
        quipu_projection *projection = open_applied(&log, &applied, options);

        do {
            write_round(&log, projection);
        } while (++round % REOPEN != 0);
        stored = log.stored;
        assert_ok(quipu_projection_close(projection, &error), &error);
        close_log(&log);
    }
}

static const struct quipu_subprocess_job write_job = { "projection",
                                                       write_all };

void power_enter(void)
{
    static const struct quipu_subprocess_job *const jobs[] = { &write_job,
                                                               &erasures_job,
                                                               NULL };

    quipu_subprocess_enter(jobs);
}

/* --------------------------------------------------------------- the images */

/* An image that is checked; in memory that the processes share. */
struct image {
    const struct model *model;
    const char *folder;
    const char *options;
    bool is_hushed; /* a failure is expected */
    struct model_counts counts;
    int64_t head;
    bool is_checked;
};

/* Counts what is in the image, and goes on in it. */
static void check_image(void *context)
{
    struct image *image = context;
    struct applied applied = { .model = image->model };
    struct opened_log log;
    quipu_position head;
    char name[96];
    quipu_error error;

    if (image->is_hushed) {
        (void)dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
    }
    assert_int_equal(chdir("/"), 0); /* nothing is to be removed */
    image->model->prepare("power", image->options, name);
    assert_int_equal(chdir(image->folder), 0);
    open_log(&log, name); /* which recovers the store */
    close_log(&log);
    image->counts = count_model(image->model, name, "applied@1", 1);
    open_log(&log, name);
    log.sequences = 1;
    assert_ok(quipu_records_head(log.records, &head, &error), &error);
    image->head = head.notification_id;
    log.stored = image->head;
    add_events(&log, 3);
    quipu_projection *projection =
        open_applied(&log, &applied, (quipu_projection_options){ 0 });

    (void)acceptance_catch_up(projection);
    assert_ok(quipu_projection_close(projection, &error), &error);
    close_log(&log);
    struct model_counts after = count_model(image->model, name, "applied@1", 1);

    assert_exact(&after);
    assert_int_equal(after.record, image->head + 3);
    image->is_checked = true;
}

/* A run of the writer, and the cuts in it. */
struct cuts {
    struct acceptance *run;
    struct quipu_context ctx;
    struct shared *shared;
    const char *disk;
    struct quipu_journal journal;
    int made;
    int lost; /* with less than was acknowledged, or that cannot be opened */
    int inexact;
};

static void record_writer(struct cuts *cuts, const char *options,
                          const char *fault)
{
    struct quipu_subprocess_spec spec = { .job = &write_job };
    const char *journal =
        quipu_context_format(&cuts->ctx, "%s/journal", cuts->ctx.directory);

    (void)snprintf(cuts->shared->driver, sizeof(cuts->shared->driver), "%s",
                   cuts->run->model->driver);
    (void)snprintf(cuts->shared->options, sizeof(cuts->shared->options), "%s",
                   options);
    cuts->disk =
        quipu_context_format(&cuts->ctx, "%s/disk", cuts->ctx.directory);
    quipu_folder_remove(cuts->disk);
    (void)remove(journal);
    assert_int_equal(mkdir(cuts->disk, 0700), 0);
    spec.folder = cuts->disk;
    quipu_subprocess_add_fault(&spec, "QUIPU_FAULT_JOURNAL", journal);
    quipu_subprocess_add_fault(&spec, fault, "1");
    int status =
        quipu_subprocess_wait(quipu_subprocess_start(&cuts->ctx, &spec, 0));

    assert_int_equal(status, 0);
    cuts->journal = quipu_journal_read(&cuts->ctx, journal);
    assert_true(cuts->journal.count > ROUNDS * EVENTS);
}

static void cut_at(struct cuts *cuts, size_t end, bool is_durable,
                   bool is_hushed)
{
    struct image *image = process_share(sizeof(*image));
    const struct quipu_power_cut cut = {
        .end = end,
        .seed = (uint64_t)process_random(INT64_MAX),
        .disk = cuts->disk,
        .image =
            quipu_context_format(&cuts->ctx, "%s/image", cuts->ctx.directory),
    };
    int status = 0;

    quipu_disk_image_make(&cuts->journal, &cut);
    *image = (struct image){ .model = cuts->run->model,
                             .folder = cut.image,
                             .options = cuts->shared->options,
                             .is_hushed = is_hushed };
    pid_t process = process_start(check_image, image);

    assert_int_equal(waitpid(process, &status, 0), process);
    quipu_folder_remove(cut.image);
    cuts->made++;
    bool is_lost =
        !image->is_checked ||
        (is_durable &&
         (image->head < quipu_journal_mark(&cuts->journal, end, APPENDED) ||
          image->counts.record <
              quipu_journal_mark(&cuts->journal, end, RECORDED)));

    if (!is_hushed && (is_lost || !is_exact(&image->counts))) {
        print_error("cut before record %zu, seed %llu: record %lld, head "
                    "%lld\n",
                    end, (unsigned long long)cut.seed,
                    (long long)image->counts.record, (long long)image->head);
    }
    cuts->inexact += !is_exact(&image->counts);
    cuts->lost += is_lost;
    (void)munmap(image, sizeof(*image));
}

static void cut_often(struct cuts *cuts, int count, bool is_durable,
                      bool is_hushed)
{
    cuts->made = cuts->lost = cuts->inexact = 0;
    for (int i = 0; i < count; i++) {
        cut_at(cuts, (size_t)process_random((int64_t)cuts->journal.count + 1),
               is_durable, is_hushed);
    }
}

/* --------------------------------------------------------------- the test */

static void cut_power(struct acceptance *run)
{
    struct cuts cuts = { .run = run };
    char folder[300];
    char uri[400];

    if (run->model == &model_postgres) {
        acceptance_skip(run, "the server keeps the files");
    }
    assert_non_null(getcwd(folder, sizeof(folder)));
    (void)snprintf(uri, sizeof(uri), "%s:///%s/disk/power", run->model->driver,
                   folder);
    (void)setenv("QUIPU_FAULTS", QUIPU_FAULTS, 0);
    quipu_context_init(&cuts.ctx, uri, folder, 0, (uint64_t)process_now());
    cuts.shared = quipu_subprocess_share_memory(sizeof(*cuts.shared));

    record_writer(&cuts, "", "QUIPU_FAULT_IDLE");
    cut_often(&cuts, 400, true, false);
    acceptance_note(run, "%d cuts in %zu records: lost %d, not exact %d",
                    cuts.made, cuts.journal.count, cuts.lost, cuts.inexact);
    assert_int_equal(cuts.lost + cuts.inexact, 0);

    record_writer(&cuts, "durability=relaxed", "QUIPU_FAULT_IDLE");
    cut_often(&cuts, 200, false, false);
    acceptance_note(run, "; relaxed %d cuts: unusable %d, not exact %d",
                    cuts.made, cuts.lost, cuts.inexact);
    assert_int_equal(cuts.lost + cuts.inexact, 0);

    record_writer(&cuts, "", "QUIPU_FAULT_LIE");
    cut_often(&cuts, 50, true, true);
    acceptance_note(run, "; control without syncs %d cuts: lost %d", cuts.made,
                    cuts.lost);
    assert_true(cuts.lost > 0);
}

const struct acceptance_test acceptance_power = {
    .name = "power",
    .title = "cut the power while a projection runs",
    .run = cut_power,
};
