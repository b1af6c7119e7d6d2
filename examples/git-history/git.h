/* SPDX-License-Identifier: Apache-2.0 */
/* Runs git, without a shell, and reads what it prints. */
#ifndef GIT_H
#define GIT_H

#include <quipu/quipu.h>

#include <stdio.h>
#include <sys/types.h>

struct git {
    pid_t process;
    FILE *output;
};

/* Starts `git ARGUMENT...` (the list ends with NULL).  IO. */
int git_start(struct git *git, const char *const *arguments,
              quipu_error *error);

/* Waits for the end; *code is its exit status.  IO: it was killed. */
int git_finish(struct git *git, int *code, quipu_error *error);

/* The first line of what git prints, with room for `size` bytes; *code as
 * above. */
int git_line(const char *const *arguments, char *line, size_t size, int *code,
             quipu_error *error);

#endif
