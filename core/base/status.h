/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statuses and errors of functions that the core calls but does not contain:
 * operations of drivers, handlers and policies of the program.
 *
 * Such a function receives an error of the core's own, not the error of the
 * public call's caller, for two reasons: the caller's error stays unchanged
 * when the call succeeds, and a function that fails without filling its error
 * is detected.
 *
 *     quipu_error cause;
 *
 *     quipu_status_begin(&cause);
 *     status = function(context, &cause);
 *     quipu_status_end(status, &cause, error, "the function");
 *
 * All functions may be called from any thread.
 */
#ifndef QUIPU_CORE_BASE_STATUS_H
#define QUIPU_CORE_BASE_STATUS_H

#include <quipu/error.h>

/* Makes *cause empty: code QUIPU_OK, no native code, no SQLSTATE, no message.
 * Writes the first byte of each string, not its whole kilobyte. */
void quipu_status_begin(quipu_error *cause);

/* Returns true if the function has set a message in *cause since
 * quipu_status_begin. */
bool quipu_status_explained(const quipu_error *cause);

/*
 * Copies *cause to *error (which may be NULL) with `status` as its code, if
 * `status` is not QUIPU_OK.  `status` is any number that the function returned,
 * not necessarily of enum quipu_status.  If the function set no message, *error
 * gets one that names the function as `source`.  Returns `status`.
 */
int quipu_status_end(int status, const quipu_error *cause, quipu_error *error,
                     const char *source);

#endif
