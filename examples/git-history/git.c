/* SPDX-License-Identifier: Apache-2.0 */
/* Runs git as a child process. */
#include "git.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 40 /* of one command */

static int refuse(quipu_error *error, const char *what, int number)
{
    (void)quipu_error_set(error, QUIPU_IO, "%s: %s", what, strerror(number));
    return QUIPU_IO;
}

/* Starts git with the file descriptor as its standard output; returns 0 or an
 * errno value. */
static int spawn(struct git *git, const char *const *arguments, int output)
{
    char *list[ARGUMENTS_MAX + 2];
    size_t count = 0;
    posix_spawn_file_actions_t actions;
    int number = posix_spawn_file_actions_init(&actions);

    if (number != 0) {
        return number;
    }
    list[count++] = (char *)"git";
    while (*arguments && count <= ARGUMENTS_MAX) {
        list[count++] = (char *)*arguments++; /* not written to */
    }
    list[count] = NULL;
    number = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (number == 0) {
        number =
            posix_spawnp(&git->process, "git", &actions, NULL, list, environ);
    }
    posix_spawn_file_actions_destroy(&actions);
    return number;
}

int git_start(struct git *git, const char *const *arguments, quipu_error *error)
{
    int ends[2];
    int number;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return refuse(error, "cannot make a pipe", errno);
    }
    number = spawn(git, arguments, ends[1]);
    close(ends[1]);
    if (number != 0) {
        close(ends[0]);
        return refuse(error, "cannot run git", number);
    }
    git->output = fdopen(ends[0], "r");
    if (!git->output) {
        number = errno;
        close(ends[0]); /* git ends when it writes to the pipe */
        waitpid(git->process, NULL, 0);
        return refuse(error, "cannot read from git", number);
    }
    return QUIPU_OK;
}

int git_finish(struct git *git, int *code, quipu_error *error)
{
    int status = 0;

    fclose(git->output);
    while (waitpid(git->process, &status, 0) < 0) {
        if (errno != EINTR) {
            return refuse(error, "cannot wait for git", errno);
        }
    }
    if (!WIFEXITED(status)) {
        return quipu_error_set(error, QUIPU_IO, "git was ended by signal %d",
                               WTERMSIG(status));
    }
    *code = WEXITSTATUS(status);
    return QUIPU_OK;
}

int git_line(const char *const *arguments, char *line, size_t size, int *code,
             quipu_error *error)
{
    struct git git = { 0 };
    int status = git_start(&git, arguments, error);

    if (status != QUIPU_OK) {
        return status;
    }
    line[0] = '\0'; /* if there is no output */
    (void)!fgets(line, (int)size, git.output);
    line[strcspn(line, "\n")] = '\0';
    return git_finish(&git, code, error);
}
