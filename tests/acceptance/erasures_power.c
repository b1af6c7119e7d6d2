/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power cuts of C5: a process appends items and erases some of them while
 * quipu-faults.so records its operations on files.  The power is cut at random
 * records, as in power.c.  In each state of the files that a disk can have
 * then, all appends and erasures that were acknowledged are there (V3, E4),
 * every item is as it was appended or erased, and no item is erased that was
 * not to be.
 *
 * As a control the same is done with a disk that ignores syncs: the test must
 * notice that something is lost.
 */
#include "erasures.h"

#include "context/folder.h"
#include "disk_image/disk_image.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum {
    ROUNDS = 16,  /* of the writer: append, erase */
    ITEMS = 4,    /* of a round */
    APPENDED = 0, /* marks in the journal: items that are stored, */
    ERASED = 1    /* and erasures that are finished */
};

/* Memory that the test and the subprocess share. */
struct shared {
    char driver[16];
};

/* The range that the erasure after a round is of: some of the items so far. */
static void range_of(int64_t round, int64_t *lower, int64_t *upper)
{
    const int64_t stored = ITEMS * (round + 1);

    *lower = 1 + round * 7 % stored;
    *upper = *lower + round % 5;
    if (*upper > stored) {
        *upper = stored;
    }
}

/* Whether one of the first `count` erasures is of the item. */
static bool is_in_ranges(int64_t id, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t lower = 0;
        int64_t upper = 0;

        range_of(i, &lower, &upper);
        if (id >= lower && id <= upper) {
            return true;
        }
    }
    return false;
}

static void name_store(char uri[400], const char *driver, const char *folder)
{
    (void)snprintf(uri, 400, "%s:///%s/%s", driver, folder,
                   strcmp(driver, "lmdb") == 0 ? "store" : "store.db");
}

/* -------------------------------------------------------------- the writer */

static void write_rounds(struct quipu_context *ctx, void *memory,
                         unsigned index)
{
    const struct shared *shared = memory;
    struct erasures_log log;
    char uri[400];
    quipu_error error;
    (void)index;

    name_store(uri, shared->driver, ctx->directory);
    erasures_open(&log, uri);
    for (int64_t round = 0; round < ROUNDS; round++) {
        quipu_erasure erasure = { .struct_size = sizeof(erasure), .limit = 2 };

        for (int64_t i = 0; i < ITEMS; i++) {
            erasures_append(&log, 1, ITEMS * round + i);
            quipu_subprocess_mark(APPENDED, ITEMS * round + i + 1);
        }
        range_of(round, &erasure.lower, &erasure.upper);
        assert_ok(quipu_records_erase(log.records, &erasure, NULL, &error),
                  &error);
        quipu_subprocess_mark(ERASED, round + 1);
    }
    erasures_close(&log);
}

const struct quipu_subprocess_job erasures_job = { "erasures", write_rounds };

/* --------------------------------------------------------------- the images */

/* An image that is checked; in memory that the processes share. */
struct image {
    const char *driver;
    const char *folder;
    bool is_hushed; /* a failure is expected */
    int64_t appended;
    int64_t erased; /* erasures */
    bool is_checked;
};

/* Erasures that were finished, and the one that was under way. */
static void check_erased(const struct image *image, const quipu_item *item)
{
    unsigned writer = 0;
    const bool is_erased = erasures_check_item(item, &writer);

    if (is_in_ranges(item->notification_id, image->erased)) {
        assert_true(is_erased);
    } else if (!is_in_ranges(item->notification_id, image->erased + 1)) {
        assert_false(is_erased);
    }
}

static int64_t check_items(const struct image *image, struct erasures_log *log)
{
    const quipu_item *item = NULL;
    quipu_cursor *cursor;
    quipu_error error;
    int64_t count = 0;

    assert_ok(quipu_records_read_log(log->records, NULL, &cursor, &error),
              &error);
    do {
        assert_ok(quipu_cursor_next(cursor, &item, &error), &error);
        if (item) {
            assert_int_equal(item->notification_id, ++count);
            assert_int_equal(item->position, count - 1);
            check_erased(image, item);
        }
    } while (item);
    quipu_cursor_close(cursor);
    return count;
}

/* Checks the items, and goes on. */
static void check_image(void *context)
{
    struct image *image = context;
    const quipu_erasure all = { .struct_size = sizeof(all),
                                .lower = INT64_MIN,
                                .upper = INT64_MAX };
    struct erasures_log log;
    char uri[400];
    quipu_error error;
    int64_t left = -1;

    if (image->is_hushed) {
        (void)dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
    }
    name_store(uri, image->driver, image->folder);
    erasures_open(&log, uri);
    const int64_t count = check_items(image, &log);

    assert_true(count >= image->appended);
    erasures_append(&log, 1, count);
    assert_ok(quipu_records_erase(log.records, &all, NULL, &error), &error);
    assert_ok(quipu_records_erasable(log.records, &all, &left, &error), &error);
    assert_int_equal(left, 0);
    erasures_close(&log);
    image->is_checked = true;
}

/* A run of the writer, and the cuts in it. */
struct cuts {
    struct acceptance *run;
    struct quipu_context ctx;
    struct shared *shared;
    const char *disk;
    struct quipu_journal journal;
};

static void record_writer(struct cuts *cuts, const char *fault)
{
    struct quipu_subprocess_spec spec = { .job = &erasures_job };
    const char *journal =
        quipu_context_format(&cuts->ctx, "%s/journal", cuts->ctx.directory);

    cuts->disk =
        quipu_context_format(&cuts->ctx, "%s/disk", cuts->ctx.directory);
    quipu_folder_remove(cuts->disk);
    (void)remove(journal);
    assert_int_equal(mkdir(cuts->disk, 0700), 0);
    spec.folder = cuts->disk;
    quipu_subprocess_add_fault(&spec, "QUIPU_FAULT_JOURNAL", journal);
    quipu_subprocess_add_fault(&spec, fault, "1");
    assert_int_equal(
        quipu_subprocess_wait(quipu_subprocess_start(&cuts->ctx, &spec, 0)), 0);
    cuts->journal = quipu_journal_read(&cuts->ctx, journal);
    assert_true(cuts->journal.count > ROUNDS * ITEMS);
}

/* Returns whether the image passes. */
static bool cut_at(struct cuts *cuts, size_t end, bool is_hushed)
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
    *image = (struct image){
        .driver = cuts->run->model->driver,
        .folder = cut.image,
        .is_hushed = is_hushed,
        .appended = quipu_journal_mark(&cuts->journal, end, APPENDED),
        .erased = quipu_journal_mark(&cuts->journal, end, ERASED),
    };
    pid_t process = process_start(check_image, image);

    assert_int_equal(waitpid(process, &status, 0), process);
    quipu_folder_remove(cut.image);
    const bool is_sound = image->is_checked;

    if (!is_sound && !is_hushed) {
        print_error("cut before record %zu, seed %llu: appended %lld, "
                    "erasures %lld\n",
                    end, (unsigned long long)cut.seed,
                    (long long)image->appended, (long long)image->erased);
    }
    (void)munmap(image, sizeof(*image));
    return is_sound;
}

static int count_lost(struct cuts *cuts, int count, bool is_hushed)
{
    int lost = 0;

    for (int i = 0; i < count; i++) {
        lost += !cut_at(
            cuts, (size_t)process_random((int64_t)cuts->journal.count + 1),
            is_hushed);
    }
    return lost;
}

void erasures_cut_power(struct acceptance *run)
{
    enum { CUTS = 300, CONTROLS = 50 };
    struct cuts cuts = { .run = run };
    char folder[300];
    char uri[400];

    assert_non_null(getcwd(folder, sizeof(folder)));
    (void)snprintf(uri, sizeof(uri), "%s:///%s/disk/store", run->model->driver,
                   folder);
    (void)setenv("QUIPU_FAULTS", QUIPU_FAULTS, 0);
    quipu_context_init(&cuts.ctx, uri, folder, 0, (uint64_t)process_now());
    cuts.shared = quipu_subprocess_share_memory(sizeof(*cuts.shared));
    (void)snprintf(cuts.shared->driver, sizeof(cuts.shared->driver), "%s",
                   run->model->driver);

    record_writer(&cuts, "QUIPU_FAULT_IDLE");
    const int lost = count_lost(&cuts, CUTS, false);

    acceptance_note(run, "; %d power cuts: lost %d", CUTS, lost);
    assert_int_equal(lost, 0);
    record_writer(&cuts, "QUIPU_FAULT_LIE");
    const int noticed = count_lost(&cuts, CONTROLS, true);

    acceptance_note(run, "; control without syncs %d: lost %d", CONTROLS,
                    noticed);
    assert_true(noticed > 0);
}
