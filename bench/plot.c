/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A drawing of the ratios of a run.
 *
 * A bar begins at the ratio 1, which is the baseline, and ends at the median of
 * the ratio; the thin line behind it goes from the smallest to the largest
 * ratio of a round.  The scale is logarithmic, so that half and twice the rate
 * are equally far from 1.  Ratios beyond its ends are drawn at the end; the
 * number beside each bar is the ratio as it is.
 */
#include "fail.h"
#include "figure.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Sizes in pixels. */
enum {
    BARS_MAX = 128,
    ROW = 20,
    TOP = 34, /* of the first row */
    LEFT = 250,
    SCALE = 400,
    WIDTH = LEFT + SCALE + 70,
    LOWEST = -2, /* the powers of two at the ends of the scale */
    HIGHEST = 4
};

struct bar {
    char name[96];
    double ratio, low, high;
};

static FILE *drawing;
static struct bar bars[BARS_MAX];
static int bar_count;

void bench_plot_open_file(const char *file)
{
    drawing = fopen(file, "w");
    if (!drawing) {
        bench_fail(file, "cannot open the file for writing");
    }
}

void bench_plot_add(const char *name, const struct bench_figure *figure)
{
    const struct measure_ratio *ratio = &figure->ratio;
    const size_t length = strlen(figure->unit);
    if (!drawing || bar_count == BARS_MAX || ratio->baseline <= 0 ||
        length < 2 || strcmp(figure->unit + length - 2, "/s") != 0) {
        return;
    }
    struct bar *bar = &bars[bar_count++];
    (void)snprintf(bar->name, sizeof(bar->name), "%s", name);
    bar->ratio = ratio->rate / ratio->baseline;
    bar->low = ratio->low;
    bar->high = ratio->high;
}

/* The place of a ratio, from the left. */
static double place(double ratio)
{
    const double lowest = LOWEST;
    const double highest = HIGHEST;
    const double scale = SCALE;
    double power = fmin(fmax(log2(ratio), lowest), highest);
    return (double)LEFT + (power - lowest) / (highest - lowest) * scale;
}

static void draw_head(int bottom)
{
    (void)fprintf(
        drawing,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
        "viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n"
        "<style>\n"
        "text { fill: #333 } .axis { stroke: #ccc } .one { stroke: #333 }\n"
        ".fast { fill: #2a7f4f } .slow { fill: #c0632b }\n"
        ".spread { stroke: #777 }\n"
        "@media (prefers-color-scheme: dark) {\n"
        "    text { fill: #ddd } .axis { stroke: #444 } .one { stroke: #ddd }\n"
        "    .fast { fill: #5cc08a } .slow { fill: #e59a68 }\n"
        "    .spread { stroke: #aaa }\n"
        "}\n"
        "</style>\n"
        "<text x=\"%d\" y=\"14\" text-anchor=\"middle\">rate, as a multiple of "
        "the baseline's</text>\n",
        WIDTH, bottom + 8, WIDTH, bottom + 8, LEFT + SCALE / 2);
    for (int power = LOWEST; power <= HIGHEST; power++) {
        double x = place(exp2(power));
        (void)fprintf(drawing,
                      "<line class=\"%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" "
                      "y2=\"%d\"/>\n"
                      "<text x=\"%.1f\" y=\"28\" text-anchor=\"middle\">%g"
                      "</text>\n",
                      power == 0 ? "one" : "axis", x, x, TOP, bottom, x,
                      exp2(power));
    }
}

static void draw_bar(const struct bar *bar, int y)
{
    const double one = place(1);
    const double end = place(bar->ratio);
    const bool fast = bar->ratio >= 1;
    (void)fprintf(
        drawing,
        "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n"
        "<line class=\"spread\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>\n"
        "<rect class=\"%s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" "
        "height=\"%d\"/>\n"
        "<text x=\"%d\" y=\"%d\">%.2f</text>\n",
        LEFT - 8, y + 14, bar->name, place(bar->low), place(bar->high),
        y + ROW / 2, y + ROW / 2, fast ? "fast" : "slow", fast ? one : end,
        y + 5, fmax(fabs(end - one), 1), ROW - 10, LEFT + SCALE + 12, y + 14,
        bar->ratio);
}

void bench_plot_finish(void)
{
    if (!drawing) {
        return;
    }
    draw_head(TOP + bar_count * ROW);
    for (int i = 0; i < bar_count; i++) {
        draw_bar(&bars[i], TOP + i * ROW);
    }
    (void)fputs("</svg>\n", drawing);
    if (fclose(drawing) != 0) {
        bench_fail("--plot", "the drawing cannot be written");
    }
    drawing = NULL;
}
