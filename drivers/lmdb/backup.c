/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backup of a store while it is written, and restore of a backup.
 *
 * A backup is the file of one LMDB snapshot: the pages of the data file as they
 * are, and meta pages that describe the snapshot.  A read transaction is open
 * while the pages are copied, so LMDB does not write to a page of the snapshot;
 * the other pages may be torn in the copy, and are free in it.  Writers wait
 * for nothing; but no page that they free is used again until the copy is
 * complete.
 *
 * LMDB's own mdb_env_copy would wait for the lock of LMDB's writers without a
 * deadline, and with compaction it would read the trees with LMDB's cursors,
 * which end the process at a damaged page.  So the pages are read with pread,
 * and no page is interpreted before the copy is checked (btree/full_check.c):
 * a damaged store gives no backup, and a damaged backup is not restored.
 *
 * Meta pages.  LMDB takes the one with the higher transaction number, and page
 * 0 has even numbers.  Both pages of a copy describe the snapshot: the one that
 * it belongs to, and the other with the number before.  If the first one is
 * lost, the other still gives the whole backup.
 *
 * A restore replaces the data file (files/replacement.c).  The lock file of
 * quipu excludes other users of quipu, also those that read; other programs
 * hold a lock on LMDB's lock.mdb.  That file stays: the first process that
 * opens it initialises it.
 */
#include "btree/file_check.h"
#include "btree/full_check.h"
#include "data_file.h"
#include "lmdb_driver.h"
#include "txn/read_txn.h"

#include "common/error.h"
#include "common/files/replacement.h"
#include "common/safeguard.h"
#include "common/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK ((size_t)1 << 20) /* bytes copied between calls of `progress` */
#define META_PAGES 2
#define META_PATIENCE 1000 /* attempts to read the meta page of a snapshot */

/* Each process that has LMDB's environment open has a lock on the first byte of
 * lock.mdb. */
static const struct replacement_bytes lmdb_lock_byte = { .first = 0,
                                                         .count = 1 };

/* ------------------------------------------------------------- the copying */

struct copy {
    const quipu_host *host;
    const quipu_backup *backup;
    const char *name; /* of the file that is copied, for messages */
    const char *remedy;
    int (*fill)(struct copy *copy); /* writes `to`; 0 or an errno */
    int from;
    int to;
    uint64_t all; /* bytes */
    bool stopped; /* `progress` has returned false */
    /* Of a backup: the snapshot. */
    size_t page_size;
    struct lmdb_meta meta;
};

static bool report(struct copy *copy, uint64_t done)
{
    const quipu_backup *backup = copy->backup;

    copy->stopped =
        copy->stopped || (backup->progress &&
                          !backup->progress(backup->context, done, copy->all));
    return !copy->stopped;
}

static bool proceed(void *context)
{
    struct copy *copy = context;

    return report(copy, copy->all);
}

static int write_all(int fd, const char *bytes, size_t size, uint64_t at)
{
    while (size > 0) {
        ssize_t wrote = pwrite(fd, bytes, size, (off_t)at);

        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return wrote < 0 ? errno : ENOSPC;
        }
        bytes += wrote;
        size -= (size_t)wrote;
        at += (uint64_t)wrote;
    }
    return 0;
}

/* Copies the bytes from `at` to copy->all, or to the end of the file, which may
 * lack free pages.  Returns 0, an errno, or ECANCELED. */
static int copy_bytes(struct copy *copy, char *buffer, uint64_t at)
{
    while (at < copy->all) {
        const uint64_t left = copy->all - at;
        ssize_t got = pread(copy->from, buffer,
                            left < CHUNK ? (size_t)left : CHUNK, (off_t)at);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return errno;
        }
        if (got == 0) {
            break;
        }
        int code = write_all(copy->to, buffer, (size_t)got, at);

        if (code != 0) {
            return code;
        }
        at += (uint64_t)got;
        if (!report(copy, at)) {
            return ECANCELED;
        }
    }
    return ftruncate(copy->to, (off_t)copy->all) == 0 ? 0 : errno;
}

static int copy_from(struct copy *copy, uint64_t at)
{
    char *buffer = copy->host->allocate(CHUNK);
    int code = buffer ? copy_bytes(copy, buffer, at) : ENOMEM;

    copy->host->release(buffer);
    return code;
}

/* Translates an errno of the functions above. */
static int fail(const struct copy *copy, const char *path, int code,
                quipu_error *error)
{
    if (code == ECANCELED) {
        return copy->host->error_set(error, QUIPU_TIMEOUT, 0, NULL,
                                     "the copying of \"%s\" was stopped; "
                                     "nothing has changed",
                                     copy->name);
    }
    return code == 0 ? QUIPU_OK
                     : quipu_lmdb_error_set(copy->host, path, code,
                                            "write the copy", error);
}

/* Makes the new file, checks it, and gives it its name. */
static int make_file(struct replacement *replacement, struct copy *copy,
                     quipu_error *error)
{
    const struct full_check check = { .host = copy->host,
                                      .path = replacement->fresh,
                                      .name = copy->name,
                                      .remedy = copy->remedy,
                                      .proceed = proceed,
                                      .context = copy };

    copy->to = open(replacement->fresh, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    int code = copy->to < 0 ? errno : copy->fill(copy);

    if (copy->to >= 0) {
        (void)close(copy->to);
    }
    int status = fail(copy, replacement->plan.path, code, error);

    if (status == QUIPU_OK) {
        SAFEGUARD("V6.copy-is-checked")
        status = quipu_lmdb_full_check_run(&check, error);
    }
    return status == QUIPU_OK
               ? quipu_common_replacement_commit(replacement, error)
               : status;
}

/* ----------------------------------------------------------------- backup */

/* Writes a meta page that describes the snapshot. */
static int write_meta(const struct copy *copy, uint64_t txnid)
{
    const uint64_t number = txnid & 1;
    const size_t page_size = copy->page_size;
    const struct lmdb_page_header header = { .number = number,
                                             .flags = LMDB_META };
    struct lmdb_meta meta = copy->meta;
    char *page = copy->host->allocate(page_size);

    if (!page) {
        return ENOMEM;
    }
    meta.txnid = txnid;
    memset(page, 0, page_size);
    memcpy(page, &header, sizeof(header));
    memcpy(page + sizeof(header), &meta, sizeof(meta));
    int code = write_all(copy->to, page, page_size, number * page_size);

    copy->host->release(page);
    return code;
}

/* Copies the pages of the snapshot. */
static int fill_from_snapshot(struct copy *copy)
{
    int code = copy_from(copy, META_PAGES * copy->page_size);

    if (code == 0) {
        code = write_meta(copy, copy->meta.txnid);
    }
    return code == 0 ? write_meta(copy, copy->meta.txnid - 1) : code;
}

/* Begins a read transaction and reads the meta page of its snapshot, which a
 * writer overwrites two commits later. */
static int begin_snapshot(quipu_driver_datastore *datastore, int64_t deadline,
                          struct snapshot *snapshot, struct lmdb_meta *meta,
                          quipu_error *error)
{
    const struct map *map = &datastore->environment->map;

    for (int i = 0; i < META_PATIENCE; i++) {
        int status =
            quipu_lmdb_read_txn_begin(datastore, deadline, snapshot, error);

        if (status != QUIPU_OK) {
            return status;
        }
        const uint64_t txnid = mdb_txn_id(snapshot->txn);

        quipu_lmdb_snapshot_read_meta(map, txnid, meta);
        if (meta->txnid == txnid && meta->last < map->size / map->page_size) {
            return QUIPU_OK;
        }
        quipu_lmdb_read_txn_end(datastore, snapshot);
    }
    return datastore->host->error_set(error, QUIPU_BUSY, 0, NULL,
                                      "\"%s\" changed at each attempt to copy "
                                      "it; try again",
                                      datastore->name);
}

static int copy_store(quipu_driver_datastore *datastore,
                      struct replacement *replacement, struct copy *copy,
                      int64_t deadline, quipu_error *error)
{
    struct environment *environment = datastore->environment;
    struct snapshot snapshot;
    mdb_filehandle_t fd;
    int status =
        begin_snapshot(datastore, deadline, &snapshot, &copy->meta, error);

    if (status != QUIPU_OK) {
        return status;
    }
    (void)mdb_env_get_fd(environment->env, &fd);
    copy->from = fd;
    copy->page_size = environment->map.page_size;
    copy->all = (copy->meta.last + 1) * copy->page_size;
    status = make_file(replacement, copy, error);
    quipu_lmdb_read_txn_end(datastore, &snapshot);
    return status;
}

/* Refuses the names of the store's own files. */
static int refuse_own_file(const quipu_driver_datastore *datastore,
                           const char *path, quipu_error *error)
{
    static const char *const own[] = { "",
                                       "/data.mdb",
                                       "/lock.mdb",
                                       "/data.mdb-new",
                                       "/data.mdb-quipu",
                                       "/data.mdb-quipu-tmp",
                                       "/data.mdb-quipu-new",
                                       NULL };

    return quipu_common_file_names_refuse_own(
        datastore->host, datastore->folder, own, path, error);
}

int quipu_lmdb_backup(quipu_driver_datastore *datastore,
                      const quipu_backup *backup, int64_t deadline,
                      quipu_error *error)
{
    const quipu_host *host = datastore->host;
    struct copy copy = { .host = host,
                         .backup = backup,
                         .name = datastore->name,
                         .remedy = "no backup was made; restore an older one",
                         .fill = fill_from_snapshot };
    struct replacement_plan plan = { .host = host,
                                     .source = datastore->path,
                                     .replace = (backup->flags &
                                                 QUIPU_BACKUP_REPLACE) != 0 };
    struct replacement replacement;
    char *real = NULL;
    int status =
        quipu_common_replacement_resolve(host, backup->path, &real, error);

    if (status == QUIPU_OK) {
        status = refuse_own_file(datastore, real, error);
    }
    if (status == QUIPU_OK) {
        plan.path = real;
        status = quipu_common_replacement_begin(&replacement, &plan, deadline,
                                                error);
    }
    if (status == QUIPU_OK) {
        status = copy_store(datastore, &replacement, &copy, deadline, error);
        quipu_common_replacement_finish(&replacement);
    }
    host->release(real);
    return status;
}

/* ---------------------------------------------------------------- restore */

static int fill_from_backup(struct copy *copy)
{
    return copy_from(copy, 0);
}

/* Opens the backup, and checks that it can be one before anything is written.
 */
static int open_backup(const char *path, struct copy *copy, quipu_error *error)
{
    struct file_check check = { .host = copy->host, .path = path };
    struct stat info;

    copy->from = open(path, O_RDONLY | O_CLOEXEC);
    if (copy->from < 0 && errno == ENOENT) {
        return copy->host->error_set(error, QUIPU_NOT_FOUND, ENOENT, NULL,
                                     "the backup \"%s\" does not exist", path);
    }
    if (copy->from < 0 || fstat(copy->from, &info) != 0) {
        return quipu_common_error_set_system(copy->host, path, errno, "open",
                                             error);
    }
    if (!S_ISREG(info.st_mode)) {
        return copy->host->error_set(error, QUIPU_INVALID, 0, NULL,
                                     "\"%s\" is no regular file; name the "
                                     "backup",
                                     path);
    }
    copy->all = (uint64_t)info.st_size;
    return quipu_lmdb_file_check_run(&check, error);
}

/* Refuses a store that this process has open, since its descriptors must not be
 * touched; then replaces it. */
static int restore_at(const struct replacement_plan *plan,
                      const char *lock_path, struct copy *copy,
                      int64_t deadline, quipu_error *error)
{
    struct replacement replacement;

    if (quipu_lmdb_environment_is_open(plan->path)) {
        return plan->host->error_set(error, QUIPU_BUSY, 0, NULL,
                                     "\"%s\" is open in this process; close it "
                                     "first",
                                     plan->path);
    }
    int status =
        quipu_common_replacement_begin(&replacement, plan, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_common_replacement_lock(&replacement, lock_path,
                                           &lmdb_lock_byte, error);
    if (status == QUIPU_OK) {
        status = make_file(&replacement, copy, error);
    }
    quipu_common_replacement_finish(&replacement);
    return status;
}

/* Finds the data file that the URI names; with `create`, makes its folder. */
static int find_target(const quipu_host *host, const quipu_open *target,
                       struct data_file *file, quipu_error *error)
{
    const bool create = (target->flags & QUIPU_OPEN_CREATE) != 0;
    char *path = NULL;
    int status = quipu_lmdb_data_file_parse(host, target->body, &path, error);

    *file = (struct data_file){ .made = false };
    if (status == QUIPU_OK) {
        status = quipu_lmdb_data_file_resolve(host, path, create, file, error);
    }
    host->release(path);
    return status;
}

static int restore_to(const struct data_file *file, const quipu_backup *backup,
                      struct copy *copy, int64_t deadline, quipu_error *error)
{
    const quipu_host *host = copy->host;
    const struct replacement_plan plan = {
        .host = host,
        .path = file->path,
        .source = copy->name,
        .replace = (backup->flags & QUIPU_BACKUP_REPLACE) != 0,
        .keep_access = true
    };
    struct text lock_path = { .host = host };

    quipu_common_text_add(&lock_path, file->folder);
    quipu_common_text_add(&lock_path, "/lock.mdb");
    int status = lock_path.failed
                     ? quipu_lmdb_error_no_memory(host, error)
                     : restore_at(&plan, lock_path.data, copy, deadline, error);

    quipu_common_text_finish(&lock_path);
    return status;
}

int quipu_lmdb_backup_restore(const quipu_host *host, const quipu_open *target,
                              const quipu_backup *backup, int64_t deadline,
                              quipu_error *error)
{
    struct copy copy = { .host = host,
                         .backup = backup,
                         .remedy = "nothing was restored; take another backup",
                         .from = -1,
                         .fill = fill_from_backup };
    struct data_file file = { .made = false };
    char *from = NULL;
    int status =
        quipu_common_replacement_resolve(host, backup->path, &from, error);

    if (status == QUIPU_OK) {
        copy.name = from;
        status = open_backup(from, &copy, error);
    }
    if (status == QUIPU_OK) {
        status = find_target(host, target, &file, error);
    }
    if (status == QUIPU_OK) {
        status = restore_to(&file, backup, &copy, deadline, error);
    }
    if (status != QUIPU_OK && file.made) {
        (void)rmdir(file.folder);
    }
    if (copy.from >= 0) {
        (void)close(copy.from);
    }
    host->release(file.path);
    host->release(file.folder);
    host->release(from);
    return status;
}
