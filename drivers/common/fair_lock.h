/* SPDX-License-Identifier: Apache-2.0 */
/* A lock for writers: fair, with a deadline, shared by processes, and able to
 * survive the death of its owner.
 *
 * The owner is a thread; it must not acquire the lock again (writer.h checks
 * that within a process). fair_lock.c describes the method. */
#ifndef QUIPU_DRIVERS_COMMON_FAIR_LOCK_H
#define QUIPU_DRIVERS_COMMON_FAIR_LOCK_H

#include "commit_counter.h"

#include <pthread.h>

/* The part in memory that the processes share, zero at first. It holds hints
 * alone: no content of it can do more than delay an acquisition. */
struct fair_lock_page {
    _Atomic uint32_t queued;        /* 1: a process waits for `writer` */
    struct commit_counter passed;   /* counts releases of the byte `next` */
    struct commit_counter released; /* ... and of the byte `writer` */
};

/* The part of one process. */
struct fair_lock {
    pthread_mutex_t next;   /* held by the first waiter, briefly */
    pthread_mutex_t writer; /* held by the owner */
    int fd;                 /* of the lock file; -1: one process alone */
    struct fair_lock_page *page;
};

/* Initialises a lock for the threads of this process. Returns 0 or an errno. */
int quipu_common_fair_lock_init(struct fair_lock *fair_lock);
void quipu_common_fair_lock_finish(struct fair_lock *fair_lock);

/* Shares the lock with the processes that lock the same file and have mapped
 * the same page. Descriptor and page stay the caller's. */
void quipu_common_fair_lock_share(struct fair_lock *fair_lock, int fd,
                                  struct fair_lock_page *page);

/* Acquires the lock, waiting until the deadline. Returns 0, ETIMEDOUT, or
 * another errno. If the last owner died, the lock is acquired like any other:
 * its library (SQLite, LMDB) undoes what it left unfinished in the database. */
int quipu_common_fair_lock_acquire(struct fair_lock *fair_lock,
                                   int64_t deadline);
void quipu_common_fair_lock_release(struct fair_lock *fair_lock);

/* Locks any mutex before a deadline. Returns 0 or an errno. */
int quipu_common_fair_lock_take_mutex(pthread_mutex_t *mutex, int64_t deadline);

#endif
