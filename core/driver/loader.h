/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds and loads the shared object of a scheme's driver.
 *
 * The search goes over the folders of search_path.h.  It ends at the first
 * folder in which something has the name of the driver: a file there that
 * cannot be used is an error, and no later folder is tried, so that a broken
 * installation is noticed instead of being replaced by another version.
 */
#ifndef QUIPU_CORE_DRIVER_LOADER_H
#define QUIPU_CORE_DRIVER_LOADER_H

#include <quipu/driver.h>

#include "driver/search_path.h"

/*
 * Looks whether `file` can be a driver, without opening it.  OK: it is a
 * regular file.  NOT_FOUND: there is no such file, and a search continues.
 * UNSUPPORTED: something of that name exists but cannot be a driver, or its
 * existence cannot be determined (no permission); a search ends.  Any thread.
 */
int quipu_loader_probe(const char *file, quipu_error *error);

/*
 * Loads the first driver of a (valid) scheme on the search path, for the rest
 * of the process's life.  Sets *table to its operations and `file` to the path
 * of the shared object.  One call at a time; the registry's mutex ensures that.
 *
 * NOT_FOUND: there is none; the message lists the folders that were searched.
 * UNSUPPORTED: there is one that cannot be used; the message says why.
 */
int quipu_loader_load(const char *scheme, quipu_driver *table,
                      char file[PATH_MAX], quipu_error *error);

#endif
