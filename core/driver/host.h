/* SPDX-License-Identifier: Apache-2.0 */
/* What the core lends to drivers. */
#ifndef QUIPU_CORE_DRIVER_HOST_H
#define QUIPU_CORE_DRIVER_HOST_H

#include <quipu/driver.h>

/* The table to hand to a driver's `open`; it is always the same. */
const quipu_host *quipu_host_table(void);

/* Says something to whoever listens (quipu_messages_listen), as drivers do
 * with the table's `message`.  Any thread. */
void quipu_message(int level, const char *format, ...) QUIPU_PRINTF(2, 3);

#endif
