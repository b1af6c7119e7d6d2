/* SPDX-License-Identifier: Apache-2.0 */
/* JUnit XML, as CI servers read it: a suite for each URI. */
#include "report.h"

#include "words.h"
#include "write.h"

#include <inttypes.h>

static void write_property(FILE *to, const char *name, const char *value)
{
    fprintf(to, "      <property name=\"%s\" value=\"", name);
    quipu_write_xml(to, value);
    fputs("\"/>\n", to);
}

static void write_properties(FILE *to, const struct quipu_sheet *sheet)
{
    char text[32];

    fputs("    <properties>\n", to);
    write_property(to, "uri", sheet->store.uri);
    write_property(to, "driver", sheet->store.driver);
    write_property(to, "driver version", sheet->store.version);
    write_property(to, "library", sheet->store.library);
    write_property(to, "profile", quipu_profile_word(sheet->run.profile));
    snprintf(text, sizeof(text), "%" PRIu64, sheet->run.seed);
    write_property(to, "seed", text);
    for (size_t i = 0; i < QUIPU_COUNTS; i++) {
        snprintf(text, sizeof(text), "%" PRIu64, sheet->counts[i]);
        write_property(to, quipu_channel_count_names[i], text);
    }
    fputs("    </properties>\n", to);
}

static void write_failure(FILE *to, const struct quipu_entry *entry)
{
    fputs(">\n      <failure type=\"guarantee\" message=\"", to);
    quipu_write_xml_line(to, entry->text);
    fputs("\">", to);
    quipu_write_xml(to, entry->text);
    fputs("</failure>\n      <system-err>", to);
    quipu_write_xml(to, entry->case_->why);
    fputs("</system-err>\n    </testcase>\n", to);
}

static void write_skip(FILE *to, const struct quipu_entry *entry)
{
    fputs(">\n      <skipped message=\"", to);
    if (entry->skip == QUIPU_SKIP_UNTESTED) {
        fputs("NOT SHOWN: ", to);
    }
    quipu_write_xml_line(to, entry->text);
    fputs("\"/>\n    </testcase>\n", to);
}

static void write_case(FILE *to, const struct quipu_sheet *sheet,
                       const struct quipu_entry *entry)
{
    fputs("    <testcase classname=\"quipu.", to);
    quipu_write_xml(to, sheet->store.driver);
    fputs("\" name=\"", to);
    quipu_write_xml(to, entry->case_->id);
    fputs("\" time=\"", to);
    quipu_write_thousandths(to, entry->milliseconds);
    fputc('"', to);
    switch (entry->verdict) {
    case QUIPU_FAILED:
        write_failure(to, entry);
        break;
    case QUIPU_SKIPPED:
        write_skip(to, entry);
        break;
    default:
        fputs("/>\n", to);
    }
}

/* Why the suite is not what it should be: an error, or NULL. */
static const char *trouble(const struct quipu_sheet *sheet)
{
    return sheet->problem[0] ? sheet->problem
           : !sheet->ended   ? "it was interrupted"
                             : NULL;
}

static void write_trouble(FILE *to, const char *text)
{
    fputs("    <testcase classname=\"quipu\" name=\"run\" time=\"0\">\n"
          "      <error type=\"run\" message=\"",
          to);
    quipu_write_xml_line(to, text);
    fputs("\">", to);
    quipu_write_xml(to, text);
    fputs("</error>\n    </testcase>\n", to);
}

static void write_counts(FILE *to, size_t tests, unsigned failures,
                         unsigned errors, unsigned skipped, int64_t time)
{
    fprintf(to,
            " tests=\"%zu\" failures=\"%u\" errors=\"%u\" skipped=\"%u\" "
            "time=\"",
            tests, failures, errors, skipped);
    quipu_write_thousandths(to, time);
    fputc('"', to);
}

static void write_sheet(FILE *to, const struct quipu_results *results,
                        const struct quipu_sheet *sheet)
{
    const char *problem = trouble(sheet);

    fputs("  <testsuite name=\"", to);
    quipu_write_xml(to, sheet->store.uri);
    fputs("\" timestamp=\"", to);
    quipu_write_time(to, results->began);
    fputc('"', to);
    write_counts(to, sheet->count + (problem != NULL),
                 sheet->tally.verdicts[QUIPU_FAILED], problem != NULL,
                 sheet->tally.verdicts[QUIPU_SKIPPED], sheet->milliseconds);
    fputs(">\n", to);
    write_properties(to, sheet);
    if (problem) {
        write_trouble(to, problem);
    }
    for (size_t i = 0; i < sheet->count; i++) {
        write_case(to, sheet, &sheet->entries[i]);
    }
    fputs("  </testsuite>\n", to);
}

static void end(FILE *to, const struct quipu_results *results)
{
    size_t tests = 0;
    unsigned failures = 0, errors = 0, skipped = 0;
    int64_t time = 0;

    for (size_t i = 0; i < results->count; i++) {
        const struct quipu_sheet *sheet = &results->sheets[i];
        bool troubled = trouble(sheet);

        tests += sheet->count + troubled;
        errors += troubled;
        failures += sheet->tally.verdicts[QUIPU_FAILED];
        skipped += sheet->tally.verdicts[QUIPU_SKIPPED];
        time += sheet->milliseconds;
    }
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
          "<testsuites name=\"quipu-conformance\"",
          to);
    write_counts(to, tests, failures, errors, skipped, time);
    fputs(">\n", to);
    for (size_t i = 0; i < results->count; i++) {
        write_sheet(to, results, &results->sheets[i]);
    }
    fputs("</testsuites>\n", to);
}

const struct quipu_report quipu_report_junit = { .name = "junit", .end = end };
