/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports: formats in which the results of a run are written.
 *
 * A format is a table of functions that are called while the run goes on.  TAP
 * writes as cases end; the other formats write everything at the end.
 */
#ifndef QUIPU_REPORT_REPORT_H
#define QUIPU_REPORT_REPORT_H

#include "results.h"

#include <stdio.h>

/* Members may be NULL, except the name. */
struct quipu_report {
    const char *name;
    void (*begin)(FILE *to, const struct quipu_results *results);
    /* The store of a URI has been opened, or could not be. */
    void (*open)(FILE *to, const struct quipu_scorecard *card);
    /* A case has ended; its result is also the newest of the last card. */
    void (*case_end)(FILE *to, const struct quipu_results *results,
                     const struct quipu_case_result *result);
    /* All cases of a URI have ended. */
    void (*close)(FILE *to, const struct quipu_scorecard *card);
    /* The run is over; the results are in the order of the suite. */
    void (*end)(FILE *to, const struct quipu_results *results);
};

extern const struct quipu_report quipu_report_tap;
extern const struct quipu_report quipu_report_junit;
extern const struct quipu_report quipu_report_json;
extern const struct quipu_report quipu_report_html;

/* --------------------------------------------------------------- summary.c */

/* Writes the scorecard of a URI as plain text.  Each line begins with `prefix`.
 */
void quipu_summary_write(FILE *to, const char *prefix,
                         const struct quipu_scorecard *card);

/* Writes the verdict in one line without its \n: "holds: ...". */
void quipu_summary_verdict(FILE *to, const struct quipu_scorecard *card);

#endif
