/* SPDX-License-Identifier: Apache-2.0 */
/* Progress messages on standard error. */
#include "progress.h"
#include "measure/clock.h"
#include "text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Nanoseconds between two messages. */
#define TERMINAL_INTERVAL 200000000
#define FILE_INTERVAL 2000000000

void progress_init(struct progress *progress, bool always)
{
    progress->terminal = isatty(STDERR_FILENO) == 1;
    progress->shown = progress->terminal || always;
    progress->next_report = 0;
}

static void print(const struct progress *progress, const char *subject,
                  const char *action, int64_t done, int64_t all)
{
    struct text line = { 0 };

    text_add_escaped(&line, subject, strlen(subject));
    text_print(&line, ": %s, %lld", action, (long long)done);
    if (all > 0) {
        text_print(&line, " of %lld", (long long)all);
    }
    if (progress->terminal) {
        fprintf(stderr, "\r\033[K%s", text_content(&line));
    } else {
        fprintf(stderr, "quipu: %s\n", text_content(&line));
    }
    text_free(&line);
}

void progress_show(struct progress *progress, const char *subject,
                   const char *action, int64_t done, int64_t all)
{
    if (!progress->shown) {
        return;
    }
    int64_t now = measure_clock_now();
    if (now >= progress->next_report) {
        progress->next_report =
            now + (progress->terminal ? TERMINAL_INTERVAL : FILE_INTERVAL);
        print(progress, subject, action, done, all);
    }
}

void progress_clear(const struct progress *progress)
{
    if (progress->shown && progress->terminal) {
        fputs("\r\033[K", stderr);
    }
}
