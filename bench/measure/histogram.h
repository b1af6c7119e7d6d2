/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Durations in constant memory: a histogram with 32 buckets for each power of
 * two, so that a percentile is exact to 3 %.  The longest duration is kept as
 * it is.  A histogram belongs to one thread; threads that measure together have
 * one each, which are merged at the end.
 */
#ifndef MEASURE_HISTOGRAM_H
#define MEASURE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define MEASURE_HISTOGRAM_BUCKETS ((size_t)64 * 32)

/* Initialise it with zeros. */
struct measure_histogram {
    int64_t count;
    int64_t longest; /* nanoseconds */
    int64_t buckets[MEASURE_HISTOGRAM_BUCKETS];
};

void measure_histogram_add(struct measure_histogram *histogram,
                           int64_t nanoseconds);

/* Adds all durations of `other`. */
void measure_histogram_merge(struct measure_histogram *histogram,
                             const struct measure_histogram *other);

/* Returns the duration in nanoseconds that `percent` of the operations did not
 * exceed; never more than the longest one. */
int64_t measure_histogram_percentile(const struct measure_histogram *histogram,
                                     int percent);

#endif
