/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of a run. */
#include "figure.h"
#include "fail.h"

#include <stdbool.h>
#include <stdio.h>

static FILE *lines;

void bench_figure_open_file(const char *file)
{
    lines = fopen(file, "w");
    if (!lines) {
        bench_fail(file, "cannot open the file for writing");
    }
}

/* Prints the head of the table before the first figure. */
static void begin_table(void)
{
    static bool begun;
    if (!begun) {
        measure_report_print_machine();
        (void)printf("%-38s %12s %12s %7s %13s %6s  %-9s %s\n", "benchmark",
                     "quipu", "baseline", "ratio", "of rounds", "load", "unit",
                     "longest call, ms");
        begun = true;
    }
}

static void print_row(const struct bench_figure *figure, const char *name)
{
    begin_table();
    (void)printf("%-38s %12.0f", name, figure->ratio.rate);
    if (figure->ratio.baseline > 0) {
        char spread[32];
        (void)snprintf(spread, sizeof(spread), "%.3f-%.3f", figure->ratio.low,
                       figure->ratio.high);
        (void)printf(" %12.0f %7.3f %13s", figure->ratio.baseline,
                     figure->ratio.rate / figure->ratio.baseline, spread);
    } else {
        (void)printf(" %12s %7s %13s", "", "", "");
    }
    (void)printf(" %6.2f  %-9s", measure_report_load(), figure->unit);
    if (figure->longest > 0) {
        (void)printf(" %.1f, baseline %.1f", figure->longest,
                     figure->baseline_longest);
    }
    (void)printf("\n");
    (void)fflush(stdout);
}

static void print_line(const struct bench_figure *figure, const char *name)
{
    (void)fprintf(lines, "{\"bench\":\"%s\",\"quipu\":%.2f", name,
                  figure->ratio.rate);
    if (figure->ratio.baseline > 0) {
        (void)fprintf(lines,
                      ",\"baseline\":%.2f,\"ratio\":%.3f,\"ratio_low\":%.3f,"
                      "\"ratio_high\":%.3f",
                      figure->ratio.baseline,
                      figure->ratio.rate / figure->ratio.baseline,
                      figure->ratio.low, figure->ratio.high);
    }
    if (figure->longest > 0) {
        (void)fprintf(lines,
                      ",\"longest_ms\":%.2f,\"baseline_longest_ms\":%.2f",
                      figure->longest, figure->baseline_longest);
    }
    (void)fprintf(lines, ",\"load\":%.2f,\"unit\":\"%s\"}\n",
                  measure_report_load(), figure->unit);
    (void)fflush(lines);
}

void bench_figure_report(const struct bench_figure *figure)
{
    char name[96];
    (void)snprintf(name, sizeof(name), "%s.%s%s", figure->driver, figure->name,
                   figure->suffix);
    print_row(figure, name);
    bench_plot_add(name, figure);
    if (lines) {
        print_line(figure, name);
    }
}

void bench_figure_report_rounds(struct bench_figure figure, const double *rates,
                                const double *baselines, size_t rounds)
{
    figure.ratio = measure_report_ratio(rates, baselines, rounds);
    bench_figure_report(&figure);
}
