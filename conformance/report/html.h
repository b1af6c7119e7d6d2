/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the HTML page.  All of it is well-formed XML, too. */
#ifndef QUIPU_REPORT_HTML_H
#define QUIPU_REPORT_HTML_H

#include "results.h"

#include <stdio.h>

/* The content of <style>. */
extern const char quipu_html_style[];

/* The class of a state, and its sign as a character reference. */
const char *quipu_html_class(enum quipu_standing state);
const char *quipu_html_sign(enum quipu_standing state);

/* What each URI declares, its totals, and its cases as a quipu: a cord for each
 * guarantee, a knot for each case. */
void quipu_html_card(FILE *to, const struct quipu_sheet *sheet);
void quipu_html_cords(FILE *to, const struct quipu_sheet *sheet);

/* Guarantees down, URIs across. */
void quipu_html_matrix(FILE *to, const struct quipu_results *results);

/* Each failed case with its text, its reason and its history. */
void quipu_html_failures(FILE *to, const struct quipu_results *results);
void quipu_html_timeline(FILE *to, const char *lines);

/* What was skipped, by reason. */
void quipu_html_skips(FILE *to, const struct quipu_results *results);

/* Every case, with bars for how long it took. */
void quipu_html_cases(FILE *to, const struct quipu_results *results);

#endif
