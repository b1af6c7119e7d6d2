/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fills errors: never allocates, never fails.
 *
 * The message is formatted into a buffer on the stack and copied from there,
 * since the arguments of the format may include the message of the same error.
 */
#define QUIPU_DEFINES_ERROR_SET
#include "base/error.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* A message is UTF-8, also if it names a file whose name is not. */
static void copy_message(quipu_error *error, const char *text)
{
    char copy[sizeof(error->message)];
    size_t size = quipu_utf8_cut(text, strlen(text), sizeof(copy) - 1);

    memcpy(copy, text, size);
    quipu_utf8_escape(error->message, sizeof(error->message), copy, size);
}

static void copy_sqlstate(quipu_error *error, const char *sqlstate)
{
    size_t i = 0;

    while (sqlstate && i < 5 && sqlstate[i] != '\0') {
        error->sqlstate[i] = sqlstate[i];
        i++;
    }
    memset(error->sqlstate + i, 0, sizeof(error->sqlstate) - i);
}

/* One byte longer than a message, so that copy_message sees whether the last
 * character is complete. */
typedef char formatted[sizeof(((quipu_error *)NULL)->message) + 1];

static void format_list(formatted text, const char *format, va_list list)
    QUIPU_PRINTF(2, 0);

static void format_list(formatted text, const char *format, va_list list)
{
    if (vsnprintf(text, sizeof(formatted), format, list) < 0) {
        snprintf(text, sizeof(formatted), "%s", format);
    }
}

int quipu_error_set_list(quipu_error *error, int status, const char *format,
                         va_list list)
{
    formatted text;

    if (!error) {
        return status;
    }
    format_list(text, format, list);
    return quipu_error_set_text(error, status, text);
}

int quipu_error_set_native(quipu_error *error, int status, int native,
                           const char *sqlstate, const char *format, ...)
{
    formatted text;
    va_list list;

    if (!error) {
        return status;
    }
    va_start(list, format);
    format_list(text, format, list);
    va_end(list);
    error->code = status;
    error->native = native;
    copy_sqlstate(error, sqlstate);
    copy_message(error, text);
    return status;
}

int quipu_error_set(quipu_error *error, int status, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    quipu_error_set_list(error, status, format, list);
    va_end(list);
    return status;
}

int quipu_error_set_text(quipu_error *error, int status, const char *text)
{
    if (!error) {
        return status;
    }
    error->code = status;
    error->native = 0;
    copy_sqlstate(error, NULL);
    copy_message(error, text ? text : "");
    return status;
}

int quipu_error_no_memory(quipu_error *error)
{
    return quipu_error_set_text(error, QUIPU_NO_MEMORY, "out of memory");
}

/* glibc's strerror_r returns the text; that of POSIX, which musl has, writes it
 * and returns an error number. */
static const char *returned_text(const char *returned, const char *written)
{
    (void)written;
    return returned;
}

static const char *written_text(int failed, const char *written)
{
    return failed ? "unknown error" : written;
}

/* The first operand of _Generic is not evaluated.  Its layout depends on the
 * version of clang-format. */
/* clang-format off */
#define TEXT_OF(result, text) \
    _Generic((result), char *: returned_text, int: written_text)(result, text)
/* clang-format on */

const char *quipu_error_system_text(int code, char text[QUIPU_SYSTEM_TEXT_SIZE])
{
    return TEXT_OF(strerror_r(code, text, QUIPU_SYSTEM_TEXT_SIZE), text);
}
