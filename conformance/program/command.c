/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the commands that stop and start a server. */
#include "program.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs the command in a session of its own, so that an interrupt of the suite
 * does not reach a server that the command starts. */
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
        /* interrupted by a signal: wait on */
    }
    if (status != 0) {
        fprintf(stderr, "quipu-conformance: the command failed: %s\n", command);
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

struct quipu_server_hooks quipu_command_hooks(struct quipu_commands *commands)
{
    return (struct quipu_server_hooks){ commands->stop ? stop : NULL,
                                        commands->start ? start : NULL,
                                        commands };
}
