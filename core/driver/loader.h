/* SPDX-License-Identifier: Apache-2.0 */
/* Finds and loads the module of a scheme. */
#ifndef QUIPU_CORE_DRIVER_LOADER_H
#define QUIPU_CORE_DRIVER_LOADER_H

#include <quipu/driver.h>

#include "driver/path.h"

/*
 * Whether a file is there.  NOT_FOUND: it is not, and a search goes on;
 * UNSUPPORTED: something is there that cannot be a driver, or it cannot be
 * told, and a search ends.
 */
int quipu_loader_probe(const char *file, quipu_error *error);

/*
 * Loads the first module of a (checked) scheme on the search path for ever,
 * and sets *table and `place`, the module's path.  One call at a time.
 * NOT_FOUND: there is none, and the message says where it was looked for;
 * UNSUPPORTED: there is one that cannot be used, and the message says why.
 */
int quipu_loader_load(const char *scheme, quipu_driver *table,
                      char place[PATH_MAX], quipu_error *error);

#endif
