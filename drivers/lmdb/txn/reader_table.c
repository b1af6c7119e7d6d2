/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of LMDB's reader table (reader_table.h).
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
 * INV3  A slot is free if its process is 0, and only its owner sets that number
 *       to anything else.  This process has no slot yet.  So one with its
 *       number is of a dead process, no other process changes it but to 0, and
 *       it is freed without LMDB's mutex.  All users of a store are in one PID
 *       namespace (common/lock_file.c, INV9).
 * INV4  LMDB initialises whatever has the name of its table.  So the file is
 *       left to it only if it is a regular one, and in a folder without a store
 *       only if it is empty, or begins with LMDB's magic or with zeros, which a
 *       power cut leaves.  Beside a store a damaged table is one that LMDB may
 *       initialise: it contains only the transactions of readers.
 * INV5  To close a descriptor of the file releases the locks that LMDB has on
 *       it in this process.  So the file is opened here only while no thread
 *       has the environment open.
 */
#include "txn/reader_table.h"

#include "error.h"

#include "common/error.h"
#include "common/safeguard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A slot and the header of LMDB's table, rounded up. */
#define SLOT_SIZE 64
#define HEADER_SIZE 128
/* LMDB 0.9: magic, and version 1 with locks of processes; in a slot the number
 * of a process follows that of its transaction. */
#define LOCK_MAGIC UINT32_C(0xBEEFC0DE)
#define LOCK_FORMAT UINT32_C(0x10001)
#define PROCESS_AT 8

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

/* INV3. LMDB itself sets a file up that is not in use. */
static void free_own_slots(int fd)
{
    static const uint32_t nobody = 0;
    const uint32_t own = (uint32_t)getpid();
    uint32_t head[2] = { 0 };
    uint32_t process = 0;
    const ssize_t size = sizeof(process);
    bool known = pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
                 head[0] == LOCK_MAGIC && head[1] == LOCK_FORMAT;
    for (off_t at = HEADER_SIZE + PROCESS_AT;
         known && pread(fd, &process, sizeof(process), at) == size;
         at += SLOT_SIZE) {
        if (SAFEGUARDED("V4.slots-of-a-reused-number", process == own, false)) {
            (void)!pwrite(fd, &nobody, sizeof(nobody), at);
        }
    }
}

static int refuse(const quipu_host *host, const char *path, quipu_error *error)
{
    return host->error_set(error, QUIPU_INVALID, 0, NULL,
                           "\"%s\" is not a reader table of LMDB, which would "
                           "overwrite it; rename or remove it",
                           path);
}

/* Whether the path has no file, or a regular one (INV4). */
static bool is_regular(const char *path)
{
    struct stat info;
    return lstat(path, &info) != 0 || S_ISREG(info.st_mode);
}

int quipu_lmdb_reader_table_check(const quipu_host *host, const char *folder,
                                  quipu_error *error)
{
    char path[PATH_MAX];
    uint32_t magic = 0;
    (void)snprintf(path, sizeof(path), "%s/lock.mdb", folder);
    if (!is_regular(path)) {
        return refuse(host, path, error);
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return QUIPU_OK; /* LMDB says why, if it needs the file */
    }
    const ssize_t size = pread(fd, &magic, sizeof(magic), 0);
    (void)close(fd);
    const bool known =
        size <= 0 || magic == 0 || magic == LOCK_MAGIC; /* INV4 */
    return SAFEGUARDED("F4.foreign-reader-table", known, true)
               ? QUIPU_OK
               : refuse(host, path, error);
}

/* Returns the mode of the data file without the right to read of those that may
 * not write: they could lock the file and so stop the writers. */
static mode_t mode_of(const char *folder)
{
    char path[PATH_MAX];
    struct stat info;
    (void)snprintf(path, sizeof(path), "%s/data.mdb", folder);
    if (stat(path, &info) != 0) {
        return 0600;
    }
    return (info.st_mode & 0666 & (0222 | (info.st_mode & 0222) << 1)) | 0600;
}

int quipu_lmdb_reader_table_prepare(const quipu_host *host, const char *folder,
                                    unsigned readers, quipu_error *error)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof(path), "%s/lock.mdb", folder);
    if (!is_regular(path)) {
        return refuse(host, path, error);
    }
    int fd =
        open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode_of(folder));
    if (fd < 0) {
        return QUIPU_OK; /* LMDB says why, if it needs the file */
    }
    int code = allocate(fd, readers);
    free_own_slots(fd);
    (void)close(fd);
    return code == ENOSPC || code == EDQUOT
               ? quipu_lmdb_error_set(host, path, code,
                                      "allocate the reader table", error)
               : QUIPU_OK;
}
