/* SPDX-License-Identifier: Apache-2.0 */
/* The findings of quipu doctor, as lines or as JSON Lines. */
#include "doctor/report.h"
#include "output/jsonl.h"
#include "output/memory.h"
#include "output/terminal.h"
#include "output/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void report_add(struct report *report, enum report_state state,
                const char *subject, const char *format, ...)
{
    static const char *const words[] = { "ok", "note", "warning", "fault" };
    static const enum terminal_style styles[] = { STYLE_GOOD, STYLE_PLAIN,
                                                  STYLE_WARNING, STYLE_BAD };
    struct text safe = { 0 };
    char *finding = NULL;
    va_list arguments;

    va_start(arguments, format);
    const int size = vasprintf(&finding, format, arguments);
    va_end(arguments);
    if (size < 0) {
        memory_exhausted();
    }
    report->fault = report->fault || state == REPORT_FAULT;
    if (report->json) {
        json_t *line = json_object();

        jsonl_set(line, "state", json_string(words[state]));
        jsonl_set(line, "subject", jsonl_string(subject));
        jsonl_set(line, "finding", jsonl_string(finding));
        jsonl_print(line);
        free(finding);
        return;
    }
    text_add_escaped(&safe, finding, strlen(finding));
    printf("%s%-7s%s  %-12s  %s\n", terminal_style(styles[state]), words[state],
           terminal_style(STYLE_PLAIN), subject, text_content(&safe));
    text_free(&safe);
    free(finding);
}
