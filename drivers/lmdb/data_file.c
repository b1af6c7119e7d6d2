/* SPDX-License-Identifier: Apache-2.0 */
/* The data file of a store: its path and its creation (data_file.h). */
#include "data_file.h"

#include "btree/lmdb_format.h"
#include "catalogue/store.h"
#include "error.h"
#include "txn/reader_table.h"

#include "common/clock.h"
#include "common/error.h"
#include "common/file_names.h"
#include "common/files/replacement.h"
#include "common/lock_file.h"
#include "common/safeguard.h"
#include "common/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_MAX (PATH_MAX - 64)  /* leaves room for the names of files */
#define MAP_SIZE ((size_t)1 << 20)  /* while a store is created */
#define MAGIC_AT 16                 /* in the first page of a data file */
#define EXCLUSIVE_TIME CLOCK_SECOND /* to wait for other processes, closing */

static const char suffix_fresh[] = "-new";

/* -------------------------------------------------------------------- path */

int quipu_lmdb_data_file_parse(const quipu_host *host, const char *body,
                               char **path, quipu_error *error)
{
    if (strncmp(body, "///", 3) != 0 || body[3] == '\0') {
        return host->error_set(error, QUIPU_INVALID, 0, NULL,
                               "the lmdb URI names no folder; write "
                               "lmdb:///relative or lmdb:////absolute/folder");
    }
    char *text = quipu_common_text_copy(host, body + 3);
    if (!text) {
        return quipu_lmdb_error_no_memory(host, error);
    }
    const char *fault = host->decode_percent(text);
    if (fault) {
        host->release(text);
        return host->error_set(error, QUIPU_INVALID, 0, NULL,
                               "\"lmdb:%s\" has %s; write another path", body,
                               fault);
    }
    *path = text;
    return QUIPU_OK;
}

/* Returns both texts in one block, which the caller releases; NULL: no memory.
 */
static char *join(const quipu_host *host, const char *first, const char *second)
{
    size_t size = strlen(first);
    char *joined = host->allocate(size + strlen(second) + 1);
    if (joined) {
        memcpy(joined, first, size);
        memcpy(joined + size, second, strlen(second) + 1);
    }
    return joined;
}

static int create_folder(const quipu_host *host, const char *path, bool *made,
                         quipu_error *error)
{
    *made = mkdir(path, 0777) == 0;
    if (*made || errno == EEXIST) {
        return QUIPU_OK;
    }
    if (errno == ENOENT || errno == ENOTDIR) {
        return host->error_set(error, QUIPU_NOT_FOUND, 0, NULL,
                               "cannot create \"%s\": there is no folder to "
                               "create it in; create that first",
                               path);
    }
    return quipu_common_error_set_system(host, path, errno, "create the folder",
                                         error);
}

static int find_folder(const quipu_host *host, const char *path,
                       char real[PATH_MAX], quipu_error *error)
{
    struct stat info;
    if (!realpath(path, real) || stat(real, &info) != 0) {
        int number = errno;
        if (number == ENOENT || number == ENOTDIR) {
            return host->error_set(error, QUIPU_NOT_FOUND, 0, NULL,
                                   "\"%s\" does not exist; create=yes creates "
                                   "it",
                                   path);
        }
        return quipu_common_error_set_system(host, path, number, "find", error);
    }
    if (!S_ISDIR(info.st_mode)) {
        return host->error_set(error, QUIPU_INVALID, 0, NULL,
                               "\"%s\" is no folder; name the folder that "
                               "contains the store's files",
                               path);
    }
    return QUIPU_OK;
}

/* The lock files are beside the data file: through a link, a process would use
 * others. */
static int refuse_link(const quipu_host *host, const char *path,
                       quipu_error *error)
{
    struct stat info;
    if (lstat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
        return host->error_set(error, QUIPU_INVALID, 0, NULL,
                               "\"%s\" is a link, or no regular file; name the "
                               "folder that contains the file itself",
                               path);
    }
    return QUIPU_OK;
}

int quipu_lmdb_data_file_resolve(const quipu_host *host, const char *path,
                                 bool create, struct data_file *file,
                                 quipu_error *error)
{
    char buffer[PATH_MAX];
    *file = (struct data_file){ .made = false };
    if (strlen(path) > FOLDER_MAX) {
        return host->error_set(error, QUIPU_INVALID, 0, NULL,
                               "the name of the folder is too long (at most %d "
                               "bytes): \"%s\"",
                               FOLDER_MAX, path);
    }
    int status =
        create ? create_folder(host, path, &file->made, error) : QUIPU_OK;
    if (status == QUIPU_OK) {
        status = find_folder(host, path, buffer, error);
    }
    if (status == QUIPU_OK) {
        file->folder = quipu_common_text_copy(host, buffer);
        file->path = join(host, buffer, "/data.mdb");
        status = !file->folder || !file->path
                     ? quipu_lmdb_error_no_memory(host, error)
                     : refuse_link(host, file->path, error);
    }
    if (status != QUIPU_OK && file->made) {
        (void)rmdir(path);
    }
    return status;
}

bool quipu_lmdb_data_file_exists(const struct data_file *file)
{
    struct stat info;
    return lstat(file->path, &info) == 0 && info.st_size > 0;
}

/* ---------------------------------------------------------------- creation */

/* Returns LMDB's code. */
static int write_records(MDB_env *env)
{
    MDB_txn *txn = NULL;
    int code = mdb_txn_begin(env, NULL, 0, &txn);
    if (code != MDB_SUCCESS) {
        return code;
    }
    code = quipu_lmdb_store_create(txn);
    if (code != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return code;
    }
    return mdb_txn_commit(txn);
}

/* Writes a new store to a file that no other process knows, so that it needs no
 * locks.  Returns LMDB's code. */
static int write_store(const char *path)
{
    MDB_env *env = NULL;
    int code = mdb_env_create(&env);
    if (code != MDB_SUCCESS) {
        return code;
    }
    (void)mdb_env_set_mapsize(env, MAP_SIZE);
    code = mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOLOCK, 0644);
    if (code == MDB_SUCCESS) {
        code = write_records(env);
    }
    mdb_env_close(env);
    return code;
}

/* Returns an errno, or 0. */
static int sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    int code = fsync(fd) == 0 ? 0 : errno;
    (void)close(fd);
    return code;
}

void quipu_lmdb_data_file_finish_rename(const quipu_host *host,
                                        const char *path)
{
    quipu_common_file_names_finish_rename(host, path, suffix_fresh);
    quipu_common_replacement_finish_rename(host, path);
}

/* Checks that a file with the name of a data file that is being created is one
 * that a killed process left: empty, or with LMDB's magic, or with zeros if
 * the power failed. */
static int check_unfinished(const quipu_host *host, const char *fresh,
                            quipu_error *error)
{
    unsigned char head[MAGIC_AT + sizeof(uint32_t)] = { 0 };
    uint32_t magic = 0;
    struct stat info;
    if (lstat(fresh, &info) != 0) {
        return QUIPU_OK;
    }
    int fd = S_ISREG(info.st_mode)
                 ? open(fresh, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
                 : -1;
    const ssize_t size = fd >= 0 ? pread(fd, head, sizeof(head), 0) : -1;
    if (fd >= 0) {
        (void)close(fd);
    }
    memcpy(&magic, head + MAGIC_AT, sizeof(magic));
    const bool unfinished = size == 0 || (size == (ssize_t)sizeof(head) &&
                                          (magic == LMDB_MAGIC || magic == 0));
    if (SAFEGUARDED("F4.foreign-unfinished-file", unfinished, true)) {
        return QUIPU_OK;
    }
    return host->error_set(error, QUIPU_INVALID, 0, NULL,
                           "\"%s\" is not a store that was left unfinished, "
                           "and a new store needs that name for a moment; "
                           "rename or remove it",
                           fresh);
}

/* With the fair lock held, so that no process, nor a thread of this one, has
 * the environment open: it has no data file. */
static int check_names(const quipu_host *host, const struct data_file *file,
                       const char *fresh, quipu_error *error)
{
    int status = quipu_lmdb_reader_table_check(host, file->folder, error);
    return status == QUIPU_OK ? check_unfinished(host, fresh, error) : status;
}

/* With the fair lock held. */
static int create_and_rename(const quipu_host *host,
                             const struct data_file *file, quipu_error *error)
{
    if (quipu_lmdb_data_file_exists(file)) {
        return QUIPU_OK;
    }
    char *fresh = join(host, file->path, suffix_fresh);
    if (!fresh) {
        return quipu_lmdb_error_no_memory(host, error);
    }
    int status = check_names(host, file, fresh, error);
    if (status != QUIPU_OK) {
        host->release(fresh);
        return status;
    }
    (void)unlink(fresh); /* left by a process that was killed */
    int code = write_store(fresh);
    if (code == MDB_SUCCESS && rename(fresh, file->path) != 0) {
        code = errno;
    }
    if (code == MDB_SUCCESS) {
        code = sync_folder(file->folder);
    } else {
        (void)unlink(fresh);
    }
    host->release(fresh);
    return code == MDB_SUCCESS ? QUIPU_OK
                               : quipu_lmdb_error_set(host, file->path, code,
                                                      "create a store", error);
}

int quipu_lmdb_data_file_create(const quipu_host *host,
                                const struct data_file *file, int64_t deadline,
                                quipu_error *error)
{
    const struct lock_file_target target = { .host = host,
                                             .database = file->path,
                                             .owner = file->folder,
                                             .one_pid_namespace = true };
    struct lock_file lock_file;
    bool exclusive = false;
    int status = quipu_common_lock_file_open(&lock_file, &target, deadline,
                                             &exclusive, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (exclusive) {
        quipu_common_lock_file_unlock(&lock_file);
    }
    struct fair_lock *fair_lock = &lock_file.fair_lock;
    int code = quipu_common_fair_lock_acquire(fair_lock, deadline);
    if (code == 0) {
        status = create_and_rename(host, file, error);
        quipu_common_fair_lock_release(fair_lock);
    } else {
        status = host->error_set(error, QUIPU_BUSY, code, NULL,
                                 "\"%s\" was being created by another process "
                                 "until the deadline; try again",
                                 file->path);
    }
    exclusive = quipu_common_lock_file_try_exclusive(
        &lock_file, clock_now() + EXCLUSIVE_TIME);
    quipu_common_lock_file_close(&lock_file, host, exclusive);
    return status;
}
