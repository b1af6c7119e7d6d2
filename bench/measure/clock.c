/* SPDX-License-Identifier: Apache-2.0 */
/* The clock of all measurements. */
#include "clock.h"

#include <time.h>

int64_t measure_clock_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * MEASURE_CLOCK_SECOND + now.tv_nsec;
}

double measure_clock_seconds(void)
{
    return (double)measure_clock_now() / (double)MEASURE_CLOCK_SECOND;
}

void measure_clock_sleep(int64_t nanoseconds)
{
    const struct timespec duration = { .tv_nsec = (long)nanoseconds };

    (void)nanosleep(&duration, NULL);
}
