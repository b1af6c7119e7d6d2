/* SPDX-License-Identifier: Apache-2.0 */
/* The clock of deadlines, as the tests of drivers use it. */
#ifndef DRIVERS_NOW_H
#define DRIVERS_NOW_H

#include <stdint.h>
#include <time.h>

#define SECOND INT64_C(1000000000)
#define FOREVER INT64_MAX
/* Until when what should come at once is waited for. */
#define FIXTURE_PATIENCE (60 * SECOND)

static inline int64_t fixture_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND + now.tv_nsec;
}

#endif
