/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of installed drivers. */
#ifndef QUIPU_CORE_DRIVER_HOME_H
#define QUIPU_CORE_DRIVER_HOME_H

#include <limits.h>
#include <stdbool.h>

/*
 * The folder of this ABI's drivers below the folder from which libquipu.so
 * itself was loaded, so that an installed tree can be moved; or the one
 * that quipu was built with, if quipu is linked statically, is not known by an
 * absolute path, or runs with more rights than its user.
 */
void quipu_home_folder(char folder[PATH_MAX]);

/* Makes of an absolute library file ".../libquipu.so*" the folder of its
 * drivers.  False: it is no such file, or the folder's name is too long. */
bool quipu_home_beside(const char *library, char folder[PATH_MAX]);

#endif
