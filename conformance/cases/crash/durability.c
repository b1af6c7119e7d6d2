/* SPDX-License-Identifier: Apache-2.0 */
/* V3: durability across closing, kill -9 and restored backups (L5). */
#include "cases/case.h"

#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void reopened(struct quipu_context *ctx)
{
    const quipu_schema *schema = quipu_context_schema(
        ctx, QUIPU_SHAPE_METADATA | QUIPU_SHAPE_TIME | QUIPU_SHAPE_TEXT);
    quipu_bytes s = quipu_bytes_of_text("sequence");
    quipu_position head, again;

    memset(&head, 0, sizeof(head));
    for (int64_t i = 0; i < 5; i++) {
        quipu_records *r;

        quipu_context_setup(ctx, schema);
        r = quipu_context_bind(ctx, ctx->main, schema);
        OK(quipu_records_head(r, &again, ERR));
        CHECK(i == 0 || memcmp(&head, &again, sizeof(head)) == 0,
              "the head of the log has changed while the store was closed");
        OK(quipu_records_check_position(r, &again, ERR));
        RETURNS(i ? QUIPU_CONFLICT : QUIPU_OK,
                quipu_builder_append_at(ctx, r, s, 0));
        quipu_builder_append_many(ctx, r, s, 2);
        CHECK(quipu_item_list_check_log(ctx, r).count == 3 + 2 * (size_t)i,
              "items are missing after reopening");
        OK(quipu_records_head(r, &head, ERR));
        quipu_context_close_all(ctx);
    }
}

static void repeat_after_reopening(struct quipu_context *ctx)
{
    const quipu_schema *schema = quipu_context_schema(ctx, 0);
    quipu_records *r;
    struct quipu_builder *b;

    quipu_context_setup(ctx, schema);
    r = quipu_context_bind(ctx, ctx->main, schema);
    b = quipu_builder_create(ctx, r, 2);
    quipu_builder_add_next(b, quipu_context_sequence(ctx), "x");
    quipu_builder_add_next(b, quipu_context_sequence(ctx), "y");
    if (ctx->traits & QUIPU_CAN_TRACK) {
        quipu_builder_track(b, ctx->prefix, "log", 3);
    }
    OK(quipu_builder_append(b));
    quipu_context_close_all(ctx);
    b->records = quipu_context_bind(ctx, quipu_context_datastore(ctx), schema);
    OK(quipu_builder_append(b));
    CHECK(b->result.flags & QUIPU_RESULT_REPEATED,
          "the repeat is not reported as one");
    CHECK(quipu_item_list_check_log(ctx, b->records).count == 2,
          "the append is stored twice");
}

/* -------------------------------------------------------------- kill -9 */

#define SHORT_LOG 500 /* appends: up to here the whole log is read often */

struct victim {
    const quipu_schema *schema;
    const char *options;
    quipu_bytes s[2];
    /* Number of appends, over all processes that were killed. */
    atomic_llong acknowledged;
    atomic_llong begun;
};

static int64_t after_last(quipu_records *r, const struct victim *victim)
{
    int64_t last = -1;
    int status = quipu_records_last(r, victim->s[0], &last, ERR);

    CHECK(status == QUIPU_OK || status == QUIPU_NOT_FOUND,
          "after a kill reading the last position returns %s: %s",
          quipu_status_name(status), ERR->message);
    return last + 1;
}

/* Appends an item to both sequences, with a tracking record.  A server may
 * still be storing an append that a killed process has sent; then that one
 * wins. */
static void append_pair(struct quipu_context *ctx, struct quipu_builder *b,
                        struct victim *victim)
{
    int64_t k = after_last(b->records, victim);
    int status;

    quipu_builder_clear(b);
    quipu_builder_add_at(b, victim->s[0], k, "one");
    quipu_builder_add_at(b, victim->s[1], k, "two");
    if (ctx->traits & QUIPU_CAN_TRACK) {
        quipu_builder_track(b, ctx->prefix, "log", k + 1);
    }
    atomic_store(&victim->begun, k + 1);
    status = quipu_builder_append(b);
    if ((status == QUIPU_CONFLICT || status == QUIPU_ALREADY) &&
        after_last(b->records, victim) > k) {
        return;
    }
    OK(status);
    atomic_store(&victim->acknowledged, k + 1);
}

static void append_until_killed(struct quipu_context *ctx, void *shared,
                                unsigned i)
{
    struct victim *victim = shared;
    quipu_records *r = quipu_context_bind(
        ctx, quipu_context_open(ctx, victim->options), victim->schema);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 2);

    (void)i;
    for (;;) {
        append_pair(ctx, b, victim);
    }
}

struct counted {
    size_t whole, first, second;
    quipu_position tracked;
};

/* Counts until the log does not grow meanwhile: a server may still be storing
 * an append that a killed process has sent. */
static struct counted count_survivors(struct quipu_context *ctx,
                                      quipu_records *r,
                                      const struct victim *victim)
{
    struct counted counts = { 0 };

    do {
        CHECK(quipu_context_has_time(ctx),
              "the log still grows although all writers were killed");
        counts.whole = quipu_item_list_check_log(ctx, r).count;
        counts.first = quipu_item_list_count(ctx, r, victim->s[0]);
        counts.second = quipu_item_list_count(ctx, r, victim->s[1]);
        if ((ctx->traits & QUIPU_CAN_TRACK) && counts.first > 0) {
            OK(quipu_tracking_read(ctx->main, ctx->prefix, "log",
                                   &counts.tracked, ERR));
        }
    } while (quipu_item_list_check_log(ctx, r).count != counts.whole);
    CHECK(counts.first == counts.second, "half of an append is stored");
    return counts;
}

static void check_survivors(struct quipu_context *ctx,
                            const struct victim *victim)
{
    quipu_records *r =
        quipu_context_bind(ctx, quipu_context_datastore(ctx), victim->schema);
    struct counted counts = count_survivors(ctx, r, victim);
    size_t pairs = counts.first;

    CHECK(counts.whole == 2 * pairs, "%zu items of %zu appends are stored",
          counts.whole, pairs);
    CHECK(pairs >= (size_t)victim->acknowledged,
          "%lld appends were acknowledged, but %zu are stored",
          (long long)victim->acknowledged, pairs);
    CHECK(pairs <= (size_t)victim->begun,
          "%zu appends are stored, but only %lld were begun", pairs,
          (long long)victim->begun);
    if ((ctx->traits & QUIPU_CAN_TRACK) && pairs > 0) {
        CHECK(counts.tracked.notification_id == (int64_t)pairs,
              "%zu appends are stored, but the tracking record is at %" PRId64,
              pairs, counts.tracked.notification_id);
    }
    quipu_context_close_all(ctx);
}

/* Kills one process after the other, at random times within the duration of a
 * few appends.  A process that was killed before its first append does not
 * count; the next ones then get more time. */
static void kill_repeatedly(struct quipu_context *ctx, const char *options)
{
    struct victim *victim = quipu_workers_share_memory(sizeof(*victim));
    uint64_t span = 4000;
    unsigned wanted = quipu_context_scale(ctx, 20, 100, 1000), kills = 0;

    victim->options = options;
    victim->schema = quipu_context_schema(ctx, 0);
    victim->s[0] = quipu_context_sequence(ctx);
    victim->s[1] = quipu_context_sequence(ctx);
    quipu_context_setup(ctx, victim->schema);
    quipu_context_close_all(ctx);
    for (unsigned processes = 0; kills < wanted; processes++) {
        struct quipu_workers workers =
            quipu_workers_start(ctx, 1, append_until_killed, victim);
        long long before = victim->begun;

        CHECK(processes < 20 * wanted, "of %u processes only %u came to append",
              processes, kills);
        quipu_workers_release(&workers);
        quipu_context_sleep(span / 4 + quipu_context_random(ctx, span));
        quipu_workers_kill(&workers);
        if (victim->begun > before) {
            quipu_context_count(ctx, "kills", 1);
            kills++;
            span -= span / 16;
        } else {
            span += span / 8;
        }
        /* While the log is short: after each append that was interrupted. */
        if (kills % 10 == 0 || (victim->begun > victim->acknowledged &&
                                victim->begun < SHORT_LOG)) {
            check_survivors(ctx, victim);
        }
    }
    check_survivors(ctx, victim);
    quipu_context_count(ctx, "kills", kills);
}

static void killed(struct quipu_context *ctx)
{
    kill_repeatedly(ctx, NULL);
}

/* Without a power cut the operating system still has the writes. */
static void killed_relaxed(struct quipu_context *ctx)
{
    kill_repeatedly(ctx, "durability=relaxed");
}

/* Processes that append while another one is killed repeatedly. */
struct survivors {
    struct victim victim;
    atomic_bool stop;
    atomic_uint stored;
};

static void append_beside(struct quipu_context *ctx, void *shared, unsigned i)
{
    struct survivors *survivors = shared;
    quipu_records *r = quipu_context_bind(ctx, quipu_context_datastore(ctx),
                                          survivors->victim.schema);
    quipu_bytes s = quipu_context_sequence(ctx);

    (void)i;
    while (!atomic_load(&survivors->stop)) {
        OK(quipu_builder_append_next(ctx, r, s));
        OK(quipu_builder_append_next(ctx, r, s));
        atomic_fetch_add(&survivors->stored, 1);
    }
}

/* Waits until the others have appended something. */
static void wait_for_more(struct quipu_context *ctx,
                          const struct survivors *survivors,
                          struct quipu_workers *others)
{
    unsigned before = atomic_load(&survivors->stored);

    while (atomic_load(&survivors->stored) == before) {
        if (quipu_workers_any_ended(others)) {
            quipu_workers_kill(others); /* ends the case with the reason */
        }
        CHECK(quipu_context_has_time(ctx),
              "after a kill the other processes no longer append");
        quipu_context_sleep(1000);
    }
}

static void killed_beside(struct quipu_context *ctx)
{
    struct survivors *survivors =
        quipu_workers_share_memory(sizeof(*survivors));
    struct victim *victim = &survivors->victim;
    unsigned kills = quipu_context_scale(ctx, 15, 50, 500);
    struct quipu_workers others;
    quipu_records *r;

    quipu_context_count(ctx, "kills", kills);
    victim->schema = quipu_context_schema(ctx, 0);
    victim->s[0] = quipu_context_sequence(ctx);
    victim->s[1] = quipu_context_sequence(ctx);
    quipu_context_setup(ctx, victim->schema);
    quipu_context_close_all(ctx);
    others = quipu_workers_start(ctx, 2, append_beside, survivors);
    quipu_workers_release(&others);
    for (unsigned i = 0; i < kills; i++) {
        struct quipu_workers workers =
            quipu_workers_start(ctx, 1, append_until_killed, victim);

        quipu_workers_release(&workers);
        quipu_context_sleep(2000 + quipu_context_random(ctx, 20000));
        quipu_workers_kill(&workers);
        quipu_context_count(ctx, "kills", 1);
        wait_for_more(ctx, survivors, &others);
    }
    atomic_store(&survivors->stop, true);
    quipu_workers_join(&others);
    r = quipu_context_bind(ctx, quipu_context_datastore(ctx), victim->schema);
    (void)count_survivors(ctx, r, victim);
}

/* ----------------------------------------------- a restored backup (L5) */

static void copy_file(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    char buffer[65536];
    size_t got;

    CHECK(in && out, "cannot copy %s", from);
    do {
        got = fread(buffer, 1, sizeof(buffer), in);
        CHECK(!ferror(in), "cannot read %s", from);
        CHECK(fwrite(buffer, 1, got, out) == got, "cannot write %s", to);
    } while (got == sizeof(buffer));
    CHECK(fclose(in) == 0 && fclose(out) == 0, "cannot copy %s", from);
}

#define BACKUP "backup"

typedef void visit_file(struct quipu_context *ctx, const char *path,
                        const char *name, const char *to);

/* Calls `visit` for each plain file below `folder`, except in the backup, with
 * the corresponding folder below `to`, which is created. */
static void each_file(struct quipu_context *ctx, const char *folder,
                      visit_file *visit, const char *to)
{
    struct stat status;
    glob_t found;

    CHECK(mkdir(to, 0700) == 0 || errno == EEXIST, "cannot make %s", to);
    CHECK(glob(quipu_context_format(ctx, "%s/*", folder), 0, NULL, &found) == 0,
          "cannot read %s", folder);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *path = found.gl_pathv[i];
        const char *name = strrchr(path, '/') + 1;

        if (stat(path, &status) != 0 || strcmp(name, BACKUP) == 0) {
            continue;
        }
        if (S_ISREG(status.st_mode)) {
            visit(ctx, path, name, to);
        } else if (S_ISDIR(status.st_mode)) {
            each_file(ctx, path, visit,
                      quipu_context_format(ctx, "%s/%s", to, name));
        }
    }
    globfree(&found);
}

static void copy_one(struct quipu_context *ctx, const char *path,
                     const char *name, const char *to)
{
    copy_file(path, quipu_context_format(ctx, "%s/%s", to, name));
}

static void remove_one(struct quipu_context *ctx, const char *path,
                       const char *name, const char *to)
{
    (void)ctx;
    (void)name;
    (void)to;
    CHECK(unlink(path) == 0, "cannot remove %s", path);
}

/* Restores a backup and appends more: a position that was kept outside
 * conflicts, whether its id is beyond the head or used again by another item.
 */
static void rewound(struct quipu_context *ctx)
{
    const quipu_schema *schema = quipu_context_schema(ctx, 0);
    const char *backup =
        quipu_context_format(ctx, "%s/" BACKUP, ctx->directory);
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_position before, after;
    quipu_records *r;

    quipu_context_setup(ctx, schema);
    r = quipu_context_bind(ctx, ctx->main, schema);
    quipu_builder_append_many(ctx, r, s, 3);
    OK(quipu_records_head(r, &before, ERR));
    quipu_context_close_all(ctx);
    each_file(ctx, ctx->directory, copy_one, backup);

    r = quipu_context_bind(ctx, quipu_context_datastore(ctx), schema);
    quipu_builder_append_many(ctx, r, s, 2);
    OK(quipu_records_head(r, &after, ERR));
    quipu_context_close_all(ctx);
    each_file(ctx, ctx->directory, remove_one, backup);
    each_file(ctx, backup, copy_one, ctx->directory);

    r = quipu_context_bind(ctx, quipu_context_datastore(ctx), schema);
    CHECK(quipu_item_list_check_log(ctx, r).count == 3,
          "the restored store has other items than the backup");
    OK(quipu_records_check_position(r, &before, ERR));
    RETURNS(QUIPU_CONFLICT, quipu_records_check_position(r, &after, ERR));
    quipu_builder_append_many(ctx, r, s, 4);
    OK(quipu_records_check_position(r, &before, ERR));
    RETURNS(QUIPU_CONFLICT, quipu_records_check_position(r, &after, ERR));
}

#define PERSIST (QUIPU_CAN_PERSIST | QUIPU_CAN_LOG)

static const struct quipu_case cases[] = {
    { "V3.reopened-store-is-complete",
      "Items, schemas, heads and identity are the same each time the store is "
      "opened.",
      reopened, PERSIST, 0, 0 },
    { "U3.repeat-after-reopening",
      "A retry often comes from the restarted program.", repeat_after_reopening,
      PERSIST, 0, 0 },
    { "V3.kill-9",
      "No acknowledged append is lost, and none is stored in part.", killed,
      PERSIST, 0, 600 },
    { "V3.kill-9-relaxed",
      "With durability=relaxed a power cut can lose appends, but the death of "
      "a process cannot.",
      killed_relaxed, PERSIST, 0, 600 },
    { "V3.kill-9-among-other-writers",
      "A process that dies while it holds a lock must not block the others.",
      killed_beside, PERSIST | QUIPU_CAN_SHARE, 0, 600 },
    { "L5.rewound-log-is-detected",
      "After a backup has been restored, consumers must stop instead of "
      "skipping events.",
      rewound, PERSIST | QUIPU_TRAIT_FILES, 0, 0 },
};
QUIPU_FAMILY_IN(crash, durability);
