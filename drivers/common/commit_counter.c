/* SPDX-License-Identifier: Apache-2.0 */
/* A counter that threads of several processes can wait on: a futex. */
#include "commit_counter.h"

#include "clock.h"

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(sizeof(_Atomic uint32_t) == sizeof(uint32_t),
               "the kernel sees a plain word");

uint32_t quipu_common_commit_counter_read(struct commit_counter *commit_counter)
{
    return atomic_load(&commit_counter->value);
}

void quipu_common_commit_counter_advance(struct commit_counter *commit_counter)
{
    (void)atomic_fetch_add(&commit_counter->value, 1);
    if (atomic_load(&commit_counter->waiters) > 0) {
        (void)syscall(SYS_futex, &commit_counter->value, FUTEX_WAKE, INT_MAX,
                      NULL, NULL, 0);
    }
}

void quipu_common_commit_counter_wait(struct commit_counter *commit_counter,
                                      uint32_t seen, int64_t deadline)
{
    struct timespec when = clock_timespec(deadline);
    (void)atomic_fetch_add(&commit_counter->waiters, 1);
    /* The kernel compares once more, so that no beat is missed. */
    (void)syscall(SYS_futex, &commit_counter->value, FUTEX_WAIT_BITSET, seen,
                  &when, NULL, FUTEX_BITSET_MATCH_ANY);
    (void)atomic_fetch_sub(&commit_counter->waiters, 1);
}
