/* SPDX-License-Identifier: Apache-2.0 */
/* Failures, skips, and every case with the time that it took. */
#include "html.h"

#include "encoding.h"
#include "guarantees.h"
#include "labels.h"

#include <inttypes.h>
#include <string.h>

/* ----------------------------------------------------------------- failures */

static void write_failure(FILE *to, const struct quipu_scorecard *card,
                          const struct quipu_case_result *result)
{
    fputs("<div class=\"card broken\"><div class=\"head\"><h3>", to);
    quipu_encoding_xml(to, result->case_->id);
    fputs("</h3><span class=\"soft\">", to);
    quipu_encoding_xml(to, card->store.uri);
    fputs("</span></div>\n<p>", to);
    quipu_encoding_xml(to, result->case_->why);
    fputs("</p>\n<pre>", to);
    quipu_encoding_xml(to, result->text);
    fputs("</pre>\n", to);
    if (result->timeline) {
        quipu_html_timeline(to, result->timeline);
    }
    fputs("<p class=\"soft\">Run it again: <code>quipu-conformance '", to);
    quipu_encoding_xml(to, card->store.uri);
    fputs("' --only ", to);
    quipu_encoding_xml(to, result->case_->id);
    fprintf(to, " --seed %" PRIu64 " --profile %s</code></p></div>\n",
            card->run.seed, quipu_labels_profile(card->run.profile));
}

void quipu_html_cases_failures(FILE *to, const struct quipu_results *results)
{
    bool any = false;

    for (size_t i = 0; i < results->count; i++) {
        const struct quipu_scorecard *card = &results->cards[i];

        for (size_t k = 0; k < card->count; k++) {
            if (card->cases[k].verdict == QUIPU_FAILED) {
                fputs(any ? "" : "<h2>Failures</h2>\n", to);
                any = true;
                write_failure(to, card, &card->cases[k]);
            }
        }
    }
}

/* -------------------------------------------------------------------- skips */

static bool is_skipped_for(const struct quipu_case_result *result,
                           enum quipu_skip skip, const char *reason)
{
    return result->verdict == QUIPU_SKIPPED && result->skip == skip &&
           strcmp(result->text, reason) == 0;
}

static void write_reason(FILE *to, const struct quipu_scorecard *card,
                         enum quipu_skip skip, const char *reason)
{
    bool untested = skip >= QUIPU_SKIP_UNTESTED;
    unsigned count = 0;

    for (size_t i = 0; i < card->count; i++) {
        count += is_skipped_for(&card->cases[i], skip, reason);
    }
    fprintf(to, "<details%s><summary><span class=\"state %s\">%u %s</span>: %s",
            untested ? " open=\"open\"" : "", untested ? "partly" : "notrun",
            count, count == 1 ? "case" : "cases",
            skip == QUIPU_SKIP_UNTESTED ? "NOT TESTED: " : "");
    quipu_encoding_xml_line(to, reason);
    fputs("</summary><p class=\"soft\">", to);
    for (size_t i = 0; i < card->count; i++) {
        if (is_skipped_for(&card->cases[i], skip, reason)) {
            quipu_encoding_xml(to, card->cases[i].case_->id);
            fputs("<br/>\n", to);
        }
    }
    fputs("</p></details>\n", to);
}

static void write_skips(FILE *to, const struct quipu_scorecard *card)
{
    const char *reason;

    fputs("<div class=\"card\"><p class=\"uri\">", to);
    quipu_encoding_xml(to, card->store.uri);
    fputs("</p>\n", to);
    for (int skip = QUIPU_SKIPS - 1; skip >= 0; skip--) {
        for (size_t i = 0; (reason = quipu_results_skip_reason(
                                card, NULL, (enum quipu_skip)skip, i));
             i++) {
            write_reason(to, card, (enum quipu_skip)skip, reason);
        }
    }
    fputs("</div>\n", to);
}

void quipu_html_cases_skips(FILE *to, const struct quipu_results *results)
{
    bool any = false;

    for (size_t i = 0; i < results->count; i++) {
        if (results->cards[i].tally.verdicts[QUIPU_SKIPPED] > 0) {
            fputs(any ? "" : "<h2>Skipped, and why</h2>\n", to);
            any = true;
            write_skips(to, &results->cards[i]);
        }
    }
}

/* ---------------------------------------------------------------- all cases */

static const struct quipu_case_result *find(const struct quipu_scorecard *card,
                                            const struct quipu_case *case_)
{
    for (size_t i = 0; i < card->count; i++) {
        if (card->cases[i].case_ == case_) {
            return &card->cases[i];
        }
    }
    return NULL;
}

/* The length of a bar, 1 to 100: the square root, so that short times are
 * visible beside long ones. */
static unsigned length_of(int64_t milliseconds, int64_t longest)
{
    unsigned length = 1;

    while (length < 100 &&
           (int64_t)length * length * longest < milliseconds * INT64_C(10000)) {
        length++;
    }
    return length;
}

static void write_cell(FILE *to, const struct quipu_scorecard *card,
                       const struct quipu_case *case_, int64_t longest)
{
    const struct quipu_case_result *result = find(card, case_);

    fputs("<td class=\"n\" data-uri=\"", to);
    quipu_encoding_xml(to, card->store.uri);
    fputs("\">", to);
    if (!result) {
        fputs("<span class=\"soft\">&#183;</span>", to);
    } else if (result->verdict == QUIPU_SKIPPED) {
        fputs("<span class=\"soft\" title=\"", to);
        quipu_encoding_xml(to, result->text);
        fputs("\">skipped</span>", to);
    } else {
        bool failed = result->verdict == QUIPU_FAILED;

        fprintf(to,
                "<svg viewBox=\"0 0 180 14\" width=\"180\" height=\"14\" "
                "xmlns=\"http://www.w3.org/2000/svg\"><rect class=\"bar%s\" "
                "y=\"2\" height=\"10\" rx=\"2\" width=\"%u\"/><text "
                "class=\"dim\" font-size=\"11\" x=\"%u\" y=\"11\">%s%" PRId64
                " ms</text></svg>",
                failed ? " failed" : "",
                length_of(result->milliseconds, longest),
                length_of(result->milliseconds, longest) + 5,
                failed ? "FAILED, " : "passed, ", result->milliseconds);
    }
    fputs("</td>", to);
}

static void write_case(FILE *to, const struct quipu_results *results,
                       const struct quipu_case *case_, int64_t longest)
{
    fputs("<tr><td>", to);
    quipu_encoding_xml(to, case_->id);
    fputs("<br/><span class=\"why\">", to);
    quipu_encoding_xml(to, case_->why);
    fputs("</span></td>", to);
    for (size_t i = 0; i < results->count; i++) {
        write_cell(to, &results->cards[i], case_, longest);
    }
    fputs("</tr>\n", to);
}

static void write_guarantee(FILE *to, const struct quipu_results *results,
                            const struct quipu_guarantee *g, int64_t longest)
{
    const struct quipu_case *case_;

    fprintf(to, "<details id=\"g-%s\"><summary><b>%s</b> ", g->id, g->id);
    quipu_encoding_xml(to, g->title);
    fputs("</summary><p>", to);
    quipu_encoding_xml(to, g->text);
    fputs("</p>\n<table>\n<tbody>\n", to);
    for (size_t i = 0; (case_ = quipu_case_at(i)); i++) {
        if (quipu_guarantee_of(case_->id) == g) {
            write_case(to, results, case_, longest);
        }
    }
    fputs("</tbody></table></details>\n", to);
}

void quipu_html_cases(FILE *to, const struct quipu_results *results)
{
    const struct quipu_guarantee *g;
    int64_t longest = 1;

    for (size_t i = 0; i < results->count; i++) {
        for (size_t k = 0; k < results->cards[i].count; k++) {
            int64_t time = results->cards[i].cases[k].milliseconds;

            longest = time > longest ? time : longest;
        }
    }
    fputs("<h2>Every case</h2>\n<div class=\"card\">\n", to);
    for (size_t i = 0; (g = quipu_guarantee_at(i)); i++) {
        write_guarantee(to, results, g, longest);
    }
    fputs("</div>\n", to);
}
