/* SPDX-License-Identifier: Apache-2.0 */
/* What the system's answers mean to the caller. */
#ifndef SHARED_DRIVER_ERROR_H
#define SHARED_DRIVER_ERROR_H

#include <quipu/driver.h>

/* Whether an errno says that the caller may not. */
bool quipu_common_error_is_denied(int number);

/* Says what a system call's errno means, as a status (DENIED, NO_MEMORY, IO),
 * and fills *error: "cannot <what> "<path>": <the system's words>". */
int quipu_common_error_set_system(const quipu_host *host, const char *path,
                                  int number, const char *what,
                                  quipu_error *error);

/* Hands an error on that might have turned out not to be one. */
int quipu_common_error_pass(int status, const quipu_error *own,
                            quipu_error *error);

#endif
