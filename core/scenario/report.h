/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The differences that a scenario has found, as text.
 *
 * Each begins with quipu_report_begin, is written to the stream that this
 * returns, and ends with quipu_report_end, which shows it on standard error:
 *
 *     FILE *out = quipu_report_begin(report);
 *
 *     (void)fprintf(out, "event %zu: missing: ", number);
 *     quipu_event_text_print(event, out);
 *     quipu_report_end(report, 1);
 *
 * One thread at a time.
 */
#ifndef QUIPU_CORE_SCENARIO_REPORT_H
#define QUIPU_CORE_SCENARIO_REPORT_H

#include <stdio.h>

#include <quipu/types.h>

struct quipu_report {
    FILE *out; /* writes to `text` */
    char *text;
    size_t size;
    size_t shown; /* bytes of the text that standard error has got */
    int differences;
    char *note; /* line that precedes the next difference; or NULL; owned */
};

/* Returns false if there is no memory. */
bool quipu_report_init(struct quipu_report *report);
void quipu_report_finish(struct quipu_report *report); /* zeroed: nothing */

/* Sets the line that is written before the next difference, as to its
 * circumstances.  It replaces one that was not needed.  `note` is freed by
 * free. */
void quipu_report_note(struct quipu_report *report, char *note);

FILE *quipu_report_begin(struct quipu_report *report);

/* Counts `differences`, ends the line that was begun, if it was, and shows what
 * was written. */
void quipu_report_end(struct quipu_report *report, int differences);

/* Reports one difference, of one line. */
void quipu_report_add(struct quipu_report *report, const char *format, ...)
    QUIPU_PRINTF(2, 3);

#endif
