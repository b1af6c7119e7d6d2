/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs: the files to which the reports of a run are written. */
#include "outputs.h"

#include <errno.h>
#include <string.h>

static const struct quipu_report *const reports[] = { &quipu_report_tap,
                                                      &quipu_report_junit,
                                                      &quipu_report_json,
                                                      &quipu_report_html };

static const struct quipu_report *find_report(const char *name)
{
    for (size_t i = 0; i < sizeof(reports) / sizeof(*reports); i++) {
        if (strcmp(reports[i]->name, name) == 0) {
            return reports[i];
        }
    }
    return NULL;
}

/* -------------------------------------------------------- opening, closing */

static bool complain(const char *what, const char *name)
{
    fprintf(stderr, "quipu-conformance: %s: %s\n", what, name);
    return false;
}

static bool add(struct quipu_outputs *outputs, const char *format,
                const char *name)
{
    const struct quipu_report *report = find_report(format);
    FILE *file = stdout;

    if (!report) {
        return complain("unknown format; expected tap, junit, json or html",
                        format);
    }
    if (outputs->count == QUIPU_OUTPUTS) {
        return complain("too many outputs", name ? name : format);
    }
    if (name && !(file = fopen(name, "we"))) {
        return complain(strerror(errno), name);
    }
    outputs->at[outputs->count].report = report;
    outputs->at[outputs->count].name = name;
    outputs->at[outputs->count++].file = file;
    return true;
}

/* "html=report.html" */
static bool add_file(struct quipu_outputs *outputs, const char *text)
{
    const char *name = strchr(text, '=');
    char format[16];

    if (!name || !name[1] || (size_t)(name - text) >= sizeof(format)) {
        return complain("an output has to be FORMAT=FILE", text);
    }
    snprintf(format, sizeof(format), "%.*s", (int)(name - text), text);
    return add(outputs, format, name + 1);
}

bool quipu_outputs_open(struct quipu_outputs *outputs, const char *format,
                        const char *const *files)
{
    bool open = true;

    outputs->count = 0;
    if (!format || strcmp(format, "none") != 0) {
        open = add(outputs, format ? format : "tap", NULL);
    }
    for (; open && files && *files; files++) {
        open = add_file(outputs, *files);
    }
    if (!open) {
        quipu_outputs_close(outputs);
    }
    return open;
}

bool quipu_outputs_close(struct quipu_outputs *outputs)
{
    bool written = true;

    for (size_t i = 0; i < outputs->count; i++) {
        FILE *file = outputs->at[i].file;
        const char *name = outputs->at[i].name;
        bool failed = fflush(file) != 0 || ferror(file);

        if (name && fclose(file) != 0) {
            failed = true;
        }
        if (failed) {
            written =
                complain("cannot write", name ? name : "to standard output");
        }
    }
    outputs->count = 0;
    return written;
}

/* ------------------------------------------------------------------- events */

/* Calls a function of all reports, and flushes what they wrote. */
#define NOTIFY(outputs, member, ...)                               \
    for (size_t i = 0; i < (outputs)->count; i++) {                \
        if ((outputs)->at[i].report->member) {                     \
            (outputs)->at[i].report->member((outputs)->at[i].file, \
                                            __VA_ARGS__);          \
            (void)fflush((outputs)->at[i].file);                   \
        }                                                          \
    }

static const struct quipu_scorecard *last(const struct quipu_results *results)
{
    return &results->cards[results->count - 1];
}

void quipu_outputs_begin(struct quipu_outputs *outputs,
                         const struct quipu_results *results)
{
    NOTIFY(outputs, begin, results)
}

void quipu_outputs_open_card(struct quipu_outputs *outputs,
                             const struct quipu_results *results)
{
    NOTIFY(outputs, open, last(results))
}

void quipu_outputs_case_end(struct quipu_outputs *outputs,
                            const struct quipu_results *results,
                            const struct quipu_case_result *result)
{
    NOTIFY(outputs, case_end, results, result)
}

void quipu_outputs_close_card(struct quipu_outputs *outputs,
                              const struct quipu_results *results)
{
    NOTIFY(outputs, close, last(results))
}

void quipu_outputs_end(struct quipu_outputs *outputs,
                       const struct quipu_results *results)
{
    NOTIFY(outputs, end, results)
}
