/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes with a time limit, of which several can run at the same
 * time. */
#ifndef QUIPU_CHILD_H
#define QUIPU_CHILD_H

#include "context/channel.h"
#include "context/completion.h"

#include <sys/types.h>

#define QUIPU_CHILDREN 64 /* that can run at the same time */

struct quipu_child {
    /* Set by the caller before the start: the buffer for what the child and its
     * children write to standard output or error, the channel on which it makes
     * requests (NULL: none), and the hooks that answer them. */
    char *text;
    size_t size;
    struct quipu_channel *channel;
    const struct quipu_server_hooks *hooks;
    /* Set when it has ended. */
    bool ended;
    bool late;  /* it was killed because its time was over */
    int status; /* as of waitpid */
    enum quipu_completion completion;
    /* Private to child.c. */
    pid_t pid;
    int output;
    size_t used;
    int64_t until;
};

/* Runs body(context) in a child with a time limit.  Returns false if the system
 * has no process or descriptor left. */
bool quipu_child_start(struct quipu_child *child, void (*body)(void *context),
                       void *context, int64_t milliseconds);

/* Serves children that have not ended, for a moment, and sets `ended` of those
 * that end meanwhile.  Returns early when a signal arrives. */
void quipu_child_wait(struct quipu_child *const *children, size_t count);

/* Kills a child with its process group, and waits for it. */
void quipu_child_kill(struct quipu_child *child);

#endif
