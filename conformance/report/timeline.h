/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The timeline of a failure: operations of several lanes (sessions, threads,
 * processes) with their begin and end, as a case wrote them to its file
 * (quipu_context_timeline).  timeline.c describes the lines.
 */
#ifndef QUIPU_REPORT_TIMELINE_H
#define QUIPU_REPORT_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>

/* One operation. */
struct quipu_timeline_entry {
    char lane[64];
    char what[200];    /* the request */
    char outcome[400]; /* the response, or empty */
    double from, to;   /* milliseconds of a clock with any epoch */
    bool answered;     /* `to` is known */
    bool bad;          /* evidence for the failure */
};

struct quipu_timeline {
    struct quipu_timeline_entry *entries;
    size_t count;
};

/* Parses JSON lines.  Lines that are not of the format are skipped; text that
 * is too long is cut and ends in "...".  Returns false if there is no memory.
 * The caller calls quipu_timeline_finish() in either case. */
bool quipu_timeline_read(struct quipu_timeline *timeline, const char *lines);
void quipu_timeline_finish(struct quipu_timeline *timeline);

#endif
