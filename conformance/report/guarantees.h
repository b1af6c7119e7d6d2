/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guarantees, as docs/guarantees.md words them.  The build embeds that page
 * into the library, so the explanations of the program cannot differ from it.
 *
 * A paragraph of the page that begins like "**U1 One winner.** Of any ..." is a
 * guarantee.  A case belongs to the guarantee with which its id begins, up to
 * the first point: "U1.race-at-one-position".
 */
#ifndef QUIPU_REPORT_GUARANTEES_H
#define QUIPU_REPORT_GUARANTEES_H

#include <stddef.h>

struct quipu_guarantee {
    char id[12];     /* "U1" */
    char title[64];  /* "One winner" */
    char text[1400]; /* the rest of the paragraph; lines */
};

/* The guarantee at an index from 0 on, in the order of the page; NULL after the
 * last one.  The first call parses the page and must not race with another
 * call. */
const struct quipu_guarantee *quipu_guarantee_at(size_t index);

/* The guarantee with the id, or the one of the case with the id; NULL if there
 * is none. */
const struct quipu_guarantee *quipu_guarantee_of(const char *id);

#endif
