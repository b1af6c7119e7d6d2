/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of a run: rows of a table, JSON Lines in a file, and a drawing of
 * the ratios. */
#ifndef BENCH_FIGURE_H
#define BENCH_FIGURE_H

#include "measure/report.h"

#include <stddef.h>

/* One figure; members that are 0 are not printed. */
struct bench_figure {
    const char *driver;
    const char *name;
    const char *suffix; /* ".events", or "" */
    const char *unit;
    struct measure_ratio ratio;
    double longest;          /* duration of the longest call, milliseconds */
    double baseline_longest; /* the same of the baseline */
};

/* Writes all figures to this file, too, as JSON Lines. */
void bench_figure_open_file(const char *file);

/* Prints a figure, named "driver.name" with the suffix. */
void bench_figure_report(const struct bench_figure *figure);

/* Computes the ratio of the rounds and prints the figure. */
void bench_figure_report_rounds(struct bench_figure figure, const double *rates,
                                const double *baselines, size_t rounds);

/* --------------------------------------------------------- plot.c: drawings */

/* Draws the ratios into this file, as SVG, when bench_plot_finish is called. */
void bench_plot_open_file(const char *file);

/* Adds a bar if a file is open and the ratio is one of rates: the unit ends in
 * "/s".  Bars are drawn in this order. */
void bench_plot_add(const char *name, const struct bench_figure *figure);

/* Writes the drawing; the file has no content before. */
void bench_plot_finish(void);

#endif
