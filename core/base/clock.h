/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deadlines: absolute times in nanoseconds of CLOCK_MONOTONIC.
 *
 * QUIPU_CLOCK_NEVER (INT64_MAX) means no deadline.  This is also the form in
 * which deadlines are passed to drivers.  Any thread.
 */
#ifndef QUIPU_CORE_BASE_CLOCK_H
#define QUIPU_CORE_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define QUIPU_CLOCK_NEVER INT64_MAX

/* Returns the current time in nanoseconds. */
int64_t quipu_clock_now(void);

/* Returns the deadline that is `milliseconds` from now.  A negative number, or
 * one so large that the sum exceeds the clock's range, gives
 * QUIPU_CLOCK_NEVER. */
int64_t quipu_clock_deadline(int64_t milliseconds);

/* Returns the nanoseconds that are left until a deadline: 0 if it has passed,
 * INT64_MAX if it is QUIPU_CLOCK_NEVER. */
int64_t quipu_clock_left(int64_t deadline);

/* Converts a deadline for pthread_cond_timedwait on a condition variable whose
 * clock is CLOCK_MONOTONIC.  A negative deadline gives 0. */
struct timespec quipu_clock_timespec(int64_t deadline);

#endif
