/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cases of a URI, drawn as a quipu, the knotted cords that this library is
 * named after: a cord for each guarantee with a knot for each case, in the
 * order of the suite.  Each group of guarantees is a drawing of its own; they
 * stand side by side or, on a narrow screen, below each other.
 */
#include "html.h"

#include "encoding.h"
#include "guarantees.h"
#include "labels.h"

#include <string.h>

/* In units of the drawing. */
#define STEP 30U      /* distance of two cords */
#define LONG_STEP 62U /* the same below words instead of "U1" */
#define EDGE 8U       /* of a drawing, on both sides together */
#define KNOT 9U       /* distance of two knots */
#define TOP 34U       /* of the horizontal cord */
#define MOST 60U      /* knots on a cord, at most */

static bool is_of(const struct quipu_case_result *result,
                  const struct quipu_guarantee *g)
{
    return quipu_guarantee_of(result->case_->id) == g;
}

static bool is_untested(const struct quipu_case_result *result)
{
    return result->verdict == QUIPU_SKIPPED &&
           result->skip >= QUIPU_SKIP_UNTESTED;
}

static const char *class_of(const struct quipu_case_result *result)
{
    return result->verdict == QUIPU_FAILED   ? " failed"
           : result->verdict == QUIPU_PASSED ? ""
           : is_untested(result)             ? " missed"
                                             : " skipped";
}

/* Writes a knot whose shape tells the result: an ellipse (passed; a ring if it
 * was skipped), a cross (failed) or a square (not tested). */
static void write_knot(FILE *to, const struct quipu_case_result *result,
                       unsigned x, unsigned y)
{
    const char *class = class_of(result);

    if (result->verdict == QUIPU_FAILED) {
        fprintf(to,
                "<path class=\"knot%s\" d=\"M%u %u l8 7 m0 -7 l-8 7\"><title>",
                class, x - 4, y - 3);
    } else if (is_untested(result)) {
        fprintf(to,
                "<rect class=\"knot%s\" x=\"%u\" y=\"%u\" width=\"9\" "
                "height=\"6\"><title>",
                class, x - 4, y - 3);
    } else {
        fprintf(to,
                "<ellipse class=\"knot%s\" cx=\"%u\" cy=\"%u\" rx=\"5\" "
                "ry=\"3.6\"><title>",
                class, x, y);
    }
    quipu_encoding_xml(to, result->case_->id);
    fprintf(to, ": %s", quipu_labels_verdict(result->verdict));
    if (result->verdict != QUIPU_PASSED) {
        fputs(", ", to);
        quipu_encoding_xml_line(to, result->text);
    }
    fprintf(to, "</title></%s>\n",
            result->verdict == QUIPU_FAILED ? "path"
            : is_untested(result)           ? "rect"
                                            : "ellipse");
}

static unsigned knots_of(const struct quipu_scorecard *card,
                         const struct quipu_guarantee *g)
{
    unsigned knots = 0;

    for (size_t i = 0; i < card->count; i++) {
        knots += is_of(&card->cases[i], g);
    }
    return knots < MOST ? knots : MOST;
}

static void write_cord(FILE *to, const struct quipu_scorecard *card,
                       const struct quipu_guarantee *g, unsigned x)
{
    unsigned end = TOP + 22 + knots_of(card, g) * KNOT, y = TOP + 16;

    fprintf(to,
            "<text x=\"%u\" y=\"%u\" font-size=\"12\" text-anchor=\"middle\">"
            "<title>",
            x, TOP - 12);
    quipu_encoding_xml(to, g->title);
    fprintf(to, "</title>%s</text>\n", g->id);
    fprintf(to,
            "<path class=\"cord\" stroke-width=\"2\" d=\"M%u %u C%u %u %u %u "
            "%u %u\"/>\n",
            x, TOP, x - 2, TOP + 10, x + 2, end - 8, x, end);
    for (size_t i = 0; i < card->count && y < end - 8; i++) {
        if (is_of(&card->cases[i], g)) {
            write_knot(to, &card->cases[i], x, y);
            y += KNOT;
        }
    }
}

/* Returns the distance of two cords, which depends on the text above them. */
static unsigned step_of(const struct quipu_guarantee *g)
{
    return strlen(g->id) > 3 ? LONG_STEP : STEP;
}

/* Writes the cords of the group of guarantees that begins at an index. */
static void write_group(FILE *to, const struct quipu_scorecard *card,
                        size_t first)
{
    const struct quipu_guarantee *g = quipu_guarantee_at(first);
    const char *title = quipu_html_matrix_group(g->id);
    unsigned step = step_of(g), most = 0, width, x;
    size_t end = first;

    do {
        unsigned knots = knots_of(card, g);

        most = knots > most ? knots : most;
        g = quipu_guarantee_at(++end);
    } while (g && !quipu_html_matrix_group(g->id));
    width = (unsigned)(end - first) * step + EDGE;
    fprintf(to,
            "<figure><figcaption>%s</figcaption><svg viewBox=\"0 0 %u %u\" "
            "width=\"%u\" height=\"%u\" role=\"img\" aria-label=\"A cord for "
            "each guarantee, a knot for each case\" "
            "xmlns=\"http://www.w3.org/2000/svg\">\n",
            title, width, TOP + 30 + most * KNOT, width,
            TOP + 30 + most * KNOT);
    fprintf(to,
            "<path class=\"cord\" stroke-width=\"5\" stroke-linecap=\"round\" "
            "d=\"M4 %u Q%u %u %u %u\"/>\n",
            TOP - 2, width / 2, TOP + 3, width - 4, TOP - 2);
    x = (step + EDGE) / 2;
    for (size_t i = first; i < end; i++, x += step) {
        write_cord(to, card, quipu_guarantee_at(i), x);
    }
    fputs("</svg></figure>\n", to);
}

void quipu_html_chart(FILE *to, const struct quipu_scorecard *card)
{
    const struct quipu_guarantee *g;

    fputs("<div class=\"cords\">\n", to);
    for (size_t i = 0; (g = quipu_guarantee_at(i)); i++) {
        if (quipu_html_matrix_group(g->id)) {
            write_group(to, card, i);
        }
    }
    fputs("</div>\n", to);
}
