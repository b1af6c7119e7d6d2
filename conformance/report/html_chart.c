/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cases of a URI, drawn as a quipu, the knotted cords that this library is
 * named after: a cord for each guarantee with a knot for each case, in the
 * order of the suite.
 */
#include "html.h"

#include "encoding.h"
#include "guarantees.h"
#include "labels.h"

/* In units of the drawing. */
#define STEP 40U /* distance of two cords */
#define KNOT 9U  /* distance of two knots */
#define TOP 34U  /* of the horizontal cord */
#define MOST 60U /* knots on a cord, at most */

static bool is_of(const struct quipu_case_result *result,
                  const struct quipu_guarantee *g)
{
    return quipu_guarantee_of(result->case_->id) == g;
}

static const char *class_of(const struct quipu_case_result *result)
{
    return result->verdict == QUIPU_FAILED       ? " failed"
           : result->verdict == QUIPU_PASSED     ? ""
           : result->skip >= QUIPU_SKIP_UNTESTED ? " missed"
                                                 : " skipped";
}

static void write_knot(FILE *to, const struct quipu_case_result *result,
                       unsigned x, unsigned y)
{
    fprintf(to,
            "<ellipse class=\"knot%s\" cx=\"%u\" cy=\"%u\" rx=\"5\" "
            "ry=\"3.6\"><title>",
            class_of(result), x, y);
    quipu_encoding_xml(to, result->case_->id);
    fprintf(to, ": %s", quipu_labels_verdict(result->verdict));
    if (result->verdict != QUIPU_PASSED) {
        fputs(", ", to);
        quipu_encoding_xml_line(to, result->text);
    }
    fputs("</title></ellipse>\n", to);
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
    fprintf(to, "</title>%.3s</text>\n", g->id); /* a longer id is cut */
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

void quipu_html_chart(FILE *to, const struct quipu_scorecard *card)
{
    const struct quipu_guarantee *g;
    unsigned cords = 0, most = 0, width;

    for (size_t i = 0; (g = quipu_guarantee_at(i)); i++) {
        unsigned knots = knots_of(card, g);

        cords++;
        most = knots > most ? knots : most;
    }
    width = (cords + 1) * STEP;
    fprintf(to,
            "<svg viewBox=\"0 0 %u %u\" role=\"img\" aria-label=\"A cord for "
            "each guarantee, a knot for each case\" "
            "xmlns=\"http://www.w3.org/2000/svg\">\n",
            width, TOP + 30 + most * KNOT);
    fprintf(to,
            "<path class=\"cord\" stroke-width=\"5\" stroke-linecap=\"round\" "
            "d=\"M8 %u Q%u %u %u %u\"/>\n",
            TOP - 2, width / 2, TOP + 3, width - 8, TOP - 2);
    for (size_t i = 0; (g = quipu_guarantee_at(i)); i++) {
        write_cord(to, card, g, ((unsigned)i + 1) * STEP);
    }
    fputs("</svg>\n", to);
}
