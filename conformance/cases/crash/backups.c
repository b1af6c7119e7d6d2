/* SPDX-License-Identifier: Apache-2.0 */
/*
 * V6: a backup and a restore that are killed, and a power cut during them, for
 * stores that keep files below {dir}.
 */
#include "cases/case.h"

#include "context/folder.h"
#include "context/paired_append.h"
#include "context/store_copy.h"
#include "context/subprocess.h"
#include "disk_image/disk_image.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_there(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0;
}

/* Two subprocesses work in one folder: the store of the case, with 4
 * appends, is backed up to the file "backup", which replaces the store
 * "target", with 2 appends, whose last user was killed. */
struct copying {
    char target[600]; /* its URI */
};

static void append_and_die(struct quipu_context *ctx, void *shared,
                           unsigned index)
{
    const struct copying *copying = shared;

    (void)index;
    ctx->uri = copying->target;
    quipu_records *r = quipu_paired_append_open(ctx);

    quipu_paired_append_continue(ctx, r, 0, 0);
    quipu_paired_append_continue(ctx, r, 0, 1);
    _exit(0);
}

static void back_up_and_restore(struct quipu_context *ctx, void *shared,
                                unsigned index)
{
    const struct copying *copying = shared;
    const char *path = quipu_store_copy_path(ctx, "backup");

    (void)index;
    OK(quipu_store_copy_make(quipu_context_open(ctx, NULL), path, false));
    quipu_context_close_all(ctx);
    OK(quipu_store_copy_restore(copying->target, path, true));
}

extern const struct quipu_subprocess_job quipu_subprocess_job_backup,
    quipu_subprocess_job_backup_dies;
const struct quipu_subprocess_job quipu_subprocess_job_backup = {
    "backup", back_up_and_restore
};
const struct quipu_subprocess_job quipu_subprocess_job_backup_dies = {
    "backup-dies", append_and_die
};

/* Prepares the folder "disk". */
static void prepare(struct quipu_context *ctx, struct copying *copying)
{
    const char *own = ctx->uri;
    const struct quipu_subprocess_spec dies = {
        .job = &quipu_subprocess_job_backup_dies,
        .folder = quipu_store_copy_path(ctx, "disk")
    };

    CHECK(mkdir(dies.folder, 0700) == 0, "cannot create %s", dies.folder);
    snprintf(copying->target, sizeof(copying->target), "%s",
             quipu_store_copy_uri(ctx, "disk/target"));
    ctx->uri = quipu_subprocess_uri(ctx, dies.folder);
    quipu_store_copy_fill(ctx, 4);
    ctx->uri = own;
    const int status =
        quipu_subprocess_wait(quipu_subprocess_start(ctx, &dies, 0));

    CHECK(status == 0, "the writer ended with wait status 0x%x",
          (unsigned)status);
}

/* Checks what is left: the backup, if it has its name, and the target, which is
 * the old store or the new one, or refused until the restore is repeated.
 * `restored`: it must be the new one. */
static void check_left(struct quipu_context *ctx, const char *folder,
                       bool restored)
{
    const int64_t two[STORE_COPY_WRITERS] = { 2 };
    const int64_t four[STORE_COPY_WRITERS] = { 4 };
    const char *path = quipu_context_format(ctx, "%s/backup", folder);
    const char *fresh = quipu_context_format(ctx, "%s/fresh", folder);
    const char *uri = quipu_subprocess_uri(
        ctx, quipu_context_format(ctx, "%s/target", folder));
    quipu_datastore *datastore;

    CHECK(!restored || is_there(path), "the backup has lost its name");
    if (is_there(path)) {
        CHECK(mkdir(fresh, 0700) == 0, "cannot create %s", fresh);
        OK(quipu_store_copy_restore(quipu_subprocess_uri(ctx, fresh), path,
                                    false));
        quipu_store_copy_check(ctx, quipu_subprocess_uri(ctx, fresh), four,
                               four);
    }
    int status = quipu_datastore_open(uri, NULL, &datastore, ERR);

    if (status == QUIPU_OK) {
        OK(quipu_datastore_close(datastore, ERR));
    } else {
        CHECK(status == QUIPU_CORRUPT && !restored,
              "after the restore opening returns %s: %s",
              quipu_status_name(status), ERR->message);
        OK(quipu_store_copy_restore(uri, path, true));
    }
    quipu_store_copy_check(ctx, uri, restored ? four : two, four);
    quipu_context_close_all(ctx);
}

/* Kills a backup and a restore before the n-th call of a kind.  Returns false
 * if they make fewer calls. */
static bool kill_at(struct quipu_context *ctx, struct copying *copying,
                    const char *call, unsigned n)
{
    struct quipu_subprocess_spec task = { .job = &quipu_subprocess_job_backup,
                                          .folder = quipu_store_copy_path(
                                              ctx, "disk") };

    prepare(ctx, copying);
    quipu_subprocess_add_fault(&task, "QUIPU_FAULT_CALL", call);
    quipu_subprocess_add_fault(&task, "QUIPU_FAULT_AT",
                               quipu_context_format(ctx, "%u", n));
    quipu_subprocess_add_fault(&task, "QUIPU_FAULT_KILL", "1");
    int status = quipu_subprocess_wait(quipu_subprocess_start(ctx, &task, 0));
    const bool died = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;

    CHECK(died || status == 0, "the backup ended with wait status 0x%x",
          (unsigned)status);
    check_left(ctx, task.folder, !died);
    quipu_folder_remove(task.folder);
    return died;
}

static void killed(struct quipu_context *ctx)
{
    static const char *const calls[] = {
        "remove", "write", "folder", "sync", "open", "map", "truncate", "read"
    };
    const unsigned kinds = sizeof(calls) / sizeof(*calls);
    const unsigned kills = quipu_context_scale(ctx, 28, 240, 4000);
    struct copying *copying;
    unsigned died = 0;

    quipu_subprocess_require(ctx);
    copying = quipu_subprocess_share_memory(sizeof(*copying));
    for (unsigned i = 0; i < kills; i++) {
        const void *mark = quipu_context_mark(ctx);
        /* One half at removals, a quarter at writes, the rest at any call. */
        const unsigned kind = i % 2 == 0 ? 0 : i % 4 == 1 ? 1 : i / 4 % kinds;

        died +=
            kill_at(ctx, copying, calls[kind],
                    1 + (unsigned)quipu_context_random(ctx, kind == 1   ? 160
                                                            : kind == 4 ? 40
                                                                        : 12));
        quipu_context_release(ctx, mark);
    }
    quipu_context_count(ctx, "kills", died);
    CHECK(died > 0, "no backup was killed");
}

static void power_is_cut(struct quipu_context *ctx)
{
    struct quipu_subprocess_spec task = { .job = &quipu_subprocess_job_backup,
                                          .folder = quipu_store_copy_path(
                                              ctx, "disk") };
    const char *journal_path = quipu_store_copy_path(ctx, "journal");
    const unsigned cuts = quipu_context_scale(ctx, 8, 100, 1000);
    const char *base = quipu_store_copy_path(ctx, "base");
    const char *image = quipu_store_copy_path(ctx, "image");
    struct copying *copying;

    quipu_subprocess_require(ctx);
    copying = quipu_subprocess_share_memory(sizeof(*copying));
    prepare(ctx, copying);
    /* The image of a power cut before anything happens is a copy. */
    const struct quipu_power_cut none = { .base = task.folder, .image = base };

    quipu_disk_image_make(&(struct quipu_journal){ .count = 0 }, &none);
    quipu_subprocess_add_fault(&task, "QUIPU_FAULT_JOURNAL", journal_path);
    const int status =
        quipu_subprocess_wait(quipu_subprocess_start(ctx, &task, 0));

    CHECK(status == 0, "the backup ended with wait status 0x%x",
          (unsigned)status);
    struct quipu_journal journal = quipu_journal_read(ctx, journal_path);

    for (unsigned i = 0; i < cuts; i++) {
        const void *mark = quipu_context_mark(ctx);
        const bool at_end = i % 4 == 0;
        struct quipu_power_cut cut = {
            .end = at_end ? journal.count
                          : quipu_context_random(ctx, journal.count),
            .seed = quipu_context_random(ctx, UINT64_MAX),
            .base = base,
            .disk = task.folder,
            .image = image,
        };

        quipu_disk_image_make(&journal, &cut);
        check_left(ctx, cut.image, at_end);
        quipu_folder_remove(cut.image);
        quipu_context_release(ctx, mark);
    }
    quipu_context_count(ctx, "power cuts", cuts);
}

static const struct quipu_case cases[] = {
    { "V6.killed-backup-or-restore",
      "A power cut at night must not leave half a backup, or half a store.",
      killed, STORE_COPY_NEEDS, 0, 600 },
    { "V6.power-cut-during-backup-or-restore",
      "A backup that has its name must be on the disk, and an old write-ahead "
      "log must not meet a new store.",
      power_is_cut, STORE_COPY_NEEDS, 0, 600 },
};
QUIPU_FAMILY_IN(crash, backups);
