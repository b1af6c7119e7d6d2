/* SPDX-License-Identifier: Apache-2.0 */
/*
 * V6: backups of a store that is in use, and what a restore makes of them, for
 * stores that keep files below {dir}.
 *
 * A backup is a file in the case's folder.  It is restored to a store of its
 * own, in a folder of its own, with the case's URI otherwise.
 */
#include "case.h"
#include "context/paired_append.h"
#include "context/store_copy.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---------------------------------------------------------- during appends */

struct writing {
    struct quipu_context *ctx;
    quipu_records *records;
    struct quipu_writer_progress progress[STORE_COPY_WRITERS];
    quipu_datastore *datastore;
    unsigned backups;
    atomic_bool done;
    int64_t least[16]
                 [STORE_COPY_WRITERS];    /* acknowledged when backup n began */
    int64_t most[16][STORE_COPY_WRITERS]; /* begun when it ended */
};

static void write_or_back_up(void *context, unsigned i)
{
    struct writing *w = context;

    if (i < STORE_COPY_WRITERS) {
        struct quipu_builder *b = quipu_builder_create(w->ctx, w->records, 2);

        while (!atomic_load(&w->done)) {
            OK(quipu_paired_append_next(w->ctx, b, i, &w->progress[i]));
        }
        return;
    }
    for (unsigned n = 0; n < w->backups; n++) {
        for (unsigned k = 0; k < STORE_COPY_WRITERS; k++) {
            w->least[n][k] = w->progress[k].acknowledged;
        }
        OK(quipu_store_copy_make(
            w->datastore,
            quipu_store_copy_path(w->ctx,
                                  quipu_context_format(w->ctx, "b%u", n)),
            false));
        for (unsigned k = 0; k < STORE_COPY_WRITERS; k++) {
            w->most[n][k] = w->progress[k].begun;
        }
        quipu_context_sleep(quipu_context_random(w->ctx, 20000));
    }
    atomic_store(&w->done, true);
}

static void during_appends(struct quipu_context *ctx)
{
    struct writing w = { .ctx = ctx,
                         .backups = quipu_context_scale(ctx, 5, 12, 16) };

    w.records = quipu_paired_append_open(ctx);
    w.datastore = quipu_context_open(ctx, NULL);
    quipu_workers_run_threads(STORE_COPY_WRITERS + 1, write_or_back_up, &w);
    for (unsigned n = 0; n < w.backups; n++) {
        const char *name = quipu_context_format(ctx, "b%u", n);
        const char *uri =
            quipu_store_copy_uri(ctx, quipu_context_format(ctx, "r%u", n));

        OK(quipu_store_copy_restore(uri, quipu_store_copy_path(ctx, name),
                                    false));
        quipu_store_copy_check(ctx, uri, w.least[n], w.most[n]);
    }
    quipu_paired_append_verify(ctx, w.records, STORE_COPY_WRITERS, w.progress);
}

/* ------------------------------------------------------ the restored store */

static void is_the_store(struct quipu_context *ctx)
{
    const char *path = quipu_store_copy_path(ctx, "backup");
    const char *uri = quipu_store_copy_uri(ctx, "restored");
    const int64_t appends[STORE_COPY_WRITERS] = { 5 };
    quipu_datastore_info info[2] = { { .struct_size = sizeof(*info) },
                                     { .struct_size = sizeof(*info) } };
    quipu_datastore *restored;

    quipu_store_copy_fill(ctx, 5);
    OK(quipu_datastore_describe(quipu_context_datastore(ctx), &info[0], ERR));
    OK(quipu_store_copy_make(quipu_context_datastore(ctx), path, false));
    OK(quipu_store_copy_restore(uri, path, false));
    OK(quipu_datastore_open(uri, NULL, &restored, ERR));
    OK(quipu_datastore_describe(restored, &info[1], ERR));
    CHECK(memcmp(&info[0].identity, &info[1].identity,
                 sizeof(info[0].identity)) == 0,
          "the restored store has another identity");
    OK(quipu_datastore_close(restored, ERR));
    quipu_store_copy_check(ctx, uri, appends, appends);
}

static void not_unasked(struct quipu_context *ctx)
{
    const char *path = quipu_store_copy_path(ctx, "backup");
    const char *uri = quipu_store_copy_uri(ctx, "restored");
    const int64_t old[STORE_COPY_WRITERS] = { 3 };
    const int64_t new[STORE_COPY_WRITERS] = { 4 };

    quipu_store_copy_fill(ctx, 3);
    OK(quipu_store_copy_make(quipu_context_datastore(ctx), path, false));
    OK(quipu_store_copy_restore(uri, path, false));
    RETURNS(QUIPU_CONFLICT,
            quipu_store_copy_make(quipu_context_datastore(ctx), path, false));
    RETURNS(QUIPU_CONFLICT, quipu_store_copy_restore(uri, path, false));
    quipu_store_copy_check(ctx, uri, old, old);
    quipu_context_close_all(ctx);
    quipu_store_copy_fill(ctx, 4);
    OK(quipu_store_copy_make(quipu_context_datastore(ctx), path, true));
    OK(quipu_store_copy_restore(uri, path, true));
    quipu_store_copy_check(ctx, uri, new, new);
}

/* A process that has the store open. */
struct user {
    atomic_bool ready, done;
};

static void use_until_done(struct quipu_context *ctx, void *shared, unsigned i)
{
    struct user *user = shared;

    (void)i;
    quipu_context_open(ctx, NULL);
    atomic_store(&user->ready, true);
    while (!atomic_load(&user->done)) {
        quipu_context_sleep(1000);
    }
}

static void restore_while_open(struct quipu_context *ctx, const char *path)
{
    const char *uri = quipu_context_uri(ctx, "timeout=50");
    struct user *user = quipu_workers_share_memory(sizeof(*user));
    struct quipu_workers process =
        quipu_workers_start(ctx, 1, use_until_done, user);

    quipu_context_open(ctx, NULL);
    RETURNS(QUIPU_BUSY, quipu_store_copy_restore(uri, path, true));
    quipu_context_close_all(ctx);
    quipu_workers_release(&process);
    while (!atomic_load(&user->ready) && !quipu_workers_any_ended(&process)) {
        quipu_context_sleep(1000);
    }
    RETURNS(QUIPU_BUSY, quipu_store_copy_restore(uri, path, true));
    atomic_store(&user->done, true);
    quipu_workers_join(&process);
}

static void not_if_open(struct quipu_context *ctx)
{
    const char *path = quipu_store_copy_path(ctx, "backup");

    quipu_store_copy_fill(ctx, 3);
    OK(quipu_store_copy_make(quipu_context_open(ctx, NULL), path, false));
    quipu_context_close_all(ctx);
    restore_while_open(ctx, path);
    OK(quipu_store_copy_restore(ctx->uri, path, true));
}

/* Damages a file: its head, its middle half, or its length. */
static void damage(const char *path, unsigned how)
{
    FILE *file = fopen(path, "r+be");
    struct stat info = { 0 };

    CHECK(file && fstat(fileno(file), &info) == 0, "cannot open %s", path);
    const off_t size = info.st_size;
    const off_t from = how == 1 ? size / 4 : 0;
    const off_t to = how == 1 ? size / 4 * 3 : 4096;

    for (off_t at = from; how < 2 && at < to; at++) {
        CHECK(pwrite(fileno(file), "\x5a", 1, at) == 1, "cannot write %s",
              path);
    }
    CHECK((how < 2 || ftruncate(fileno(file), size / 2 + 77) == 0) &&
              fclose(file) == 0,
          "cannot change %s", path);
}

static void not_if_damaged(struct quipu_context *ctx)
{
    const int64_t appends[STORE_COPY_WRITERS] = { 30 };

    quipu_store_copy_fill(ctx, 30);
    for (unsigned how = 0; how < 3; how++) {
        const char *path = quipu_store_copy_path(
            ctx, quipu_context_format(ctx, "damaged%u", how));

        OK(quipu_store_copy_make(quipu_context_open(ctx, NULL), path, false));
        quipu_context_close_all(ctx);
        damage(path, how);
        int status = quipu_store_copy_restore(ctx->uri, path, true);

        CHECK(status == QUIPU_CORRUPT || status == QUIPU_UNSUPPORTED,
              "restoring a damaged backup returns %s",
              quipu_status_name(status));
    }
    quipu_store_copy_check(ctx, ctx->uri, appends, appends);
}

static const struct quipu_case cases[] = {
    { "V6.backup-during-appends-is-a-prefix",
      "A backup that has a part of an append, or lacks an earlier one, is "
      "worth nothing on the day it is needed.",
      during_appends, STORE_COPY_NEEDS, 0, 600 },
    { "V6.restored-store-is-the-store",
      "Consumers compare the identity with the one in their positions.",
      is_the_store, STORE_COPY_NEEDS, 0, 0 },
    { "V6.nothing-is-replaced-unasked",
      "A wrong name must not cost the last good backup, or the store.",
      not_unasked, STORE_COPY_NEEDS, 0, 0 },
    { "V6.open-store-is-not-replaced",
      "A process would go on appending to the old store, and lose it all.",
      not_if_open, STORE_COPY_NEEDS, 0, 0 },
    { "V6.damaged-backup-is-not-restored",
      "A damaged backup must not replace a store that is less damaged.",
      not_if_damaged, STORE_COPY_NEEDS, 0, 0 },
};
QUIPU_FAMILY(backup);
