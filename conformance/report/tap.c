/* SPDX-License-Identifier: Apache-2.0 */
/* The TAP report (Test Anything Protocol), written while cases end, with the
 * scorecard as comments. */
#include "report.h"

#include "labels.h"

#include <inttypes.h>
#include <string.h>

static void begin(FILE *to, const struct quipu_results *results)
{
    const struct quipu_machine *machine = &results->machine;

    fprintf(to, "TAP version 13\n# quipu %s, %s, %s, %s on %s\n",
            machine->quipu, machine->kernel, machine->libc,
            machine->file_system, machine->folder);
}

/* Writes each line of the text as a comment. */
static void write_comment(FILE *to, const char *text)
{
    while (*text) {
        int length = (int)strcspn(text, "\n");

        fprintf(to, "  # %.*s\n", length, text);
        text += length + (text[length] == '\n');
    }
}

static void open(FILE *to, const struct quipu_scorecard *card)
{
    const struct quipu_store *store = &card->store;

    if (card->problem[0]) {
        size_t line = strcspn(card->problem, "\n");

        fprintf(to, "Bail out! %.*s\n", (int)line, card->problem);
        write_comment(to, card->problem + line + (card->problem[line] != 0));
        return;
    }
    fprintf(to, "# %s\n# driver %s %s, %s\n# seed %" PRIu64 ", profile %s\n",
            store->uri, store->driver, store->version, store->library,
            card->run.seed, quipu_labels_profile(card->run.profile));
}

static size_t count_all(const struct quipu_results *results)
{
    size_t count = 0;

    for (size_t i = 0; i < results->count; i++) {
        count += results->cards[i].count;
    }
    return count;
}

static void case_end(FILE *to, const struct quipu_results *results,
                     const struct quipu_case_result *result)
{
    fprintf(to, "%sok %zu - %s", result->verdict == QUIPU_FAILED ? "not " : "",
            count_all(results), result->case_->id);
    if (result->verdict == QUIPU_SKIPPED) {
        fprintf(to, " # SKIP %.*s\n", (int)strcspn(result->text, "\n"),
                result->text);
    } else {
        fprintf(to, " # %" PRId64 " ms\n", result->milliseconds);
    }
    if (result->verdict == QUIPU_FAILED) {
        write_comment(to, result->text);
        write_comment(to, result->case_->why);
    }
}

static void close(FILE *to, const struct quipu_scorecard *card)
{
    quipu_summary_write(to, "# ", card);
}

static void end(FILE *to, const struct quipu_results *results)
{
    bool ended = true;

    for (size_t i = 0; i < results->count; i++) {
        const char *reason = quipu_results_early_end(&results->cards[i]);

        ended = ended && results->cards[i].ended;
        if (reason) {
            fprintf(to, "Bail out! %s\n", reason);
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
    .case_end = case_end,
    .close = close,
    .end = end,
};
