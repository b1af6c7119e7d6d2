/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions that the core offers to drivers: memory, errors, messages.
 *
 * A driver links nothing of quipu.  It receives these functions as a table of
 * pointers (quipu_host of <quipu/driver.h>) when a datastore is opened, and may
 * call them from any thread until the process ends.  A driver that is newer
 * than the core checks `struct_size` before it uses a member at the table's
 * end.
 *
 * The functions themselves are those of the core:
 *
 *   allocate, reallocate, release   base/memory.c
 *   error_set                       quipu_error_set_native of base/error.c
 *   message                         quipu_message_send of message.c
 *   decode_percent                  base/percent.c
 *   option_bool, option_number      base/option.c
 */
#ifndef QUIPU_CORE_DRIVER_HOST_H
#define QUIPU_CORE_DRIVER_HOST_H

#include <quipu/driver.h>

/*
 * Returns the table of host functions to pass to a driver's `open`.  It is
 * static and the same for all drivers.  Its allocation functions use the
 * allocator of <quipu/memory.h>, so that replacing that allocator covers
 * drivers, too.
 */
const quipu_host *quipu_host_table(void);

#endif
