/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines: nanoseconds of CLOCK_MONOTONIC, INT64_MAX for none. */
#ifndef SHARED_DRIVER_CLOCK_H
#define SHARED_DRIVER_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_SECOND INT64_C(1000000000)
#define CLOCK_MILLISECOND INT64_C(1000000)

static inline int64_t clock_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * CLOCK_SECOND + now.tv_nsec;
}

static inline struct timespec clock_timespec(int64_t instant)
{
    struct timespec when = { .tv_sec = 0 };
    if (instant > 0) {
        when.tv_sec = (time_t)(instant / CLOCK_SECOND);
        when.tv_nsec = (long)(instant % CLOCK_SECOND);
    }
    return when;
}

/* `duration` from now, but not beyond `deadline`. */
static inline int64_t clock_after(int64_t duration, int64_t deadline)
{
    int64_t now = clock_now();
    return deadline > now && deadline - now < duration ? deadline
                                                       : now + duration;
}

static inline void clock_sleep_until(int64_t instant)
{
    struct timespec when = clock_timespec(instant);
    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL);
}

#endif
