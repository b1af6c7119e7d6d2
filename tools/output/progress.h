/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Progress of a long operation, on standard error: one line that is rewritten
 * on a terminal, a line every two seconds elsewhere.
 */
#ifndef QUIPU_TOOLS_PROGRESS_H
#define QUIPU_TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool shown;
    bool terminal; /* rewrite one line; otherwise print a line each time */
    int64_t next_report; /* in nanoseconds of measure_clock_now */
    /* The piece of work, which begins when one of these changes. */
    const char *subject, *action;
    int64_t begin;       /* of it, in the same unit */
    int64_t first, last; /* `done` at its beginning, and at the last call */
};

/* Progress is shown if standard error is a terminal, or if `always`. */
void progress_init(struct progress *progress, bool always);

/*
 * Prints "subject: action, done of all (percent), rate, time left" if enough
 * time has passed since the last message.  `all` is 0 if the total is not
 * known.  The texts are borrowed until the next call.
 */
void progress_show(struct progress *progress, const char *subject,
                   const char *action, int64_t done, int64_t all);

/* Removes the line from a terminal, before something else is printed. */
void progress_clear(const struct progress *progress);

#endif
