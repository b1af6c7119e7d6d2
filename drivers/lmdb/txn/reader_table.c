/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blocks of LMDB's reader table (reader_table.h).
 *
 * A process uses as much of the table as the file had when the process opened
 * it, and looks for readers in as many slots as any process uses.  So the file
 * must not become longer while a process has it open:
 *
 * INV1  Only a process that holds LMDB's own lock on the file exclusively, so
 *       that no other process has it open, makes it longer.
 * INV2  Blocks of a file that is in use are allocated by fallocate, which
 *       changes no byte; a file that is not in use may be filled with zeros
 *       instead, since LMDB sets it up again.
 */
#include "txn/reader_table.h"

#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A slot and the header of LMDB's table, rounded up. */
#define SLOT_SIZE 64
#define HEADER_SIZE 128

/* Returns true if no other process has the file open: LMDB locks its first
 * byte, shared while it is in use. */
static bool lock_exclusively(int fd)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
    return fcntl(fd, F_SETLK, &lock) == 0;
}

/* Returns an errno, or 0. */
static int fill(int fd, off_t size)
{
    static const char zeros[4096];
    for (off_t at = 0; at < size;) {
        const off_t left = size - at;
        ssize_t written = pwrite(
            fd, zeros,
            left < (off_t)sizeof(zeros) ? (size_t)left : sizeof(zeros), at);
        if (written <= 0) {
            return written < 0 ? errno : ENOSPC;
        }
        at += written;
    }
    return 0;
}

/* Returns an errno, or 0. */
static int allocate(int fd, unsigned readers)
{
    const off_t wanted = (off_t)readers * SLOT_SIZE + HEADER_SIZE;
    const bool exclusive = lock_exclusively(fd);
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return errno;
    }
    const off_t size =
        exclusive && info.st_size < wanted ? wanted : info.st_size; /* INV1 */
    int code = size > 0 && fallocate(fd, 0, 0, size) != 0 ? errno : 0;
    if (code == EOPNOTSUPP || code == ENOSYS || code == EINVAL) {
        code = exclusive ? fill(fd, size) : 0; /* INV2 */
    }
    return code;
}

int quipu_lmdb_reader_table_allocate(const quipu_host *host, const char *folder,
                                     unsigned readers, quipu_error *error)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof(path), "%s/lock.mdb", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
        return QUIPU_OK; /* LMDB says why, if it needs the file */
    }
    int code = allocate(fd, readers);
    (void)close(fd);
    return code == ENOSPC || code == EDQUOT
               ? quipu_lmdb_error_set(host, path, code,
                                      "allocate the reader table", error)
               : QUIPU_OK;
}
