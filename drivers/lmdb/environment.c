/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The register of open environments, and how one is opened and closed.
 *
 * Locks, in the order in which they are acquired:
 *   environments_lock  the register and `holders`; held while an environment is
 *                      closed, so that nobody opens the file while LMDB still
 *                      has it
 *   opening            `env` and the members that opening sets
 *   names, map.growing, the fair lock: see their files
 */
#include "environment.h"

#include "btree/file_check.h"
#include "error.h"
#include "txn/reader_table.h"

#include "common/clock.h"
#include "common/error.h"
#include "common/fair_lock.h"
#include "common/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXCLUSIVE_TIME CLOCK_SECOND /* to wait for other processes, closing */
#define MAP_MIN ((size_t)1 << 20)
#define DATABASES_PER_SCHEMA 3
#define OTHER_DATABASES 128 /* those of namespaces and of the application */

static pthread_mutex_t environments_lock = PTHREAD_MUTEX_INITIALIZER;
static struct environment *environments;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Another thread may hold the lock when the process is forked, and the child
 * must still be able to open other files. */
static void before_fork(void)
{
    (void)pthread_mutex_lock(&environments_lock);
}

static void after_fork(void)
{
    (void)pthread_mutex_unlock(&environments_lock);
}

static void watch_forks(void)
{
    (void)pthread_atfork(before_fork, after_fork, after_fork);
}

/* ------------------------------------------------------------- the register */

static struct environment *find(const struct stat *info)
{
    struct environment *environment = environments;
    while (environment && (environment->device != info->st_dev ||
                           environment->inode != info->st_ino)) {
        environment = environment->next;
    }
    return environment;
}

static void destroy(struct environment *environment)
{
    const quipu_host *host = environment->host;
    (void)pthread_mutex_destroy(&environment->opening);
    (void)pthread_mutex_destroy(&environment->names);
    quipu_lmdb_map_finish(&environment->map);
    host->release(environment->path);
    host->release(environment);
}

static struct environment *create(const quipu_host *host, const char *path)
{
    struct environment *environment = host->allocate(sizeof(*environment));
    if (!environment) {
        return NULL;
    }
    memset(environment, 0, sizeof(*environment));
    environment->host = host;
    environment->lock_file.fd = -1;
    environment->sync_fd = -1;
    environment->holders = 1;
    environment->process = getpid();
    environment->commit_counter = &environment->own_commit_counter;
    environment->marks = environment->own_marks;
    (void)pthread_mutex_init(&environment->opening, NULL);
    (void)pthread_mutex_init(&environment->names, NULL);
    (void)quipu_lmdb_map_init(&environment->map);
    environment->path = quipu_common_text_copy(host, path);
    if (!environment->path) {
        destroy(environment);
        return NULL;
    }
    return environment;
}

/* With environments_lock held. */
static int find_or_create(const quipu_host *host, const char *path,
                          struct environment **environment, quipu_error *error)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return quipu_common_error_set_system(host, path, errno, "look at",
                                             error);
    }
    struct environment *found = find(&info);
    if (!found) {
        *environment = create(host, path);
        if (!*environment) {
            return quipu_lmdb_error_no_memory(host, error);
        }
        (*environment)->device = info.st_dev;
        (*environment)->inode = info.st_ino;
        (*environment)->next = environments;
        environments = *environment;
        return QUIPU_OK;
    }
    if (found->process != getpid()) {
        return host->error_set(
            error, QUIPU_INVALID, 0, NULL,
            "\"%s\" was open when this process was forked, and LMDB cannot be "
            "used across fork; open it after the fork only",
            path);
    }
    found->holders++;
    *environment = found;
    return QUIPU_OK;
}

int quipu_lmdb_environment_acquire(const quipu_host *host, const char *path,
                                   struct environment **environment,
                                   quipu_error *error)
{
    (void)pthread_once(&once, watch_forks);
    (void)pthread_mutex_lock(&environments_lock);
    int status = find_or_create(host, path, environment, error);
    (void)pthread_mutex_unlock(&environments_lock);
    return status;
}

bool quipu_lmdb_environment_is_open(const char *path)
{
    struct stat info;
    (void)pthread_mutex_lock(&environments_lock);
    bool open = stat(path, &info) == 0 && find(&info);
    (void)pthread_mutex_unlock(&environments_lock);
    return open;
}

/* ----------------------------------------------------------------- closing */

static void close_environment(struct environment *environment)
{
    bool exclusive = false;
    quipu_lmdb_reader_pool_finish(environment);
    if (environment->has_lock_file) {
        exclusive =
            quipu_common_lock_file_try_exclusive(
                &environment->lock_file, clock_now() + EXCLUSIVE_TIME) &&
            quipu_common_file_names_are_ours(&environment->file_names);
    }
    if (environment->env) {
        mdb_env_close(environment->env);
        environment->env = NULL;
    }
    if (environment->sync_fd >= 0) {
        (void)close(environment->sync_fd);
        environment->sync_fd = -1;
    }
    if (environment->has_lock_file) {
        quipu_common_lock_file_close(&environment->lock_file, environment->host,
                                     exclusive);
        quipu_common_file_names_finish(&environment->file_names);
        environment->has_lock_file = false;
        environment->commit_counter = &environment->own_commit_counter;
        environment->marks = environment->own_marks;
    }
}

void quipu_lmdb_environment_release(struct environment *environment)
{
    if (!environment) {
        return;
    }
    (void)pthread_mutex_lock(&environments_lock);
    if (--environment->holders == 0) {
        struct environment **at = &environments;
        while (*at != environment) {
            at = &(*at)->next;
        }
        *at = environment->next;
        close_environment(environment);
        destroy(environment);
    }
    (void)pthread_mutex_unlock(&environments_lock);
}

/* ----------------------------------------------------------------- opening */

/* Opens the lock file, and keeps other processes from opening the store until
 * it is unlocked.  A reader that may not write the lock file does without: it
 * is not notified of commits, and polls the log. */
static int open_lock_file(struct environment *environment, bool readonly,
                          int64_t deadline, quipu_error *error)
{
    const struct lock_file_target target = { .host = environment->host,
                                             .database = environment->path,
                                             .owner = environment->path,
                                             .identity = { environment->device,
                                                           environment->inode },
                                             .one_pid_namespace = true };
    bool exclusive = false;
    quipu_error own = { 0 };
    int status = quipu_common_lock_file_open_locked(
        &environment->lock_file, &target, deadline, &exclusive, &own);
    if (status == QUIPU_DENIED && readonly) {
        return QUIPU_OK;
    }
    if (status != QUIPU_OK) {
        return quipu_common_error_pass(status, &own, error);
    }
    environment->has_lock_file = true;
    environment->fair_lock = &environment->lock_file.fair_lock;
    environment->commit_counter = &environment->lock_file.page->commit_counter;
    environment->marks = environment->lock_file.page->marks;
    return QUIPU_OK;
}

/* LMDB ends the process after this returns.  The driver cannot prevent it: a
 * write transaction cannot be aborted from here, and LMDB's lock, on which
 * other processes wait, is released only by the end of the process. */
static void on_assert(MDB_env *env, const char *message)
{
    const struct environment *environment = mdb_env_get_userctx(env);
    environment->host->message(QUIPU_LEVEL_WARNING,
                               "\"%s\" is damaged; restore it from a backup. "
                               "LMDB found: %s",
                               environment->path, message);
}

/* One attempt, with a map of that size.  Returns LMDB's code. */
static int open_with_size(struct environment *environment,
                          const struct options *options, const char *folder,
                          size_t size)
{
    unsigned flags = MDB_NOTLS;
    if (environment->lockless) {
        flags |= MDB_RDONLY | MDB_NOLOCK;
    } else if (!environment->writable) {
        flags |= MDB_RDONLY;
    }
    int code = mdb_env_create(&environment->env);
    if (code != MDB_SUCCESS) {
        environment->env = NULL;
        return code;
    }
    (void)mdb_env_set_maxreaders(environment->env, options->maxreaders);
    (void)mdb_env_set_maxdbs(environment->env,
                             DATABASES_PER_SCHEMA * options->maxschemas +
                                 OTHER_DATABASES);
    (void)mdb_env_set_mapsize(environment->env, size);
    (void)mdb_env_set_userctx(environment->env, environment);
    (void)mdb_env_set_assert(environment->env, on_assert);
    code = mdb_env_open(environment->env, folder, flags, 0644);
    if (code != MDB_SUCCESS) {
        mdb_env_close(environment->env);
        environment->env = NULL;
    }
    return code;
}

/* Turns the path of the data file into that of its folder. */
static void cut_name(char *path)
{
    *strrchr(path, '/') = '\0';
}

/* If the process has no room for a map of the wanted size, half of it is tried,
 * and so on. */
static int open_env(struct environment *environment,
                    const struct options *options, size_t used,
                    quipu_error *error)
{
    const quipu_host *host = environment->host;
    const size_t page_size = environment->map.page_size;
    size_t least = used + used / 2 + MAP_MIN;
    size_t size = options->mapsize > used ? (size_t)options->mapsize : least;
    char *folder = quipu_common_text_copy(host, environment->path);
    if (!folder) {
        return quipu_lmdb_error_no_memory(host, error);
    }
    cut_name(folder);
    if (environment->has_lock_file) {
        int status = quipu_lmdb_reader_table_prepare(
            host, folder, options->maxreaders, error);
        if (status != QUIPU_OK) {
            host->release(folder);
            return status;
        }
    }
    size -= size % page_size;
    int code = open_with_size(environment, options, folder, size);
    while ((code == ENOMEM || code == EINVAL) && size / 2 >= least) {
        size = size / 2 - size / 2 % page_size;
        code = open_with_size(environment, options, folder, size);
    }
    host->release(folder);
    if (code == MDB_INVALID) { /* the data file was checked */
        return host->error_set(
            error, QUIPU_IO, code, NULL,
            "the reader table lock.mdb beside \"%s\" is in use and not set up; "
            "close all programs that use the store, remove lock.mdb, and open "
            "the store again",
            environment->path);
    }
    if (code == EINVAL) {
        code = EOPNOTSUPP; /* the file system refuses the mapping */
    }
    return code == MDB_SUCCESS ? QUIPU_OK
                               : quipu_lmdb_error_set(host, environment->path,
                                                      code, "open", error);
}

/* Notes the files that the process has opened. */
static int note_names(struct environment *environment, quipu_error *error)
{
    const quipu_host *host = environment->host;
    struct file_names *names = &environment->file_names;
    char *folder = quipu_common_text_copy(host, environment->path);
    if (!folder) {
        return quipu_lmdb_error_no_memory(host, error);
    }
    cut_name(folder);
    int status =
        quipu_common_file_names_add(names, host, environment->path, "", error);
    if (status == QUIPU_OK) {
        status = quipu_common_file_names_add(names, host, environment->path,
                                             "-quipu", error);
    }
    if (status == QUIPU_OK) {
        status = quipu_common_file_names_add(names, host, folder, "/lock.mdb",
                                             error);
    }
    host->release(folder);
    return status;
}

int quipu_lmdb_environment_check_name(const struct environment *environment,
                                      quipu_error *error)
{
    const struct file_identity identity = { environment->device,
                                            environment->inode };
    return quipu_common_file_names_require_file(
        environment->host, environment->path, &identity, error);
}

/* After the file check, in an environment that knows if it is lockless. */
static int open_checked(struct environment *environment,
                        const struct options *options, size_t used,
                        int64_t deadline, quipu_error *error)
{
    environment->writable =
        environment->has_lock_file && access(environment->path, W_OK) == 0;
    if (environment->writable) {
        environment->sync_fd = open(environment->path, O_RDONLY | O_CLOEXEC);
    }
    int status = open_env(environment, options, used, error);
    if (status == QUIPU_OK && environment->has_lock_file) {
        status = note_names(environment, error);
    }
    /* One process at a time opens LMDB's environment: of two that wait for a
     * third, which is killed while it creates LMDB's lock file, both would take
     * that file for complete. */
    if (environment->has_lock_file && status == QUIPU_OK) {
        quipu_common_lock_file_unlock(&environment->lock_file);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    int code = quipu_lmdb_map_locate(environment, deadline);
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_error_set(environment->host, environment->path,
                                      code, "read the catalogue", error);
}

int quipu_lmdb_environment_open(struct environment *environment,
                                const struct options *options, bool readonly,
                                int64_t deadline, quipu_error *error)
{
    struct file_check check = { .host = environment->host,
                                .path = environment->path };
    int status = quipu_lmdb_file_check_run(&check, error);
    if (status != QUIPU_OK) {
        return status;
    }
    environment->map.page_size = check.page_size;
    environment->lockless = options->immutable && readonly;
    if (!environment->lockless) {
        status = open_lock_file(environment, readonly, deadline, error);
    }
    if (status == QUIPU_OK) {
        status =
            open_checked(environment, options, check.used, deadline, error);
    }
    if (status != QUIPU_OK) {
        close_environment(environment); /* the next attempt starts afresh */
    }
    return status;
}

/* ------------------------------------------------------------------- names */

int quipu_lmdb_environment_lock_names(struct environment *environment,
                                      int64_t deadline, quipu_error *error)
{
    const quipu_host *host = environment->host;
    if (pthread_equal(atomic_load(&environment->names_owner), pthread_self())) {
        return host->error_set(
            error, QUIPU_DENIED, 0, NULL,
            "\"%s\" was opened, or a schema of it, from the function inside a "
            "transaction on it; open it before, or use the native handle there",
            environment->path);
    }
    if (quipu_common_fair_lock_take_mutex(&environment->names, deadline) != 0) {
        return host->error_set(
            error, QUIPU_BUSY, 0, NULL,
            "a function in a transaction on \"%s\" ran until the deadline, and "
            "LMDB opens no database beside it; try again, or raise timeout",
            environment->path);
    }
    atomic_store(&environment->names_owner, pthread_self());
    return QUIPU_OK;
}

void quipu_lmdb_environment_unlock_names(struct environment *environment)
{
    atomic_store(&environment->names_owner, 0);
    (void)pthread_mutex_unlock(&environment->names);
}
