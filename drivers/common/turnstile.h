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
#ifndef SHARED_DRIVER_TURNSTILE_H
#define SHARED_DRIVER_TURNSTILE_H

#include <pthread.h>
#include <stdint.h>

struct turnstile {
    pthread_mutex_t next;
    pthread_mutex_t writer;
};

/* 0 or an errno.  The memory may be mapped into several processes. */
int quipu_common_turnstile_init(struct turnstile *turnstile);
void quipu_common_turnstile_finish(struct turnstile *turnstile);

/* 0, ETIMEDOUT, or another errno.  If the last holder died in between, the lock
 * is as good as new: what he left half done is in SQLite's files, and SQLite
 * undoes it.  Who is inside must not enter. */
int quipu_common_turnstile_enter(struct turnstile *turnstile, int64_t deadline);
void quipu_common_turnstile_leave(struct turnstile *turnstile);

/* Takes any mutex before a deadline; 0 or an errno. */
int quipu_common_mutex_take(pthread_mutex_t *mutex, int64_t deadline);

#endif
