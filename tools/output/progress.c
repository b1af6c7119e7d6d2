/* SPDX-License-Identifier: Apache-2.0 */
/* Progress messages on standard error. */
#include "progress.h"
#include "measure/clock.h"
#include "terminal.h"
#include "text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Nanoseconds between two messages. */
#define TERMINAL_INTERVAL 200000000
#define FILE_INTERVAL 2000000000

/* Nanoseconds after which a rate is worth printing. */
#define RATE_AFTER 1000000000

void progress_init(struct progress *progress, bool always)
{
    memset(progress, 0, sizeof(*progress));
    progress->terminal = isatty(STDERR_FILENO) == 1;
    progress->shown = progress->terminal || always;
}

/* Adds the rate since the beginning of the work, and the time that the rest
 * takes at this rate. */
static void add_rate(struct text *line, const struct progress *progress,
                     int64_t now, int64_t done, int64_t all)
{
    const double seconds = (double)(now - progress->begin) / 1e9;
    const double rate = (double)(done - progress->first) / seconds;

    if (now - progress->begin < RATE_AFTER || rate <= 0) {
        return;
    }
    text_print(line, rate < 10 ? ", %.1f/s" : ", %.0f/s", rate);
    if (all > done) {
        text_print(line, ", ");
        text_add_span(line, (int64_t)((double)(all - done) / rate * 1e6));
        text_print(line, " left");
    }
}

static void print(const struct progress *progress, const struct text *line)
{
    const size_t width = terminal_width_of(STDERR_FILENO);
    const char *text = text_content(line);
    const size_t fit = width > 0 ? text_fit(text, width - 1) : line->size;

    if (progress->terminal) {
        fprintf(stderr, "\r\033[K%.*s", (int)fit, text);
    } else {
        fprintf(stderr, "quipu: %s\n", text);
    }
}

/* Begins another piece of work, if it is one. */
static void begin(struct progress *progress, const char *subject,
                  const char *action, int64_t done, int64_t now)
{
    if (progress->subject != subject || progress->action != action ||
        done < progress->last) {
        progress->subject = subject;
        progress->action = action;
        progress->begin = now;
        progress->first = done;
    }
    progress->last = done;
}

void progress_show(struct progress *progress, const char *subject,
                   const char *action, int64_t done, int64_t all)
{
    struct text line = { 0 };

    if (!progress->shown) {
        return;
    }
    const int64_t now = measure_clock_now();

    begin(progress, subject, action, done, now);
    if (now < progress->next_report) {
        return;
    }
    progress->next_report =
        now + (progress->terminal ? TERMINAL_INTERVAL : FILE_INTERVAL);
    text_add_escaped(&line, subject, strlen(subject));
    text_print(&line, ": %s, %lld", action, (long long)done);
    if (all > 0) {
        text_print(&line, " of %lld (%d %%)", (long long)all,
                   (int)(100.0 * (double)done / (double)all));
    }
    add_rate(&line, progress, now, done, all);
    print(progress, &line);
    text_free(&line);
}

void progress_clear(const struct progress *progress)
{
    if (progress->shown && progress->terminal) {
        fputs("\r\033[K", stderr);
    }
}
