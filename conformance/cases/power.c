/* SPDX-License-Identifier: Apache-2.0 */
/*
 * V3: power cuts, for stores that keep files below {dir}.  A worker, this
 * program again, appends under quipu-faults.so, which cuts the power at its
 * n-th sync and leaves what a disk could hold then; n = 1, 2, 3 ... until the
 * worker comes to its end.  What was left must be a store that has what the
 * worker acknowledged.
 *
 * QUIPU_FAULT_LIE=1 in the suite's own environment reaches the worker: then
 * syncs do nothing, and these cases must fail.
 */
#include "suite.h"

#include "power.h"

#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_CUT 99
#define PAIRS 9     /* appends of two items in a worker's life */
#define REOPENED 3  /* it closes and opens the store after so many */
#define CHANCES 2   /* cuts at one sync, each with its own chance */
#define FILLER 5000 /* bytes of a state: more than a page */
#define MOST_CUTS 200
#define WORKER_WORD "--power-worker"

/* ----------------------------------------------------------- what is stored */

/* Pair k: an item at position k of two sequences, with ids that tell which. */
static void fill_pair(struct quipu_trial *t, struct quipu_batch *b, int64_t k)
{
    static const uint8_t sequences[2][16] = { { 1 }, { 2 } };

    quipu_batch_clear(b);
    for (uint8_t i = 0; i < 2; i++) {
        quipu_bytes sequence = { sequences[i], 16 };
        quipu_uuid id = { { 9, (uint8_t)(k + 1), i } };

        quipu_batch_at(b, sequence, k,
                       quipu_trial_text(t, "%" PRId64 " %0*d", k, FILLER, 0));
        b->event_ids[i] = id;
    }
    if (t->traits & QUIPU_CAN_TRACK) {
        quipu_batch_track(b, "consumer", "log", k + 1);
    }
}

static quipu_records *open_records(struct quipu_trial *t, const char *options)
{
    quipu_datastore *d = quipu_trial_open(t, options);
    const quipu_schema *schema = quipu_schema_sequenced_items();

    OK(quipu_datastore_setup(d, schema, E));
    return quipu_trial_bind(t, d, schema);
}

/* --------------------------------------------------------------- the worker */

/* Tells the parent of each append that was acknowledged. */
static int work(const char *uri, const char *options, uint32_t traits, int to)
{
    struct quipu_trial t;
    struct quipu_batch *b;

    quipu_trial_init(&t, uri, NULL, traits, 1);
    for (int64_t k = 0; k < PAIRS;) {
        b = quipu_batch_create(&t, open_records(&t, *options ? options : NULL),
                               2);
        for (int i = 0; i < REOPENED; i++, k++) {
            fill_pair(&t, b, k);
            OK(quipu_batch_append(b));
            CHECK(write(to, "!", 1) == 1, "the parent is gone");
        }
        quipu_trial_close_all(&t);
    }
    return EXIT_SUCCESS;
}

int quipu_power_worker(int argc, char **argv)
{
    if (argc != 6 || strcmp(argv[1], WORKER_WORD) != 0) {
        return -1;
    }
    return work(argv[2], argv[3], (uint32_t)strtoul(argv[4], NULL, 10),
                (int)strtol(argv[5], NULL, 10));
}

/* --------------------------------------------------------------- the parent */

struct life {
    const char *faults;  /* quipu-faults.so */
    const char *disk;    /* the folder that the worker has */
    const char *image;   /* the folder that it leaves */
    const char *options; /* of its store, or "" */
    unsigned cut, chance;
    uint64_t seed; /* of what the cut leaves */
    int64_t acknowledged;
};

/* A URI of the trial's with another folder below {dir} in place of it. */
static const char *uri_in(struct quipu_trial *t, const char *uri,
                          const char *folder)
{
    const char *at = strstr(uri, t->directory);

    if (at) {
        return quipu_trial_text(t, "%.*s%s%s", (int)(at - uri), uri, folder,
                                at + strlen(t->directory));
    }
    quipu_check_skip("the name of {dir} is not plain in the URI");
}

/* Where the library is: $QUIPU_FAULTS, or beside this program. */
static const char *find_faults(struct quipu_trial *t)
{
    static const char *const places[] = { "../lib/quipu-faults.so",
                                          "../" QUIPU_LIBDIR
                                          "/quipu/quipu-faults.so" };
    const char *named = getenv("QUIPU_FAULTS");
    char self[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);

    if (named) {
        return named;
    }
    self[size > 0 ? size : 0] = '\0';
    (void)dirname(self);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *path = quipu_trial_text(t, "%s/%s", self, places[i]);

        if (access(path, R_OK) == 0) {
            return path;
        }
    }
    quipu_check_skip("quipu-faults.so is not beside this program");
}

/* Its folder and its name go apart: the loader takes a space in LD_PRELOAD for
 * the end of a name. */
static void preload(struct quipu_trial *t, const char *path)
{
    const char *before = getenv("LD_LIBRARY_PATH");
    const char *name = strrchr(path, '/');
    int length = name ? (int)(name - path) : 0;

    setenv("LD_PRELOAD", name ? name + 1 : path, 1);
    setenv("LD_LIBRARY_PATH",
           quipu_trial_text(t, "%.*s%s%s", length, path, before ? ":" : "",
                            before ? before : ""),
           1);
}

static _Noreturn void become_worker(struct quipu_trial *t,
                                    const struct life *life, int to)
{
    char program[] = "quipu-conformance", word[] = WORKER_WORD;
    char *words[] = { program,
                      word,
                      strdup(uri_in(t, t->plain, life->disk)),
                      strdup(life->options),
                      strdup(quipu_trial_text(t, "%" PRIu32, t->traits)),
                      strdup(quipu_trial_text(t, "%d", to)),
                      NULL };

    preload(t, life->faults);
    setenv("QUIPU_FAULT_FOLDER", life->disk, 1);
    setenv("QUIPU_FAULT_IMAGE", life->image, 1);
    setenv("QUIPU_FAULT_CUT", quipu_trial_text(t, "%u", life->cut), 1);
    setenv("QUIPU_FAULT_SEED", quipu_trial_text(t, "%" PRIu64, life->seed), 1);
    execv("/proc/self/exe", words);
    _exit(98);
}

static int64_t count_bytes(int from)
{
    char bytes[64];
    int64_t count = 0;

    for (ssize_t got; (got = read(from, bytes, sizeof bytes)) > 0;) {
        count += got;
    }
    return count;
}

/* Whether the power was cut: else the worker came to its end. */
static bool live(struct quipu_trial *t, struct life *life)
{
    int ends[2], status;
    pid_t child;

    CHECK(mkdir(life->disk, 0700) == 0 && mkdir(life->image, 0700) == 0,
          "cannot make %s", life->disk);
    CHECK(pipe(ends) == 0, "the system gives no pipe");
    child = fork();
    CHECK(child >= 0, "the system gives no process");
    if (child == 0) {
        close(ends[0]);
        become_worker(t, life, ends[1]);
    }
    close(ends[1]);
    life->acknowledged = count_bytes(ends[0]);
    close(ends[0]);
    CHECK(waitpid(child, &status, 0) == child, "the worker is lost");
    CHECK(WIFEXITED(status) && (WEXITSTATUS(status) == EXIT_CUT ||
                                WEXITSTATUS(status) == EXIT_SUCCESS),
          "the worker ended with wait status 0x%x", (unsigned)status);
    return WEXITSTATUS(status) == EXIT_CUT;
}

/* ---------------------------------------------------------- what was left */

/* Whole pairs, from the first on; gives how many. */
static int64_t check_pairs(struct quipu_trial *t, quipu_records *r)
{
    struct quipu_list log = quipu_list_whole(t, r);
    quipu_position p = { 0 };

    CHECK(log.count % 2 == 0, "half an append is there");
    for (size_t i = 0; i < log.count; i++) {
        const struct quipu_seen *seen = &log.at[i];

        CHECK(seen->position == (int64_t)(i / 2) &&
                  seen->sequence.data[0] == i % 2 + 1 &&
                  strtoll(seen->state, NULL, 10) == seen->position &&
                  seen->state_size > FILLER,
              "at id %zu is not what was appended there", i + 1);
    }
    if ((t->traits & QUIPU_CAN_TRACK) && log.count > 0) {
        OK(quipu_tracking_read(quipu_records_datastore(r), "consumer", "log",
                               &p, E));
        CHECK(p.notification_id == (int64_t)log.count / 2,
              "%zu items are there, and the record says %" PRId64, log.count,
              p.notification_id);
    }
    return (int64_t)log.count / 2;
}

/* A store that lives: the last append is known again, the next is taken. */
static void check_goes_on(struct quipu_trial *t, quipu_records *r,
                          int64_t pairs)
{
    struct quipu_batch *b = quipu_batch_create(t, r, 2);

    if (pairs > 0) {
        fill_pair(t, b, pairs - 1);
        OK(quipu_batch_append(b));
        CHECK(b->result.flags & QUIPU_RESULT_REPEATED, "not called a repeat");
    }
    fill_pair(t, b, pairs);
    OK(quipu_batch_append(b));
    CHECK(check_pairs(t, r) == pairs + 1, "the next append is not there");
}

static void check_image(struct quipu_trial *t, const struct life *life,
                        bool full)
{
    const char *uri = t->uri;
    quipu_records *r;
    int64_t pairs;

    t->uri = uri_in(t, uri, life->image);
    r = open_records(t, NULL);
    pairs = check_pairs(t, r);
    CHECK(pairs >= life->acknowledged || !full,
          "power cut at sync %u: %" PRId64
          " appends were acknowledged, and %" PRId64 " are there",
          life->cut, life->acknowledged, pairs);
    CHECK(pairs <= life->acknowledged + 1, "more appends than were made");
    check_goes_on(t, r, pairs);
    quipu_trial_close_all(t);
    t->uri = uri;
}

static void cut_often(struct quipu_trial *t, const char *options, bool full)
{
    struct life life = { .faults = find_faults(t), .options = options };
    bool cut = true;

    for (life.cut = 1; cut && life.cut <= MOST_CUTS; life.cut++) {
        for (life.chance = 1; cut && life.chance <= CHANCES; life.chance++) {
            life.disk = quipu_trial_text(t, "%s/disk-%u-%u", t->directory,
                                         life.cut, life.chance);
            life.image = quipu_trial_text(t, "%s/image-%u-%u", t->directory,
                                          life.cut, life.chance);
            life.seed = 1 + quipu_trial_random(t, UINT32_MAX);
            cut = live(t, &life);
            if (cut) {
                check_image(t, &life, full);
            }
        }
    }
    CHECK(!full || life.cut > PAIRS,
          "%d appends were acknowledged with %u syncs", PAIRS, life.cut - 2);
}

static void check_no_sanitizer(void)
{
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    quipu_check_skip("a sanitizer and quipu-faults.so do not go together");
#endif
}

static void cut_full(struct quipu_trial *t)
{
    check_no_sanitizer();
    cut_often(t, "", true);
}

static void cut_relaxed(struct quipu_trial *t)
{
    check_no_sanitizer();
    cut_often(t, "durability=relaxed", false);
}

#define FILES (QUIPU_CAN_PERSIST | QUIPU_CAN_LOG | QUIPU_TRAIT_FILES)

static const struct quipu_case cases[] = {
    { "V3.power-cut-at-every-sync",
      "What was acknowledged is on the disk, whole and in order.", cut_full,
      FILES, 0, 240 },
    { "V3.power-cut-at-every-sync-relaxed",
      "Relaxed may lose the newest appends, but nothing else.", cut_relaxed,
      FILES, 0, 240 },
};
QUIPU_FAMILY(power);
