/* SPDX-License-Identifier: Apache-2.0 */
/* Writes why a case fails or is skipped, and ends its process. */
#include "assertion.h"

#include <quipu/error.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

_Thread_local quipu_error quipu_assertion_error;

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

void quipu_assertion_fail(const char *file, int line, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    dprintf(STDERR_FILENO, "%s:%d: %s\n", file_name(file), line, text);
    quipu_completion_exit(QUIPU_COMPLETION_FAILED);
}

void quipu_assertion_status(const char *file, int line, const char *call,
                            int expected, int status)
{
    if (status == expected) {
        return;
    }
    quipu_assertion_fail(
        file, line, "%s returned %s%s%s instead of %s", call,
        quipu_status_name(status), status == QUIPU_OK ? "" : ": ",
        status == QUIPU_OK ? "" : ERR->message, quipu_status_name(expected));
}

void quipu_assertion_child(const char *file, int line, pid_t process,
                           int status, const char *format, ...)
{
    enum quipu_completion completion = quipu_completion_of(process, status);
    char what[256], how[256];
    va_list arguments;

    if (completion == QUIPU_COMPLETION_DONE) {
        return;
    }
    if (completion != QUIPU_COMPLETION_DIED) {
        quipu_completion_exit(completion);
    }
    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    quipu_assertion_fail(file, line, "%s %s", what,
                         quipu_completion_describe(status, how, sizeof(how)));
}

void quipu_assertion_skip(const char *format, ...)
{
    char text[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    dprintf(STDERR_FILENO, "%s\n", text);
    quipu_completion_exit(QUIPU_COMPLETION_SKIPPED);
}

void quipu_assertion_inapplicable(const char *reason)
{
    dprintf(STDERR_FILENO, "%s\n", reason);
    quipu_completion_exit(QUIPU_COMPLETION_INAPPLICABLE);
}
