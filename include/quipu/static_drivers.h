/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The drivers of quipu as archives, for programs that link them in instead of
 * loading them: in one file that needs no folder of drivers, or where loading
 * code at run time is not possible or not wanted.
 *
 *     #include <quipu/quipu.h>
 *     #include <quipu/static_drivers.h>
 *
 *     quipu_drivers_add("sqlite", quipu_driver_entry_sqlite, &error);
 *     quipu_datastore_open("sqlite:///shop.db", NULL, &datastore, &error);
 *
 * CMake: find_package(quipu COMPONENTS driver_sqlite) and link
 * quipu::driver_sqlite.  pkg-config: quipu-driver-sqlite.  Both bring the
 * library of the back end along.  A driver is there if quipu was built with it.
 *
 * A driver of your own that is compiled with QUIPU_DRIVER_STATIC is added in
 * the same way; see QUIPU_DRIVER_ENTRY in <quipu/driver.h>.
 */
#ifndef QUIPU_STATIC_DRIVERS_H
#define QUIPU_STATIC_DRIVERS_H

#include <quipu/drivers.h>

#ifdef __cplusplus
extern "C" {
#endif

/* For the schemes "sqlite" and "lmdb". */
const quipu_driver *quipu_driver_entry_sqlite(void);
const quipu_driver *quipu_driver_entry_lmdb(void);

/* For the schemes "postgres" and "postgresql". */
const quipu_driver *quipu_driver_entry_postgres(void);

#ifdef __cplusplus
}
#endif

#endif
