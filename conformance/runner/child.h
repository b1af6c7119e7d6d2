/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes with a time limit, several at once. */
#ifndef QUIPU_CHILD_H
#define QUIPU_CHILD_H

#include "context/channel.h"

#include <sys/types.h>

#define QUIPU_CHILDREN 64 /* at most, at once */

struct quipu_child {
    /* Set before the start: where what it and its children write to standard
     * error goes, and who serves its requests (NULL: nobody). */
    char *text;
    size_t size;
    struct quipu_channel *link;
    const struct quipu_server_hooks *hooks;
    /* Set at its end. */
    bool ended;
    bool late;  /* it had to be killed */
    int status; /* as of waitpid */
    /* Its own. */
    pid_t pid;
    int output;
    size_t used;
    int64_t until;
};

/* Runs the body in a child; false: the system gives none. */
bool quipu_child_start(struct quipu_child *child, void (*body)(void *context),
                       void *context, int64_t milliseconds);

/* Serves the children, of whom none has ended, for a moment; `ended` says which
 * have then.  Returns early upon a signal. */
void quipu_child_wait(struct quipu_child *const *children, size_t count);

/* Ends it with all that it left behind. */
void quipu_child_kill(struct quipu_child *child);

#endif
