/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines: nanoseconds of CLOCK_MONOTONIC, INT64_MAX for none. */
#ifndef QUIPU_CORE_BASE_CLOCK_H
#define QUIPU_CORE_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define QUIPU_CLOCK_NEVER INT64_MAX

/* The nanoseconds now. */
int64_t quipu_clock_now(void);

/* The deadline in so many milliseconds; 0 gives now, and what lies beyond the
 * clock QUIPU_CLOCK_NEVER. */
int64_t quipu_clock_deadline(uint64_t milliseconds);

/* The nanoseconds until a deadline: 0 once it is past, INT64_MAX if it is
 * QUIPU_CLOCK_NEVER. */
int64_t quipu_clock_left(int64_t deadline);

/* The milliseconds until a deadline, rounded up, for poll(2): 0 once it is
 * past, -1 if it is QUIPU_CLOCK_NEVER. */
int quipu_clock_left_for_poll(int64_t deadline);

/* A deadline for pthread_cond_timedwait on a condition variable that runs on
 * CLOCK_MONOTONIC; 0 for one before the clock began. */
struct timespec quipu_clock_timespec(int64_t deadline);

#endif
