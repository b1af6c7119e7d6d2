/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts that every report of a measurement has: the load of the machine, and
 * the ratio of two rates with its spread.
 *
 * A ratio compares two ways of doing the same work that were measured in turn,
 * round by round.  It is the ratio of the two medians; beside it stand the
 * smallest and the largest ratio of a single round, which show how far the
 * figure can be trusted.
 */
#ifndef MEASURE_REPORT_H
#define MEASURE_REPORT_H

#include <stddef.h>

#define MEASURE_ROUNDS_MAX 32

struct measure_ratio {
    double rate;      /* median of the rounds */
    double baseline;  /* median of the baseline's rounds */
    double low, high; /* smallest and largest ratio of a round */
};

/* Computes the ratio of 1 to MEASURE_ROUNDS_MAX rounds. */
struct measure_ratio measure_report_ratio(const double *rates,
                                          const double *baselines,
                                          size_t rounds);

/* Returns the load average of the last minute, 0 if the system has none. */
double measure_report_load(void);

/* Prints the load average and the number of processors on a line of its own,
 * with an empty line after it. */
void measure_report_print_machine(void);

#endif
