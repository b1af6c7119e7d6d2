/* SPDX-License-Identifier: Apache-2.0 */
/* The fair lock.
 *
 * METHOD
 *
 * A single mutex is not fair: the thread that unlocks it and locks it again at
 * once nearly always gets it, since the waiters first have to be woken. With
 * two of them a waiter cannot be overtaken in this way:
 *
 *     acquire   lock `next`; lock `writer`; unlock `next`
 *     release   unlock `writer`
 *
 * The method is applied twice. Two mutexes, private to the process, order its
 * threads. The thread that has them then locks two bytes of the lock file
 * (byte_lock.h), which order the processes.
 *
 * The kernel does not wait for a byte with a deadline. So a process that finds
 * a byte locked sleeps on a futex in the shared page, which the process that
 * unlocks the byte advances. It sleeps for RETRY_INTERVAL at most and then
 * tries again: the death of an owner wakes no one.
 *
 * Each of the four calls of fcntl costs about as much as a stat. If no process
 * waits, `next` is left out, and two calls remain.
 *
 * INVARIANTS
 *
 *   INV1  At most one thread of a process waits for its mutex `writer`, and at
 *         most one process for the byte `writer`, since a waiter holds `next`.
 *         It gets `writer` when the owner releases it.
 *   INV2  A thread that has released the lock has to lock `next` first, like
 *         the other waiters. The kernel keeps their order closely enough: no
 *         thread, and no process, acquires the lock twice while another one
 *         waits for `writer`.
 *   INV3  A process that waits for the byte `writer` has set `queued` before.
 *         Only a process that finds it 0 leaves `next` out, so INV2 holds. The
 *         holder of the byte `next` alone changes `queued`; a holder that was
 *         killed leaves it 1, and the next process that locks `next` clears it.
 *   INV4  A deadline may pass at each step. The thread then releases what it
 *         has locked, so that the next waiter proceeds.
 *   INV5  Ownership is in the kernel: the bytes are unlocked when the process
 *         ends. It needs no number of a process or thread, which PID namespaces
 *         repeat, and no pointer in shared memory, which another user of the
 *         file could overwrite. The page is trusted with no more than delays.
 *   INV6  A thread of quipu does not end while it owns the lock: the core
 *         disables cancellation around each call of a driver. */
#include "fair_lock.h"

#include "byte_lock.h"
#include "clock.h"
#include "safeguard.h"

#include <errno.h>

/* The longest time after which the lock of a process that died is noticed. */
#define RETRY_INTERVAL (5 * CLOCK_MILLISECOND)

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

/* -------------------------------------------------------------- one process
 */

/* musl has no pthread_mutex_clocklock.  Its pthread_mutex_timedlock reads the
 * clock of the day once, when it begins, and then sleeps for that long. */
static int lock_until(pthread_mutex_t *mutex, int64_t deadline)
{
#ifdef __GLIBC__
    const struct timespec when = clock_timespec(deadline);
    return pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &when);
#else
    const int64_t left = deadline - clock_now();
    struct timespec day;
    (void)clock_gettime(CLOCK_REALTIME, &day);
    const struct timespec when =
        clock_timespec((int64_t)day.tv_sec * CLOCK_SECOND + day.tv_nsec +
                       (left > 0 ? left : 0));
    return pthread_mutex_timedlock(mutex, &when);
#endif
}

static int take_until(pthread_mutex_t *mutex, int64_t deadline)
{
    BEFORE_LOCK(mutex);
    int code = lock_until(mutex, deadline);
    AFTER_LOCK(mutex, code == 0);
    return code;
}

int quipu_common_fair_lock_take_mutex(pthread_mutex_t *mutex, int64_t deadline)
{
    return deadline == INT64_MAX ? pthread_mutex_lock(mutex)
                                 : take_until(mutex, deadline);
}

int quipu_common_fair_lock_init(struct fair_lock *fair_lock)
{
    int code = pthread_mutex_init(&fair_lock->next, NULL);

    if (code == 0) {
        code = pthread_mutex_init(&fair_lock->writer, NULL);
    }
    fair_lock->fd = -1;
    fair_lock->page = NULL;
    return code;
}

void quipu_common_fair_lock_finish(struct fair_lock *fair_lock)
{
    (void)pthread_mutex_destroy(&fair_lock->writer);
    (void)pthread_mutex_destroy(&fair_lock->next);
}

/* ------------------------------------------------------------ all processes
 */

void quipu_common_fair_lock_share(struct fair_lock *fair_lock, int fd,
                                  struct fair_lock_page *page)
{
    fair_lock->fd = fd;
    fair_lock->page = page;
}

/* Locks a byte; `counter` counts its releases. */
static int take_byte(const struct fair_lock *fair_lock, enum lock_byte byte,
                     struct commit_counter *counter, int64_t deadline)
{
    for (;;) {
        const uint32_t seen = quipu_common_commit_counter_read(counter);
        int code = byte_lock_set(fair_lock->fd, byte, F_WRLCK);

        if (!byte_lock_is_held(code)) {
            return code;
        }
        if (clock_now() >= deadline) {
            return ETIMEDOUT;
        }
        quipu_common_commit_counter_wait(counter, seen,
                                         clock_after(RETRY_INTERVAL, deadline));
    }
}

static void release_byte(const struct fair_lock *fair_lock, enum lock_byte byte,
                         struct commit_counter *counter)
{
    (void)byte_lock_set(fair_lock->fd, byte, F_UNLCK);
    quipu_common_commit_counter_pass(counter);
}

/* Locks the byte `writer`, in turn with the other processes. */
static int take_turn(const struct fair_lock *fair_lock, int64_t deadline)
{
    struct fair_lock_page *page = fair_lock->page;

    if (SAFEGUARDED("U1.fair-turns", atomic_load(&page->queued) == 0, true)) {
        int code = byte_lock_set(fair_lock->fd, BYTE_WRITER, F_WRLCK);

        if (!byte_lock_is_held(code)) {
            return code; /* INV3 */
        }
    }
    int code = take_byte(fair_lock, BYTE_NEXT, &page->passed, deadline);
    if (code != 0) {
        return code;
    }
    atomic_store(&page->queued, 1);
    code = take_byte(fair_lock, BYTE_WRITER, &page->released, deadline);
    atomic_store(&page->queued, 0);
    release_byte(fair_lock, BYTE_NEXT, &page->passed);
    return code;
}

/* ---------------------------------------------------------------- the whole
 */

static int take_writer(struct fair_lock *fair_lock, int64_t deadline)
{
    int code = quipu_common_fair_lock_take_mutex(&fair_lock->writer, deadline);

    if (code == 0 && fair_lock->page) {
        code = take_turn(fair_lock, deadline);
        if (code != 0) {
            (void)pthread_mutex_unlock(&fair_lock->writer);
        }
    }
    return code;
}

static void release_writer(struct fair_lock *fair_lock)
{
    if (fair_lock->page) {
        release_byte(fair_lock, BYTE_WRITER, &fair_lock->page->released);
    }
    (void)pthread_mutex_unlock(&fair_lock->writer);
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
    code = take_writer(fair_lock, deadline);
    SAFEGUARD("U1.fair-turns")
    (void)pthread_mutex_unlock(&fair_lock->next);
    return code;
}

void quipu_common_fair_lock_release(struct fair_lock *fair_lock)
{
    SAFEGUARD("U1.turn-of-writers")
    release_writer(fair_lock);
}
