/* SPDX-License-Identifier: Apache-2.0 */
/* The clock; virtual_clock.h describes it.  With pointers of 32 bits the C
 * library has other names for the functions, and the time is real. */
#include "virtual_clock.h"

#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#if UINTPTR_MAX > UINT32_MAX

#define SECOND INT64_C(1000000000)
#define START (1000 * SECOND)
#define STEP INT64_C(10000) /* of each reading: a loop reaches its deadline */

int __real_clock_gettime(clockid_t clock, struct timespec *time);
int __real_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *time,
                 const sigset_t *mask);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_clock_nanosleep(clockid_t clock, int flags,
                           const struct timespec *until, struct timespec *left);
int __wrap_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *time,
                 const sigset_t *mask);

static int64_t now = START;

static int64_t nanoseconds(const struct timespec *time)
{
    return (int64_t)time->tv_sec * SECOND + time->tv_nsec;
}

void virtual_clock_start(void)
{
    now = START;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
    if (clock != CLOCK_MONOTONIC) {
        return __real_clock_gettime(clock, time);
    }
    now += STEP;
    time->tv_sec = (time_t)(now / SECOND);
    time->tv_nsec = (long)(now % SECOND);
    return 0;
}

int __wrap_clock_nanosleep(clockid_t clock, int flags,
                           const struct timespec *until, struct timespec *left)
{
    (void)left;
    if (clock != CLOCK_MONOTONIC || flags != TIMER_ABSTIME) {
        (void)fputs("virtual_clock: another kind of sleep\n", stderr);
        abort();
    }
    int64_t end = nanoseconds(until);
    now = end > now ? end : now;
    return 0;
}

int __wrap_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *time,
                 const sigset_t *mask)
{
    const struct timespec none = { 0 };
    int ready = __real_ppoll(fds, count, &none, mask);
    if (ready == 0 && !time) {
        (void)fputs("virtual_clock: a wait without an end\n", stderr);
        abort();
    }
    now += ready == 0 ? nanoseconds(time) : 0;
    return ready;
}

#else

void virtual_clock_start(void)
{
}

#endif
