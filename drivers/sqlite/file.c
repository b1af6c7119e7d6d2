/* SPDX-License-Identifier: Apache-2.0 */
/* The register of the database files that this process has open; file.h says
 * why there is one. A mutex protects the list and the counts of holders. */
#include "file.h"

#include "common/error.h"
#include "common/safeguard.h"
#include "sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t files_lock = PTHREAD_MUTEX_INITIALIZER;
static struct file *files;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* fork() while another thread holds a lock would leave it locked in the child,
 * which must still be able to open other files. Besides the register's these
 * are SQLite's static mutexes, which any of its calls may hold: for memory, the
 * list of open files, random numbers. They are acquired in an order in which
 * SQLite nests them; it acquires none while it holds that for memory. */
static const int static_ids[] = {
    SQLITE_MUTEX_STATIC_OPEN, SQLITE_MUTEX_STATIC_PRNG,
    SQLITE_MUTEX_STATIC_MAIN, SQLITE_MUTEX_STATIC_VFS1,
    SQLITE_MUTEX_STATIC_VFS2, SQLITE_MUTEX_STATIC_VFS3,
    SQLITE_MUTEX_STATIC_LRU,  SQLITE_MUTEX_STATIC_PMEM,
    SQLITE_MUTEX_STATIC_MEM
};
#define STATICS (sizeof(static_ids) / sizeof(static_ids[0]))

static void before_fork(void)
{
    (void)pthread_mutex_lock(&files_lock);
    SAFEGUARD("contract.sqlites-mutexes-at-fork")
    for (size_t i = 0; i < STATICS; i++) {
        sqlite3_mutex_enter(sqlite3_mutex_alloc(static_ids[i]));
    }
}

static void after_fork(void)
{
    SAFEGUARD("contract.sqlites-mutexes-at-fork")
    for (size_t i = STATICS; i > 0; i--) {
        sqlite3_mutex_leave(sqlite3_mutex_alloc(static_ids[i - 1]));
    }
    (void)pthread_mutex_unlock(&files_lock);
}

/* SQLite is initialised first, which it does under mutexes of its own. */
static void register_fork_handlers(void)
{
    (void)sqlite3_initialize();
    (void)pthread_atfork(before_fork, after_fork, after_fork);
}

int quipu_sqlite_file_create(const quipu_host *host, struct file **file,
                             quipu_error *error)
{
    struct file *made = host->allocate(sizeof(*made));
    if (!made) {
        return quipu_sqlite_error_no_memory(host, error);
    }
    *made = (struct file){ .release = host->release,
                           .holders = 1,
                           .lock_file = { .fd = -1 } };
    if (quipu_common_fair_lock_init(&made->own_fair_lock) != 0 ||
        pthread_mutex_init(&made->opening, NULL) != 0) {
        host->release(made);
        return quipu_sqlite_error_no_memory(host, error);
    }
    *file = made;
    return QUIPU_OK;
}

/* Finds device and inode of the file, which is created if `create` is set and
 * it is missing (*made). A new file is opened and closed here, which drops no
 * locks of SQLite: nothing in this process can have the file open, since
 * files_lock is held. */
static int identify(const quipu_host *host, const char *path, bool create,
                    struct stat *info, bool *made, quipu_error *error)
{
    if (stat(path, info) == 0) {
        return QUIPU_OK;
    }
    if (errno != ENOENT) {
        return quipu_common_error_set_system(host, path, errno, "look at",
                                             error);
    }
    if (SAFEGUARDED("F4.nothing-is-made-unasked", !create, false)) {
        return host->error_set(error, QUIPU_NOT_FOUND, 0, NULL,
                               "\"%s\" does not exist; create=yes creates it",
                               path);
    }
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    *made = fd >= 0;
    if (fd < 0 && errno == EEXIST) { /* another process has created it */
        fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    }
    int code = fd < 0 || fstat(fd, info) != 0 ? errno : 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return code == 0 ? QUIPU_OK
                     : quipu_common_error_set_system(host, path, code, "create",
                                                     error);
}

static struct file *find(const struct stat *info)
{
    struct file *file = files;
    while (file &&
           (file->device != info->st_dev || file->inode != info->st_ino)) {
        file = file->next;
    }
    return file;
}

/* Adds an entry to the register. */
static int enter(const quipu_host *host, const struct stat *info,
                 struct file **file, quipu_error *error)
{
    int status = quipu_sqlite_file_create(host, file, error);
    if (status == QUIPU_OK) {
        (*file)->device = info->st_dev;
        (*file)->inode = info->st_ino;
        (*file)->process = getpid();
        (*file)->next = files;
        files = *file;
    }
    return status;
}

/* With files_lock held. */
static int acquire(const quipu_host *host, const char *path, bool create,
                   struct file **file, quipu_error *error)
{
    struct stat info = { 0 };
    bool made = false;
    int status = identify(host, path, create, &info, &made, error);
    if (status != QUIPU_OK) {
        return status;
    }
    struct file *found = find(&info);
    if (!found) {
        status = enter(host, &info, file, error);
        if (status == QUIPU_OK) {
            (*file)->made = made;
        } else if (made) {
            (void)unlink(path);
        }
        return status;
    }
    if (SAFEGUARDED("F4.across-a-fork", found->process != getpid(), false)) {
        return host->error_set(
            error, QUIPU_INVALID, 0, NULL,
            "\"%s\" was open when this process was forked, and SQLite cannot "
            "be used across fork; open it after the fork only",
            path);
    }
    found->holders++;
    *file = found;
    return QUIPU_OK;
}

int quipu_sqlite_file_acquire(const quipu_host *host, const char *path,
                              bool create, struct file **file,
                              quipu_error *error)
{
    (void)pthread_once(&once, register_fork_handlers);
    (void)pthread_mutex_lock(&files_lock);
    int status = acquire(host, path, create, file, error);
    (void)pthread_mutex_unlock(&files_lock);
    return status;
}

bool quipu_sqlite_file_is_open(const struct stat *info)
{
    (void)pthread_mutex_lock(&files_lock);
    bool found = find(info);
    (void)pthread_mutex_unlock(&files_lock);
    return found;
}

int quipu_sqlite_file_note_names(struct file *file, const quipu_host *host,
                                 const char *path, quipu_error *error)
{
    static const char *const suffixes[] = { "", "-wal", "-shm", "-quipu" };
    struct file_names *names = &file->names;

    for (size_t i = names->count; i < 4; i++) {
        int status =
            quipu_common_file_names_add(names, host, path, suffixes[i], error);
        if (status != QUIPU_OK) {
            quipu_common_file_names_finish(names);
            return status;
        }
    }
    return QUIPU_OK;
}

int quipu_sqlite_file_check_name(const struct file *file,
                                 const quipu_host *host, const char *path,
                                 quipu_error *error)
{
    const struct file_identity identity = { file->device, file->inode };

    return quipu_common_file_names_require_file(host, path, &identity, error);
}

/* Removes the file that a failed opening has created, unless a program has
 * written to it since, or is about to: it would hold a lock of SQLite. */
static void remove_empty(const struct file *file, const char *path)
{
    struct flock lock_bytes = { .l_type = F_WRLCK,
                                .l_whence = SEEK_SET,
                                .l_start = 0x40000000,
                                .l_len = 512 };
    struct stat info;
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0) {
        return;
    }
    if (fcntl(fd, F_OFD_SETLK, &lock_bytes) == 0 && fstat(fd, &info) == 0 &&
        info.st_dev == file->device && info.st_ino == file->inode &&
        info.st_size == 0) {
        SAFEGUARD("F4.failed-opening-leaves-no-file")
        (void)unlink(path);
    }
    (void)close(fd);
}

void quipu_sqlite_file_release(struct file *file, const char *path)
{
    if (!file) {
        return;
    }
    (void)pthread_mutex_lock(&files_lock);
    bool last = --file->holders == 0;
    if (last && file->made) {
        remove_empty(file, path);
    }
    struct file **at = &files;
    while (last && *at && *at != file) {
        at = &(*at)->next;
    }
    if (last && *at) {
        *at = file->next;
    }
    (void)pthread_mutex_unlock(&files_lock);
    if (last) {
        (void)pthread_mutex_destroy(&file->opening);
        quipu_common_fair_lock_finish(&file->own_fair_lock);
        file->release(file);
    }
}
