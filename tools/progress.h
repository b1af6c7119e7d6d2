/* SPDX-License-Identifier: Apache-2.0 */
/* How far a long piece of work is, on standard error. */
#ifndef QUIPU_TOOLS_PROGRESS_H
#define QUIPU_TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool shown;
    bool terminal;       /* one line that changes; else a line now and then */
    int64_t next_report; /* in nanoseconds of the monotonic clock */
};

/* Shown if standard error is a terminal, or `always`. */
void quipu_tool_progress_init(struct progress *progress, bool always);

/* Says `subject: what, done of all`, if it is time to.  `all` 0: not known. */
void quipu_tool_progress(struct progress *progress, const char *subject,
                         const char *what, int64_t done, int64_t all);

/* Takes the line from a terminal, before something else is written. */
void quipu_tool_progress_clear(const struct progress *progress);

/* Nanoseconds of the monotonic clock. */
int64_t quipu_tool_now(void);

#endif
