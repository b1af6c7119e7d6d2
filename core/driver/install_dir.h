/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder in which drivers are installed: ${libdir}/quipu/drivers/<abi>.
 *
 * It is the last folder of the search path, and the only one if
 * QUIPU_DRIVER_PATH is not set.  Any thread.
 */
#ifndef QUIPU_CORE_DRIVER_INSTALL_DIR_H
#define QUIPU_CORE_DRIVER_INSTALL_DIR_H

#include <limits.h>
#include <stdbool.h>

/*
 * Sets `folder` to the folder of installed drivers of this ABI.
 *
 * It is the folder "quipu/drivers/<abi>" beside the file from which
 * libquipu.so was loaded, so that an installed tree can be moved as a whole.
 * If quipu is linked statically, or if the process runs with more rights than
 * its user (AT_SECURE), it is the folder that quipu was configured with; also
 * if the library was loaded by a relative path, and its file was removed or
 * /proc is not mounted.  The folder need not exist.
 */
void quipu_install_dir_find(char folder[PATH_MAX]);

/*
 * Sets `folder` to the folder of drivers beside `library`, an absolute path
 * ".../libquipu.so*".  Returns false if the path is relative, names another
 * file, or the result exceeds PATH_MAX.
 */
bool quipu_install_dir_beside(const char *library, char folder[PATH_MAX]);

#endif
