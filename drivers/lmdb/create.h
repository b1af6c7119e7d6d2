/* SPDX-License-Identifier: Apache-2.0 */
/* Making a store: whole, under another name, and then renamed, so that a data
 * file is never seen half made. */
#ifndef LMDB_DRIVER_CREATE_H
#define LMDB_DRIVER_CREATE_H

#include <quipu/driver.h>

/* Makes the data file in the folder, unless another process is quicker.  BUSY,
 * DENIED, IO, UNSUPPORTED, NO_MEMORY. */
int quipu_lmdb_create(const quipu_host *host, const char *folder,
                      const char *file, int64_t deadline, quipu_error *error);

/* Whether there is a file that has any bytes. */
bool quipu_lmdb_is_there(const char *file);

#endif
