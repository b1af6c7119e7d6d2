/* SPDX-License-Identifier: Apache-2.0 */
/* The history of a failure, as a case wrote it down (quipu_context_timeline).
 */
#ifndef QUIPU_REPORT_TIMELINE_H
#define QUIPU_REPORT_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>

/* A line of it. */
struct quipu_moment {
    char lane[64];
    char what[200];
    char outcome[400];
    double from, to; /* milliseconds */
    bool answered;   /* `to` is there */
    bool bad;
};

struct quipu_timeline {
    struct quipu_moment *moments;
    size_t count;
};

/* Takes JSON lines; what is no such line is passed over, what is too long is
 * cut, and ends in "...".  False: no memory. */
bool quipu_timeline_read(struct quipu_timeline *timeline, const char *lines);
void quipu_timeline_finish(struct quipu_timeline *timeline);

#endif
