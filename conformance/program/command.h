/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of the user's that stop and start a server. */
#ifndef QUIPU_COMMAND_H
#define QUIPU_COMMAND_H

#include "context/channel.h"

struct quipu_commands {
    const char *stop, *start;
};

/* Hooks that run the commands by the shell; what they print goes to standard
 * error.  The commands are borrowed. */
struct quipu_server_hooks quipu_commands_hooks(struct quipu_commands *commands);

#endif
