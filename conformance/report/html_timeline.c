/* SPDX-License-Identifier: Apache-2.0 */
/* The history of a failure, drawn: lanes of bars along one clock. */
#include "report/html.h"

#include "report/timeline.h"
#include "report/write.h"

#include <inttypes.h>
#include <string.h>

#define WIDTH 1000
#define LABEL 130 /* of the lanes' names */
#define LANE 30
#define BAR 20
#define HEAD 24 /* of the clock */
#define LANES 64
#define TICKS 5
#define GLYPH 6.2 /* about the width of a letter */

struct drawing {
    const struct quipu_timeline *timeline;
    const char *lanes[LANES];
    unsigned lane_count;
    double begin, scale; /* units a millisecond */
};

static unsigned lane_of(const struct drawing *d, const char *name)
{
    unsigned i = 0;

    while (i < d->lane_count && strcmp(d->lanes[i], name) != 0) {
        i++;
    }
    return i;
}

static void measure(struct drawing *d)
{
    double end = 0;

    for (size_t i = 0; i < d->timeline->count; i++) {
        const struct quipu_moment *m = &d->timeline->moments[i];
        double last = m->answered && m->to > m->from ? m->to : m->from;

        d->begin = i == 0 || m->from < d->begin ? m->from : d->begin;
        end = last > end ? last : end;
        if (lane_of(d, m->lane) == d->lane_count && d->lane_count < LANES) {
            d->lanes[d->lane_count++] = m->lane;
        }
    }
    d->scale = (WIDTH - LABEL - 10) / (end > d->begin ? end - d->begin : 1);
}

/* A number of units, with a tenth, whatever the locale. */
static void write_units(FILE *to, double units)
{
    int64_t tenths = (int64_t)(units * 10 + 0.5);

    fprintf(to, "%" PRId64 ".%d", tenths / 10, (int)(tenths % 10));
}

static double place(const struct drawing *d, double milliseconds)
{
    return LABEL + (milliseconds - d->begin) * d->scale;
}

static void write_clock(FILE *to, const struct drawing *d)
{
    unsigned height = HEAD + d->lane_count * LANE;

    for (int i = 0; i < TICKS; i++) {
        double x = LABEL + (double)i * (WIDTH - LABEL - 10) / (TICKS - 1);
        double milliseconds = (x - LABEL) / d->scale;

        fputs("<line class=\"rule\" y1=\"18\" x1=\"", to);
        write_units(to, x);
        fputs("\" x2=\"", to);
        write_units(to, x);
        fprintf(to,
                "\" y2=\"%u\"/><text class=\"dim\" font-size=\"11\" "
                "y=\"12\" text-anchor=\"%s\" x=\"",
                height, i == TICKS - 1 ? "end" : "middle");
        write_units(to, x);
        fputs("\">", to);
        quipu_write_thousandths(to, (int64_t)(milliseconds * 1000 + 0.5));
        fputs(" ms</text>\n", to);
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
        quipu_write_xml(to, d->lanes[i]);
        fputs("</text>\n", to);
    }
}

static void write_hint(FILE *to, const struct quipu_moment *m)
{
    fputs("<title>", to);
    quipu_write_xml(to, m->lane);
    fputs(": ", to);
    quipu_write_xml(to, m->what);
    fputs("&#10;", to);
    quipu_write_xml(to, m->answered ? m->outcome : "never answered");
    fputs("&#10;from ", to);
    quipu_write_thousandths(to, (int64_t)(m->from * 1000 + 0.5));
    if (m->answered) {
        fputs(" to ", to);
        quipu_write_thousandths(to, (int64_t)(m->to * 1000 + 0.5));
    }
    fputs(" ms</title>", to);
}

static void write_moment(FILE *to, const struct drawing *d,
                         const struct quipu_moment *m)
{
    unsigned y = HEAD + lane_of(d, m->lane) * LANE + (LANE - BAR) / 2;
    double from = place(d, m->from);
    double until = m->answered ? place(d, m->to) : WIDTH - 4;
    double width = until - from < 3 ? 3 : until - from;

    fputs("<g>", to);
    write_hint(to, m);
    fprintf(to,
            "<rect class=\"moment%s%s\" rx=\"3\" y=\"%u\" height=\"%d\" x=\"",
            m->bad ? " bad" : "", m->answered ? "" : " open", y, BAR);
    write_units(to, from);
    fputs("\" width=\"", to);
    write_units(to, width);
    fputs("\"/>", to);
    if ((double)strlen(m->what) * GLYPH < width - 6) {
        fprintf(to, "<text font-size=\"11\" y=\"%u\" x=\"", y + 14);
        write_units(to, from + 4);
        fputs("\">", to);
        quipu_write_xml(to, m->what);
        fputs("</text>", to);
    }
    fputs("</g>\n", to);
}

/* What takes part in the violation, in words, for who sees no picture. */
static void write_bad(FILE *to, const struct quipu_timeline *timeline)
{
    fputs("<p class=\"soft\">In red, in this order:</p>\n<ol>\n", to);
    for (size_t i = 0; i < timeline->count; i++) {
        const struct quipu_moment *m = &timeline->moments[i];

        if (m->bad) {
            fputs("<li><b>", to);
            quipu_write_xml(to, m->lane);
            fputs("</b> <code>", to);
            quipu_write_xml(to, m->what);
            fputs("</code> &#8594; ", to);
            quipu_write_xml(to, m->answered ? m->outcome : "never answered");
            fputs("</li>\n", to);
        }
    }
    fputs("</ol>\n", to);
}

void quipu_html_timeline(FILE *to, const char *lines)
{
    struct quipu_timeline timeline;
    struct drawing d = { .timeline = &timeline };
    bool bad = false;

    if (!quipu_timeline_read(&timeline, lines) || timeline.count == 0) {
        quipu_timeline_finish(&timeline);
        return;
    }
    measure(&d);
    fprintf(to,
            "<div class=\"wide\"><svg class=\"timeline\" viewBox=\"0 0 %d %u\" "
            "role=\"img\" aria-label=\"The history of the failure\" "
            "xmlns=\"http://www.w3.org/2000/svg\">\n",
            WIDTH, HEAD + d.lane_count * LANE + 4);
    write_clock(to, &d);
    write_lanes(to, &d);
    for (size_t i = 0; i < timeline.count; i++) {
        bad = bad || timeline.moments[i].bad;
        if (lane_of(&d, timeline.moments[i].lane) < d.lane_count) {
            write_moment(to, &d, &timeline.moments[i]);
        }
    }
    fputs("</svg></div>\n", to);
    if (bad) {
        write_bad(to, &timeline);
    }
    quipu_timeline_finish(&timeline);
}
