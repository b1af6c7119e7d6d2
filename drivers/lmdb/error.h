/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver's error messages, and the status that each of LMDB's codes means.
 */
#ifndef LMDB_DRIVER_ERROR_H
#define LMDB_DRIVER_ERROR_H

#include <quipu/driver.h>

/*
 * Fills *error (NULL is allowed) for a code of LMDB's or an errno, and returns
 * its status.  The message is
 *
 *     cannot <what> in "<name>": <LMDB's words>; <what to do>
 *
 * where `name` is the path of the data file.  error->native is the code.
 * EINVAL, and codes that the driver does not know, are INTERNAL.
 */
int quipu_lmdb_error_set(const quipu_host *host, const char *name, int code,
                         const char *what, quipu_error *error);

/* Fills *error for an allocation of the driver that failed, and returns
 * NO_MEMORY.  LMDB's own ENOMEM goes through quipu_lmdb_error_set. */
int quipu_lmdb_error_no_memory(const quipu_host *host, quipu_error *error);

/* Fills *error for a read of a schema that was torn down since the read began,
 * and returns NOT_FOUND. */
int quipu_lmdb_error_torn_down(const quipu_host *host,
                               const quipu_schema *schema, quipu_error *error);

/* Turns TIMEOUT into BUSY, in *error too, for operations that may not answer
 * TIMEOUT.  Returns any other status unchanged. */
int quipu_lmdb_error_as_busy(int status, quipu_error *error);

#endif
