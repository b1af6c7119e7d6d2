/* SPDX-License-Identifier: Apache-2.0 */
/* Reports of violations: as text, and as a timeline for the HTML report. */
#ifndef QUIPU_HISTORY_VIOLATION_REPORT_H
#define QUIPU_HISTORY_VIOLATION_REPORT_H

#include "history.h"
#include "violations.h"

#include <stdio.h>

/* Writes the first violation of each kind: its sentence, and the operations
 * that are evidence for it in the order of their begin, with request and
 * response. */
void quipu_history_violation_report_text(
    const struct quipu_history *history,
    const struct quipu_violations *violations, FILE *text);

/*
 * Writes the most severe violation as a timeline, one JSON object a line:
 *
 *   {"lane":"session 3","from":12.345,"to":12.401,"what":"append a h1@5",
 *    "outcome":"OK ids=41 at=5","bad":true}
 *
 * Times are milliseconds; "to" is missing if there was no response.  "bad" is
 * true for the operations that are evidence; the others ran at the same time.
 */
void quipu_history_violation_report_timeline(
    const struct quipu_history *history,
    const struct quipu_violations *violations, FILE *timeline);

#endif
