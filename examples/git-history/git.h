/* SPDX-License-Identifier: Apache-2.0 */
/* Runs git as a child process, without a shell, and reads its standard output.
 */
#ifndef GIT_H
#define GIT_H

#include <quipu/quipu.h>

#include <stdio.h>
#include <sys/types.h>

struct git {
    pid_t process;
    FILE *output; /* git's standard output */
};

/* Starts `git ARGUMENT...`; the list ends with NULL.  IO. */
int git_start(struct git *git, const char *const *arguments,
              quipu_error *error);

/* Closes the output and waits for the process to end; *code is its exit status.
 * IO: a signal killed it. */
int git_finish(struct git *git, int *code, quipu_error *error);

/* Runs git and reads the first line of its output, without the newline, into
 * `size` bytes; *code as above. */
int git_line(const char *const *arguments, char *line, size_t size, int *code,
             quipu_error *error);

#endif
