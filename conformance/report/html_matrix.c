/* SPDX-License-Identifier: Apache-2.0 */
/* The table of guarantees and URIs. */
#include "html.h"

#include "encoding.h"
#include "guarantees.h"

#include <string.h>

/* Writes the reasons for skips, as the tooltip of the cell. */
static void write_hint(FILE *to, const struct quipu_scorecard *card,
                       const char *guarantee)
{
    static const char *const words[QUIPU_SKIPS] = { "", "",
                                                    "NOT TESTED: ", "" };
    const char *reason;

    for (unsigned skip = 0; skip < QUIPU_SKIPS; skip++) {
        for (size_t i = 0; (reason = quipu_results_skip_reason(
                                card, guarantee, (enum quipu_skip)skip, i));
             i++) {
            fputs(words[skip], to);
            quipu_encoding_xml_line(to, reason);
            fputs("&#10;", to);
        }
    }
}

static void write_cell(FILE *to, const struct quipu_scorecard *card,
                       const char *guarantee)
{
    struct quipu_tally tally = quipu_results_tally(card, guarantee);
    enum quipu_standing state = quipu_results_standing_of(&tally);

    fputs("<td class=\"n\" data-uri=\"", to);
    quipu_encoding_xml(to, card->store.uri);
    fputs("\" title=\"", to);
    write_hint(to, card, guarantee);
    fprintf(to, "\"><span class=\"state %s\">%s %s</span>",
            quipu_html_style_class(state), quipu_html_style_sign(state),
            quipu_results_standing_name(state));
    fprintf(to, " <span class=\"soft\">%u passed",
            tally.verdicts[QUIPU_PASSED]);
    if (tally.verdicts[QUIPU_FAILED] > 0) {
        fprintf(to, ", %u failed", tally.verdicts[QUIPU_FAILED]);
    }
    if (tally.verdicts[QUIPU_SKIPPED] > 0) {
        fprintf(to, ", %u skipped", tally.verdicts[QUIPU_SKIPPED]);
    }
    fputs("</span></td>", to);
}

const char *quipu_html_matrix_group(const char *id)
{
    static const struct {
        const char *first, *name;
    } groups[] = {
        { "U1", "Uniqueness" }, { "S1", "Sequencing" },
        { "L1", "The log" },    { "V1", "Visibility and durability" },
        { "F1", "Fidelity" },   { "contract", "Other cases" },
    };

    for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
        if (strcmp(id, groups[i].first) == 0) {
            return groups[i].name;
        }
    }
    return NULL;
}

void quipu_html_matrix(FILE *to, const struct quipu_results *results)
{
    const struct quipu_guarantee *g;
    const char *group;

    fputs("<h2>Guarantees</h2>\n<div class=\"card\"><table>\n"
          "<thead><tr><th>Guarantee</th>",
          to);
    for (size_t i = 0; i < results->count; i++) {
        fputs("<th>", to);
        quipu_encoding_xml(to, results->cards[i].store.uri);
        fputs("</th>", to);
    }
    fputs("</tr></thead>\n<tbody>\n", to);
    for (size_t i = 0; (g = quipu_guarantee_at(i)); i++) {
        group = quipu_html_matrix_group(g->id);
        if (group) {
            fprintf(to,
                    "<tr class=\"group\"><th colspan=\"%zu\">%s</th></tr>\n",
                    results->count + 1, group);
        }
        fputs("<tr><td title=\"", to);
        quipu_encoding_xml(to, g->text);
        fprintf(to, "\"><a href=\"#g-%s\"><b>%s</b> ", g->id, g->id);
        quipu_encoding_xml(to, g->title);
        fputs("</a></td>", to);
        for (size_t k = 0; k < results->count; k++) {
            write_cell(to, &results->cards[k], g->id);
        }
        fputs("</tr>\n", to);
    }
    fputs("</tbody></table></div>\n", to);
}
