/* SPDX-License-Identifier: Apache-2.0 */
/* The commit counter, on the futexes of Linux. */
#include "commit_counter.h"

#include "clock.h"

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(sizeof(_Atomic uint32_t) == sizeof(uint32_t),
               "a futex is a plain 32-bit word");

/* On a 32-bit machine whose time_t has 64 bits (Debian 13 for ARM), the system
 * call that takes our timespec has another number. */
static long futex(struct commit_counter *counter, int operation, uint32_t value,
                  const struct timespec *when)
{
#ifdef SYS_futex_time64
    const long number =
        sizeof(time_t) > sizeof(long) ? SYS_futex_time64 : SYS_futex;
#else
    const long number = SYS_futex;
#endif
    return syscall(number, &counter->value, operation, value, when, NULL,
                   FUTEX_BITSET_MATCH_ANY);
}

uint32_t quipu_common_commit_counter_read(struct commit_counter *counter)
{
    return atomic_load(&counter->value);
}

/* The value is changed before the waiters are counted; a waiter counts itself
 * before the kernel compares the value. So either this thread sees the waiter,
 * or the kernel sees the new value. */
static void advance(struct commit_counter *counter, int most)
{
    (void)atomic_fetch_add(&counter->value, 1);
    if (atomic_load(&counter->waiters) > 0) {
        (void)futex(counter, FUTEX_WAKE, (uint32_t)most, NULL);
    }
}

void quipu_common_commit_counter_advance(struct commit_counter *counter)
{
    advance(counter, INT_MAX);
}

void quipu_common_commit_counter_pass(struct commit_counter *counter)
{
    advance(counter, 1);
}

void quipu_common_commit_counter_wait(struct commit_counter *counter,
                                      uint32_t seen, int64_t deadline)
{
    const struct timespec when = clock_timespec(deadline);

    (void)atomic_fetch_add(&counter->waiters, 1);
    (void)futex(counter, FUTEX_WAIT_BITSET, seen, &when);
    (void)atomic_fetch_sub(&counter->waiters, 1);
}
