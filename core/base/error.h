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

#endif
