/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A database file as this process has it open: one for all its datastores on
 * that file, found by device and inode.  It holds what they share: the gate to
 * the other processes, and whether a sync has failed.
 *
 * A store in memory has one of its own, which nobody else finds.
 */
#ifndef SQLITE_DRIVER_FILE_H
#define SQLITE_DRIVER_FILE_H

#include "common/lock_file.h"

#include <sys/types.h>

struct file {
    struct file *next;
    void (*release)(void *memory); /* of the host that allocated it */
    dev_t device;
    ino_t inode;
    pid_t process;
    unsigned holders;
    /* Held while a datastore is opened on it, or closed. */
    pthread_mutex_t opening;
    unsigned writers; /* datastores that use the gate; under `opening` */
    struct lock_file lock_file;
    /* Where there is no gate: in memory, and for those who only read. */
    struct fair_lock own_fair_lock;
    struct commit_counter own_commit_counter;
    /* The thread of this process that is inside the turnstile, or 0. */
    _Atomic(pthread_t) insider;
    atomic_bool poisoned; /* V5: no appends until all have closed */
};

/*
 * Finds or makes the entry of a file and counts the caller in.  With `create` a
 * file that is not there is made, empty; else it is NOT_FOUND.  INVALID: a
 * process that has it open was forked, and this is the child: SQLite cannot be
 * used across fork.  DENIED, IO, NO_MEMORY.
 */
int quipu_sqlite_file_hold(const quipu_host *host, const char *path,
                           bool create, struct file **file, quipu_error *error);
/* An entry for a store in memory.  NO_MEMORY. */
int quipu_sqlite_file_private(const quipu_host *host, struct file **file,
                              quipu_error *error);
/* NULL is allowed. */
void quipu_sqlite_file_release(struct file *file);

#endif
