/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON document; docs/conformance.md describes it. */
#include "report.h"

#include "guarantees.h"
#include "timeline.h"
#include "words.h"
#include "write.h"

#include <inttypes.h>

#define VERSION 1 /* grows when a member changes its meaning */

/* A value, with its name and the comma before it. */
static void name(FILE *to, const char *text, bool first)
{
    fputs(first ? "" : ",", to);
    quipu_write_json(to, text);
    fputc(':', to);
}

static void text(FILE *to, const char *key, const char *value)
{
    name(to, key, false);
    quipu_write_json(to, value);
}

static void number(FILE *to, const char *key, uint64_t value)
{
    name(to, key, false);
    fprintf(to, "%" PRIu64, value);
}

/* As text: it may be more than a double can tell apart. */
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
    for (unsigned i = 0; i < 3; i++) {
        name(to, quipu_skip_word((enum quipu_skip)i), i == 0);
        fprintf(to, "%u", t->skips[i]);
    }
    fputc('}', to);
}

/* Thousandths of a millisecond; the clock of a history begins anywhere. */
static void moment_time(FILE *to, const char *key, double milliseconds)
{
    name(to, key, false);
    quipu_write_thousandths(to, (int64_t)(milliseconds * 1000 + 0.5));
}

static void moments(FILE *to, const char *lines)
{
    struct quipu_timeline timeline;

    if (!quipu_timeline_read(&timeline, lines)) {
        return;
    }
    fputs(",\"timeline\":[", to);
    for (size_t i = 0; i < timeline.count; i++) {
        const struct quipu_moment *m = &timeline.moments[i];

        fputs(i > 0 ? ",\n  {" : "\n  {", to);
        name(to, "lane", true);
        quipu_write_json(to, m->lane);
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

static void one_case(FILE *to, const struct quipu_entry *entry)
{
    const struct quipu_guarantee *g = quipu_guarantee_of(entry->case_->id);

    fputs("\n {", to);
    name(to, "id", true);
    quipu_write_json(to, entry->case_->id);
    text(to, "guarantee", g ? g->id : "");
    text(to, "why", entry->case_->why);
    text(to, "verdict", quipu_verdict_word(entry->verdict));
    if (entry->verdict == QUIPU_SKIPPED) {
        text(to, "skip", quipu_skip_word(entry->skip));
    }
    number(to, "milliseconds", (uint64_t)entry->milliseconds);
    if (entry->text[0]) {
        text(to, "text", entry->text);
    }
    counts(to, entry->counts, false);
    if (entry->timeline) {
        moments(to, entry->timeline);
    }
    fputc('}', to);
}

static void card(FILE *to, const struct quipu_sheet *sheet)
{
    const struct quipu_guarantee *g;

    fputs(",\"guarantees\":[", to);
    for (size_t i = 0; (g = quipu_guarantee_at(i)); i++) {
        struct quipu_tally t = quipu_sheet_tally(sheet, g->id);

        fputs(i > 0 ? ",\n {" : "\n {", to);
        name(to, "id", true);
        quipu_write_json(to, g->id);
        text(to, "title", g->title);
        text(to, "state", quipu_standing_word(quipu_standing_of(&t)));
        tally(to, &t);
        fputc('}', to);
    }
    fputc(']', to);
}

static void declared(FILE *to, const struct quipu_sheet *sheet)
{
    struct quipu_trait_word word;
    bool first = true;

    fputs(",\"declares\":{", to);
    for (size_t i = 0; (word = quipu_trait_word_at(i)).name; i++) {
        if (word.declared) {
            name(to, word.name, first);
            fputs(sheet->store.traits & word.bit ? "true" : "false", to);
            first = false;
        }
    }
    fputc('}', to);
}

static void one_sheet(FILE *to, const struct quipu_sheet *sheet)
{
    fputs("{", to);
    name(to, "uri", true);
    quipu_write_json(to, sheet->store.uri);
    text(to, "driver", sheet->store.driver);
    text(to, "version", sheet->store.version);
    text(to, "library", sheet->store.library);
    declared(to, sheet);
    text(to, "state", quipu_standing_word(quipu_sheet_standing(sheet)));
    fprintf(to, ",\"ended\":%s", sheet->ended ? "true" : "false");
    if (sheet->problem[0]) {
        text(to, "problem", sheet->problem);
    }
    text(to, "profile", quipu_profile_word(sheet->run.profile));
    seed(to, sheet->run.seed);
    number(to, "milliseconds", (uint64_t)sheet->milliseconds);
    tally(to, &sheet->tally);
    number(to, "unselected", sheet->unselected);
    counts(to, sheet->counts, true);
    card(to, sheet);
    fputs(",\"cases\":[", to);
    for (size_t i = 0; i < sheet->count; i++) {
        fputs(i > 0 ? "," : "", to);
        one_case(to, &sheet->entries[i]);
    }
    fputs("]}", to);
}

static void end(FILE *to, const struct quipu_results *results)
{
    fprintf(to, "{\"format\":\"quipu-conformance\",\"version\":%d", VERSION);
    fputs(",\"began\":\"", to);
    quipu_write_time(to, results->began);
    fputc('"', to);
    text(to, "state", quipu_standing_word(quipu_results_standing(results)));
    fputs(",\"runs\":[\n", to);
    for (size_t i = 0; i < results->count; i++) {
        fputs(i > 0 ? ",\n" : "", to);
        one_sheet(to, &results->sheets[i]);
    }
    fputs("]}\n", to);
}

const struct quipu_report quipu_report_json = { .name = "json", .end = end };
