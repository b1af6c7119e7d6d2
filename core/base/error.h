/* SPDX-License-Identifier: Apache-2.0 */
/* Filling errors from within the core. */
#ifndef QUIPU_CORE_BASE_ERROR_H
#define QUIPU_CORE_BASE_ERROR_H

#include <stdarg.h>

#include <quipu/error.h>

/*
 * Both fill *error (NULL is allowed) and return `status`, as quipu_error_set
 * does.  `native` is the code of the back end or of the system, or 0;
 * `sqlstate` is five characters, or NULL.  The arguments may lie in *error
 * itself: `quipu_error_set(err, code, "opening: %s", err->message)` is fine.
 */
int quipu_error_set_native(quipu_error *error, int status, int native,
                           const char *sqlstate, const char *format, ...)
    QUIPU_PRINTF(5, 6);
int quipu_error_set_list(quipu_error *error, int status, int native,
                         const char *sqlstate, const char *format, va_list list)
    QUIPU_PRINTF(5, 0);

/* NO_MEMORY, with its message. */
int quipu_error_no_memory(quipu_error *error);

/* Room for what quipu_error_system_text writes, its NUL included. */
#define QUIPU_SYSTEM_TEXT_SIZE 128

/* The system's text for an errno value; returned is `text` or static text.
 * Any thread. */
const char *quipu_error_system_text(int code,
                                    char text[QUIPU_SYSTEM_TEXT_SIZE]);

/*
 * The static analyzer sees one file at a time, so it would take it that these
 * functions may answer OK.  It alone is told here that they return the status
 * that they are given.
 */
#if defined(__clang_analyzer__) && !defined(QUIPU_DEFINES_ERROR_SET)
static inline int quipu_status_given(int told, int status)
{
    (void)told;
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
