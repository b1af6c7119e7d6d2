/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The timeline of a failure as a drawing: a lane for each session, a bar for
 * each operation, all on one time axis.
 *
 * The axis is not linear.  The operations that matter are often microseconds
 * apart, beside waits of a second.  Between two neighbouring points of time (a
 * begin or an end) the axis is as wide as the binary logarithm of their
 * distance in microseconds, so each order of events stays visible, and the
 * ticks show the true times.  Operations without a response extend to the right
 * edge with a dashed border.
 *
 * A list below the drawing repeats the operations that are evidence, in their
 * order, for readers who do not see it.
 */
#include "html.h"

#include "encoding.h"
#include "timeline.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 1000
#define LABEL 130 /* width of the names of lanes */
#define LANE 30U
#define BAR 20U
#define HEAD 24U /* height of the axis */
#define LANES 64
#define TICK 150  /* distance of two ticks, at least */
#define GLYPH 6.2 /* approximate width of a letter */

struct drawing {
    const struct quipu_timeline *timeline;
    const char *lanes[LANES];
    unsigned lane_count;
    double *times;  /* begins and ends of operations, sorted */
    double *places; /* x coordinates, by index of `times` */
    size_t count;
};

static unsigned lane_of(const struct drawing *d, const char *name)
{
    unsigned i = 0;

    while (i < d->lane_count && strcmp(d->lanes[i], name) != 0) {
        i++;
    }
    return i;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The relative width of an interval on the axis. */
static double width_of(double milliseconds)
{
    double width = 0;
    double rest = milliseconds * 1000;

    while (rest >= 0.5) {
        rest /= 2;
        width += 1;
    }
    return width;
}

static double place(const struct drawing *d, double milliseconds)
{
    const double *at =
        bsearch(&milliseconds, d->times, d->count, sizeof(*d->times), compare);

    return d->places[at ? at - d->times : 0];
}

/* Collects the times and the lanes, and places the times on the axis. */
static bool measure(struct drawing *d)
{
    const struct quipu_timeline *timeline = d->timeline;
    double scale;

    d->times = calloc(2 * timeline->count, sizeof(*d->times));
    d->places = calloc(2 * timeline->count, sizeof(*d->places));
    if (!d->times || !d->places) {
        return false;
    }
    for (size_t i = 0; i < timeline->count; i++) {
        const struct quipu_timeline_entry *m = &timeline->entries[i];

        d->times[d->count++] = m->from;
        d->times[d->count++] = m->answered ? m->to : m->from;
        if (lane_of(d, m->lane) == d->lane_count && d->lane_count < LANES) {
            d->lanes[d->lane_count++] = m->lane;
        }
    }
    qsort(d->times, d->count, sizeof(*d->times), compare);
    for (size_t i = 1; i < d->count; i++) {
        d->places[i] =
            d->places[i - 1] + width_of(d->times[i] - d->times[i - 1]);
    }
    scale = d->places[d->count - 1] > 0
                ? (WIDTH - LABEL - 10) / d->places[d->count - 1]
                : 1;
    for (size_t i = 0; i < d->count; i++) {
        d->places[i] = LABEL + d->places[i] * scale;
    }
    return true;
}

/* Writes a coordinate with one decimal, whatever the locale. */
static void write_units(FILE *to, double units)
{
    int64_t tenths = (int64_t)(units * 10 + 0.5);

    fprintf(to, "%" PRId64 ".%d", tenths / 10, (int)(tenths % 10));
}

/* Writes a vertical line at a time, and the time since the first begin. */
static void write_tick(FILE *to, const struct drawing *d, size_t index)
{
    double since = d->times[index] - d->times[0];

    fputs("<line class=\"rule\" y1=\"18\" x1=\"", to);
    write_units(to, d->places[index]);
    fputs("\" x2=\"", to);
    write_units(to, d->places[index]);
    fprintf(to,
            "\" y2=\"%u\"/><text class=\"dim\" font-size=\"11\" y=\"12\" "
            "text-anchor=\"%s\" x=\"",
            HEAD + d->lane_count * LANE,
            index + 1 == d->count ? "end" : "middle");
    write_units(to, d->places[index]);
    fputs("\">", to);
    quipu_encoding_thousandths(to, (int64_t)(since * 1000 + 0.5));
    fputs(" ms</text>\n", to);
}

/* Writes ticks at begins and ends, with space between them. */
static void write_axis(FILE *to, const struct drawing *d)
{
    double last = d->places[d->count - 1], free = 0;

    for (size_t i = 0; i < d->count; i++) {
        if (i + 1 == d->count ||
            (d->places[i] >= free && d->places[i] <= last - TICK)) {
            write_tick(to, d, i);
            free = d->places[i] + TICK;
        }
    }
}

static void write_lanes(FILE *to, const struct drawing *d)
{
    for (unsigned i = 0; i < d->lane_count; i++) {
        fprintf(to,
                "<line class=\"rule\" x1=\"0\" x2=\"%d\" y1=\"%u\" y2=\"%u\"/>"
                "<text font-size=\"13\" x=\"4\" y=\"%u\">",
                WIDTH, HEAD + (i + 1) * LANE, HEAD + (i + 1) * LANE,
                HEAD + i * LANE + 20);
        quipu_encoding_xml(to, d->lanes[i]);
        fputs("</text>\n", to);
    }
}

static void write_hint(FILE *to, const struct quipu_timeline_entry *m)
{
    fputs("<title>", to);
    quipu_encoding_xml(to, m->lane);
    fputs(": ", to);
    quipu_encoding_xml(to, m->what);
    fputs("&#10;", to);
    quipu_encoding_xml(to, m->answered ? m->outcome : "no response");
    fputs("&#10;from ", to);
    quipu_encoding_thousandths(to, (int64_t)(m->from * 1000 + 0.5));
    if (m->answered) {
        fputs(" to ", to);
        quipu_encoding_thousandths(to, (int64_t)(m->to * 1000 + 0.5));
    }
    fputs(" ms</title>", to);
}

static void write_entry(FILE *to, const struct drawing *d,
                        const struct quipu_timeline_entry *m)
{
    unsigned y = HEAD + lane_of(d, m->lane) * LANE + (LANE - BAR) / 2;
    double from = place(d, m->from);
    double until = m->answered ? place(d, m->to) : WIDTH - 4;
    double width = until - from < 3 ? 3 : until - from;

    fputs("<g>", to);
    write_hint(to, m);
    fprintf(
        to,
        "<rect class=\"operation%s%s\" rx=\"3\" y=\"%u\" height=\"%u\" x=\"",
        m->bad ? " bad" : "", m->answered ? "" : " open", y, BAR);
    write_units(to, from);
    fputs("\" width=\"", to);
    write_units(to, width);
    fputs("\"/>", to);
    if ((double)strlen(m->what) * GLYPH < width - 6) {
        fprintf(to, "<text font-size=\"11\" y=\"%u\" x=\"", y + 14);
        write_units(to, from + 4);
        fputs("\">", to);
        quipu_encoding_xml(to, m->what);
        fputs("</text>", to);
    }
    fputs("</g>\n", to);
}

/* Writes the entries that are evidence, or the others.  Evidence comes last, so
 * that nothing hides it.  Returns true if there is any. */
static bool write_entries(FILE *to, const struct drawing *d, bool bad)
{
    bool any = false;

    for (size_t i = 0; i < d->timeline->count; i++) {
        const struct quipu_timeline_entry *m = &d->timeline->entries[i];

        if (m->bad == bad && lane_of(d, m->lane) < d->lane_count) {
            write_entry(to, d, m);
            any = any || bad;
        }
    }
    return any;
}

/* Lists the operations that are evidence. */
static void write_evidence(FILE *to, const struct quipu_timeline *timeline)
{
    fputs("<p class=\"soft\">The outlined operations, in their "
          "order:</p>\n<ol>\n",
          to);
    for (size_t i = 0; i < timeline->count; i++) {
        const struct quipu_timeline_entry *m = &timeline->entries[i];

        if (m->bad) {
            fputs("<li><b>", to);
            quipu_encoding_xml(to, m->lane);
            fputs("</b> <code>", to);
            quipu_encoding_xml(to, m->what);
            fputs("</code> &#8594; ", to);
            quipu_encoding_xml(to, m->answered ? m->outcome : "no response");
            fputs("</li>\n", to);
        }
    }
    fputs("</ol>\n", to);
}

void quipu_html_timeline(FILE *to, const char *lines)
{
    struct quipu_timeline timeline;
    struct drawing d = { .timeline = &timeline };
    bool bad;

    if (!quipu_timeline_read(&timeline, lines) || timeline.count == 0) {
        quipu_timeline_finish(&timeline);
        return;
    }
    if (!measure(&d)) {
        goto done;
    }
    fprintf(to,
            "<div class=\"wide\"><svg class=\"timeline\" viewBox=\"0 0 %d %u\" "
            "role=\"img\" aria-label=\"Timeline of the failure\" "
            "xmlns=\"http://www.w3.org/2000/svg\">\n",
            WIDTH, HEAD + d.lane_count * LANE + 4);
    write_axis(to, &d);
    write_lanes(to, &d);
    (void)write_entries(to, &d, false);
    bad = write_entries(to, &d, true);
    fputs("</svg></div>\n", to);
    if (bad) {
        write_evidence(to, &timeline);
    }
done:
    free(d.times);
    free(d.places);
    quipu_timeline_finish(&timeline);
}
