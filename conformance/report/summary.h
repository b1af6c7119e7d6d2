/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a report for a person at a terminal: the scorecard. */
#ifndef QUIPU_REPORT_SUMMARY_H
#define QUIPU_REPORT_SUMMARY_H

#include "results.h"

#include <stdio.h>

/* Each line begins with `prefix`. */
void quipu_summary_write(FILE *to, const char *prefix,
                         const struct quipu_sheet *sheet);

/* The judgement in one line, without its end: "holds: ...". */
void quipu_summary_verdict(FILE *to, const struct quipu_sheet *sheet);

#endif
