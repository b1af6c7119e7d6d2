/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON report; docs/conformance.md describes it. */
#include "report.h"

#include "encoding.h"
#include "guarantees.h"
#include "labels.h"
#include "timeline.h"

#include <inttypes.h>

#define VERSION 1 /* increases when a member changes its meaning */

/* The name of a member, with the comma before it. */
static void name(FILE *to, const char *text, bool first)
{
    fputs(first ? "" : ",", to);
    quipu_encoding_json(to, text);
    fputc(':', to);
}

static void text(FILE *to, const char *key, const char *value)
{
    name(to, key, false);
    quipu_encoding_json(to, value);
}

static void number(FILE *to, const char *key, uint64_t value)
{
    name(to, key, false);
    fprintf(to, "%" PRIu64, value);
}

/* As a string: a double cannot represent all 64-bit numbers. */
static void seed(FILE *to, uint64_t value)
{
    fprintf(to, ",\"seed\":\"%" PRIu64 "\"", value);
}

static void counts(FILE *to, const uint64_t *values, bool zeros)
{
    bool first = true;

    fputs(",\"counts\":{", to);
    for (size_t i = 0; i < QUIPU_COUNTS; i++) {
        if (zeros || values[i] > 0) {
            name(to, quipu_channel_count_names[i], first);
            fprintf(to, "%" PRIu64, values[i]);
            first = false;
        }
    }
    fputc('}', to);
}

static void tally(FILE *to, const struct quipu_tally *t)
{
    number(to, "passed", t->verdicts[QUIPU_PASSED]);
    number(to, "failed", t->verdicts[QUIPU_FAILED]);
    number(to, "skipped", t->verdicts[QUIPU_SKIPPED]);
    fputs(",\"skips\":{", to);
    for (unsigned i = 0; i < QUIPU_SKIPS; i++) {
        name(to, quipu_labels_skip((enum quipu_skip)i), i == 0);
        fprintf(to, "%u", t->skips[i]);
    }
    fputc('}', to);
}

/* Milliseconds with three decimals; the epoch of the clock is arbitrary. */
static void moment_time(FILE *to, const char *key, double milliseconds)
{
    name(to, key, false);
    quipu_encoding_thousandths(to, (int64_t)(milliseconds * 1000 + 0.5));
}

static void timeline_entries(FILE *to, const char *lines)
{
    struct quipu_timeline timeline;

    if (!quipu_timeline_read(&timeline, lines)) {
        return;
    }
    fputs(",\"timeline\":[", to);
    for (size_t i = 0; i < timeline.count; i++) {
        const struct quipu_timeline_entry *m = &timeline.entries[i];

        fputs(i > 0 ? ",\n  {" : "\n  {", to);
        name(to, "lane", true);
        quipu_encoding_json(to, m->lane);
        moment_time(to, "from", m->from);
        if (m->answered) {
            moment_time(to, "to", m->to);
        }
        text(to, "what", m->what);
        text(to, "outcome", m->outcome);
        fprintf(to, ",\"bad\":%s}", m->bad ? "true" : "false");
    }
    fputc(']', to);
    quipu_timeline_finish(&timeline);
}

static void one_case(FILE *to, const struct quipu_case_result *result)
{
    const struct quipu_guarantee *g = quipu_guarantee_of(result->case_->id);

    fputs("\n {", to);
    name(to, "id", true);
    quipu_encoding_json(to, result->case_->id);
    text(to, "guarantee", g ? g->id : "");
    text(to, "why", result->case_->why);
    text(to, "verdict", quipu_labels_verdict(result->verdict));
    if (result->verdict == QUIPU_SKIPPED) {
        text(to, "skip", quipu_labels_skip(result->skip));
    }
    if (result->verdict == QUIPU_FAILED && result->broken[0]) {
        text(to, "broken", result->broken);
    }
    number(to, "milliseconds", (uint64_t)result->milliseconds);
    if (result->text[0]) {
        text(to, "text", result->text);
    }
    counts(to, result->counts, false);
    if (result->timeline) {
        timeline_entries(to, result->timeline);
    }
    fputc('}', to);
}

static void guarantees(FILE *to, const struct quipu_scorecard *card)
{
    const struct quipu_guarantee *g;

    fputs(",\"guarantees\":[", to);
    for (size_t i = 0; (g = quipu_guarantee_at(i)); i++) {
        struct quipu_tally t = quipu_results_tally(card, g->id);

        fputs(i > 0 ? ",\n {" : "\n {", to);
        name(to, "id", true);
        quipu_encoding_json(to, g->id);
        text(to, "title", g->title);
        text(to, "state",
             quipu_results_standing_name(quipu_results_standing_of(&t)));
        tally(to, &t);
        fputc('}', to);
    }
    fputc(']', to);
}

static void declared(FILE *to, const struct quipu_scorecard *card)
{
    struct quipu_trait_label word;
    bool first = true;

    fputs(",\"declares\":{", to);
    for (size_t i = 0; (word = quipu_labels_trait(i)).name; i++) {
        if (word.declared) {
            name(to, word.name, first);
            fputs(card->store.traits & word.bit ? "true" : "false", to);
            first = false;
        }
    }
    fputc('}', to);
}

static void one_sheet(FILE *to, const struct quipu_scorecard *card)
{
    fputs("{", to);
    name(to, "uri", true);
    quipu_encoding_json(to, card->store.uri);
    text(to, "driver", card->store.driver);
    text(to, "version", card->store.version);
    text(to, "library", card->store.library);
    declared(to, card);
    text(to, "state",
         quipu_results_standing_name(quipu_results_card_standing(card)));
    fprintf(to, ",\"ended\":%s", card->ended ? "true" : "false");
    if (card->problem[0]) {
        text(to, "problem", card->problem);
    }
    text(to, "profile", quipu_labels_profile(card->run.profile));
    seed(to, card->run.seed);
    number(to, "milliseconds", (uint64_t)card->milliseconds);
    tally(to, &card->tally);
    number(to, "unselected", card->unselected);
    counts(to, card->counts, true);
    guarantees(to, card);
    fputs(",\"cases\":[", to);
    for (size_t i = 0; i < card->count; i++) {
        fputs(i > 0 ? "," : "", to);
        one_case(to, &card->cases[i]);
    }
    fputs("]}", to);
}

static void end(FILE *to, const struct quipu_results *results)
{
    fprintf(to, "{\"format\":\"quipu-conformance\",\"version\":%d", VERSION);
    fputs(",\"began\":\"", to);
    quipu_encoding_time(to, results->began);
    fputc('"', to);
    text(to, "quipu", results->machine.quipu);
    text(to, "kernel", results->machine.kernel);
    text(to, "libc", results->machine.libc);
    text(to, "file_system", results->machine.file_system);
    text(to, "state",
         quipu_results_standing_name(quipu_results_standing(results)));
    fputs(",\"runs\":[\n", to);
    for (size_t i = 0; i < results->count; i++) {
        fputs(i > 0 ? ",\n" : "", to);
        one_sheet(to, &results->cards[i]);
    }
    fputs("]}\n", to);
}

const struct quipu_report quipu_report_json = { .name = "json", .end = end };
