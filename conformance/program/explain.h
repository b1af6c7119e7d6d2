/* SPDX-License-Identifier: Apache-2.0 */
/* What the suite says of its cases without running any. */
#ifndef QUIPU_EXPLAIN_H
#define QUIPU_EXPLAIN_H

#include "runner/runner.h"

#include <stdio.h>

/* Each selected case: its guarantee, profile, needs and reason. */
void quipu_explain_list(FILE *to, const struct quipu_run *run);

/* All about a case, or about a guarantee ("U1"); false: there is none of that
 * id, and standard error names those like it. */
bool quipu_explain(FILE *to, const char *id);

#endif
