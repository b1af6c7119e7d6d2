/* SPDX-License-Identifier: Apache-2.0 */
/* The HTML report: one self-contained page. */
#include "html.h"

#include "encoding.h"
#include "labels.h"
#include "report.h"

#include <inttypes.h>

static void write_chips(FILE *to, const struct quipu_scorecard *card)
{
    struct quipu_trait_label word;

    fputs("<p>", to);
    for (size_t i = 0; (word = quipu_labels_trait(i)).name; i++) {
        if (word.declared) {
            bool yes = (card->store.traits & word.bit) != 0;

            fprintf(to, "<span class=\"chip %s\">%s%s</span>",
                    yes ? "yes" : "no",
                    yes ? "&#10003; " : "not declared: ", word.name);
        }
    }
    fputs("</p>\n", to);
}

static void write_number(FILE *to, uint64_t number, const char *what)
{
    fprintf(to, "<span><b>%" PRIu64 "</b> %s</span>\n", number, what);
}

static void write_numbers(FILE *to, const struct quipu_scorecard *card)
{
    fputs("<div class=\"numbers\">\n", to);
    for (unsigned i = 0; i < 3; i++) {
        write_number(to, card->tally.verdicts[i],
                     quipu_labels_verdict((enum quipu_verdict)i));
    }
    for (size_t i = 0; i < QUIPU_COUNTS; i++) {
        if (card->counts[i] > 0) {
            write_number(to, card->counts[i], quipu_channel_count_names[i]);
        }
    }
    fputs("<span><b>", to);
    quipu_encoding_thousandths(to, card->milliseconds);
    fputs("</b> seconds</span></div>\n", to);
}

static void write_verdict(FILE *to, const struct quipu_scorecard *card)
{
    enum quipu_standing state = quipu_results_card_standing(card);

    fprintf(to, "<p class=\"state\">%s ", quipu_html_style_sign(state));
    quipu_summary_verdict(to, card);
    fputs("</p>\n", to);
}

static void write_card(FILE *to, const struct quipu_scorecard *card)
{
    fprintf(to,
            "<div class=\"card %s\"><div class=\"head\"><span class=\"uri\">",
            quipu_html_style_class(quipu_results_card_standing(card)));
    quipu_encoding_xml(to, card->store.uri);
    fputs("</span><span class=\"soft\">", to);
    quipu_encoding_xml(to, card->store.driver);
    fputc(' ', to);
    quipu_encoding_xml(to, card->store.version);
    fputs(" &#183; ", to);
    quipu_encoding_xml(to, card->store.library);
    fprintf(to, " &#183; profile %s &#183; seed %" PRIu64 "</span></div>\n",
            quipu_labels_profile(card->run.profile), card->run.seed);
    if (card->problem[0]) {
        fputs("<p class=\"state\">The store could not be opened.</p><pre>", to);
        quipu_encoding_xml(to, card->problem);
        fputs("</pre></div>\n", to);
        return;
    }
    write_verdict(to, card);
    write_chips(to, card);
    write_numbers(to, card);
    quipu_html_chart(to, card);
    fputs("</div>\n", to);
}

static void write_head(FILE *to, const struct quipu_results *results)
{
    static const char *const words[] = {
        [QUIPU_STANDING_HOLDS] = "holds",
        [QUIPU_STANDING_PARTLY] = "partly tested",
        [QUIPU_STANDING_UNTESTED] = "not tested",
        [QUIPU_STANDING_BROKEN] = "broken",
    };
    const struct quipu_machine *machine = &results->machine;
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
            words[state], quipu_html_style, quipu_html_style_class(state),
            quipu_html_style_sign(state), words[state]);
    quipu_encoding_time(to, results->began);
    fputs(" &#183; quipu ", to);
    quipu_encoding_xml(to, machine->quipu);
    fputs(" &#183; ", to);
    quipu_encoding_xml(to, machine->kernel);
    fputs(" &#183; ", to);
    quipu_encoding_xml(to, machine->libc);
    fputs(" &#183; {dir} on ", to);
    quipu_encoding_xml(to, machine->file_system);
    fputs(" (", to);
    quipu_encoding_xml(to, machine->folder);
    fputs(")</p>\n<p class=\"soft\">Each cord is a guarantee and each knot a "
          "case: a filled knot passed, a cross failed, a square was not "
          "tested, and a ring does not apply to the store or belongs to a "
          "longer profile.</p>\n",
          to);
}

static void end(FILE *to, const struct quipu_results *results)
{
    write_head(to, results);
    for (size_t i = 0; i < results->count; i++) {
        write_card(to, &results->cards[i]);
    }
    quipu_html_cases_failures(to, results);
    quipu_html_matrix(to, results);
    quipu_html_cases_skips(to, results);
    quipu_html_cases(to, results);
    fputs("</main></body></html>\n", to);
}

const struct quipu_report quipu_report_html = { .name = "html", .end = end };
