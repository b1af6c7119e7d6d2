/* SPDX-License-Identifier: Apache-2.0 */
/* A lock for writers: fair, with a deadline, shared by processes, and able to
 * survive the death of its owner.
 *
 * The owner is a thread; it must not acquire the lock again (writer.h checks
 * that within a process). fair_lock.c describes the method. */
#ifndef QUIPU_DRIVERS_COMMON_FAIR_LOCK_H
#define QUIPU_DRIVERS_COMMON_FAIR_LOCK_H

#include <pthread.h>
#include <stdint.h>

struct fair_lock {
    pthread_mutex_t next;   /* held by the first waiter, briefly */
    pthread_mutex_t writer; /* held by the owner */
};

/* Initialises the lock in memory that may be mapped into several processes.
 * Returns 0 or an errno. */
int quipu_common_fair_lock_init(struct fair_lock *fair_lock);
void quipu_common_fair_lock_finish(struct fair_lock *fair_lock);

/* Acquires the lock, waiting until the deadline. Returns 0, ETIMEDOUT, or
 * another errno. If the last owner died, the lock is acquired like any other:
 * its library (SQLite, LMDB) undoes what it left unfinished in the database. */
int quipu_common_fair_lock_acquire(struct fair_lock *fair_lock,
                                   int64_t deadline);
void quipu_common_fair_lock_release(struct fair_lock *fair_lock);

/* Locks any mutex before a deadline. Returns 0 or an errno. A robust mutex
 * whose owner died is made consistent. */
int quipu_common_fair_lock_take_mutex(pthread_mutex_t *mutex, int64_t deadline);

#endif
