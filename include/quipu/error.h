/* SPDX-License-Identifier: Apache-2.0 */
/* Status names, and errors of a program's own. */
#ifndef QUIPU_ERROR_H
#define QUIPU_ERROR_H

#include <quipu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The name of a status, as "CONFLICT"; "?" for a number that is none.  Static
 * text.  Any thread. */
QUIPU_API const char *quipu_status_name(int status);

/*
 * Fills *error (NULL is allowed) with a status, and a message made as printf
 * makes it and cut to what there is room for; returns `status`, so that a
 * handler can write `return quipu_error_set(error, QUIPU_INVALID, "...")`.
 * Never allocates, never fails.  Any thread.
 */
QUIPU_API int quipu_error_set(quipu_error *error, int status,
                              const char *format, ...) QUIPU_PRINTF(3, 4);

/* The same with a finished text (NULL: none), for language bindings. */
QUIPU_API int quipu_error_set_text(quipu_error *error, int status,
                                   const char *text);

#ifdef __cplusplus
}
#endif

#endif
