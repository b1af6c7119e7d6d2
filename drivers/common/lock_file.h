/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock_file: the lock file `<database>-quipu`, where the writers of all
 * processes queue, and where they hear of each other's commits.
 *
 * A library's own lock for writers has no deadline (LMDB), or is polled by a
 * busy handler, which starves some for seconds (SQLite).  Besides, releases of
 * SQLite before 3.51.3 can damage a WAL database when one connection's
 * checkpoint races another's reset of the WAL.  Whoever commits or checkpoints
 * is inside the lock_file, so none of this can happen.
 *
 * Method: the file is one page, mapped by each process.  Byte 0 is locked (an
 * OFD lock: it goes with the file description, however its process ends) by
 * whoever is opening or closing; byte 1 is locked, shared, by each process that
 * has the database open.  Who gets byte 1 exclusively is therefore alone: on
 * opening he sets the page up anew, whatever a power cut left in it, and on
 * closing he removes it.
 */
#ifndef SHARED_DRIVER_LOCK_FILE_H
#define SHARED_DRIVER_LOCK_FILE_H

#include "commit_counter.h"
#include "fair_lock.h"

#include <quipu/driver.h>

struct lock_file_page {
    char magic[8];
    uint32_t format;
    uint32_t size; /* of this struct: other C libraries differ */
    struct fair_lock fair_lock;
    struct commit_counter commit_counter;
    _Atomic uint64_t marks[2]; /* the driver's own; 0 at first */
};

struct lock_file {
    int fd; /* -1: not open */
    char *path;
    struct lock_file_page *page;
};

/*
 * Opens the lock_file of a database; its lock file gets owner and mode of the
 * file `like`, usually the database itself.  With *alone others are kept out
 * until quipu_common_lock_file_unlock.  BUSY, DENIED, IO, UNSUPPORTED (in use
 * by programs of another kind), NO_MEMORY.
 */
int quipu_common_lock_file_open(struct lock_file *lock_file,
                                const quipu_host *host, const char *database,
                                const char *like, int64_t deadline, bool *alone,
                                quipu_error *error);
void quipu_common_lock_file_unlock(struct lock_file *lock_file);

/* The same, but others are kept out until then whoever is there. */
int quipu_common_lock_file_open_locked(struct lock_file *lock_file,
                                       const quipu_host *host,
                                       const char *database, const char *like,
                                       int64_t deadline, bool *alone,
                                       quipu_error *error);

/* Keeps others out once more; true if the caller is alone, and then only
 * quipu_common_lock_file_close is left to do. */
bool quipu_common_lock_file_try_exclusive(struct lock_file *lock_file,
                                          int64_t deadline);
void quipu_common_lock_file_close(struct lock_file *lock_file,
                                  const quipu_host *host, bool remove);

#endif
