/* SPDX-License-Identifier: Apache-2.0 */
/* Shows violations with the operations that take part in them, and no others.
 */
#ifndef QUIPU_HISTORY_EXPLAIN_H
#define QUIPU_HISTORY_EXPLAIN_H

#include "checker.h"

#include <stdio.h>

/* The first violation of each kind, as text: what is wrong, and who asked what
 * when and was told what. */
void quipu_history_explain(const struct quipu_history *history,
                           const struct quipu_violations *violations,
                           FILE *text);

/*
 * The gravest violation as a timeline, a JSON object a line:
 *
 *   {"lane":"session 3","from":12.345,"to":12.401,"what":"append a h1@5",
 *    "outcome":"OK ids=41 at=5","bad":true}
 *
 * Times are milliseconds; "to" is absent if there was no answer.  Those that
 * take part are bad; those about them are there for the picture.
 */
void quipu_history_draw(const struct quipu_history *history,
                        const struct quipu_violations *violations,
                        FILE *timeline);

#endif
