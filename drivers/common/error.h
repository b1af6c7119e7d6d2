/* SPDX-License-Identifier: Apache-2.0 */
/* Errors of system calls, as statuses with a message; and the passing on of an
 * error that was kept back.
 *
 * strerrordesc_np is used instead of strerror: it is safe for threads and does
 * not depend on the locale. So every function here may be called by several
 * threads at the same time. */
#ifndef QUIPU_DRIVERS_COMMON_ERROR_H
#define QUIPU_DRIVERS_COMMON_ERROR_H

#include <quipu/driver.h>

/* Returns UNSUPPORTED if the core is so old that its host functions lack one
 * that the drivers use; to be called first. */
int quipu_common_error_check_host(const quipu_host *host, quipu_error *error);

/* Returns true if an errno says that the process lacks the right: EACCES, EPERM
 * or EROFS. */
bool quipu_common_error_is_denied(int number);

/* Returns the description of an errno, a constant. */
const char *quipu_common_error_describe(int number);

/* Translates the errno of a system call into a status (DENIED, NO_MEMORY, IO),
 * fills *error with `cannot <what> "<path>": <description>`, and returns the
 * status. */
int quipu_common_error_set_system(const quipu_host *host, const char *path,
                                  int number, const char *what,
                                  quipu_error *error);

/* Returns `status`; if it is not OK, copies `own` to *error. For a caller that
 * asks for an error of its own first, since the status may turn out not to be a
 * failure. `error` may be NULL. */
int quipu_common_error_pass(int status, const quipu_error *own,
                            quipu_error *error);

#endif
