/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines on the monotonic clock. */
#include "base/clock.h"

#include <errno.h>

#define SECOND INT64_C(1000000000)
#define MILLISECOND INT64_C(1000000)

int64_t quipu_clock_now(void)
{
    struct timespec now;

    /* Cannot fail: POSIX systems have this clock, and the pointer is valid. */
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND + now.tv_nsec;
}

int64_t quipu_clock_deadline(int64_t milliseconds)
{
    int64_t now = quipu_clock_now();

    if (milliseconds < 0 || milliseconds > (INT64_MAX - now) / MILLISECOND) {
        return QUIPU_CLOCK_NEVER;
    }
    return now + milliseconds * MILLISECOND;
}

int64_t quipu_clock_left(int64_t deadline)
{
    int64_t now = quipu_clock_now();

    if (deadline == QUIPU_CLOCK_NEVER) {
        return INT64_MAX;
    }
    return deadline > now ? deadline - now : 0;
}

struct timespec quipu_clock_timespec(int64_t deadline)
{
    int64_t at = deadline > 0 ? deadline : 0;

    return (struct timespec){ .tv_sec = (time_t)(at / SECOND),
                              .tv_nsec = (long)(at % SECOND) };
}

int64_t quipu_clock_backoff(int64_t first, int64_t most, uint32_t failures)
{
    int64_t pause = first * 1000; /* microseconds */
    int64_t limit = most * 1000;

    while (failures > 1 && pause < limit) {
        pause *= 2;
        failures--;
    }
    pause = pause < limit ? pause : limit;
    /* The low digits of the clock differ between processes and threads. */
    pause = pause / 2 + quipu_clock_now() % (pause / 2 + 1);
    return quipu_clock_now() + pause * 1000;
}

void quipu_clock_sleep(int64_t deadline)
{
    const struct timespec until = quipu_clock_timespec(deadline);

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) ==
           EINTR) {
    }
}
