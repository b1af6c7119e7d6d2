/* SPDX-License-Identifier: Apache-2.0 */
/* Figures as a table, and as lines of JSON. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static FILE *lines;

void bench_report_to(const char *file)
{
    lines = fopen(file, "w");
    if (!lines) {
        bench_die(file, "cannot be written");
    }
}

/* The table's header, before the first figure. */
static void begin_table(void)
{
    static bool begun;
    if (!begun) {
        (void)printf("load average %.2f on %ld processors before the first\n\n",
                     bench_load(), sysconf(_SC_NPROCESSORS_ONLN));
        (void)printf("%-34s %12s %12s %7s %13s %6s  %-9s %s\n", "what", "quipu",
                     "baseline", "ratio", "of rounds", "load", "unit",
                     "longest call, ms");
        begun = true;
    }
}

static void print_row(const struct bench_figure *figure, const char *name)
{
    begin_table();
    (void)printf("%-34s %12.0f", name, figure->quipu);
    if (figure->baseline > 0) {
        char spread[32];
        (void)snprintf(spread, sizeof(spread), "%.3f-%.3f", figure->low,
                       figure->high);
        (void)printf(" %12.0f %7.3f %13s", figure->baseline,
                     figure->quipu / figure->baseline, spread);
    } else {
        (void)printf(" %12s %7s %13s", "", "", "");
    }
    (void)printf(" %6.2f  %-9s", bench_load(), figure->unit);
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
                  figure->quipu);
    if (figure->baseline > 0) {
        (void)fprintf(lines,
                      ",\"baseline\":%.2f,\"ratio\":%.3f,\"ratio_low\":%.3f,"
                      "\"ratio_high\":%.3f",
                      figure->baseline, figure->quipu / figure->baseline,
                      figure->low, figure->high);
    }
    if (figure->longest > 0) {
        (void)fprintf(lines,
                      ",\"longest_ms\":%.2f,\"baseline_longest_ms\":%.2f",
                      figure->longest, figure->baseline_longest);
    }
    (void)fprintf(lines, ",\"load\":%.2f,\"unit\":\"%s\"}\n", bench_load(),
                  figure->unit);
    (void)fflush(lines);
}

void bench_report(const struct bench_figure *figure)
{
    char name[96];
    (void)snprintf(name, sizeof(name), "%s.%s%s", figure->driver, figure->name,
                   figure->suffix);
    print_row(figure, name);
    if (lines) {
        print_line(figure, name);
    }
}

/* ----------------------------------------------------------------- rounds */

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values, size_t count)
{
    double sorted[BENCH_ROUNDS_MAX];
    memcpy(sorted, values, count * sizeof(*values));
    qsort(sorted, count, sizeof(*sorted), compare_doubles);
    return count % 2 == 1 ? sorted[count / 2]
                          : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

void bench_report_rounds(struct bench_figure figure, const double *rates,
                         const double *baselines, size_t rounds)
{
    figure.quipu = median(rates, rounds);
    figure.baseline = median(baselines, rounds);
    figure.low = figure.high = rates[0] / baselines[0];
    for (size_t i = 1; i < rounds; i++) {
        double ratio = rates[i] / baselines[i];
        figure.low = ratio < figure.low ? ratio : figure.low;
        figure.high = ratio > figure.high ? ratio : figure.high;
    }
    bench_report(&figure);
}

bool bench_wanted(const char *driver, const char *name,
                  const char *const *patterns, size_t count)
{
    char whole[96];
    (void)snprintf(whole, sizeof(whole), "%s.%s", driver, name);
    for (size_t i = 0; i < count; i++) {
        if (strstr(whole, patterns[i])) {
            return true;
        }
    }
    return count == 0;
}
