/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deadlines: absolute times in nanoseconds of CLOCK_MONOTONIC.
 *
 * QUIPU_CLOCK_NEVER (INT64_MAX) means no deadline.  This is also the form in
 * which deadlines are passed to drivers.  Any thread.
 *
 * The clock of quipu_time_now, which gives times of the calendar, is another
 * one; tests of applications can stop it.
 */
#ifndef QUIPU_CORE_BASE_CLOCK_H
#define QUIPU_CORE_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <quipu/types.h>

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

/*
 * Returns the end of the pause after the n-th failure in a row, from 1, of
 * something that may succeed later: exponential backoff with jitter.  The pause
 * is `first` milliseconds, doubled for each further failure, up to `most`, and
 * of that between half and all, at random: otherwise two callers that refused
 * each other would meet again, and all that lost one server would come back to
 * it at the same time.
 */
int64_t quipu_clock_backoff(int64_t first, int64_t most, uint32_t failures);

/* Sleeps until a deadline, which is not QUIPU_CLOCK_NEVER; signals do not end
 * it. */
void quipu_clock_sleep(int64_t deadline);

/* Lets quipu_time_now return one time from now on, in all threads; 0: the
 * current time again.  Deadlines are not concerned. */
void quipu_time_stop(quipu_time now);

/* Converts a deadline for pthread_cond_timedwait on a condition variable whose
 * clock is CLOCK_MONOTONIC.  A negative deadline gives 0. */
struct timespec quipu_clock_timespec(int64_t deadline);

#endif
