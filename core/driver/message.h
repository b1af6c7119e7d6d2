/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages from drivers, and from the core on their behalf, to the program.
 *
 * A message is for people: a warning about the environment of a store, or a
 * trace for authors of drivers.  Failures are never reported this way, but by
 * the status and the error of a call.
 *
 * The program receives messages by the function that it gives to
 * quipu_messages_listen (<quipu/drivers.h>).  By default warnings go to
 * standard error, and the others nowhere.
 */
#ifndef QUIPU_CORE_DRIVER_MESSAGE_H
#define QUIPU_CORE_DRIVER_MESSAGE_H

#include <quipu/driver.h>

/*
 * Formats a message as by printf and passes it to the program's listener.
 * `level` is enum quipu_level.  A text that exceeds the size of an error's
 * message is cut at a character boundary.  This is the member `message` of
 * quipu_host.
 *
 * May be called from any thread.  Allocates nothing.  The listener runs in the
 * calling thread and is called without any lock of the core, except while a
 * driver is loaded.
 */
void quipu_message_send(int level, const char *format, ...) QUIPU_PRINTF(2, 3);

#endif
