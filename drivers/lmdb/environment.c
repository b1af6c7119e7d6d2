/* SPDX-License-Identifier: Apache-2.0 */
/* The register of the environments that this process has open. */
#include "lmdb_driver.h"

#include "common/clock.h"
#include "probe.h"
#include "store.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPARTURE_TIME CLOCK_SECOND /* to wait for others when closing */
#define MAP_LEAST ((size_t)1 << 20)
#define NAMES_BESIDE 64 /* databases that are no schema's */

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

/* ------------------------------------------------------------- the entries */

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
    (void)pthread_mutex_destroy(&environment->naming);
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
    environment->holders = 1;
    environment->process = getpid();
    environment->commit_counter = &environment->own_commit_counter;
    environment->marks = environment->own_marks;
    (void)pthread_mutex_init(&environment->opening, NULL);
    (void)pthread_mutex_init(&environment->naming, NULL);
    (void)quipu_lmdb_map_init(&environment->map);
    environment->path = quipu_common_text_copy(host, path);
    if (!environment->path) {
        destroy(environment);
        return NULL;
    }
    return environment;
}

static int hold(const quipu_host *host, const char *path,
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
            return quipu_lmdb_no_memory(host, error);
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

int quipu_lmdb_environment_hold(const quipu_host *host, const char *path,
                                struct environment **environment,
                                quipu_error *error)
{
    (void)pthread_once(&once, watch_forks);
    (void)pthread_mutex_lock(&environments_lock);
    int status = hold(host, path, environment, error);
    (void)pthread_mutex_unlock(&environments_lock);
    return status;
}

/* ----------------------------------------------------------------- closing */

static void close_environment(struct environment *environment)
{
    bool alone = false;
    for (size_t i = 0; i < IDLE_MAX; i++) {
        mdb_txn_abort(atomic_exchange(&environment->idle[i], NULL));
    }
    if (environment->gated) {
        alone = quipu_common_lock_file_try_exclusive(
            &environment->lock_file, clock_now() + DEPARTURE_TIME);
    }
    if (environment->env) {
        mdb_env_close(environment->env);
        environment->env = NULL;
    }
    if (environment->gated) {
        quipu_common_lock_file_close(&environment->lock_file, environment->host,
                                     alone);
        environment->gated = false;
        environment->commit_counter = &environment->own_commit_counter;
        environment->marks = environment->own_marks;
    }
}

/* It is closed before the register is let go: who opens the file next must not
 * do so while LMDB still has it. */
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

/* Who may only read has no gate where he cannot write its lock file: then he
 * hears of nothing, and looks now and then. */
static int pass_gate(struct environment *environment, bool readonly,
                     int64_t deadline, quipu_error *error)
{
    bool alone = false;
    quipu_error own = { 0 };
    int status = quipu_common_lock_file_open_locked(
        &environment->lock_file, environment->host, environment->path,
        environment->path, deadline, &alone, &own);
    if (status == QUIPU_DENIED && readonly) {
        return QUIPU_OK;
    }
    if (status != QUIPU_OK) {
        return quipu_common_error_pass(status, &own, error);
    }
    environment->gated = true;
    environment->fair_lock = &environment->lock_file.page->fair_lock;
    environment->commit_counter = &environment->lock_file.page->commit_counter;
    environment->marks = environment->lock_file.page->marks;
    return QUIPU_OK;
}

/* LMDB ends the process next: a transaction that writes cannot be undone from
 * here, and LMDB's lock, which others wait for, is only given back so. */
static void on_assert(MDB_env *env, const char *message)
{
    const struct environment *environment = mdb_env_get_userctx(env);
    environment->host->message(QUIPU_LEVEL_WARNING,
                               "\"%s\" is damaged; restore it from a backup. "
                               "LMDB found: %s",
                               environment->path, message);
}

/* One try, with a map of that size; an LMDB code. */
static int try_open(struct environment *environment,
                    const struct options *options, const char *folder,
                    size_t size, unsigned flags)
{
    int code = mdb_env_create(&environment->env);
    if (code != MDB_SUCCESS) {
        environment->env = NULL;
        return code;
    }
    (void)mdb_env_set_maxreaders(environment->env, options->maxreaders);
    (void)mdb_env_set_maxdbs(environment->env,
                             3 * options->maxschemas + NAMES_BESIDE);
    (void)mdb_env_set_mapsize(environment->env, size);
    (void)mdb_env_set_userctx(environment->env, environment);
    (void)mdb_env_set_assert(environment->env, on_assert);
    code = mdb_env_open(environment->env, folder, flags | MDB_NOTLS, 0644);
    if (code != MDB_SUCCESS) {
        mdb_env_close(environment->env);
        environment->env = NULL;
    }
    return code;
}

/* The file's folder, for as long as `text` is as it was. */
static void cut_name(char *text)
{
    *strrchr(text, '/') = '\0';
}

/* Where there are not so many addresses it does with half of them, and so on.
 */
static int open_env(struct environment *environment,
                    const struct options *options, size_t used, unsigned flags,
                    quipu_error *error)
{
    const quipu_host *host = environment->host;
    size_t least = used + used / 2 + MAP_LEAST;
    size_t size = options->mapsize > used ? (size_t)options->mapsize : least;
    char *folder = quipu_common_text_copy(host, environment->path);
    if (!folder) {
        return quipu_lmdb_no_memory(host, error);
    }
    cut_name(folder);
    size -= size % environment->map.page;
    int code = try_open(environment, options, folder, size, flags);
    while ((code == ENOMEM || code == EINVAL) && size / 2 >= least) {
        size = size / 2 - size / 2 % environment->map.page;
        code = try_open(environment, options, folder, size, flags);
    }
    host->release(folder);
    if (code == EINVAL) {
        code = EOPNOTSUPP; /* what it asked of the file system */
    }
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_fail(host, environment->path, code, "open", error);
}

static int open_probed(struct environment *environment,
                       const struct options *options, bool readonly,
                       const struct probe *found, int64_t deadline,
                       quipu_error *error)
{
    bool immutable = options->immutable && readonly;
    int status = immutable ? QUIPU_OK
                           : pass_gate(environment, readonly, deadline, error);
    if (status != QUIPU_OK) {
        return status;
    }
    environment->map.page = found->page;
    environment->lockless = immutable;
    environment->writable =
        environment->gated && access(environment->path, W_OK) == 0;
    unsigned flags = immutable               ? MDB_RDONLY | MDB_NOLOCK
                     : environment->writable ? 0
                                             : MDB_RDONLY;
    status = open_env(environment, options, found->used, flags, error);
    /* One after the other: of two that wait in LMDB for a third who dies while
     * he makes its lock file, both would take that for made. */
    if (environment->gated && status == QUIPU_OK) {
        quipu_common_lock_file_unlock(&environment->lock_file);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    int code = quipu_lmdb_map_locate(environment, deadline);
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_fail(environment->host, environment->path, code,
                                 "read the catalogue", error);
}

int quipu_lmdb_environment_open(struct environment *environment,
                                const struct options *options, bool readonly,
                                int64_t deadline, quipu_error *error)
{
    struct probe found = { 0 };
    int status =
        quipu_lmdb_probe(environment->host, environment->path, &found, error);
    if (status == QUIPU_OK) {
        status = open_probed(environment, options, readonly, &found, deadline,
                             error);
        if (status != QUIPU_OK) {
            close_environment(environment); /* the next one tries anew */
        }
    }
    return status;
}

/* ------------------------------------------------------------------ naming */

void quipu_lmdb_naming_begin(struct environment *environment)
{
    (void)pthread_mutex_lock(&environment->naming);
}

void quipu_lmdb_naming_end(struct environment *environment)
{
    (void)pthread_mutex_unlock(&environment->naming);
}
