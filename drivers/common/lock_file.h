/* SPDX-License-Identifier: Apache-2.0 */
/* The lock file `<database>-quipu`, which the writers of all processes share: a
 * page of memory with their fair lock and commit counter, and two file locks
 * that tell whether a process is the only user. lock_file.c describes the
 * method. */
#ifndef QUIPU_DRIVERS_COMMON_LOCK_FILE_H
#define QUIPU_DRIVERS_COMMON_LOCK_FILE_H

#include "commit_counter.h"
#include "fair_lock.h"

#include <quipu/driver.h>

/* The contents of the file, mapped by each process. */
struct lock_file_page {
    char magic[8];
    uint32_t format;
    uint32_t size; /* of this struct, which differs between C libraries */
    struct fair_lock fair_lock;
    struct commit_counter commit_counter;
    _Atomic uint64_t marks[2]; /* for the driver; 0 at first */
};

struct lock_file {
    int fd; /* -1: not open */
    char *path;
    struct lock_file_page *page;
};

/* The database that a lock file belongs to. */
struct lock_file_target {
    const quipu_host *host;
    const char *database; /* path, to which "-quipu" is added */
    const char *owner;    /* the file that gives owner, group and mode */
};

/* Opens the lock file. *alone: the caller is the only user; it keeps the open
 * lock until quipu_common_lock_file_unlock, so that other processes wait.
 * Otherwise the open lock is released. BUSY, DENIED, IO, NO_MEMORY;
 * UNSUPPORTED: a program with another page layout uses the file, or the file
 * system has no locks. */
int quipu_common_lock_file_open(struct lock_file *lock_file,
                                const struct lock_file_target *target,
                                int64_t deadline, bool *alone,
                                quipu_error *error);

/* The same, but the caller keeps the open lock in any case. */
int quipu_common_lock_file_open_locked(struct lock_file *lock_file,
                                       const struct lock_file_target *target,
                                       int64_t deadline, bool *alone,
                                       quipu_error *error);

/* Releases the open lock. */
void quipu_common_lock_file_unlock(struct lock_file *lock_file);

/* Acquires the open lock and tries to become the only user. Returns true on
 * success; then only quipu_common_lock_file_close may follow. */
bool quipu_common_lock_file_try_exclusive(struct lock_file *lock_file,
                                          int64_t deadline);

/* Closes the lock file, which releases its locks; `remove` also removes it,
 * which the only user may do. */
void quipu_common_lock_file_close(struct lock_file *lock_file,
                                  const quipu_host *host, bool remove);

#endif
