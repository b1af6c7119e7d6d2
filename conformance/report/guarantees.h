/* SPDX-License-Identifier: Apache-2.0 */
/* The guarantees, in the words of docs/guarantees.md. */
#ifndef QUIPU_GUARANTEES_H
#define QUIPU_GUARANTEES_H

#include <stddef.h>

struct quipu_guarantee {
    char id[12];     /* "U1": what stands before the point in a case's id */
    char title[64];  /* "One winner" */
    char text[1400]; /* the whole paragraph after the title; lines */
};

/* In the order of the page, from 0 on; NULL after the last.  One thread first.
 */
const struct quipu_guarantee *quipu_guarantee_at(size_t index);
/* The one that a case's id begins with, or that is it; NULL: there is none. */
const struct quipu_guarantee *quipu_guarantee_of(const char *id);

#endif
