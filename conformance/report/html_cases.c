/* SPDX-License-Identifier: Apache-2.0 */
/* Failures, skips, and every case with the time it took. */
#include "html.h"

#include "guarantees.h"
#include "words.h"
#include "write.h"

#include <inttypes.h>
#include <string.h>

/* ----------------------------------------------------------------- failures */

static void write_failure(FILE *to, const struct quipu_sheet *sheet,
                          const struct quipu_entry *entry)
{
    fputs("<div class=\"card broken\"><div class=\"head\"><h3>", to);
    quipu_write_xml(to, entry->case_->id);
    fputs("</h3><span class=\"soft\">", to);
    quipu_write_xml(to, sheet->store.uri);
    fputs("</span></div>\n<p>", to);
    quipu_write_xml(to, entry->case_->why);
    fputs("</p>\n<pre>", to);
    quipu_write_xml(to, entry->text);
    fputs("</pre>\n", to);
    if (entry->timeline) {
        quipu_html_timeline(to, entry->timeline);
    }
    fputs("<p class=\"soft\">Again: <code>quipu-conformance '", to);
    quipu_write_xml(to, sheet->store.uri);
    fputs("' --only ", to);
    quipu_write_xml(to, entry->case_->id);
    fprintf(to, " --seed %" PRIu64 " --profile %s</code></p></div>\n",
            sheet->run.seed, quipu_profile_word(sheet->run.profile));
}

void quipu_html_failures(FILE *to, const struct quipu_results *results)
{
    bool any = false;

    for (size_t i = 0; i < results->count; i++) {
        const struct quipu_sheet *sheet = &results->sheets[i];

        for (size_t k = 0; k < sheet->count; k++) {
            if (sheet->entries[k].verdict == QUIPU_FAILED) {
                fputs(any ? "" : "<h2>Failures</h2>\n", to);
                any = true;
                write_failure(to, sheet, &sheet->entries[k]);
            }
        }
    }
}

/* -------------------------------------------------------------------- skips */

static bool is_skipped_so(const struct quipu_entry *entry, enum quipu_skip skip,
                          const char *reason)
{
    return entry->verdict == QUIPU_SKIPPED && entry->skip == skip &&
           strcmp(entry->text, reason) == 0;
}

static void write_reason(FILE *to, const struct quipu_sheet *sheet,
                         enum quipu_skip skip, const char *reason)
{
    unsigned count = 0;

    for (size_t i = 0; i < sheet->count; i++) {
        count += is_skipped_so(&sheet->entries[i], skip, reason);
    }
    fprintf(to, "<details%s><summary><span class=\"state %s\">%u</span> %s: ",
            skip == QUIPU_SKIP_UNTESTED ? " open=\"open\"" : "",
            skip == QUIPU_SKIP_UNTESTED ? "partly" : "untried", count,
            quipu_skip_phrase(skip));
    quipu_write_xml_line(to, reason);
    fputs("</summary><p class=\"soft\">", to);
    for (size_t i = 0; i < sheet->count; i++) {
        if (is_skipped_so(&sheet->entries[i], skip, reason)) {
            quipu_write_xml(to, sheet->entries[i].case_->id);
            fputs("<br/>\n", to);
        }
    }
    fputs("</p></details>\n", to);
}

static void write_skips(FILE *to, const struct quipu_sheet *sheet)
{
    const char *reason;

    fputs("<div class=\"card\"><p class=\"uri\">", to);
    quipu_write_xml(to, sheet->store.uri);
    fputs("</p>\n", to);
    for (int skip = QUIPU_SKIP_UNTESTED; skip >= 0; skip--) {
        for (size_t i = 0; (reason = quipu_sheet_reason(
                                sheet, NULL, (enum quipu_skip)skip, i));
             i++) {
            write_reason(to, sheet, (enum quipu_skip)skip, reason);
        }
    }
    fputs("</div>\n", to);
}

void quipu_html_skips(FILE *to, const struct quipu_results *results)
{
    bool any = false;

    for (size_t i = 0; i < results->count; i++) {
        if (results->sheets[i].tally.verdicts[QUIPU_SKIPPED] > 0) {
            fputs(any ? "" : "<h2>Skipped, and why</h2>\n", to);
            any = true;
            write_skips(to, &results->sheets[i]);
        }
    }
}

/* ---------------------------------------------------------------- all cases */

static const struct quipu_entry *find(const struct quipu_sheet *sheet,
                                      const struct quipu_case *case_)
{
    for (size_t i = 0; i < sheet->count; i++) {
        if (sheet->entries[i].case_ == case_) {
            return &sheet->entries[i];
        }
    }
    return NULL;
}

/* The square root shows the short ones, too; of 100. */
static unsigned length_of(int64_t milliseconds, int64_t longest)
{
    unsigned length = 1;

    while (length < 100 &&
           (int64_t)length * length * longest < milliseconds * INT64_C(10000)) {
        length++;
    }
    return length;
}

static void write_cell(FILE *to, const struct quipu_entry *entry,
                       int64_t longest)
{
    fputs("<td class=\"n\">", to);
    if (!entry) {
        fputs("<span class=\"soft\">&#183;</span>", to);
    } else if (entry->verdict == QUIPU_SKIPPED) {
        fputs("<span class=\"soft\" title=\"", to);
        quipu_write_xml(to, entry->text);
        fputs("\">skipped</span>", to);
    } else {
        bool failed = entry->verdict == QUIPU_FAILED;

        fprintf(to,
                "<svg viewBox=\"0 0 180 14\" width=\"180\" height=\"14\" "
                "xmlns=\"http://www.w3.org/2000/svg\"><rect class=\"bar%s\" "
                "y=\"2\" height=\"10\" rx=\"2\" width=\"%u\"/><text "
                "class=\"dim\" font-size=\"11\" x=\"%u\" y=\"11\">%s%" PRId64
                " ms</text></svg>",
                failed ? " failed" : "",
                length_of(entry->milliseconds, longest),
                length_of(entry->milliseconds, longest) + 5,
                failed ? "FAILED, " : "", entry->milliseconds);
    }
    fputs("</td>", to);
}

static void write_case(FILE *to, const struct quipu_results *results,
                       const struct quipu_case *case_, int64_t longest)
{
    fputs("<tr><td>", to);
    quipu_write_xml(to, case_->id);
    fputs("<br/><span class=\"why\">", to);
    quipu_write_xml(to, case_->why);
    fputs("</span></td>", to);
    for (size_t i = 0; i < results->count; i++) {
        write_cell(to, find(&results->sheets[i], case_), longest);
    }
    fputs("</tr>\n", to);
}

static void write_guarantee(FILE *to, const struct quipu_results *results,
                            const struct quipu_guarantee *g, int64_t longest)
{
    const struct quipu_case *case_;

    fprintf(to, "<details id=\"g-%s\"><summary><b>%s</b> ", g->id, g->id);
    quipu_write_xml(to, g->title);
    fputs("</summary><p>", to);
    quipu_write_xml(to, g->text);
    fputs("</p>\n<div class=\"wide\"><table>\n<tbody>\n", to);
    for (size_t i = 0; (case_ = quipu_case_at(i)); i++) {
        if (quipu_guarantee_of(case_->id) == g) {
            write_case(to, results, case_, longest);
        }
    }
    fputs("</tbody></table></div></details>\n", to);
}

void quipu_html_cases(FILE *to, const struct quipu_results *results)
{
    const struct quipu_guarantee *g;
    int64_t longest = 1;

    for (size_t i = 0; i < results->count; i++) {
        for (size_t k = 0; k < results->sheets[i].count; k++) {
            int64_t time = results->sheets[i].entries[k].milliseconds;

            longest = time > longest ? time : longest;
        }
    }
    fputs("<h2>Every case</h2>\n<div class=\"card\">\n", to);
    for (size_t i = 0; (g = quipu_guarantee_at(i)); i++) {
        write_guarantee(to, results, g, longest);
    }
    fputs("</div>\n", to);
}
