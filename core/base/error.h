/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fills errors from within the core, beside quipu_error_set of <quipu/error.h>.
 *
 * All functions accept NULL for `error`, never allocate and never fail, and
 * return the status they are given, so that a function can end with
 * `return quipu_error_set(error, QUIPU_INVALID, "...")`.  A message that is too
 * long is cut at a character boundary.  Any thread.
 */
#ifndef QUIPU_CORE_BASE_ERROR_H
#define QUIPU_CORE_BASE_ERROR_H

#include <stdarg.h>

#include <quipu/error.h>

/*
 * Sets code, native code, SQLSTATE and message.  `native` is the code of the
 * back end or of the system, or 0; `sqlstate` has five characters, or is NULL.
 * The arguments may lie in *error itself:
 * `quipu_error_set(err, code, "opening: %s", err->message)` is fine.
 *
 * The signature is that of quipu_host.error_set in <quipu/driver.h>, where
 * drivers call this function.
 */
int quipu_error_set_native(quipu_error *error, int status, int native,
                           const char *sqlstate, const char *format, ...)
    QUIPU_PRINTF(5, 6);

/* quipu_error_set with the arguments of the format in a va_list. */
int quipu_error_set_list(quipu_error *error, int status, const char *format,
                         va_list list) QUIPU_PRINTF(3, 0);

/* Sets NO_MEMORY with the message "out of memory". */
int quipu_error_no_memory(quipu_error *error);

/* Bytes that quipu_error_system_text needs, including the NUL. */
#define QUIPU_SYSTEM_TEXT_SIZE 128

/* Returns the system's text for an errno value, which lies in `text` or is
 * static. */
const char *quipu_error_system_text(int code,
                                    char text[QUIPU_SYSTEM_TEXT_SIZE]);

/*
 * The static analyzer sees one translation unit at a time and assumes that
 * these functions may return QUIPU_OK.  For the analyzer only, the macros below
 * say that they return the status they are given.
 */
#if defined(__clang_analyzer__) && !defined(QUIPU_DEFINES_ERROR_SET)
static inline int quipu_status_given(int returned, int status)
{
    (void)returned;
    return status;
}

#define quipu_error_set(error, status, ...) \
    quipu_status_given(quipu_error_set(error, status, __VA_ARGS__), status)
#define quipu_error_set_native(error, status, ...)                         \
    quipu_status_given(quipu_error_set_native(error, status, __VA_ARGS__), \
                       status)
#define quipu_error_set_list(error, status, ...) \
    quipu_status_given(quipu_error_set_list(error, status, __VA_ARGS__), status)
#define quipu_error_no_memory(error) \
    quipu_status_given(quipu_error_no_memory(error), QUIPU_NO_MEMORY)
#endif

#endif
