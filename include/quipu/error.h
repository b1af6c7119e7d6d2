/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of status codes, and errors that a program sets itself, in handlers,
 * codecs and functions in a transaction.  The struct quipu_error is in types.h.
 *
 * All functions may be called from any thread, never allocate and never fail.
 */
#ifndef QUIPU_ERROR_H
#define QUIPU_ERROR_H

#include <quipu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Returns the name of a status, such as "CONFLICT"; "?" for a number that is no
 * status.  Static text. */
QUIPU_API const char *quipu_status_name(int status);

/* Whether the same call may succeed later without the program mending anything:
 * BUSY, TIMEOUT, IO and UNKNOWN_OUTCOME.  A full disk is IO, too, so that a
 * program limits its attempts or shows the message.  After UNKNOWN_OUTCOME the
 * same append must be repeated, or found out about, before anything else. */
QUIPU_API bool quipu_status_is_transient(int status);

/*
 * Sets *error (NULL is allowed) to a status and a message, which is formatted
 * as by printf and cut at a character boundary if it exceeds the size of
 * `message`. Returns `status`, so that a function can end with `return
 * quipu_error_set(error, QUIPU_INVALID, "...")`.  The arguments may be part of
 * *error.
 */
QUIPU_API int quipu_error_set(quipu_error *error, int status,
                              const char *format, ...) QUIPU_PRINTF(3, 4);

/* Sets *error in the same way to a finished text (NULL: ""), which is not
 * formatted.  For language bindings. */
QUIPU_API int quipu_error_set_text(quipu_error *error, int status,
                                   const char *text);

/* Returns the status of a call to the caller of the function in which it
 * stands, unless it is QUIPU_OK. */
#define QUIPU_TRY(call)            \
    do {                           \
        int status_ = (call);      \
                                   \
        if (status_ != QUIPU_OK) { \
            return status_;        \
        }                          \
    } while (0)

#ifdef __cplusplus
}
#endif

#endif
