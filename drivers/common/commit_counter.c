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
        (void)syscall(SYS_futex, &counter->value, FUTEX_WAKE, most, NULL, NULL,
                      0);
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
    (void)syscall(SYS_futex, &counter->value, FUTEX_WAIT_BITSET, seen, &when,
                  NULL, FUTEX_BITSET_MATCH_ANY);
    (void)atomic_fetch_sub(&counter->waiters, 1);
}
