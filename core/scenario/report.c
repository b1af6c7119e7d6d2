/* SPDX-License-Identifier: Apache-2.0 */
/* The differences that a scenario has found, as text in a memory stream. */
#include "scenario/report.h"

#include <stdarg.h>
#include <stdlib.h>

bool quipu_report_init(struct quipu_report *report)
{
    *report = (struct quipu_report){ .out = NULL };
    report->out = open_memstream(&report->text, &report->size);
    /* A stream that was not flushed has no text. */
    return report->out && fflush(report->out) == 0;
}

void quipu_report_finish(struct quipu_report *report)
{
    if (report->out) {
        (void)fclose(report->out);
        free(report->text);
        free(report->note);
        *report = (struct quipu_report){ .out = NULL };
    }
}

void quipu_report_note(struct quipu_report *report, char *note)
{
    free(report->note);
    report->note = note;
}

FILE *quipu_report_begin(struct quipu_report *report)
{
    if (report->note) {
        (void)fprintf(report->out, "%s\n", report->note);
        quipu_report_note(report, NULL);
    }
    return report->out;
}

void quipu_report_end(struct quipu_report *report, int differences)
{
    (void)fflush(report->out);
    if (report->size > 0 && report->text[report->size - 1] != '\n') {
        (void)fputc('\n', report->out);
        (void)fflush(report->out);
    }
    (void)fputs(report->text + report->shown, stderr);
    report->shown = report->size;
    report->differences += differences;
}

void quipu_report_add(struct quipu_report *report, const char *format, ...)
{
    FILE *out = quipu_report_begin(report);
    va_list list;

    va_start(list, format);
    (void)vfprintf(out, format, list);
    va_end(list);
    quipu_report_end(report, 1);
}
