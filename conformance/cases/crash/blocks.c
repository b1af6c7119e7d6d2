/* SPDX-License-Identifier: Apache-2.0 */
/*
 * F4: damage to one file of a store, for stores that keep files below {dir}.
 *
 * A store with ITEMS items is closed in order, so that nothing of it is in
 * doubt.  Then one of its files is damaged as disks, file systems and partial
 * copies do it: a block is overwritten or zeroed, the end is missing, or the
 * file is.  The rule is
 *
 *   - the driver refuses: opening, or any call that needs what is lost, fails
 *     with CORRUPT (UNSUPPORTED, if it looks like another format);
 *   - or it returns what was stored, completely: never fewer items as if they
 *     were all, and never a notification id or position a second time.
 *
 * A store that skips what it cannot read, as after a crash, breaks the rule: it
 * takes damage in its middle for a torn end.  There is no torn end here: at
 * closing the driver can write down how far its files reach.
 *
 * Whole blocks are damaged because a driver needs no checksums to notice that.
 * Changed bytes within a block are noticed only by a driver that has them.
 *
 * Each damage is inspected in a process of its own, which may crash.
 */
#include "cases/case.h"

#include "context/subprocess.h"

#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ITEMS 100
#define SEQUENCES 3
#define FILES 16
#define BLOCK 4096
#define CONSUMER "blocks"

/* The files of the closed store: static, because nftw has no argument. */
static struct file {
    char *path;
    unsigned char *content;
    size_t size;
} files[FILES];
static size_t file_count;

/* The content of the store. */
struct expected {
    const quipu_schema *schema;
    quipu_bytes sequences[SEQUENCES];
    struct quipu_item_list log;
    quipu_position head;
};

enum kind { OVERWRITTEN, ZEROED, TRUNCATED, REMOVED };

struct damage {
    const struct expected *expected;
    const struct file *file;
    enum kind kind;
    size_t at; /* offset; the new size of a truncated file */
    char text[600];
};

/* ----------------------------------------------------------------- the files
 */

static int find_one(const char *path, const struct stat *status, int kind,
                    struct FTW *walk)
{
    (void)walk;
    if (kind == FTW_F && status->st_size > 0 && file_count < FILES) {
        files[file_count++] = (struct file){ .path = strdup(path),
                                             .size = (size_t)status->st_size };
    }
    return 0;
}

static void read_files(struct quipu_context *ctx)
{
    CHECK(nftw(ctx->directory, find_one, 16, FTW_PHYS) == 0 && file_count > 0,
          "the store has no files below %s", ctx->directory);
    for (size_t i = 0; i < file_count; i++) {
        FILE *file = fopen(files[i].path, "rbe");

        files[i].content = quipu_context_allocate(ctx, files[i].size);
        CHECK(file && fread(files[i].content, 1, files[i].size, file) ==
                          files[i].size,
              "cannot read %s", files[i].path);
        (void)fclose(file);
    }
}

static void write_file(const struct file *f, const unsigned char *content,
                       size_t size)
{
    FILE *file = fopen(f->path, "wbe");

    CHECK(file && fwrite(content, 1, size, file) == size && fclose(file) == 0,
          "cannot write %s", f->path);
}

static int remove_one(const char *path, const struct stat *status, int kind,
                      struct FTW *walk)
{
    (void)status;
    if (kind == FTW_F && walk->level > 0) {
        unlink(path);
    }
    return 0;
}

/* Puts the files back as they were. */
static void restore(struct quipu_context *ctx)
{
    nftw(ctx->directory, remove_one, 16, FTW_PHYS);
    for (size_t i = 0; i < file_count; i++) {
        write_file(&files[i], files[i].content, files[i].size);
    }
}

/* Describes the damage, for the message of a failure. */
static void describe(struct damage *damage)
{
    const char *name = strrchr(damage->file->path, '/') + 1;
    int size = (int)sizeof(damage->text);

    switch (damage->kind) {
    case REMOVED:
        snprintf(damage->text, (size_t)size, "\"%s\" was removed", name);
        break;
    case TRUNCATED:
        snprintf(damage->text, (size_t)size,
                 "\"%s\" was cut from %zu to %zu bytes", name,
                 damage->file->size, damage->at);
        break;
    default:
        snprintf(damage->text, (size_t)size,
                 "the block at byte %zu of \"%s\" (%zu bytes) was %s",
                 damage->at, name, damage->file->size,
                 damage->kind == ZEROED ? "zeroed" : "overwritten");
        break;
    }
}

static void apply(struct quipu_context *ctx, const struct damage *damage)
{
    const struct file *f = damage->file;
    unsigned char *content = quipu_context_allocate(ctx, f->size);
    size_t end = damage->at + BLOCK < f->size ? damage->at + BLOCK : f->size;

    memcpy(content, f->content, f->size);
    for (size_t i = damage->at; i < end; i++) {
        content[i] = damage->kind == ZEROED
                         ? 0
                         : (unsigned char)quipu_context_random(ctx, 256);
    }
    if (damage->kind == REMOVED) {
        unlink(f->path);
    } else {
        write_file(f, content,
                   damage->kind == TRUNCATED ? damage->at : f->size);
    }
}

/* ---------------------------------------------------------------- the store */

static void make_store(struct quipu_context *ctx, struct expected *expected)
{
    struct quipu_builder *b;
    quipu_records *r;

    expected->schema = quipu_context_schema(ctx, 0);
    quipu_context_setup(ctx, expected->schema);
    r = quipu_context_bind(ctx, ctx->main, expected->schema);
    b = quipu_builder_create(ctx, r, 1);
    for (size_t i = 0; i < SEQUENCES; i++) {
        expected->sequences[i] = quipu_context_sequence(ctx);
    }
    for (size_t i = 0; i < ITEMS; i++) {
        quipu_builder_clear(b);
        quipu_builder_add_next(b, expected->sequences[i % SEQUENCES],
                               quipu_context_format(ctx, "%0250zu", i));
        if (ctx->traits & QUIPU_CAN_TRACK) {
            quipu_builder_track(b, CONSUMER, "log", (int64_t)i + 1);
        }
        OK(quipu_builder_append(b));
    }
    expected->log = quipu_item_list_check_log(ctx, r);
    OK(quipu_records_head(r, &expected->head, ERR));
    quipu_context_close_all(ctx);
}

/* --------------------------------------------------------------- the verdict
 */

/* Returns true if a call has returned OK, false if it has refused; any other
 * answer fails. */
static bool accepts(const struct damage *damage, const char *call, int status)
{
    bool absent = damage->at == 0 && damage->kind >= TRUNCATED;

    CHECK(status == QUIPU_OK || status == QUIPU_CORRUPT ||
              status == QUIPU_UNSUPPORTED ||
              (absent && status == QUIPU_NOT_FOUND),
          "%s; %s returns %s: %s", damage->text, call,
          quipu_status_name(status), ERR->message);
    return status == QUIPU_OK;
}

/* Compares what a cursor returns with the items that were stored, those of one
 * sequence or (absent) of the log.  Returns false if the cursor refuses. */
static bool read_items(const struct damage *damage, quipu_cursor *cursor,
                       quipu_bytes sequence)
{
    const struct quipu_item_list *log = &damage->expected->log;
    const quipu_item *item = NULL;
    bool accepted = true;

    for (size_t i = 0; i < log->count && accepted; i++) {
        const struct quipu_item_copy *copy = &log->at[i];

        if (sequence.data &&
            (copy->sequence.size != sequence.size ||
             memcmp(copy->sequence.data, sequence.data, sequence.size) != 0)) {
            continue;
        }
        accepted =
            accepts(damage, "reading", quipu_cursor_next(cursor, &item, ERR));
        CHECK(!accepted || item,
              "%s; reading %s ends before notification id %" PRId64
              " as if there were no more",
              damage->text, sequence.data ? "a sequence" : "the log",
              copy->notification_id);
        CHECK(!accepted || (item->notification_id == copy->notification_id &&
                            item->position == copy->position &&
                            item->state.size == copy->state_size &&
                            memcmp(item->state.data, copy->state,
                                   sizeof(copy->state) - 1) == 0),
              "%s; notification id %" PRId64 " is read as another item",
              damage->text, copy->notification_id);
    }
    quipu_cursor_close(cursor);
    return accepted;
}

static void check_items(const struct damage *damage, quipu_records *r)
{
    quipu_cursor *cursor;

    if (accepts(damage, "quipu_records_read_log",
                quipu_records_read_log(r, NULL, &cursor, ERR))) {
        (void)read_items(damage, cursor, (quipu_bytes){ NULL, 0 });
    }
    for (size_t i = 0; i < SEQUENCES; i++) {
        quipu_bytes s = damage->expected->sequences[i];

        if (accepts(damage, "quipu_records_read",
                    quipu_records_read(r, s, NULL, &cursor, ERR))) {
            (void)read_items(damage, cursor, s);
        }
    }
}

static void check_ends(const struct damage *damage, quipu_records *r)
{
    const struct expected *expected = damage->expected;
    quipu_position head;
    int64_t last;

    if (accepts(damage, "quipu_records_head",
                quipu_records_head(r, &head, ERR))) {
        CHECK(memcmp(&head, &expected->head, sizeof(head)) == 0,
              "%s; the head of the log is %" PRId64 " of %d, or another item",
              damage->text, head.notification_id, ITEMS);
    }
    for (size_t i = 0; i < SEQUENCES; i++) {
        if (accepts(
                damage, "quipu_records_last",
                quipu_records_last(r, expected->sequences[i], &last, ERR))) {
            CHECK(last == (int64_t)((ITEMS - 1 - i) / SEQUENCES),
                  "%s; the last position of a sequence is %" PRId64,
                  damage->text, last);
        }
    }
}

static void check_tracking(const struct damage *damage, quipu_datastore *ds)
{
    quipu_position position;

    if (accepts(damage, "quipu_tracking_read",
                quipu_tracking_read(ds, CONSUMER, "log", &position, ERR))) {
        CHECK(position.notification_id == ITEMS,
              "%s; a tracking record is at %" PRId64 " instead of %d",
              damage->text, position.notification_id, ITEMS);
    }
}

/* An append may be refused; if not, it follows all that was stored. */
static void check_append(struct quipu_context *ctx, const struct damage *damage,
                         quipu_records *r)
{
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);

    quipu_builder_add_next(b, damage->expected->sequences[0], "after");
    if (accepts(damage, "an append", quipu_builder_append(b))) {
        CHECK(b->result.first_notification_id == ITEMS + 1 &&
                  b->positions[0] == (ITEMS - 1) / SEQUENCES + 1,
              "%s; an append gets notification id %" PRId64
              " and position %" PRId64,
              damage->text, b->result.first_notification_id, b->positions[0]);
    }
}

/* Opens the damaged store and uses it, in a process of its own. */
static void inspect(struct quipu_context *ctx, void *shared, unsigned i)
{
    const struct damage *damage = shared;
    bool absent = damage->at == 0 && damage->kind >= TRUNCATED;
    const char *uri = quipu_context_uri(ctx, absent ? "create=no" : NULL);
    quipu_datastore *datastore;
    quipu_records *r;

    (void)i;
    if (!accepts(damage, "quipu_datastore_open",
                 quipu_datastore_open(uri, NULL, &datastore, ERR))) {
        return;
    }
    if (accepts(
            damage, "quipu_records_open",
            quipu_records_open(datastore, damage->expected->schema, &r, ERR))) {
        check_ends(damage, r);
        check_items(damage, r);
        check_append(ctx, damage, r);
        check_items(damage, r);
        OK(quipu_records_close(r, ERR));
    }
    if (ctx->traits & QUIPU_CAN_TRACK) {
        check_tracking(damage, datastore);
    }
    OK(quipu_datastore_close(datastore, ERR));
}

static void attempt(struct quipu_context *ctx, struct damage *damage,
                    enum kind kind, size_t at)
{
    const void *mark = quipu_context_mark(ctx);
    struct quipu_workers process;
    int status;

    damage->kind = kind;
    damage->at = at;
    describe(damage);
    restore(ctx);
    apply(ctx, damage);
    process = quipu_workers_start(ctx, 1, inspect, damage);
    quipu_workers_release(&process);
    status = quipu_subprocess_wait(process.children[0]);
    CHECK_CHILD(process.children[0], status, "%s; the process that opens it",
                damage->text);
    quipu_context_release(ctx, mark);
}

/* Every block of a short file; of a long one the first, the last and a sample.
 */
static void damage_blocks(struct quipu_context *ctx, struct damage *damage)
{
    size_t blocks = (damage->file->size + BLOCK - 1) / BLOCK;
    size_t most = quipu_context_scale(ctx, 16, 128, 4096);

    for (size_t i = 0; i < blocks && i < most; i++) {
        size_t block = i;

        if (blocks > most && i >= most / 2) {
            block = i + 1 == most ? blocks - 1
                                  : (size_t)quipu_context_random(ctx, blocks);
        }
        attempt(ctx, damage, OVERWRITTEN, block * BLOCK);
        attempt(ctx, damage, ZEROED, block * BLOCK);
    }
}

static void one_file(struct quipu_context *ctx)
{
    struct expected expected = { .schema = NULL };
    struct damage damage = { .expected = &expected };

    make_store(ctx, &expected);
    read_files(ctx);
    for (size_t i = 0; i < file_count; i++) {
        size_t size = files[i].size;

        damage.file = &files[i];
        damage_blocks(ctx, &damage);
        attempt(ctx, &damage, TRUNCATED, size - 1);
        attempt(ctx, &damage, TRUNCATED, size - (size - 1) % BLOCK - 1);
        attempt(ctx, &damage, TRUNCATED, size / 2);
        attempt(ctx, &damage, TRUNCATED, 0);
        attempt(ctx, &damage, REMOVED, 0);
    }
}

static const struct quipu_case cases[] = {
    { "F4.damage-to-one-file-is-noticed",
      "A store that takes a damaged block for the end of its log forgets "
      "events and gives their notification ids to others.",
      one_file, QUIPU_CAN_PERSIST | QUIPU_CAN_LOG | QUIPU_TRAIT_FILES, 0, 600 },
};
QUIPU_FAMILY_IN(crash, blocks);
