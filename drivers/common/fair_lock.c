/* SPDX-License-Identifier: Apache-2.0 */
/* The fair lock.
 *
 * METHOD
 *
 * A single pthread mutex is not fair: the thread that unlocks it and locks it
 * again at once nearly always gets it, since the waiters first have to be
 * woken. With two mutexes a waiter cannot be overtaken in this way:
 *
 *     acquire   lock `next`; lock `writer`; unlock `next`
 *     release   unlock `writer`
 *
 * INVARIANTS
 *
 *   INV1  At most one thread waits for `writer`, since a waiter holds `next`.
 *         It gets `writer` when the owner releases it.
 *   INV2  A thread that has released the lock has to lock `next` first, like
 *         the other waiters. The kernel keeps their order closely enough: no
 *         thread acquires the lock twice while another one waits for `writer`.
 *   INV3  A deadline may pass at either mutex. A thread that fails at `writer`
 *         unlocks `next`, so that the next waiter proceeds.
 *
 * Both mutexes are shared between processes and robust: if a thread dies as the
 * owner, the next one gets EOWNERDEAD and makes the mutex consistent. They
 * protect the database, not memory, and its library recovers the database. */
#include "fair_lock.h"

#include "clock.h"
#include "safeguard.h"

#include <errno.h>

#if defined(__SANITIZE_THREAD__)
#define THREAD_SANITIZER
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZER
#endif
#endif

/* The thread sanitizers of GCC 12 and clang 14 do not know
 * pthread_mutex_clocklock and would report races; so they are told of it. */
#ifdef THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#define BEFORE_LOCK(mutex) __tsan_mutex_pre_lock((mutex), __tsan_mutex_try_lock)
#define AFTER_LOCK(mutex, locked)                                             \
    __tsan_mutex_post_lock((mutex),                                           \
                           __tsan_mutex_try_lock |                            \
                               ((locked) ? 0 : __tsan_mutex_try_lock_failed), \
                           0)
#else
#define BEFORE_LOCK(mutex) ((void)(mutex))
#define AFTER_LOCK(mutex, locked) ((void)(mutex), (void)(locked))
#endif

static int take_until(pthread_mutex_t *mutex, int64_t deadline)
{
    struct timespec when = clock_timespec(deadline);
    BEFORE_LOCK(mutex);
    int code = pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &when);
    AFTER_LOCK(mutex, code == 0 || code == EOWNERDEAD);
    return code;
}

int quipu_common_fair_lock_take_mutex(pthread_mutex_t *mutex, int64_t deadline)
{
    int code = deadline == INT64_MAX ? pthread_mutex_lock(mutex)
                                     : take_until(mutex, deadline);
    return code == EOWNERDEAD ? pthread_mutex_consistent(mutex) : code;
}

int quipu_common_fair_lock_init(struct fair_lock *fair_lock)
{
    pthread_mutexattr_t attributes;
    int code = pthread_mutexattr_init(&attributes);

    if (code != 0) {
        return code;
    }
    (void)pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    (void)pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    code = pthread_mutex_init(&fair_lock->next, &attributes);
    if (code == 0) {
        code = pthread_mutex_init(&fair_lock->writer, &attributes);
    }
    (void)pthread_mutexattr_destroy(&attributes);
    return code;
}

void quipu_common_fair_lock_finish(struct fair_lock *fair_lock)
{
    (void)pthread_mutex_destroy(&fair_lock->writer);
    (void)pthread_mutex_destroy(&fair_lock->next);
}

int quipu_common_fair_lock_acquire(struct fair_lock *fair_lock,
                                   int64_t deadline)
{
    int code = 0;

    SAFEGUARD("U1.fair-turns")
    code = quipu_common_fair_lock_take_mutex(&fair_lock->next, deadline);
    if (code != 0) {
        return code;
    }
    SAFEGUARD("U1.turn-of-writers")
    code = quipu_common_fair_lock_take_mutex(&fair_lock->writer, deadline);
    SAFEGUARD("U1.fair-turns")
    (void)pthread_mutex_unlock(&fair_lock->next);
    return code;
}

void quipu_common_fair_lock_release(struct fair_lock *fair_lock)
{
    SAFEGUARD("U1.turn-of-writers")
    (void)pthread_mutex_unlock(&fair_lock->writer);
}
