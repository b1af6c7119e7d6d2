/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the HTML report.  The page is also well-formed XML, refers to
 * nothing outside itself and contains no script.
 */
#ifndef QUIPU_REPORT_HTML_H
#define QUIPU_REPORT_HTML_H

#include "results.h"

#include <stdio.h>

/* The content of <style>. */
extern const char quipu_html_style[];

/* The CSS class of a standing, and its sign as a character reference. */
const char *quipu_html_style_class(enum quipu_standing standing);
const char *quipu_html_style_sign(enum quipu_standing standing);

/* The cases of a URI as drawings: a cord for each guarantee with a knot for
 * each case, as in a quipu. */
void quipu_html_chart(FILE *to, const struct quipu_scorecard *card);

/* Returns the title of the group of guarantees that begins with the one of this
 * id, or NULL. */
const char *quipu_html_matrix_group(const char *id);

/* The table of guarantees (rows) and URIs (columns). */
void quipu_html_matrix(FILE *to, const struct quipu_results *results);

/* Each failed case with its message, its purpose and its timeline. */
void quipu_html_cases_failures(FILE *to, const struct quipu_results *results);

/* The timeline of a failure, given as JSON lines (timeline.h). */
void quipu_html_timeline(FILE *to, const char *lines);

/* The skipped cases by reason. */
void quipu_html_cases_skips(FILE *to, const struct quipu_results *results);

/* Every case, with bars that show the time it took. */
void quipu_html_cases(FILE *to, const struct quipu_results *results);

#endif
