/* SPDX-License-Identifier: Apache-2.0 */
/* The lock file `<database>-quipu`, which the writers of all processes share:
 * byte locks for opening, users and writers, and a page of memory with hints
 * and the commit counter. lock_file.c describes the method. */
#ifndef QUIPU_DRIVERS_COMMON_LOCK_FILE_H
#define QUIPU_DRIVERS_COMMON_LOCK_FILE_H

#include "lock_page.h"

struct lock_file {
    struct lock_file *next; /* in the register of the process */
    int fd;                 /* -1: not open */
    char *path;
    struct lock_page *page;
    struct fair_lock fair_lock;
};

/* Opens the lock file. *alone: the caller is the only user; it keeps the open
 * lock until quipu_common_lock_file_unlock, so that other processes wait.
 * Otherwise the open lock is released. BUSY, DENIED, IO, NO_MEMORY; INVALID:
 * another file has the name, or the users have a file open that had the
 * database's name before; UNSUPPORTED: a program with another page layout or in
 * another PID namespace uses the file, or the file system has no locks. */
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
