/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bucket is found from the highest bit of a duration and the FINE_BITS below
 * it: durations below 2^(FINE_BITS + 1) ns have a bucket each, all others share
 * one with durations that differ by less than 1/32.
 */
#include "histogram.h"

#define FINE_BITS 5

static size_t bucket_of(int64_t nanoseconds)
{
    const uint64_t time = nanoseconds < 0 ? 0 : (uint64_t)nanoseconds;
    int power = 0;

    while (time >> power >= (uint64_t)2 << FINE_BITS) {
        power++;
    }
    /* Now `time >> power` consists of the highest bit and FINE_BITS more. */
    return power == 0 ? (size_t)time
                      : ((size_t)power << FINE_BITS) + (size_t)(time >> power);
}

/* The longest duration that falls into a bucket. */
static int64_t end_of(size_t bucket)
{
    const size_t power =
        bucket < (size_t)2 << FINE_BITS ? 0 : (bucket >> FINE_BITS) - 1;
    const size_t fine = bucket - (power << FINE_BITS);

    return (int64_t)(((uint64_t)fine + 1) << power) - 1;
}

void measure_histogram_add(struct measure_histogram *histogram,
                           int64_t nanoseconds)
{
    histogram->count++;
    histogram->buckets[bucket_of(nanoseconds)]++;
    if (nanoseconds > histogram->longest) {
        histogram->longest = nanoseconds;
    }
}

void measure_histogram_merge(struct measure_histogram *histogram,
                             const struct measure_histogram *other)
{
    histogram->count += other->count;
    for (size_t i = 0; i < MEASURE_HISTOGRAM_BUCKETS; i++) {
        histogram->buckets[i] += other->buckets[i];
    }
    if (other->longest > histogram->longest) {
        histogram->longest = other->longest;
    }
}

int64_t measure_histogram_percentile(const struct measure_histogram *histogram,
                                     int percent)
{
    int64_t seen = 0;

    for (size_t i = 0; i < MEASURE_HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen * 100 >= histogram->count * percent) {
            return end_of(i) < histogram->longest ? end_of(i)
                                                  : histogram->longest;
        }
    }
    return histogram->longest;
}
