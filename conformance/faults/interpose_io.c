/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interposes the functions that read, write, truncate and allocate the content
 * of files.
 *
 * A failed write of several sectors has written the first of them, as a disk
 * does; the journal records these.  With FAULT_FAIL_SILENTLY nothing is
 * written, but the file offset moves.
 */
/* libc declares its parameters with reserved names. */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
#include "interpose.h"
#include "journal.h"
#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512

static bool is_plain(int fd)
{
    return quipu_fault_plan.active && files_of(fd).kind == FILE_PLAIN;
}

/* ---------------------------------------------------------------- writing */

static size_t size_of(const struct iovec *pieces, int count)
{
    size_t size = 0;
    for (int i = 0; i < count; i++) {
        size += pieces[i].iov_len;
    }
    return size;
}

/* Writes at an offset, or, if that is -1, at the descriptor's own. */
static ssize_t put(int fd, const struct iovec *pieces, int count,
                   int64_t offset)
{
    return offset < 0 ? NEXT(writev)(fd, pieces, count)
                      : NEXT(LARGE(pwritev))(fd, pieces, count, offset);
}

static int64_t offset_of(int fd, int64_t offset)
{
    return offset < 0 ? LARGE(lseek)(fd, 0, SEEK_CUR) : offset;
}

/* Writes the first sectors of a write that fails; returns -1. */
static ssize_t write_part(int fd, const struct iovec *pieces, int64_t offset)
{
    int number = errno;
    struct file file = files_of(fd);
    int64_t at = offset_of(fd, offset);
    int64_t end = (at + (int64_t)(pieces[0].iov_len / 2)) / SECTOR * SECTOR;
    if (end > at) {
        struct iovec part = { pieces[0].iov_base, (size_t)(end - at) };
        if (NEXT(LARGE(pwritev))(fd, &part, 1, at) == end - at) {
            journal_write_data(
                JOURNAL_WRITE, &file,
                &(struct journal_data){ &part, 1, part.iov_len, at });
        }
    }
    errno = number;
    return -1;
}

/* Writes to a descriptor with O_DSYNC or O_SYNC, which is a sync, too. */
static ssize_t write_synchronous(int fd, const struct iovec *pieces, int count,
                                 int64_t offset)
{
    struct file file = files_of(fd);
    enum fault fault = quipu_fault_plan_decide(CALL_SYNC);
    int number = errno;
    bool stores = fault == FAULT_NONE && !quipu_fault_plan.lie;
    ssize_t written = put(fd, pieces, count, offset);
    if (written > 0) {
        int64_t at = offset < 0 ? offset_of(fd, offset) - written : offset;
        journal_write_data(
            stores ? JOURNAL_STORE : JOURNAL_WRITE, &file,
            &(struct journal_data){ pieces, count, (size_t)written, at });
    }
    if (fault == FAULT_NONE) {
        return written;
    }
    journal_write_number(JOURNAL_SYNC_FAILED, &file, 0);
    errno = number;
    return fault == FAULT_FAIL_SILENTLY ? written : -1;
}

static ssize_t write_watched(int fd, const struct iovec *pieces, int count,
                             int64_t offset)
{
    struct file file = files_of(fd);
    enum fault fault = quipu_fault_plan_decide(CALL_WRITE);
    ssize_t written;
    if (fault == FAULT_FAIL) {
        return write_part(fd, pieces, offset);
    }
    if (fault == FAULT_FAIL_SILENTLY) {
        written = (ssize_t)size_of(pieces, count);
        if (offset < 0) {
            (void)LARGE(lseek)(fd, written, SEEK_CUR);
        }
        return written;
    }
    if (file.is_synchronous) {
        return write_synchronous(fd, pieces, count, offset);
    }
    written = put(fd, pieces, count, offset);
    if (written > 0 && journal_is_open()) {
        int64_t at = offset < 0 ? offset_of(fd, offset) - written : offset;
        journal_write_data(
            JOURNAL_WRITE, &file,
            &(struct journal_data){ pieces, count, (size_t)written, at });
    }
    return written;
}

ssize_t write(int fd, const void *data, size_t size)
{
    struct iovec piece = { (void *)data, size };
    return is_plain(fd) ? write_watched(fd, &piece, 1, -1)
                        : NEXT(write)(fd, data, size);
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    return is_plain(fd) ? write_watched(fd, pieces, count, -1)
                        : NEXT(writev)(fd, pieces, count);
}

#define PWRITE(name, offset_type)                                           \
    ssize_t name(int fd, const void *data, size_t size, offset_type offset) \
    {                                                                       \
        struct iovec piece = { (void *)data, size };                        \
        return is_plain(fd) ? write_watched(fd, &piece, 1, offset)          \
                            : NEXT(name)(fd, data, size, offset);           \
    }
EACH_SIZE(PWRITE, pwrite)

#define PWRITEV(name, offset_type)                                     \
    ssize_t name(int fd, const struct iovec *pieces, int count,        \
                 offset_type offset)                                   \
    {                                                                  \
        return is_plain(fd) ? write_watched(fd, pieces, count, offset) \
                            : NEXT(name)(fd, pieces, count, offset);   \
    }
EACH_SIZE(PWRITEV, pwritev)

/* ---------------------------------------------------------------- reading */

static bool read_fails(int fd)
{
    return is_plain(fd) && quipu_fault_plan_decide(CALL_READ) != FAULT_NONE;
}

ssize_t read(int fd, void *data, size_t size)
{
    return read_fails(fd) ? -1 : NEXT(read)(fd, data, size);
}

/* Called by programs that are built with _FORTIFY_SOURCE. */
/* NOLINTBEGIN(readability-redundant-declaration) */
#ifdef __GLIBC__
ssize_t __read_chk(int fd, void *data, size_t size, size_t room);
ssize_t __read_chk(int fd, void *data, size_t size, size_t room)
{
    return read_fails(fd) ? -1 : NEXT(__read_chk)(fd, data, size, room);
}

#define PREAD_CHECKED(name, offset_type)                                       \
    ssize_t name(int fd, void *data, size_t size, offset_type offset,          \
                 size_t room);                                                 \
    ssize_t name(int fd, void *data, size_t size, offset_type offset,          \
                 size_t room)                                                  \
    {                                                                          \
        return read_fails(fd) ? -1 : NEXT(name)(fd, data, size, offset, room); \
    }
PREAD_CHECKED(__pread_chk, off_t)
PREAD_CHECKED(__pread64_chk, off64_t)
#endif
/* NOLINTEND(readability-redundant-declaration) */

#define PREAD(name, offset_type)                                         \
    ssize_t name(int fd, void *data, size_t size, offset_type offset)    \
    {                                                                    \
        return read_fails(fd) ? -1 : NEXT(name)(fd, data, size, offset); \
    }
EACH_SIZE(PREAD, pread)

/* ------------------------------------------------------------------ sizes */

#define FTRUNCATE(name, offset_type)                               \
    int name(int fd, offset_type size)                             \
    {                                                              \
        if (!is_plain(fd)) {                                       \
            return NEXT(name)(fd, size);                           \
        }                                                          \
        enum fault fault = quipu_fault_plan_decide(CALL_TRUNCATE); \
        if (fault != FAULT_NONE) {                                 \
            return fault == FAULT_FAIL_SILENTLY ? 0 : -1;          \
        }                                                          \
        int status = NEXT(name)(fd, size);                         \
        if (status == 0) {                                         \
            struct file file = files_of(fd);                       \
            journal_write_number(JOURNAL_TRUNCATE, &file, size);   \
        }                                                          \
        return status;                                             \
    }
EACH_SIZE(FTRUNCATE, ftruncate)

static int64_t file_size(int fd)
{
    struct LARGE(stat) info;
    return LARGE(fstat)(fd, &info) == 0 ? info.st_size : 0;
}

/* Records an allocation, which is visible only if the file has grown. */
static void record_growth(int fd, int64_t before)
{
    struct file file = files_of(fd);
    int64_t now = file_size(fd);
    if (now > before) {
        journal_write_number(JOURNAL_TRUNCATE, &file, now);
    }
}

#define FALLOCATE(name, offset_type)                                 \
    int name(int fd, int mode, offset_type offset, offset_type size) \
    {                                                                \
        if (!is_plain(fd)) {                                         \
            return NEXT(name)(fd, mode, offset, size);               \
        }                                                            \
        if (quipu_fault_plan_decide(CALL_ALLOCATE)) {                \
            return -1;                                               \
        }                                                            \
        int64_t before = file_size(fd);                              \
        int status = NEXT(name)(fd, mode, offset, size);             \
        record_growth(fd, before);                                   \
        return status;                                               \
    }
EACH_SIZE(FALLOCATE, fallocate)

/* These return the error number, and leave errno unchanged. */
#define POSIX_FALLOCATE(name, offset_type)                 \
    int name(int fd, offset_type offset, offset_type size) \
    {                                                      \
        if (!is_plain(fd)) {                               \
            return NEXT(name)(fd, offset, size);           \
        }                                                  \
        if (quipu_fault_plan_decide(CALL_ALLOCATE)) {      \
            return errno;                                  \
        }                                                  \
        int64_t before = file_size(fd);                    \
        int number = NEXT(name)(fd, offset, size);         \
        record_growth(fd, before);                         \
        return number;                                     \
    }
EACH_SIZE(POSIX_FALLOCATE, posix_fallocate)

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
