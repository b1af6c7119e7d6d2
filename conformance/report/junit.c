/* SPDX-License-Identifier: Apache-2.0 */
/* The JUnit report, an XML format that CI servers read: a suite for each URI.
 */
#include "report.h"

#include "encoding.h"
#include "labels.h"

#include <inttypes.h>

static void write_property(FILE *to, const char *name, const char *value)
{
    fprintf(to, "      <property name=\"%s\" value=\"", name);
    quipu_encoding_xml(to, value);
    fputs("\"/>\n", to);
}

static void write_properties(FILE *to, const struct quipu_results *results,
                             const struct quipu_scorecard *card)
{
    char text[32];

    fputs("    <properties>\n", to);
    write_property(to, "quipu", results->machine.quipu);
    write_property(to, "kernel", results->machine.kernel);
    write_property(to, "libc", results->machine.libc);
    write_property(to, "file system", results->machine.file_system);
    write_property(to, "uri", card->store.uri);
    write_property(to, "driver", card->store.driver);
    write_property(to, "driver version", card->store.version);
    write_property(to, "library", card->store.library);
    write_property(to, "profile", quipu_labels_profile(card->run.profile));
    snprintf(text, sizeof(text), "%" PRIu64, card->run.seed);
    write_property(to, "seed", text);
    for (size_t i = 0; i < QUIPU_COUNTS; i++) {
        snprintf(text, sizeof(text), "%" PRIu64, card->counts[i]);
        write_property(to, quipu_channel_count_names[i], text);
    }
    fputs("    </properties>\n", to);
}

static void write_failure(FILE *to, const struct quipu_case_result *result)
{
    fputs(">\n      <failure type=\"guarantee\" message=\"", to);
    quipu_encoding_xml_line(to, result->text);
    fputs("\">", to);
    quipu_encoding_xml(to, result->text);
    fputs("</failure>\n      <system-err>", to);
    quipu_encoding_xml(to, result->case_->why);
    fputs("</system-err>\n    </testcase>\n", to);
}

static void write_skip(FILE *to, const struct quipu_case_result *result)
{
    fputs(">\n      <skipped message=\"", to);
    if (result->skip == QUIPU_SKIP_UNTESTED) {
        fputs("NOT TESTED: ", to);
    }
    quipu_encoding_xml_line(to, result->text);
    fputs("\"/>\n    </testcase>\n", to);
}

static void write_case(FILE *to, const struct quipu_scorecard *card,
                       const struct quipu_case_result *result)
{
    fputs("    <testcase classname=\"quipu.", to);
    quipu_encoding_xml(to, card->store.driver);
    fputs("\" name=\"", to);
    quipu_encoding_xml(to, result->case_->id);
    fputs("\" time=\"", to);
    quipu_encoding_thousandths(to, result->milliseconds);
    fputc('"', to);
    switch (result->verdict) {
    case QUIPU_FAILED:
        write_failure(to, result);
        break;
    case QUIPU_SKIPPED:
        write_skip(to, result);
        break;
    default:
        fputs("/>\n", to);
    }
}

/* The error of a suite whose store could not be opened or whose run was
 * interrupted; NULL: none. */
static const char *suite_error(const struct quipu_scorecard *card)
{
    return card->problem[0] ? card->problem : quipu_results_early_end(card);
}

static void write_error(FILE *to, const char *text)
{
    fputs("    <testcase classname=\"quipu\" name=\"run\" time=\"0\">\n"
          "      <error type=\"run\" message=\"",
          to);
    quipu_encoding_xml_line(to, text);
    fputs("\">", to);
    quipu_encoding_xml(to, text);
    fputs("</error>\n    </testcase>\n", to);
}

static void write_counts(FILE *to, size_t tests, unsigned failures,
                         unsigned errors, unsigned skipped, int64_t time)
{
    fprintf(to,
            " tests=\"%zu\" failures=\"%u\" errors=\"%u\" skipped=\"%u\" "
            "time=\"",
            tests, failures, errors, skipped);
    quipu_encoding_thousandths(to, time);
    fputc('"', to);
}

static void write_sheet(FILE *to, const struct quipu_results *results,
                        const struct quipu_scorecard *card)
{
    const char *problem = suite_error(card);

    fputs("  <testsuite name=\"", to);
    quipu_encoding_xml(to, card->store.uri);
    fputs("\" timestamp=\"", to);
    quipu_encoding_time(to, results->began);
    fputc('"', to);
    write_counts(to, card->count + (problem != NULL),
                 card->tally.verdicts[QUIPU_FAILED], problem != NULL,
                 card->tally.verdicts[QUIPU_SKIPPED], card->milliseconds);
    fputs(">\n", to);
    write_properties(to, results, card);
    if (problem) {
        write_error(to, problem);
    }
    for (size_t i = 0; i < card->count; i++) {
        write_case(to, card, &card->cases[i]);
    }
    fputs("  </testsuite>\n", to);
}

static void end(FILE *to, const struct quipu_results *results)
{
    size_t tests = 0;
    unsigned failures = 0, errors = 0, skipped = 0;
    int64_t time = 0;

    for (size_t i = 0; i < results->count; i++) {
        const struct quipu_scorecard *card = &results->cards[i];
        bool error = suite_error(card);

        tests += card->count + error;
        errors += error;
        failures += card->tally.verdicts[QUIPU_FAILED];
        skipped += card->tally.verdicts[QUIPU_SKIPPED];
        time += card->milliseconds;
    }
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
          "<testsuites name=\"quipu-conformance\"",
          to);
    write_counts(to, tests, failures, errors, skipped, time);
    fputs(">\n", to);
    for (size_t i = 0; i < results->count; i++) {
        write_sheet(to, results, &results->cards[i]);
    }
    fputs("</testsuites>\n", to);
}

const struct quipu_report quipu_report_junit = { .name = "junit", .end = end };
