/* SPDX-License-Identifier: Apache-2.0 */
/* A histogram of durations. */
#include "bench.h"

#define FINE_BITS 5 /* of a duration below its highest one */

static size_t bucket_of(int64_t nanoseconds)
{
    const uint64_t time = nanoseconds < 0 ? 0 : (uint64_t)nanoseconds;
    int power = 0;

    while (time >> power >= (uint64_t)2 << FINE_BITS) {
        power++;
    }
    /* From here on `time >> power` has the highest bit and FINE_BITS below. */
    return power == 0 ? (size_t)time
                      : ((size_t)power << FINE_BITS) + (size_t)(time >> power);
}

/* The upper end of a bucket. */
static int64_t end_of(size_t bucket)
{
    const size_t power =
        bucket < (size_t)2 << FINE_BITS ? 0 : (bucket >> FINE_BITS) - 1;
    const size_t fine = bucket - (power << FINE_BITS);

    return (int64_t)(((uint64_t)fine + 1) << power) - 1;
}

void quipu_tool_bench_time(struct bench_times *times, int64_t nanoseconds)
{
    times->count++;
    times->sum += nanoseconds;
    times->buckets[bucket_of(nanoseconds)]++;
    if (nanoseconds > times->longest) {
        times->longest = nanoseconds;
    }
}

void quipu_tool_bench_merge(struct bench_times *times,
                            const struct bench_times *more)
{
    times->count += more->count;
    times->sum += more->sum;
    for (size_t i = 0; i < BENCH_BUCKETS; i++) {
        times->buckets[i] += more->buckets[i];
    }
    if (more->longest > times->longest) {
        times->longest = more->longest;
    }
}

int64_t quipu_tool_bench_percentile(const struct bench_times *times,
                                    int percent)
{
    int64_t seen = 0;

    for (size_t i = 0; i < BENCH_BUCKETS; i++) {
        seen += times->buckets[i];
        if (seen * 100 >= times->count * percent) {
            return end_of(i) < times->longest ? end_of(i) : times->longest;
        }
    }
    return times->longest;
}
