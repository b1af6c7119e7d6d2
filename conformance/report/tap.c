/* SPDX-License-Identifier: Apache-2.0 */
/* TAP, the Test Anything Protocol, as it goes; and the scorecard. */
#include "report.h"

#include "summary.h"
#include "words.h"

#include <inttypes.h>
#include <string.h>

static void begin(FILE *to)
{
    fputs("TAP version 13\n", to);
}

/* The text as comments, a line each. */
static void write_comment(FILE *to, const char *text)
{
    while (*text) {
        int length = (int)strcspn(text, "\n");

        fprintf(to, "  # %.*s\n", length, text);
        text += length + (text[length] == '\n');
    }
}

static void open(FILE *to, const struct quipu_sheet *sheet)
{
    const struct quipu_store *store = &sheet->store;

    if (sheet->problem[0]) {
        fprintf(to, "Bail out! %.*s\n", (int)strcspn(sheet->problem, "\n"),
                sheet->problem);
        return;
    }
    fprintf(to, "# %s\n# driver %s %s, %s\n# seed %" PRIu64 ", profile %s\n",
            store->uri, store->driver, store->version, store->library,
            sheet->run.seed, quipu_profile_word(sheet->run.profile));
}

static size_t count_all(const struct quipu_results *results)
{
    size_t count = 0;

    for (size_t i = 0; i < results->count; i++) {
        count += results->sheets[i].count;
    }
    return count;
}

static void hear(FILE *to, const struct quipu_results *results,
                 const struct quipu_entry *entry)
{
    fprintf(to, "%sok %zu - %s", entry->verdict == QUIPU_FAILED ? "not " : "",
            count_all(results), entry->case_->id);
    if (entry->verdict == QUIPU_SKIPPED) {
        fprintf(to, " # SKIP %.*s\n", (int)strcspn(entry->text, "\n"),
                entry->text);
    } else {
        fprintf(to, " # %" PRId64 " ms\n", entry->milliseconds);
    }
    if (entry->verdict == QUIPU_FAILED) {
        write_comment(to, entry->text);
        write_comment(to, entry->case_->why);
    }
}

static void close(FILE *to, const struct quipu_sheet *sheet)
{
    quipu_summary_write(to, "# ", sheet);
}

static void end(FILE *to, const struct quipu_results *results)
{
    bool ended = true;

    for (size_t i = 0; i < results->count; i++) {
        ended = ended && results->sheets[i].ended;
        if (!results->sheets[i].ended && !results->sheets[i].problem[0]) {
            fputs("Bail out! interrupted\n", to);
        }
    }
    if (ended) {
        fprintf(to, "1..%zu\n", count_all(results));
    }
}

const struct quipu_report quipu_report_tap = {
    .name = "tap",
    .begin = begin,
    .open = open,
    .hear = hear,
    .close = close,
    .end = end,
};
