/* SPDX-License-Identifier: Apache-2.0 */
/* The pager: a child process that reads standard output from a pipe. */
#include "pager.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t pager;

static void wait_for_pager(void)
{
    int status = 0;

    while (waitpid(pager, &status, 0) == -1 && errno == EINTR) {
    }
}

/* At exit: the end of its input lets the pager end. */
static void finish(void)
{
    (void)fflush(stdout);
    (void)close(STDOUT_FILENO);
    (void)close(STDERR_FILENO);
    wait_for_pager();
}

/* SIGPIPE: the user has ended the pager. */
static void end_quietly(int number)
{
    (void)number;
    wait_for_pager();
    _exit(0);
}

/* Returns true if a folder of PATH has the program. */
static bool is_installed(const char *program)
{
    const char *path = getenv("PATH");
    char file[4096];

    for (size_t size; path && *path != '\0'; path += size) {
        size = strcspn(path, ":");
        snprintf(file, sizeof(file), "%.*s/%s", (int)size, path, program);
        if (access(file, X_OK) == 0) {
            return true;
        }
        size += path[size] == ':';
    }
    return false;
}

/* Returns the command of the pager, or NULL for none. */
static const char *find_command(void)
{
    const char *command = getenv("QUIPU_PAGER");

    if (!command) {
        command = getenv("PAGER");
    }
    if (!command) {
        return is_installed("less") ? "less" : NULL;
    }
    return command[0] == '\0' || strcmp(command, "cat") == 0 ? NULL : command;
}

static _Noreturn void run_pager(const char *command, const int pipe_ends[2])
{
    (void)dup2(pipe_ends[0], STDIN_FILENO);
    (void)close(pipe_ends[0]);
    (void)close(pipe_ends[1]);
    (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

void pager_start(void)
{
    const struct sigaction ended = { .sa_handler = end_quietly };
    int pipe_ends[2];

    (void)setenv("LESS", "FRX", 0); /* before getenv, whose texts it may move */
    const char *command = find_command();

    if (!command || pipe(pipe_ends) != 0) {
        return;
    }
    pager = fork();
    if (pager == 0) {
        run_pager(command, pipe_ends);
    }
    if (pager > 0 && atexit(finish) == 0) {
        (void)dup2(pipe_ends[1], STDOUT_FILENO);
        if (isatty(STDERR_FILENO)) {
            (void)dup2(pipe_ends[1], STDERR_FILENO);
        }
        (void)signal(SIGINT, SIG_IGN);
        (void)sigaction(SIGPIPE, &ended, NULL);
    }
    (void)close(pipe_ends[0]);
    (void)close(pipe_ends[1]);
}
