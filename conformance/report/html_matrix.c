/* SPDX-License-Identifier: Apache-2.0 */
/* Guarantees down, URIs across. */
#include "html.h"

#include "guarantees.h"
#include "write.h"

#include <string.h>

const char *quipu_html_class(enum quipu_standing state)
{
    static const char *const classes[] = {
        [QUIPU_STANDING_HOLDS] = "holds",
        [QUIPU_STANDING_PARTLY] = "partly",
        [QUIPU_STANDING_UNSHOWN] = "unshown",
        [QUIPU_STANDING_UNDECLARED] = "undeclared",
        [QUIPU_STANDING_UNTRIED] = "untried",
        [QUIPU_STANDING_BROKEN] = "broken",
    };

    return classes[state];
}

const char *quipu_html_sign(enum quipu_standing state)
{
    static const char *const signs[] = {
        [QUIPU_STANDING_HOLDS] = "&#10003;", /* a check mark */
        [QUIPU_STANDING_PARTLY] = "&#9680;", /* half a circle */
        [QUIPU_STANDING_UNSHOWN] = "?",
        [QUIPU_STANDING_UNDECLARED] = "&#8211;", /* a dash */
        [QUIPU_STANDING_UNTRIED] = "&#183;",     /* a dot */
        [QUIPU_STANDING_BROKEN] = "&#10005;",    /* a cross */
    };

    return signs[state];
}

/* Why the cell is not a plain check mark. */
static void write_hint(FILE *to, const struct quipu_sheet *sheet,
                       const char *guarantee)
{
    static const char *const words[] = { "", "profile: ", "NOT SHOWN: " };
    const char *reason;

    for (unsigned skip = 0; skip < 3; skip++) {
        for (size_t i = 0; (reason = quipu_sheet_reason(
                                sheet, guarantee, (enum quipu_skip)skip, i));
             i++) {
            fputs(words[skip], to);
            quipu_write_xml_line(to, reason);
            fputs("&#10;", to);
        }
    }
}

static void write_cell(FILE *to, const struct quipu_sheet *sheet,
                       const char *guarantee)
{
    struct quipu_tally tally = quipu_sheet_tally(sheet, guarantee);
    enum quipu_standing state = quipu_standing_of(&tally);

    fputs("<td class=\"n\" title=\"", to);
    write_hint(to, sheet, guarantee);
    fprintf(to, "\"><span class=\"state %s\">%s %s</span>",
            quipu_html_class(state), quipu_html_sign(state),
            quipu_standing_word(state));
    fprintf(to, " <span class=\"soft\">%u", tally.verdicts[QUIPU_PASSED]);
    if (tally.verdicts[QUIPU_FAILED] > 0) {
        fprintf(to, ", %u failed", tally.verdicts[QUIPU_FAILED]);
    }
    if (tally.verdicts[QUIPU_SKIPPED] > 0) {
        fprintf(to, ", %u skipped", tally.verdicts[QUIPU_SKIPPED]);
    }
    fputs("</span></td>", to);
}

/* Before the first of each letter. */
static void write_group(FILE *to, const struct quipu_guarantee *g,
                        size_t columns)
{
    static const struct {
        const char *first, *name;
    } groups[] = {
        { "U1", "Uniqueness" }, { "S1", "Sequencing" },
        { "L1", "The log" },    { "V1", "Visibility and durability" },
        { "F1", "Fidelity" },   { "contract", "Beside the guarantees" },
    };

    for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
        if (strcmp(g->id, groups[i].first) == 0) {
            fprintf(to,
                    "<tr class=\"group\"><th colspan=\"%zu\">%s</th></tr>\n",
                    columns, groups[i].name);
        }
    }
}

void quipu_html_matrix(FILE *to, const struct quipu_results *results)
{
    const struct quipu_guarantee *g;

    fputs("<h2>Guarantees</h2>\n<div class=\"card wide\"><table>\n"
          "<thead><tr><th>Guarantee</th>",
          to);
    for (size_t i = 0; i < results->count; i++) {
        fputs("<th>", to);
        quipu_write_xml(to, results->sheets[i].store.uri);
        fputs("</th>", to);
    }
    fputs("</tr></thead>\n<tbody>\n", to);
    for (size_t i = 0; (g = quipu_guarantee_at(i)); i++) {
        write_group(to, g, results->count + 1);
        fputs("<tr><td title=\"", to);
        quipu_write_xml(to, g->text);
        fprintf(to, "\"><a href=\"#g-%s\"><b>%s</b> ", g->id, g->id);
        quipu_write_xml(to, g->title);
        fputs("</a></td>", to);
        for (size_t k = 0; k < results->count; k++) {
            write_cell(to, &results->sheets[k], g->id);
        }
        fputs("</tr>\n", to);
    }
    fputs("</tbody></table></div>\n", to);
}
