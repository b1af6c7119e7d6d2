/* SPDX-License-Identifier: Apache-2.0 */
/*
 * V3: the files of a store are moved away while a process has it open, for
 * stores that keep files below {dir}.
 *
 * The process still has the files, which are not where the URI leads any more.
 * An append that it acknowledges there is lost for every process that opens the
 * store by its URI, so it has to be refused.  A driver that finds its files by
 * name at each append may go on, in a new store.  Another store that has the
 * name meanwhile must not suffer, even when the process closes its own; and
 * when the files are put back, they hold all that was acknowledged before.
 *
 * Two ways to move: each file by itself, and the entries of {dir}, such as the
 * folder of an LMDB environment.
 */
#include "cases/case.h"

#include "context/folder.h"

#include <dirent.h>
#include <ftw.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FILES 16
#define BEFORE 50 /* appends before the move */
#define TRIES 20  /* appends after it */
#define OTHER 5   /* appends to the store that has the name meanwhile */

/* The files or folders that were moved: static, because nftw has no argument
 * for them. */
static struct {
    const char *folder; /* of the case */
    char from[FILES][512], to[FILES][560];
    unsigned count;
} moved;

/* Shared with the process that writes. */
struct shared {
    const quipu_schema *schema;
    quipu_bytes s, other; /* sequences: of the writer, of the other store */
    atomic_bool ready, moved;
    atomic_size_t acknowledged; /* of the TRIES */
};

/* -------------------------------------------------------------- the moving */

static void note(const char *path)
{
    CHECK(moved.count < FILES, "the store has more than %d files", FILES);
    snprintf(moved.from[moved.count], sizeof(moved.from[0]), "%s", path);
    snprintf(moved.to[moved.count], sizeof(moved.to[0]), "%s/moved/%u",
             moved.folder, moved.count);
    moved.count++;
}

static int note_file(const char *path, const struct stat *status, int kind,
                     struct FTW *walk)
{
    (void)status;
    (void)walk;
    if (kind == FTW_F) {
        note(path);
    }
    return 0;
}

/* Calls a function with the path of each entry of the case's folder but the
 * folder "moved". */
static void for_each_entry(const struct quipu_context *ctx,
                           void (*call)(const char *path))
{
    DIR *stream = opendir(ctx->directory);
    const struct dirent *entry;
    char path[512];

    CHECK(stream, "cannot list %s", ctx->directory);
    while ((entry = readdir(stream))) {
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "moved") != 0) {
            snprintf(path, sizeof(path), "%s/%s", ctx->directory,
                     entry->d_name);
            call(path);
        }
    }
    closedir(stream);
}

static void move_away(struct quipu_context *ctx, bool files)
{
    moved.folder = ctx->directory;
    moved.count = 0;
    if (files) {
        nftw(ctx->directory, note_file, 16, FTW_PHYS);
    } else {
        for_each_entry(ctx, note);
    }
    CHECK(moved.count > 0, "the store has no files below %s", ctx->directory);
    CHECK(mkdir(quipu_context_format(ctx, "%s/moved", ctx->directory), 0700) ==
              0,
          "cannot create a folder");
    for (unsigned i = 0; i < moved.count; i++) {
        CHECK(rename(moved.from[i], moved.to[i]) == 0, "cannot move %s",
              moved.from[i]);
    }
}

static int remove_file(const char *path, const struct stat *status, int kind,
                       struct FTW *walk)
{
    (void)status;
    (void)walk;
    if (kind == FTW_F && !strstr(path + strlen(moved.folder), "/moved/")) {
        remove(path);
    }
    return 0;
}

/* Puts the files in their place, in which another store may be. */
static void move_back(struct quipu_context *ctx, bool files)
{
    if (files) {
        nftw(ctx->directory, remove_file, 16, FTW_PHYS);
    } else {
        for_each_entry(ctx, quipu_folder_remove);
    }
    for (unsigned i = 0; i < moved.count; i++) {
        CHECK(rename(moved.to[i], moved.from[i]) == 0, "cannot put %s back",
              moved.from[i]);
    }
    CHECK(remove(quipu_context_format(ctx, "%s/moved", ctx->directory)) == 0,
          "the driver has put a file among those that were moved away");
}

/* ------------------------------------------------------------- the writer */

static void write_on(struct quipu_context *ctx, void *argument, unsigned index)
{
    struct shared *shared = argument;
    quipu_records *r;

    (void)index;
    OK(quipu_datastore_setup(quipu_context_datastore(ctx), shared->schema,
                             ERR));
    r = quipu_context_bind(ctx, ctx->main, shared->schema);
    quipu_builder_append_many(ctx, r, shared->s, BEFORE);
    atomic_store(&shared->ready, true);
    while (!atomic_load(&shared->moved)) {
        quipu_context_sleep(1000);
    }
    for (unsigned i = 0; i < TRIES; i++) {
        int status = quipu_builder_append_next(ctx, r, shared->s);

        atomic_fetch_add(&shared->acknowledged, status == QUIPU_OK);
    }
    quipu_context_close_all(ctx);
}

/* ------------------------------------------------------------- the verdict */

/* Opens the store of the URI; returns NULL if there cannot be one now. */
static quipu_records *open_store(struct quipu_context *ctx,
                                 const struct shared *shared)
{
    quipu_datastore *datastore;
    int status = quipu_datastore_open(ctx->uri, NULL, &datastore, ERR);

    if (status != QUIPU_OK) {
        return NULL;
    }
    OK(quipu_datastore_close(datastore, ERR));
    OK(quipu_datastore_setup(quipu_context_datastore(ctx), shared->schema,
                             ERR));
    return quipu_context_bind(ctx, ctx->main, shared->schema);
}

static size_t count_in_store(struct quipu_context *ctx,
                             const struct shared *shared, quipu_bytes sequence)
{
    quipu_records *r = open_store(ctx, shared);
    size_t count = r ? quipu_item_list_count(ctx, r, sequence) : 0;

    quipu_context_close_all(ctx);
    return count;
}

static void check(struct quipu_context *ctx, const struct shared *shared,
                  size_t other)
{
    size_t count = count_in_store(ctx, shared, shared->s);

    CHECK(count >= shared->acknowledged,
          "%zu appends were acknowledged after the files of the store had been "
          "moved away; a process that opens the store finds %zu of them",
          (size_t)shared->acknowledged, count);
    count = count_in_store(ctx, shared, shared->other);
    CHECK(count == other,
          "the store that was made in the place of the moved one has %zu items "
          "of %zu",
          count, other);
}

static void move_under_writer(struct quipu_context *ctx, bool files,
                              bool replaced)
{
    struct shared *shared = quipu_workers_share_memory(sizeof(*shared));
    struct quipu_workers writer;
    quipu_records *r = NULL;
    size_t count;

    shared->schema = quipu_context_schema(ctx, 0);
    shared->s = quipu_context_sequence(ctx);
    shared->other = quipu_context_sequence(ctx);
    writer = quipu_workers_start(ctx, 1, write_on, shared);
    quipu_workers_release(&writer);
    while (!atomic_load(&shared->ready) && !quipu_workers_any_ended(&writer)) {
        quipu_context_sleep(1000);
    }
    move_away(ctx, files);
    if (replaced) {
        r = open_store(ctx, shared);
    }
    if (r) {
        quipu_builder_append_many(ctx, r, shared->other, OTHER);
    }
    atomic_store(&shared->moved, true);
    quipu_workers_join(&writer);
    quipu_context_close_all(ctx);
    check(ctx, shared, r ? OTHER : 0);
    move_back(ctx, files);
    count = count_in_store(ctx, shared, shared->s);
    CHECK(count >= BEFORE,
          "%d appends were acknowledged before the files were moved away; when "
          "they are back, %zu are stored",
          BEFORE, count);
}

static void moved_away(struct quipu_context *ctx)
{
    move_under_writer(ctx, true, false);
    move_under_writer(ctx, false, false);
}

static void replaced(struct quipu_context *ctx)
{
    move_under_writer(ctx, true, true);
    move_under_writer(ctx, false, true);
}

#define PERSISTENT_FILES (QUIPU_CAN_PERSIST | QUIPU_TRAIT_FILES)

static const struct quipu_case cases[] = {
    { "V3.moved-under-a-writer",
      "An administrator who moves the files must not lose what is appended "
      "meanwhile.",
      moved_away, PERSISTENT_FILES, 0, 0 },
    { "V3.replaced-under-a-writer",
      "The writer of a file that was replaced must not damage the new one, nor "
      "go on in the old one.",
      replaced, PERSISTENT_FILES, 0, 0 },
};
QUIPU_FAMILY_IN(crash, moved);
