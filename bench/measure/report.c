/* SPDX-License-Identifier: Apache-2.0 */
/* Medians and ratios of rounds, and the load of the machine. */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(const double *values, size_t count)
{
    double sorted[MEASURE_ROUNDS_MAX];

    memcpy(sorted, values, count * sizeof(*values));
    qsort(sorted, count, sizeof(*sorted), compare_doubles);
    return count % 2 == 1 ? sorted[count / 2]
                          : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

struct measure_ratio measure_report_ratio(const double *rates,
                                          const double *baselines,
                                          size_t rounds)
{
    struct measure_ratio ratio = { .rate = median(rates, rounds),
                                   .baseline = median(baselines, rounds),
                                   .low = rates[0] / baselines[0],
                                   .high = rates[0] / baselines[0] };

    for (size_t i = 1; i < rounds; i++) {
        const double one = rates[i] / baselines[i];

        ratio.low = one < ratio.low ? one : ratio.low;
        ratio.high = one > ratio.high ? one : ratio.high;
    }
    return ratio;
}

double measure_report_load(void)
{
    double load = 0;

    return getloadavg(&load, 1) == 1 ? load : 0;
}

void measure_report_print_machine(void)
{
    (void)printf("load average %.2f on %ld processors\n\n",
                 measure_report_load(), sysconf(_SC_NPROCESSORS_ONLN));
}
