/* SPDX-License-Identifier: Apache-2.0 */
/* The lock file beside the database. */
#include "lock_file.h"

#include "clock.h"
#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_FILE_PAGE 4096
#define LOCK_FILE_FORMAT 1

enum { BYTE_DOOR = 0, BYTE_HOUSE = 1 };

static const char magic[8] = "quipu\n1";

_Static_assert(sizeof(struct lock_file_page) <= LOCK_FILE_PAGE,
               "it is one page");

/* ------------------------------------------------------------------ locks */

/* Locks a byte (F_RDLCK, F_WRLCK) or unlocks it, at once; 0 or an errno. */
static int lock_byte(int fd, int byte, short type)
{
    struct flock lock = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1
    };
    return fcntl(fd, F_OFD_SETLK, &lock) == 0 ? 0 : errno;
}

static bool is_held(int code)
{
    return code == EAGAIN || code == EACCES;
}

/* The door is shut for as long as an opening or closing takes; these are few,
 * and their order does not matter, so here it polls. */
static int shut_door(int fd, int64_t deadline)
{
    for (;;) {
        int code = lock_byte(fd, BYTE_DOOR, F_WRLCK);
        if (!is_held(code)) {
            return code;
        }
        if (clock_now() >= deadline) {
            return ETIMEDOUT;
        }
        clock_sleep_until(clock_after(CLOCK_MILLISECOND, deadline));
    }
}

/* ------------------------------------------------------------------- file */

/* Who may write the database may write this file.  Where the system does not
 * let us arrange that, those who come later are told. */
static void take_after(int fd, const char *like)
{
    struct stat info;
    if (stat(like, &info) != 0 ||
        (geteuid() == 0 && fchown(fd, info.st_uid, info.st_gid) != 0)) {
        return;
    }
    (void)fchmod(fd, info.st_mode & 0777);
}

static int open_file(const char *path, const char *like)
{
    const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
    int fd = open(path, flags);
    if (fd >= 0 || errno != ENOENT) {
        return fd;
    }
    fd = open(path, flags | O_CREAT | O_EXCL, 0600);
    if (fd >= 0) {
        take_after(fd, like);
    } else if (errno == EEXIST) {
        fd = open(path, flags);
    }
    return fd;
}

/* Whether its last user removed the file before we locked it. */
static bool is_removed(int fd, const char *path)
{
    struct stat ours;
    struct stat named;
    return fstat(fd, &ours) != 0 || stat(path, &named) != 0 ||
           ours.st_ino != named.st_ino || ours.st_dev != named.st_dev;
}

/* Opens the file and shuts the door; 0 or an errno. */
static int come_to_door(struct lock_file *lock_file, const char *like,
                        int64_t deadline)
{
    for (;;) {
        lock_file->fd = open_file(lock_file->path, like);
        if (lock_file->fd < 0) {
            if (errno == ENOENT && clock_now() < deadline) {
                continue; /* removed between two looks */
            }
            return errno;
        }
        int code = shut_door(lock_file->fd, deadline);
        if (code != 0 || !is_removed(lock_file->fd, lock_file->path)) {
            return code;
        }
        (void)close(lock_file->fd);
    }
}

/* ------------------------------------------------------------------- page */

static int map(struct lock_file *lock_file)
{
    void *page = mmap(NULL, LOCK_FILE_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
                      lock_file->fd, 0);
    if (page == MAP_FAILED) {
        return errno;
    }
    lock_file->page = page;
    return 0;
}

static int set_up(struct lock_file *lock_file)
{
    static const char zeros[LOCK_FILE_PAGE];
    /* Written, not only sized: on a full disk a hole would kill us later. */
    ssize_t size = pwrite(lock_file->fd, zeros, LOCK_FILE_PAGE, 0);
    int code = size == LOCK_FILE_PAGE ? 0 : size < 0 ? errno : ENOSPC;
    if (code == 0) {
        code = map(lock_file);
    }
    if (code == 0) {
        code = quipu_common_fair_lock_init(&lock_file->page->fair_lock);
    }
    if (code == 0) {
        lock_file->page->format = LOCK_FILE_FORMAT;
        lock_file->page->size = sizeof(*lock_file->page);
        memcpy(lock_file->page->magic, magic, sizeof(magic));
    }
    return code;
}

static bool is_ours(const struct lock_file_page *page)
{
    return memcmp(page->magic, magic, sizeof(magic)) == 0 &&
           page->format == LOCK_FILE_FORMAT && page->size == sizeof(*page);
}

/* Maps what others have set up; EPROTO if they are not like us. */
static int join(struct lock_file *lock_file)
{
    struct stat info;
    if (fstat(lock_file->fd, &info) != 0) {
        return errno;
    }
    if (info.st_size != LOCK_FILE_PAGE) {
        return EPROTO;
    }
    int code = map(lock_file);
    return code == 0 && !is_ours(lock_file->page) ? EPROTO : code;
}

/* With the door shut: finds out who else is there.  0 or an errno. */
static int enter(struct lock_file *lock_file, bool *alone)
{
    int code = lock_byte(lock_file->fd, BYTE_HOUSE, F_WRLCK);
    *alone = code == 0;
    if (is_held(code)) {
        code = lock_byte(lock_file->fd, BYTE_HOUSE, F_RDLCK);
    }
    if (code != 0) {
        return code;
    }
    return *alone ? set_up(lock_file) : join(lock_file);
}

static int fail(const quipu_host *host, const char *database, int code,
                quipu_error *error)
{
    switch (code) {
    case ETIMEDOUT:
        return host->error_set(error, QUIPU_BUSY, 0, NULL,
                               "\"%s\" was being opened or closed by another "
                               "program until the deadline; try again",
                               database);
    case EPROTO:
        return host->error_set(
            error, QUIPU_UNSUPPORTED, 0, NULL,
            "\"%s\" is in use by a program whose quipu or C library is too "
            "different from this one's; close it there first",
            database);
    case ENOLCK:
    case EOPNOTSUPP:
        return host->error_set(error, QUIPU_UNSUPPORTED, code, NULL,
                               "the file system of \"%s\" has no locks; use a "
                               "local one",
                               database);
    default:
        return quipu_common_error_set_system(
            host, database, code, "use the lock file (-quipu) beside", error);
    }
}

static char *beside(const quipu_host *host, const char *database)
{
    static const char suffix[] = "-quipu";
    size_t size = strlen(database);
    char *path = host->allocate(size + sizeof(suffix));
    if (path) {
        memcpy(path, database, size);
        memcpy(path + size, suffix, sizeof(suffix));
    }
    return path;
}

int quipu_common_lock_file_open_locked(struct lock_file *lock_file,
                                       const quipu_host *host,
                                       const char *database, const char *like,
                                       int64_t deadline, bool *alone,
                                       quipu_error *error)
{
    *lock_file = (struct lock_file){ .fd = -1 };
    lock_file->path = beside(host, database);
    if (!lock_file->path) {
        return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                               "no memory for the name of a lock file");
    }
    int code = come_to_door(lock_file, like, deadline);
    if (code == 0) {
        code = enter(lock_file, alone);
    }
    if (code != 0) {
        quipu_common_lock_file_close(lock_file, host, false);
        return fail(host, database, code, error);
    }
    return QUIPU_OK;
}

int quipu_common_lock_file_open(struct lock_file *lock_file,
                                const quipu_host *host, const char *database,
                                const char *like, int64_t deadline, bool *alone,
                                quipu_error *error)
{
    int status = quipu_common_lock_file_open_locked(
        lock_file, host, database, like, deadline, alone, error);
    if (status == QUIPU_OK && !*alone) {
        quipu_common_lock_file_unlock(lock_file);
    }
    return status;
}

void quipu_common_lock_file_unlock(struct lock_file *lock_file)
{
    (void)lock_byte(lock_file->fd, BYTE_HOUSE, F_RDLCK);
    (void)lock_byte(lock_file->fd, BYTE_DOOR, F_UNLCK);
}

bool quipu_common_lock_file_try_exclusive(struct lock_file *lock_file,
                                          int64_t deadline)
{
    return shut_door(lock_file->fd, deadline) == 0 &&
           !is_removed(lock_file->fd, lock_file->path) &&
           lock_byte(lock_file->fd, BYTE_HOUSE, F_WRLCK) == 0;
}

void quipu_common_lock_file_close(struct lock_file *lock_file,
                                  const quipu_host *host, bool remove)
{
    if (remove) {
        (void)unlink(lock_file->path);
    }
    if (lock_file->page) {
        (void)munmap(lock_file->page, LOCK_FILE_PAGE);
    }
    if (lock_file->fd >= 0) {
        (void)close(lock_file->fd);
    }
    host->release(lock_file->path);
    *lock_file = (struct lock_file){ .fd = -1 };
}
