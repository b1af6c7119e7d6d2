/* SPDX-License-Identifier: Apache-2.0 */
/* The scorecard as plain text, for a terminal. */
#include "report.h"

#include "guarantees.h"
#include "labels.h"

#include <inttypes.h>
#include <string.h>

static bool lacks_any(const struct quipu_scorecard *card)
{
    struct quipu_trait_label word;
    bool lacks = false;

    for (size_t i = 0; (word = quipu_labels_trait(i)).name; i++) {
        lacks = lacks || (word.declared && !(card->store.traits & word.bit));
    }
    return lacks && !card->problem[0];
}

/* Writes the capabilities that the store declares, or those that it does not.
 */
static void write_declared(FILE *to, const struct quipu_scorecard *card,
                           bool wanted)
{
    struct quipu_trait_label word;
    bool any = false;

    for (size_t i = 0; (word = quipu_labels_trait(i)).name; i++) {
        if (word.declared && ((card->store.traits & word.bit) != 0) == wanted) {
            fprintf(to, "%s%s", any ? ", " : "", word.name);
            any = true;
        }
    }
    fputs(any ? "" : "nothing", to);
}

static const enum quipu_skip order[] = { QUIPU_SKIP_UNWRITTEN,
                                         QUIPU_SKIP_UNTESTED,
                                         QUIPU_SKIP_NOT_APPLICABLE,
                                         QUIPU_SKIP_PROFILE };

/* Writes the reasons for which cases of a guarantee were skipped. */
static void write_reasons(FILE *to, const struct quipu_scorecard *card,
                          const char *guarantee)
{
    const char *reason, *between = "  ";

    for (size_t i = 0; i < QUIPU_SKIPS; i++) {
        for (size_t k = 0;
             (reason = quipu_results_skip_reason(card, guarantee, order[i], k));
             k++) {
            fprintf(to, "%s%s%.*s", between,
                    order[i] == QUIPU_SKIP_UNTESTED ? "NOT TESTED: " : "",
                    (int)strcspn(reason, "\n"), reason);
            between = "; ";
        }
    }
}

static void write_card(FILE *to, const char *prefix,
                       const struct quipu_scorecard *card)
{
    const struct quipu_guarantee *g;

    fprintf(to, "%s%-41s %-12s %6s %6s %7s\n", prefix, "guarantee", "",
            "passed", "failed", "skipped");
    for (size_t i = 0; (g = quipu_guarantee_at(i)); i++) {
        struct quipu_tally tally = quipu_results_tally(card, g->id);
        enum quipu_standing standing = quipu_results_standing_of(&tally);

        fprintf(to, "%s%-8s %-32.32s %-12s %6u %6u %7u", prefix, g->id,
                g->title,
                standing == QUIPU_STANDING_BROKEN
                    ? "BROKEN"
                    : quipu_results_standing_name(standing),
                tally.verdicts[QUIPU_PASSED], tally.verdicts[QUIPU_FAILED],
                tally.verdicts[QUIPU_SKIPPED]);
        write_reasons(to, card, g->id);
        fputc('\n', to);
    }
}

static void write_totals(FILE *to, const char *prefix,
                         const struct quipu_scorecard *card)
{
    const struct quipu_tally *tally = &card->tally;
    const char *between = ": ";

    fprintf(to, "%spassed %u, failed %u, skipped %u", prefix,
            tally->verdicts[QUIPU_PASSED], tally->verdicts[QUIPU_FAILED],
            tally->verdicts[QUIPU_SKIPPED]);
    for (size_t i = 0; i < QUIPU_SKIPS; i++) {
        if (tally->skips[order[i]] > 0) {
            fprintf(to, "%s%u %s", between, tally->skips[order[i]],
                    quipu_labels_skip_phrase(order[i]));
            between = ", ";
        }
    }
    fputc('\n', to);
}

#define ALWAYS 4 /* counts that are written even if they are zero */

static void write_counts(FILE *to, const char *prefix,
                         const struct quipu_scorecard *card)
{
    fprintf(to, "%scases %zu", prefix, card->count);
    for (size_t i = 0; i < QUIPU_COUNTS; i++) {
        if (i >= ALWAYS && card->counts[i] == 0) {
            continue;
        }
        fprintf(to, ", %s %" PRIu64, quipu_channel_count_names[i],
                card->counts[i]);
    }
    fprintf(to, ", seconds %" PRId64 ".%" PRId64 "\n",
            card->milliseconds / 1000, card->milliseconds / 100 % 10);
}

/* Writes the ids of the guarantees with one of the standings. */
static void write_ids(FILE *to, const struct quipu_scorecard *card,
                      enum quipu_standing a, enum quipu_standing b)
{
    const struct quipu_guarantee *g;

    for (size_t i = 0; (g = quipu_guarantee_at(i)); i++) {
        struct quipu_tally tally = quipu_results_tally(card, g->id);
        enum quipu_standing state = quipu_results_standing_of(&tally);

        if (state == a || state == b) {
            fprintf(to, " %s", g->id);
        }
    }
}

/* Writes which operations the driver does not have yet. */
static void write_unwritten(FILE *to, const struct quipu_scorecard *card)
{
    const char *reason;

    for (size_t i = 0; (reason = quipu_results_skip_reason(
                            card, NULL, QUIPU_SKIP_UNWRITTEN, i));
         i++) {
        fprintf(to, "; %s", reason);
    }
}

void quipu_summary_verdict(FILE *to, const struct quipu_scorecard *card)
{
    switch (quipu_results_card_standing(card)) {
    case QUIPU_STANDING_BROKEN:
        fputs("BROKEN:", to);
        write_ids(to, card, QUIPU_STANDING_BROKEN, QUIPU_STANDING_BROKEN);
        break;
    case QUIPU_STANDING_PARTLY:
        fputs("no case failed, but NOT EVERYTHING WAS TESTED:", to);
        write_ids(to, card, QUIPU_STANDING_PARTLY, QUIPU_STANDING_UNTESTED);
        break;
    case QUIPU_STANDING_HOLDS:
        fputs(card->unselected > 0
                  ? "the selected cases hold"
                  : "all guarantees that the URI declares hold",
              to);
        break;
    default:
        fputs(card->ended ? "NOTHING WAS TESTED" : "the run was INTERRUPTED",
              to);
    }
    if (card->unselected > 0) {
        fprintf(to, "; %u cases were not selected", card->unselected);
    }
    write_unwritten(to, card);
    if (lacks_any(card)) {
        fputs("; not declared: ", to);
        write_declared(to, card, false);
    }
}

void quipu_summary_write(FILE *to, const char *prefix,
                         const struct quipu_scorecard *card)
{
    fprintf(to, "%sdeclares: ", prefix);
    write_declared(to, card, true);
    fprintf(to, "\n%sdoes not declare: ", prefix);
    write_declared(to, card, false);
    fputc('\n', to);
    write_card(to, prefix, card);
    write_counts(to, prefix, card);
    write_totals(to, prefix, card);
    fputs(prefix, to);
    quipu_summary_verdict(to, card);
    fputc('\n', to);
}
