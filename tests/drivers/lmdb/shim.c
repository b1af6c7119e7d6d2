/* SPDX-License-Identifier: Apache-2.0 */
/* System calls that fail on request (shim.h). */

/* With it, libc's headers define some of these functions as inline. */
#undef _FORTIFY_SOURCE

#include "shim.h"

#include <quipu/types.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_int counts[SHIM_CALLS];
static struct {
    atomic_int call;
    atomic_int from; /* calls until the first that fails */
    atomic_int times;
    atomic_int number;
    atomic_bool failed;
} plan = { .call = SHIM_CALLS };

/* Returns true if this call must fail, with errno set. */
static bool fails(enum shim_call call)
{
    (void)atomic_fetch_add(&counts[call], 1);
    if ((int)call != atomic_load(&plan.call)) {
        return false;
    }
    int n = atomic_fetch_sub(&plan.from, 1);
    if (n > 1 || n <= 1 - atomic_load(&plan.times)) {
        return false;
    }
    atomic_store(&plan.failed, true);
    errno = atomic_load(&plan.number);
    return true;
}

/* Finds the real function.  ISO C cannot convert the pointer, so it is copied.
 */
#define NEXT(name)                                    \
    static __typeof__(&(name)) next;                  \
    if (!next) {                                      \
        void *found = dlsym(RTLD_NEXT, #name);        \
        memcpy((void *)&next, &found, sizeof(found)); \
    }

/* Parameters are named differently in the system's headers; va_start has begun
 * the lists. */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
/* NOLINTBEGIN(clang-analyzer-valist.Uninitialized) */

QUIPU_API ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    NEXT(pwrite)
    bool durable = (fcntl(fd, F_GETFL) & O_DSYNC) != 0;
    return fails(durable ? SHIM_META : SHIM_WRITE)
               ? -1
               : next(fd, data, size, offset);
}

QUIPU_API ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    NEXT(writev)
    return fails(SHIM_WRITE) ? -1 : next(fd, pieces, count);
}

QUIPU_API int fdatasync(int fd)
{
    NEXT(fdatasync)
    return fails(SHIM_SYNC) ? -1 : next(fd);
}

QUIPU_API int fsync(int fd)
{
    NEXT(fsync)
    return fails(SHIM_SYNC) ? -1 : next(fd);
}

QUIPU_API ssize_t pread(int fd, void *data, size_t size, off_t offset)
{
    NEXT(pread)
    return fails(SHIM_READ) ? -1 : next(fd, data, size, offset);
}

QUIPU_API int open(const char *path, int flags, ...)
{
    NEXT(open)
    mode_t mode = 0;
    if ((flags & O_CREAT) != 0) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    return fails(SHIM_OPEN) ? -1 : next(path, flags, mode);
}

QUIPU_API void *mmap(void *address, size_t size, int protection, int flags,
                     int fd, off_t offset)
{
    NEXT(mmap)
    return fd >= 0 && fails(SHIM_MAP)
               ? MAP_FAILED
               : next(address, size, protection, flags, fd, offset);
}

QUIPU_API int fcntl(int fd, int command, ...)
{
    NEXT(fcntl)
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    bool locks =
        command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK;
    return locks && fails(SHIM_LOCK) ? -1 : next(fd, command, argument);
}

static atomic_int version_major = -1;
static atomic_int version_minor;

QUIPU_API char *mdb_version(int *major, int *minor, int *patch)
{
    NEXT(mdb_version)
    char *text = next(major, minor, patch);
    if (atomic_load(&version_major) >= 0) {
        *major = atomic_load(&version_major);
        *minor = atomic_load(&version_minor);
    }
    return text;
}

void shim_set_version(int major, int minor)
{
    atomic_store(&version_minor, minor);
    atomic_store(&version_major, major);
}

void shim_fail(enum shim_call call, int n, int times, int number)
{
    atomic_store(&plan.call, SHIM_CALLS);
    atomic_store(&plan.failed, false);
    atomic_store(&plan.from, n);
    atomic_store(&plan.times, times);
    atomic_store(&plan.number, number);
    atomic_store(&plan.call, (int)call);
}

void shim_heal(void)
{
    atomic_store(&plan.call, SHIM_CALLS);
}

bool shim_has_failed(void)
{
    return atomic_load(&plan.failed);
}

int shim_count(enum shim_call call)
{
    return atomic_load(&counts[call]);
}

void shim_reset(void)
{
    memset((void *)counts, 0, sizeof(counts));
}

/* NOLINTEND(clang-analyzer-valist.Uninitialized) */
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
