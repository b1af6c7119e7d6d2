/* SPDX-License-Identifier: Apache-2.0 */
/* The clock of deadlines for the tests of drivers. */
#ifndef DRIVERS_NOW_H
#define DRIVERS_NOW_H

#include <stdint.h>
#include <time.h>

#define SECOND INT64_C(1000000000)
#define FOREVER INT64_MAX
/* How long a test waits for something that should happen at once. */
#define FIXTURE_PATIENCE (60 * SECOND)

static inline int64_t fixture_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND + now.tv_nsec;
}

#endif
