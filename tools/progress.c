/* SPDX-License-Identifier: Apache-2.0 */
/* Progress: often where somebody watches, seldom in a file. */
#include "progress.h"
#include "text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EVERY_ON_TERMINAL 200000000 /* nanoseconds */
#define EVERY_IN_FILE 2000000000

void quipu_tool_progress_init(struct progress *progress, bool always)
{
    progress->terminal = isatty(STDERR_FILENO) == 1;
    progress->shown = progress->terminal || always;
    progress->next_report = 0;
}

int64_t quipu_tool_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void print(const struct progress *progress, const char *subject,
                  const char *what, int64_t done, int64_t all)
{
    struct text line = { 0 };

    quipu_tool_text_safe(&line, subject, strlen(subject));
    quipu_tool_text_print(&line, ": %s, %lld", what, (long long)done);
    if (all > 0) {
        quipu_tool_text_print(&line, " of %lld", (long long)all);
    }
    if (progress->terminal) {
        fprintf(stderr, "\r\033[K%s", quipu_tool_text(&line));
    } else {
        fprintf(stderr, "quipu: %s\n", quipu_tool_text(&line));
    }
    quipu_tool_text_free(&line);
}

void quipu_tool_progress(struct progress *progress, const char *subject,
                         const char *what, int64_t done, int64_t all)
{
    int64_t now = 0;

    if (!progress->shown) {
        return;
    }
    now = quipu_tool_now();
    if (now >= progress->next_report) {
        progress->next_report =
            now + (progress->terminal ? EVERY_ON_TERMINAL : EVERY_IN_FILE);
        print(progress, subject, what, done, all);
    }
}

void quipu_tool_progress_clear(const struct progress *progress)
{
    if (progress->shown && progress->terminal) {
        fputs("\r\033[K", stderr);
    }
}
