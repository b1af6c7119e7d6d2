/* SPDX-License-Identifier: Apache-2.0 */
/* Making a store. */
#include "create.h"

#include "common/clock.h"
#include "path.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_MAP ((size_t)1 << 20)
#define DEPARTURE_TIME CLOCK_SECOND

bool quipu_lmdb_is_there(const char *file)
{
    struct stat info;
    return lstat(file, &info) == 0 && info.st_size > 0;
}

/* An LMDB code. */
static int fill(MDB_env *env)
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

/* Makes a store in a file of its own; nobody else knows it, so it needs no
 * locks. */
static int make(const char *file)
{
    MDB_env *env = NULL;
    int code = mdb_env_create(&env);
    if (code != MDB_SUCCESS) {
        return code;
    }
    (void)mdb_env_set_mapsize(env, FIRST_MAP);
    code = mdb_env_open(env, file, MDB_NOSUBDIR | MDB_NOLOCK, 0644);
    if (code == MDB_SUCCESS) {
        code = fill(env);
    }
    mdb_env_close(env);
    return code;
}

/* An errno. */
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

/* Inside the turnstile of the lock_file. */
static int make_and_rename(const quipu_host *host, const char *folder,
                           const char *file, quipu_error *error)
{
    if (quipu_lmdb_is_there(file)) {
        return QUIPU_OK;
    }
    char *fresh = quipu_lmdb_path_join(host, file, "-new");
    if (!fresh) {
        return quipu_lmdb_no_memory(host, error);
    }
    (void)unlink(fresh); /* of somebody who was killed */
    int code = make(fresh);
    if (code == MDB_SUCCESS && rename(fresh, file) != 0) {
        code = errno;
    }
    if (code == MDB_SUCCESS) {
        code = sync_folder(folder);
    } else {
        (void)unlink(fresh);
    }
    host->release(fresh);
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_fail(host, file, code, "make a store", error);
}

int quipu_lmdb_create(const quipu_host *host, const char *folder,
                      const char *file, int64_t deadline, quipu_error *error)
{
    struct lock_file lock_file;
    bool alone = false;
    int status = quipu_common_lock_file_open(&lock_file, host, file, folder,
                                             deadline, &alone, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (alone) {
        quipu_common_lock_file_unlock(&lock_file);
    }
    int code =
        quipu_common_fair_lock_acquire(&lock_file.page->fair_lock, deadline);
    if (code == 0) {
        status = make_and_rename(host, folder, file, error);
        quipu_common_fair_lock_release(&lock_file.page->fair_lock);
    } else {
        status = host->error_set(error, QUIPU_BUSY, code, NULL,
                                 "\"%s\" was being made by another program "
                                 "until the deadline; try again",
                                 file);
    }
    alone = quipu_common_lock_file_try_exclusive(&lock_file,
                                                 clock_now() + DEPARTURE_TIME);
    quipu_common_lock_file_close(&lock_file, host, alone);
    return status;
}
