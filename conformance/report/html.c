/* SPDX-License-Identifier: Apache-2.0 */
/* One self-contained HTML page, for people. */
#include "html.h"

#include "report.h"
#include "summary.h"
#include "words.h"
#include "write.h"

#include <inttypes.h>

static void write_chips(FILE *to, const struct quipu_sheet *sheet)
{
    struct quipu_trait_word word;

    fputs("<p>", to);
    for (size_t i = 0; (word = quipu_trait_word_at(i)).name; i++) {
        if (word.declared) {
            bool yes = (sheet->store.traits & word.bit) != 0;

            fprintf(to, "<span class=\"chip %s\" title=\"%s\">%s</span>",
                    yes ? "yes" : "no", yes ? "declared" : "not declared",
                    word.name);
        }
    }
    fputs("</p>\n", to);
}

static void write_number(FILE *to, uint64_t number, const char *what)
{
    fprintf(to, "<span><b>%" PRIu64 "</b> %s</span>\n", number, what);
}

static void write_numbers(FILE *to, const struct quipu_sheet *sheet)
{
    fputs("<div class=\"numbers\">\n", to);
    for (unsigned i = 0; i < 3; i++) {
        write_number(to, sheet->tally.verdicts[i],
                     quipu_verdict_word((enum quipu_verdict)i));
    }
    for (size_t i = 0; i < QUIPU_COUNTS; i++) {
        if (sheet->counts[i] > 0) {
            write_number(to, sheet->counts[i], quipu_channel_count_names[i]);
        }
    }
    fputs("<span><b>", to);
    quipu_write_thousandths(to, sheet->milliseconds);
    fputs("</b> seconds</span></div>\n", to);
}

static void write_verdict(FILE *to, const struct quipu_sheet *sheet)
{
    enum quipu_standing state = quipu_sheet_standing(sheet);

    fprintf(to, "<p class=\"state\">%s ", quipu_html_sign(state));
    quipu_summary_verdict(to, sheet);
    fputs("</p>\n", to);
}

void quipu_html_card(FILE *to, const struct quipu_sheet *sheet)
{
    fprintf(to,
            "<div class=\"card %s\"><div class=\"head\"><span class=\"uri\">",
            quipu_html_class(quipu_sheet_standing(sheet)));
    quipu_write_xml(to, sheet->store.uri);
    fputs("</span><span class=\"soft\">", to);
    quipu_write_xml(to, sheet->store.driver);
    fputc(' ', to);
    quipu_write_xml(to, sheet->store.version);
    fputs(" &#183; ", to);
    quipu_write_xml(to, sheet->store.library);
    fprintf(to, " &#183; profile %s &#183; seed %" PRIu64 "</span></div>\n",
            quipu_profile_word(sheet->run.profile), sheet->run.seed);
    if (sheet->problem[0]) {
        fputs("<p class=\"state\">It could not be opened.</p><pre>", to);
        quipu_write_xml(to, sheet->problem);
        fputs("</pre></div>\n", to);
        return;
    }
    write_verdict(to, sheet);
    write_chips(to, sheet);
    write_numbers(to, sheet);
    fputs("<div class=\"wide\">\n", to);
    quipu_html_cords(to, sheet);
    fputs("</div></div>\n", to);
}

static void write_head(FILE *to, const struct quipu_results *results)
{
    static const char *const words[] = {
        [QUIPU_STANDING_HOLDS] = "holds",
        [QUIPU_STANDING_PARTLY] = "not all shown",
        [QUIPU_STANDING_UNSHOWN] = "not shown",
        [QUIPU_STANDING_BROKEN] = "broken",
    };
    enum quipu_standing state = quipu_results_standing(results);

    fprintf(to,
            "<!DOCTYPE html>\n"
            "<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>"
            "<meta charset=\"utf-8\"/>\n"
            "<meta name=\"viewport\" content=\"width=device-width, "
            "initial-scale=1\"/>\n"
            "<title>quipu conformance: %s</title>\n<style>\n%s</style>\n"
            "</head>\n<body><main>\n<h1>quipu conformance: "
            "<span class=\"state %s\">%s %s</span></h1>\n<p class=\"soft\">",
            words[state], quipu_html_style, quipu_html_class(state),
            quipu_html_sign(state), words[state]);
    quipu_write_time(to, results->began);
    fputs(". A cord for each guarantee, a knot for each case: filled it "
          "passed, red it failed, hollow it was skipped.</p>\n",
          to);
}

static void end(FILE *to, const struct quipu_results *results)
{
    write_head(to, results);
    for (size_t i = 0; i < results->count; i++) {
        quipu_html_card(to, &results->sheets[i]);
    }
    quipu_html_failures(to, results);
    quipu_html_matrix(to, results);
    quipu_html_skips(to, results);
    quipu_html_cases(to, results);
    fputs("</main></body></html>\n", to);
}

const struct quipu_report quipu_report_html = { .name = "html", .end = end };
