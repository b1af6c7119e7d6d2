/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions that the core offers to drivers: memory, errors, messages.
 *
 * A driver links nothing of quipu.  It receives these functions as a table of
 * pointers (quipu_host of <quipu/driver.h>) when a datastore is opened, and may
 * call them from any thread until the process ends.
 */
#ifndef QUIPU_CORE_DRIVER_HOST_H
#define QUIPU_CORE_DRIVER_HOST_H

#include <quipu/driver.h>

/*
 * Returns the table of host functions to pass to a driver's `open`.  It is
 * static and the same for all drivers.  Its allocation functions use the
 * allocator of <quipu/memory.h>, so that replacing that allocator covers
 * drivers, too. `struct_size` and `abi` tell a driver which members the table
 * has.
 */
const quipu_host *quipu_host_table(void);

/*
 * Passes a message to the program's listener (quipu_messages_listen), as a
 * driver does by the table's member `message`.  `level` is enum quipu_level.
 * A text that exceeds the size of an error message is cut.  Any thread.
 */
void quipu_host_message(int level, const char *format, ...) QUIPU_PRINTF(2, 3);

#endif
