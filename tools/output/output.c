/* SPDX-License-Identifier: Apache-2.0 */
/* Messages on standard error, and single lines on standard output. */
#include "output.h"
#include "text.h"

#include <quipu/quipu.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum outcome output_error(const quipu_error *error)
{
    struct text safe = { 0 };

    text_add_escaped(&safe, error->message, strlen(error->message));
    (void)fflush(stdout); /* keep the order of both streams on a terminal */
    fprintf(stderr, "quipu: %s\n", text_content(&safe));
    text_free(&safe);
    return error->code == QUIPU_INVALID ? USAGE : FINDING;
}

enum outcome output_finish(enum outcome outcome)
{
    int reason; /* 0 if an earlier write failed: its errno is gone */

    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return outcome;
    }
    reason = errno;
    fprintf(stderr, "quipu: cannot write the output%s%s\n",
            reason == 0 ? "" : ": ", reason == 0 ? "" : strerror(reason));
    return FINDING;
}

void output_field(const char *name, const char *value)
{
    struct text safe = { 0 };

    text_add_escaped(&safe, value, strlen(value));
    printf("%-14s  %s\n", name, text_content(&safe));
    text_free(&safe);
}

void output_title(const char *title)
{
    static bool first = true;
    struct text safe = { 0 };

    text_add_escaped(&safe, title, strlen(title));
    printf("%s%s:\n", first ? "" : "\n", text_content(&safe));
    text_free(&safe);
    first = false;
}
