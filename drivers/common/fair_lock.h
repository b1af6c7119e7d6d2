/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock that writers queue on: blocking, fair, with a deadline, and able to
 * survive the death of whoever holds it.
 *
 * Two mutexes make it fair.  Who wants to write takes `next`, then `writer`,
 * then lets go of `next`: while one writes, one alone waits at `writer`, and
 * who has just written queues at `next` behind those who were there before.
 * One mutex would nearly always go to the thread that has just given it up.
 */
#ifndef SHARED_DRIVER_FAIR_LOCK_H
#define SHARED_DRIVER_FAIR_LOCK_H

#include <pthread.h>
#include <stdint.h>

struct fair_lock {
    pthread_mutex_t next;
    pthread_mutex_t writer;
};

/* 0 or an errno.  The memory may be mapped into several processes. */
int quipu_common_fair_lock_init(struct fair_lock *fair_lock);
void quipu_common_fair_lock_finish(struct fair_lock *fair_lock);

/* 0, ETIMEDOUT, or another errno.  If the last holder died in between, the lock
 * is as good as new: what he left half done is in SQLite's files, and SQLite
 * undoes it.  Who is inside must not enter. */
int quipu_common_fair_lock_acquire(struct fair_lock *fair_lock,
                                   int64_t deadline);
void quipu_common_fair_lock_release(struct fair_lock *fair_lock);

/* Takes any mutex before a deadline; 0 or an errno. */
int quipu_common_fair_lock_take_mutex(pthread_mutex_t *mutex, int64_t deadline);

#endif
