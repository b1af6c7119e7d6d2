/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of the user's that stop and start a server. */
#include "command.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* In a session of its own, so that a server stays when the run is interrupted
 * and can be stopped by its own command. */
static int run(const char *command)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        setsid();
        dup2(STDERR_FILENO, STDOUT_FILENO);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0) {
        /* a signal; the command comes to its end */
    }
    if (status != 0) {
        fprintf(stderr, "quipu-conformance: failed: %s\n", command);
    }
    return status;
}

static int stop(void *context)
{
    return run(((const struct quipu_commands *)context)->stop);
}

static int start(void *context)
{
    return run(((const struct quipu_commands *)context)->start);
}

struct quipu_server_hooks quipu_commands_hooks(struct quipu_commands *commands)
{
    return (struct quipu_server_hooks){ commands->stop ? stop : NULL,
                                        commands->start ? start : NULL,
                                        commands };
}
