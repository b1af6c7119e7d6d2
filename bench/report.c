/* SPDX-License-Identifier: Apache-2.0 */
/* Figures as a table, and as lines of JSON. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *lines;

void bench_report_to(const char *file)
{
    lines = fopen(file, "w");
    if (lines == NULL) {
        bench_die(file, "cannot be written");
    }
}

/* The table's header, before the first figure. */
static void begin_table(void)
{
    static bool begun;
    if (!begun) {
        (void)printf("%-34s %12s %12s %7s  %-9s %s\n", "what", "quipu",
                     "baseline", "ratio", "unit", "longest call, ms");
        begun = true;
    }
}

static void print_row(const struct bench_figure *figure, const char *name)
{
    begin_table();
    (void)printf("%-34s %12.0f", name, figure->quipu);
    if (figure->baseline > 0) {
        (void)printf(" %12.0f %7.3f", figure->baseline,
                     figure->quipu / figure->baseline);
    } else {
        (void)printf(" %12s %7s", "", "");
    }
    (void)printf("  %-9s", figure->unit);
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
        (void)fprintf(lines, ",\"baseline\":%.2f,\"ratio\":%.3f",
                      figure->baseline, figure->quipu / figure->baseline);
    }
    if (figure->longest > 0) {
        (void)fprintf(lines,
                      ",\"longest_ms\":%.2f,\"baseline_longest_ms\":%.2f",
                      figure->longest, figure->baseline_longest);
    }
    (void)fprintf(lines, ",\"unit\":\"%s\"}\n", figure->unit);
    (void)fflush(lines);
}

void bench_report(const struct bench_figure *figure)
{
    char name[96];
    (void)snprintf(name, sizeof name, "%s.%s%s", figure->driver, figure->name,
                   figure->suffix);
    print_row(figure, name);
    if (lines != NULL) {
        print_line(figure, name);
    }
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_doubles);
    return count % 2 == 1 ? values[count / 2]
                          : (values[count / 2 - 1] + values[count / 2]) / 2;
}

bool bench_wanted(const char *driver, const char *name,
                  const char *const *patterns, size_t count)
{
    char whole[96];
    (void)snprintf(whole, sizeof whole, "%s.%s", driver, name);
    for (size_t i = 0; i < count; i++) {
        if (strstr(whole, patterns[i]) != NULL) {
            return true;
        }
    }
    return count == 0;
}
