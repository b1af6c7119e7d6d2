/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock of all measurements: CLOCK_MONOTONIC, which no adjustment of the
 * system's time sets back.  Its zero is arbitrary; only differences of two
 * readings have a meaning.
 */
#ifndef MEASURE_CLOCK_H
#define MEASURE_CLOCK_H

#include <stdint.h>

#define MEASURE_CLOCK_SECOND INT64_C(1000000000) /* nanoseconds */

/* Returns the time in nanoseconds. */
int64_t measure_clock_now(void);

/* Returns the time in seconds. */
double measure_clock_seconds(void);

/* Suspends the calling thread for less than a second; a signal ends the sleep
 * early. */
void measure_clock_sleep(int64_t nanoseconds);

/* Converts a duration for printing. */
static inline double measure_clock_milliseconds(int64_t nanoseconds)
{
    return (double)nanoseconds / 1e6;
}

#endif
