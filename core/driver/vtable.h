/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver's table of operations, in the form that this version of the core
 * knows.
 *
 * quipu_driver of <quipu/driver.h> begins with struct_size and grows at its
 * end.  A driver may have been compiled against an older header, with a
 * shorter table, or a newer one.  The core never uses the driver's table
 * itself, but a copy of its own size, in which members that the driver lacks
 * are NULL.  docs/driver-abi.md has the rules.
 */
#ifndef QUIPU_CORE_DRIVER_VTABLE_H
#define QUIPU_CORE_DRIVER_VTABLE_H

#include <quipu/driver.h>

/*
 * Checks the table that a driver's entry returned, and copies it to *table.
 * Members that the driver is too old to have become NULL; members that this
 * core is too old to know are left out.  Required operations that the driver
 * lacks become stubs if the program accepts that (operation_stubs.h).
 *
 * UNSUPPORTED: the table is of another ABI.  INVALID: `given` is NULL, its size
 * is implausible, a required member is NULL, or its list of options is
 * incomplete.  The message is a clause about the driver, such as "it is built
 * for driver ABI 2 ...", to be put after the driver's name.
 */
int quipu_vtable_adopt(quipu_driver *table, const quipu_driver *given,
                       quipu_error *error);

#endif
