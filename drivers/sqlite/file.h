/* SPDX-License-Identifier: Apache-2.0 */
/* A database file as this process has it open: one struct for all its
 * datastores on the file, found by device and inode.
 *
 * The datastores must share it for three reasons. The lock file is locked once
 * for a process. A failed sync stops all of them (V5). And a call from inside a
 * transaction of the same thread must be recognised, on any datastore of
 * the file.
 *
 * A store in memory has a struct of its own, which is not in the register. */
#ifndef QUIPU_DRIVERS_SQLITE_FILE_H
#define QUIPU_DRIVERS_SQLITE_FILE_H

#include "common/file_names.h"
#include "common/lock_file.h"
#include "common/writer.h"

#include <sys/stat.h>

struct file {
    struct file *next;             /* in the register */
    void (*release)(void *memory); /* of the host that allocated it */
    dev_t device;
    ino_t inode;
    pid_t process; /* the one that opened it, to recognise a fork */
    unsigned holders;
    /* The opening of the first holder has created the file, and no opening has
     * made it a store; nor does another process use it, as far as is known. */
    _Atomic bool made;
    /* Held while a datastore is opened on the file, or closed. It protects
     * `writers` and the opening and closing of the lock file. */
    pthread_mutex_t opening;
    unsigned writers; /* datastores that use the lock file */
    struct lock_file lock_file;
    struct file_names names; /* of what the writers use; under its fair lock */
    /* Instead of those of the lock file: in memory, and for read-only
     * datastores. */
    struct fair_lock own_fair_lock;
    struct commit_counter own_commit_counter;
    struct writer writer;
};

/* Finds the file in the register, or adds it, and counts the caller as a
 * holder. With `create` a missing file is created, empty; without, it is
 * NOT_FOUND. INVALID: the file was open when this process was forked; SQLite
 * cannot be used across fork. DENIED, IO, NO_MEMORY. */
int quipu_sqlite_file_acquire(const quipu_host *host, const char *path,
                              bool create, struct file **file,
                              quipu_error *error);

/* Makes a struct for a store in memory. NO_MEMORY. */
int quipu_sqlite_file_create(const quipu_host *host, struct file **file,
                             quipu_error *error);

/* Notes the files that the writers of the process have opened, once all of them
 * exist; nothing if they are noted. With `opening` held. IO, DENIED, NO_MEMORY.
 */
int quipu_sqlite_file_note_names(struct file *file, const quipu_host *host,
                                 const char *path, quipu_error *error);

/* Returns IO unless the path still leads to the file. */
int quipu_sqlite_file_check_name(const struct file *file,
                                 const quipu_host *host, const char *path,
                                 quipu_error *error);

/* Returns true if a store of this process has the file open. */
bool quipu_sqlite_file_is_open(const struct stat *info);

/* Counts the holder out; the last one releases the struct, and removes the file
 * if it is `made` and still empty. NULL is allowed. */
void quipu_sqlite_file_release(struct file *file, const char *path);

#endif
