/* SPDX-License-Identifier: Apache-2.0 */
/* Backup of a database while it is written, and restore of a backup.
 *
 * Both copy pages by page_copy.c: from the store to the new file, and from the
 * backup to the new store. files/replacement.c gives the copy its name.
 *
 * A restore must be the only user of the old database. The lock file excludes
 * writers of quipu. Readers of quipu and other programs do not use it, but each
 * connection that has read a database in WAL mode holds SQLite's shared lock
 * until it is closed. So the restore locks all of SQLite's lock bytes. It uses
 * no connection of SQLite for that: the old database may be damaged. */
#include "common/error.h"
#include "common/files/replacement.h"
#include "copy/page_copy.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* SQLite's limit of 512 bytes, without "-quipu-new" and "-journal". */
#define COPY_PATH_LONGEST 494

/* SQLite's lock bytes: PENDING, RESERVED, and 510 of SHARED. */
static const struct replacement_bytes lock_bytes = { .first = 0x40000000,
                                                     .count = 512 };

static const char *const parts[] = { "-wal", "-journal", "-shm", NULL };

/* ----------------------------------------------------------------- backup */

/* Refuses a store that this process has open, since its descriptors must not be
 * touched. */
static int refuse_open(const quipu_host *host, const char *path,
                       quipu_error *error)
{
    struct stat info;

    if (stat(path, &info) == 0 && quipu_sqlite_file_is_open(&info)) {
        return host->error_set(error, QUIPU_BUSY, 0, NULL,
                               "\"%s\" is open in this process; close it "
                               "first",
                               path);
    }
    return QUIPU_OK;
}

/* Refuses the names of the store's own files. */
static int refuse_own_file(const quipu_driver_datastore *datastore,
                           const char *path, quipu_error *error)
{
    static const char *const own[] = {
        "",           "-wal",       "-journal",        "-shm", "-quipu",
        "-quipu-tmp", "-quipu-new", "-quipu-restored", NULL
    };

    return quipu_common_file_names_refuse_own(datastore->host, datastore->path,
                                              own, path, error);
}

static int check_length(const quipu_host *host, const char *path,
                        quipu_error *error)
{
    return strlen(path) <= COPY_PATH_LONGEST
               ? QUIPU_OK
               : host->error_set(error, QUIPU_INVALID, 0, NULL,
                                 "the name of the file is too long (at most "
                                 "%d bytes with its folders): \"%s\"",
                                 COPY_PATH_LONGEST, path);
}

/* Copies the datastore's database from a connection of its own, which uses
 * SQLite's locks and thereby the files beside the database. */
static int copy_locked(quipu_driver_datastore *datastore,
                       const struct replacement *replacement,
                       struct page_copy *copy, int64_t deadline,
                       quipu_error *error)
{
    struct connection from = { .db = NULL };
    int status = quipu_sqlite_connection_open(datastore, &from,
                                              SQLITE_OPEN_READONLY, error);

    if (status == QUIPU_OK) {
        from.deadline = deadline;
        status = quipu_sqlite_page_copy_to(&from, replacement, copy, error);
    }
    quipu_sqlite_connection_close(&from);
    return status;
}

/* Copies the datastore's database by a reader, which leaves no file behind. If
 * it was idle and a program began to write to it meanwhile, that copy is void,
 * and it is copied with locks. */
static int copy_store(quipu_driver_datastore *datastore,
                      const struct replacement *replacement,
                      struct page_copy *copy, int64_t deadline,
                      quipu_error *error)
{
    struct reader_use use = { .datastore = datastore,
                              .deadline = deadline,
                              .once = true };
    int status = quipu_sqlite_reader_borrow(&use, error);

    if (status != QUIPU_OK) {
        return status;
    }
    const bool idle = use.reader->state.idle;
    status = quipu_sqlite_page_copy_to(use.reader, replacement, copy, error);
    (void)quipu_sqlite_reader_return(&use, &status, error);
    return status == QUIPU_BUSY && idle
               ? copy_locked(datastore, replacement, copy, deadline, error)
               : status;
}

int quipu_sqlite_backup(quipu_driver_datastore *datastore,
                        const quipu_backup *backup, int64_t deadline,
                        quipu_error *error)
{
    const quipu_host *host = datastore->host;
    struct page_copy copy = { .backup = backup,
                              .name = datastore->name,
                              .remedy =
                                  "no backup was made; restore an older one" };
    struct replacement_plan plan = { .host = host,
                                     .source = datastore->path,
                                     .parts = parts,
                                     .replace = (backup->flags &
                                                 QUIPU_BACKUP_REPLACE) != 0 };
    struct replacement replacement;
    char *real = NULL;
    int status =
        quipu_common_replacement_resolve(host, backup->path, &real, error);

    if (status == QUIPU_OK) {
        status = check_length(host, real, error);
    }
    if (status == QUIPU_OK) {
        status = refuse_own_file(datastore, real, error);
    }
    if (status == QUIPU_OK) {
        status = refuse_open(host, real, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_sqlite_neighbours_check(host, real, error);
    }
    if (status == QUIPU_OK) {
        plan.path = real;
        status = quipu_common_replacement_begin(&replacement, &plan, deadline,
                                                error);
    }
    if (status == QUIPU_OK) {
        status = copy_store(datastore, &replacement, &copy, deadline, error);
        if (status == QUIPU_OK) {
            status = quipu_common_replacement_commit(&replacement, error);
        }
        quipu_common_replacement_finish(&replacement);
    }
    host->release(real);
    return status;
}

/* ---------------------------------------------------------------- restore */

/* Refuses a file that is not all of a database. */
static int refuse_parts(const quipu_host *host, const char *path,
                        quipu_error *error)
{
    char name[COPY_PATH_LONGEST + 16];
    struct stat info;

    for (size_t i = 0; i < 2; i++) { /* "-wal" and "-journal" */
        (void)snprintf(name, sizeof(name), "%s%s", path, parts[i]);
        if (lstat(name, &info) == 0 && info.st_size > 0) {
            return host->error_set(
                error, QUIPU_BUSY, 0, NULL,
                "\"%s\" belongs to \"%s\": the database is in use, or a "
                "process that wrote it was killed; copy it with quipu backup",
                name, path);
        }
    }
    return QUIPU_OK;
}

/* Copies the backup to the new file and gives that the place of the store. */
static int copy_backup(const struct replacement *replacement, char *path,
                       struct page_copy *copy, quipu_error *error)
{
    const quipu_host *host = replacement->plan.host;
    struct connection from = { .db = NULL };
    quipu_driver_datastore bare;
    int status = quipu_sqlite_page_copy_make_bare(host, path, &bare, error);

    if (status == QUIPU_OK) {
        status = quipu_sqlite_connection_open(
            &bare, &from, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, error);
        if (status == QUIPU_OK) {
            status = quipu_sqlite_page_copy_to(&from, replacement, copy, error);
        }
        quipu_sqlite_connection_close(&from);
        host->release(bare.uri);
    }
    return status;
}

/* With the target known and not open in this process. */
static int restore_at(const struct replacement_plan *plan, char *from,
                      struct page_copy *copy, int64_t deadline,
                      quipu_error *error)
{
    struct replacement replacement;
    int status =
        quipu_common_replacement_begin(&replacement, plan, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_common_replacement_lock(&replacement, plan->path,
                                           &lock_bytes, error);
    if (status == QUIPU_OK) {
        status = copy_backup(&replacement, from, copy, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_common_replacement_commit(&replacement, error);
    }
    quipu_common_replacement_finish(&replacement);
    return status;
}

/* Finds the database file that the URI names. */
static int find_target(const quipu_host *host, const quipu_open *target,
                       char **real, bool *exists, quipu_error *error)
{
    char *path = NULL;
    int status = quipu_sqlite_path_parse(host, target->body, &path, error);

    if (status == QUIPU_OK && !path) {
        (void)host->error_set(error, QUIPU_INVALID, 0, NULL,
                              "a store in memory cannot be restored; name a "
                              "file");
        return QUIPU_INVALID;
    }
    if (status == QUIPU_OK) {
        status = quipu_sqlite_path_resolve(host, path, real, exists, error);
    }
    if (status == QUIPU_OK) {
        status = check_length(host, *real, error);
    }
    host->release(path);
    return status;
}

/* Finds the backup and checks what it is, before anything is written. */
static int find_backup(const quipu_host *host, const quipu_backup *backup,
                       char **real, struct page_copy *copy, quipu_error *error)
{
    struct stat info;
    int status =
        quipu_common_replacement_resolve(host, backup->path, real, error);

    if (status == QUIPU_OK &&
        (stat(*real, &info) != 0 || !S_ISREG(info.st_mode))) {
        return host->error_set(error, QUIPU_NOT_FOUND, 0, NULL,
                               "the backup \"%s\" does not exist, or is no "
                               "regular file",
                               backup->path);
    }
    if (status == QUIPU_OK) {
        copy->name = *real;
        status = check_length(host, *real, error);
    }
    if (status == QUIPU_OK) {
        status = refuse_parts(host, *real, error);
    }
    return status == QUIPU_OK
               ? quipu_sqlite_page_copy_check(host, *real, copy, false, error)
               : status;
}

int quipu_sqlite_backup_restore(const quipu_host *host,
                                const quipu_open *target,
                                const quipu_backup *backup, int64_t deadline,
                                quipu_error *error)
{
    struct page_copy copy = { .backup = backup,
                              .remedy = "nothing was restored; take another "
                                        "backup" };
    struct replacement_plan plan = { .host = host,
                                     .parts = parts,
                                     .replace = (backup->flags &
                                                 QUIPU_BACKUP_REPLACE) != 0,
                                     .keep_access = true };
    char *from = NULL;
    char *to = NULL;
    bool exists = false;
    int status = quipu_sqlite_connection_check_library(host, error);

    if (status == QUIPU_OK) {
        status = find_target(host, target, &to, &exists, error);
    }
    if (status == QUIPU_OK) {
        status = find_backup(host, backup, &from, &copy, error);
    }
    if (status == QUIPU_OK) {
        status = refuse_open(host, to, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_sqlite_neighbours_check(host, to, error);
    }
    if (status == QUIPU_OK) {
        plan.path = to;
        plan.source = from;
        status = restore_at(&plan, from, &copy, deadline, error);
    }
    host->release(from);
    host->release(to);
    return status;
}
