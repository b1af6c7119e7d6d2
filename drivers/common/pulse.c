/* SPDX-License-Identifier: Apache-2.0 */
/* A counter that threads of several processes can wait on: a futex. */
#include "pulse.h"

#include "clock.h"

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(sizeof(_Atomic uint32_t) == sizeof(uint32_t),
               "the kernel sees a plain word");

uint32_t quipu_common_pulse_read(struct pulse *pulse)
{
    return atomic_load(&pulse->beats);
}

void quipu_common_pulse_beat(struct pulse *pulse)
{
    (void)atomic_fetch_add(&pulse->beats, 1);
    if (atomic_load(&pulse->waiters) > 0) {
        (void)syscall(SYS_futex, &pulse->beats, FUTEX_WAKE, INT_MAX, NULL, NULL,
                      0);
    }
}

void quipu_common_pulse_wait(struct pulse *pulse, uint32_t seen,
                             int64_t deadline)
{
    struct timespec when = clock_timespec(deadline);
    (void)atomic_fetch_add(&pulse->waiters, 1);
    /* The kernel compares once more, so that no beat is missed. */
    (void)syscall(SYS_futex, &pulse->beats, FUTEX_WAIT_BITSET, seen, &when,
                  NULL, FUTEX_BITSET_MATCH_ANY);
    (void)atomic_fetch_sub(&pulse->waiters, 1);
}
