/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library to preload (LD_PRELOAD) that stands between a process and libc's
 * file calls.  The environment says what happens to files below one folder:
 *
 *   QUIPU_FAULT_FOLDER   the folder, absolute
 *   QUIPU_FAULT_IMAGE    a folder, there and empty, for what survives
 *   QUIPU_FAULT_CUT      the number of the sync at which the power is cut,
 *                        before it takes effect; the process ends with 99
 *   QUIPU_FAULT_SEED     of the chance in a power cut; default 1
 *   QUIPU_FAULT_LIE      1: syncs report success and do nothing
 *   QUIPU_FAULT_CALL     "sync", "write", "truncate" or "open": the call to
 *   QUIPU_FAULT_AT       fail, from its n-th time on this often
 *   QUIPU_FAULT_TIMES    (default 1), with
 *   QUIPU_FAULT_ERRNO    this number (default EIO)
 *
 * Without a folder it does nothing.
 */
/* The parameters of libc's functions have names that only libc may use. */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
#include "disk.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXIT_CUT 99

/* The next definition of a function, as its own type. */
/* NOLINTNEXTLINE(bugprone-macro-parentheses): the name of a function. */
#define NEXT(name) ((__typeof__(&name))next_symbol(#name))

enum call { CALL_SYNC, CALL_WRITE, CALL_TRUNCATE, CALL_OPEN, CALLS };

static struct {
    bool active;
    bool lie;
    unsigned long cut;
    int fail_call; /* enum call, or -1 */
    unsigned long fail_at;
    unsigned long fail_times;
    int fail_errno;
} plan;

static atomic_ulong counts[CALLS];

/* POSIX lets what dlsym gives be a function; ISO C has no cast for that. */
static void (*next_symbol(const char *name))(void)
{
    union {
        void *object;
        void (*function)(void);
    } symbol = { dlsym(RTLD_NEXT, name) };
    if (symbol.object == NULL) {
        abort();
    }
    return symbol.function;
}

static unsigned long number_of(const char *name, unsigned long fallback)
{
    const char *text = getenv(name);
    return text != NULL ? strtoul(text, NULL, 10) : fallback;
}

static int call_of(const char *name)
{
    static const char *const names[CALLS] = { "sync", "write", "truncate",
                                              "open" };
    for (int i = 0; name != NULL && i < CALLS; i++) {
        if (strcmp(name, names[i]) == 0) {
            return i;
        }
    }
    return -1;
}

__attribute__((constructor)) static void read_plan(void)
{
    const char *folder = getenv("QUIPU_FAULT_FOLDER");
    const char *image = getenv("QUIPU_FAULT_IMAGE");
    if (folder == NULL) {
        return;
    }
    plan.active = true;
    plan.lie = number_of("QUIPU_FAULT_LIE", 0) != 0;
    plan.cut = number_of("QUIPU_FAULT_CUT", 0);
    plan.fail_call = call_of(getenv("QUIPU_FAULT_CALL"));
    plan.fail_at = number_of("QUIPU_FAULT_AT", 1);
    plan.fail_times = number_of("QUIPU_FAULT_TIMES", 1);
    plan.fail_errno = (int)number_of("QUIPU_FAULT_ERRNO", EIO);
    /* Without an image there is nothing to cut: only calls fail. */
    disk_start(folder, image != NULL ? image : folder,
               number_of("QUIPU_FAULT_SEED", 1));
    if (image == NULL) {
        plan.cut = 0;
    }
}

/* Whether writes are to be remembered for a cut. */
static bool remembers(void)
{
    return plan.cut != 0;
}

/* Counts a call; true if it is one that fails, with errno set. */
static bool fails(enum call call)
{
    unsigned long n = atomic_fetch_add(&counts[call], 1) + 1;
    if ((int)call != plan.fail_call || n < plan.fail_at ||
        n - plan.fail_at >= plan.fail_times) {
        return false;
    }
    errno = plan.fail_errno;
    return true;
}

/* ---------------------------------------------------------------- opening */

static int open_watched(int folder_fd, const char *path, int flags, mode_t mode)
{
    struct stat info;
    char absolute[PATH_MAX];
    if (!plan.active || folder_fd != AT_FDCWD) {
        return NEXT(openat)(folder_fd, path, flags, mode);
    }
    if (path[0] != '/' && getcwd(absolute, sizeof absolute) != NULL) {
        size_t length = strlen(absolute);
        (void)snprintf(absolute + length, sizeof absolute - length, "/%s",
                       path);
    } else {
        (void)snprintf(absolute, sizeof absolute, "%s", path);
    }
    if (!disk_watches(absolute)) {
        return NEXT(openat)(folder_fd, path, flags, mode);
    }
    if (fails(CALL_OPEN)) {
        return -1;
    }
    bool created = (flags & O_CREAT) != 0 && stat(path, &info) != 0;
    bool emptied = (flags & O_TRUNC) != 0 && !created;
    int fd = NEXT(openat)(folder_fd, path, flags, mode);
    if (fd >= 0) {
        disk_opened(fd, absolute, created);
        if (emptied && remembers()) {
            disk_truncated(fd, 0);
        }
    }
    return fd;
}

static mode_t mode_of(int flags, va_list *arguments)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0
               ? (mode_t)va_arg(*arguments, unsigned)
               : 0;
}

#define OPEN(name)                                        \
    int name(const char *path, int flags, ...)            \
    {                                                     \
        va_list arguments;                                \
        va_start(arguments, flags);                       \
        mode_t mode = mode_of(flags, &arguments);         \
        va_end(arguments);                                \
        return open_watched(AT_FDCWD, path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                       \
    int name(int folder, const char *path, int flags, ...) \
    {                                                      \
        va_list arguments;                                 \
        va_start(arguments, flags);                        \
        mode_t mode = mode_of(flags, &arguments);          \
        va_end(arguments);                                 \
        return open_watched(folder, path, flags, mode);    \
    }
OPENAT(openat)
OPENAT(openat64)

int close(int fd)
{
    if (plan.active) {
        disk_closed(fd);
    }
    return NEXT(close)(fd);
}

/* ---------------------------------------------------------------- syncing */

/* Counts a sync of a watched file; the power may go before it takes effect.
 * -1: it fails, 1: it lies, 0: it is done. */
static int before_sync(void)
{
    if (fails(CALL_SYNC)) {
        return -1;
    }
    if (plan.cut != 0 && atomic_load(&counts[CALL_SYNC]) >= plan.cut) {
        disk_cut();
        _exit(EXIT_CUT);
    }
    return plan.lie ? 1 : 0;
}

static int sync_watched(int fd, int (*sync)(int fd))
{
    if (!plan.active || !disk_knows(fd)) {
        return sync(fd);
    }
    int answer = before_sync();
    if (answer != 0) {
        return answer > 0 ? 0 : -1;
    }
    int status = sync(fd);
    if (status == 0 && remembers()) {
        disk_synced(fd);
    }
    return status;
}

int fsync(int fd)
{
    return sync_watched(fd, NEXT(fsync));
}

int fdatasync(int fd)
{
    return sync_watched(fd, NEXT(fdatasync));
}

/* ---------------------------------------------------------------- writing */

static void wrote(int fd, const void *data, size_t size, off_t offset)
{
    if (!remembers()) {
        return;
    }
    int flags = fcntl(fd, F_GETFL);
    if ((flags & O_DSYNC) != 0 && before_sync() == 0) {
        disk_wrote_durably(fd, data, size, offset);
    } else {
        disk_wrote(fd, data, size, offset);
    }
}

static bool write_fails(int fd)
{
    return plan.active && disk_knows(fd) && fails(CALL_WRITE);
}

/* Remembers what a call wrote from an array of pieces. */
static void wrote_pieces(int fd, const struct iovec *pieces, int count,
                         ssize_t written, off_t offset)
{
    for (int i = 0; i < count && written > 0; i++) {
        size_t size = pieces[i].iov_len;
        if (size > (size_t)written) {
            size = (size_t)written;
        }
        wrote(fd, pieces[i].iov_base, size, offset);
        offset += (off_t)size;
        written -= (ssize_t)size;
    }
}

ssize_t write(int fd, const void *data, size_t size)
{
    if (write_fails(fd)) {
        return -1;
    }
    bool known = plan.active && disk_knows(fd);
    ssize_t written = NEXT(write)(fd, data, size);
    if (known && written > 0) {
        wrote(fd, data, (size_t)written, lseek(fd, 0, SEEK_CUR) - written);
    }
    return written;
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    if (write_fails(fd)) {
        return -1;
    }
    bool known = plan.active && disk_knows(fd);
    ssize_t written = NEXT(writev)(fd, pieces, count);
    if (known && written > 0) {
        wrote_pieces(fd, pieces, count, written,
                     lseek(fd, 0, SEEK_CUR) - written);
    }
    return written;
}

#define PWRITE(name)                                                  \
    ssize_t name(int fd, const void *data, size_t size, off_t offset) \
    {                                                                 \
        if (write_fails(fd)) {                                        \
            return -1;                                                \
        }                                                             \
        ssize_t written = NEXT(name)(fd, data, size, offset);         \
        if (written > 0 && plan.active && disk_knows(fd)) {           \
            wrote(fd, data, (size_t)written, offset);                 \
        }                                                             \
        return written;                                               \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

#define PWRITEV(name)                                                         \
    ssize_t name(int fd, const struct iovec *pieces, int count, off_t offset) \
    {                                                                         \
        if (write_fails(fd)) {                                                \
            return -1;                                                        \
        }                                                                     \
        ssize_t written = NEXT(name)(fd, pieces, count, offset);              \
        if (written > 0 && plan.active && disk_knows(fd)) {                   \
            wrote_pieces(fd, pieces, count, written, offset);                 \
        }                                                                     \
        return written;                                                       \
    }
PWRITEV(pwritev)
PWRITEV(pwritev64)

#define FTRUNCATE(name)                                              \
    int name(int fd, off_t size)                                     \
    {                                                                \
        if (plan.active && disk_knows(fd) && fails(CALL_TRUNCATE)) { \
            return -1;                                               \
        }                                                            \
        int status = NEXT(name)(fd, size);                           \
        if (status == 0 && remembers() && disk_knows(fd)) {          \
            disk_truncated(fd, size);                                \
        }                                                            \
        return status;                                               \
    }
FTRUNCATE(ftruncate)
FTRUNCATE(ftruncate64)

/* ------------------------------------------------------------------ names */

int unlink(const char *path)
{
    int status = NEXT(unlink)(path);
    if (status == 0 && remembers() && disk_watches(path)) {
        disk_removed(path);
    }
    return status;
}

int rename(const char *from, const char *to)
{
    int status = NEXT(rename)(from, to);
    if (status == 0 && remembers() && disk_watches(from) && disk_watches(to)) {
        disk_renamed(from, to);
    }
    return status;
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
