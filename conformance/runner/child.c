/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A child process with a time limit.  It leads a process group of its own, so
 * that whatever it leaves behind ends with it, and it ends with its parent.
 */
#include "child.h"

#include "context/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK 50 /* milliseconds until it is looked whether one has ended */

static _Noreturn void live(pid_t parent, int output,
                           void (*body)(void *context), void *context)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

    setpgid(0, 0);
    quipu_workers_die_with_parent(parent);
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
        (void)signal(signals[i], SIG_DFL);
    }
    dup2(output, STDERR_FILENO);
    close(output);
    body(context);
    exit(EXIT_SUCCESS);
}

bool quipu_child_start(struct quipu_child *child, void (*body)(void *context),
                       void *context, int64_t milliseconds)
{
    pid_t parent = getpid();
    int ends[2];

    child->until = quipu_context_now() + milliseconds;
    child->used = 0;
    child->text[0] = '\0';
    child->late = child->ended = false;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    (void)fflush(NULL); /* or the child writes it again */
    child->pid = fork();
    if (child->pid == 0) {
        close(ends[0]);
        live(parent, ends[1], body, context);
    }
    close(ends[1]);
    child->output = ends[0];
    if (child->pid < 0) {
        close(child->output);
        return false;
    }
    setpgid(child->pid, child->pid);
    fcntl(child->output, F_SETFL, O_NONBLOCK);
    return true;
}

/* Gathers what has been written, as far as there is room. */
static void gather(struct quipu_child *child)
{
    char waste[512];
    ssize_t got = 1;

    while (got > 0 && child->output >= 0) {
        size_t room = child->size - 1 - child->used;

        got = room > 0 ? read(child->output, child->text + child->used, room)
                       : read(child->output, waste, sizeof(waste));
        if (got > 0 && room > 0) {
            child->used += (size_t)got;
            child->text[child->used] = '\0';
        }
        if (got == 0) { /* all writers are gone */
            close(child->output);
            child->output = -1;
        }
    }
}

void quipu_child_kill(struct quipu_child *child)
{
    kill(-child->pid, SIGKILL);
    gather(child);
    waitpid(child->pid, &child->status, 0);
    if (child->output >= 0) {
        close(child->output);
        child->output = -1;
    }
    child->ended = true;
}

/* Serves the child and looks whether it has ended. */
static void attend(struct quipu_child *child, bool asks)
{
    siginfo_t info = { .si_pid = 0 };

    gather(child);
    if (asks) {
        int64_t before = quipu_context_now();

        quipu_channel_serve(child->link, child->hooks);
        child->until += quipu_context_now() - before;
    }
    waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    child->late = info.si_pid == 0 && quipu_context_now() >= child->until;
    if (info.si_pid != 0 || child->late) {
        quipu_child_kill(child);
    }
}

void quipu_child_wait(struct quipu_child *const *children, size_t count)
{
    struct pollfd ready[2 * QUIPU_CHILDREN];
    int tick = TICK;

    for (size_t i = 0; i < count; i++) {
        const struct quipu_child *child = children[i];
        int64_t left = child->until - quipu_context_now();
        int asks = child->link ? child->link->server[0] : -1;

        ready[2 * i] = (struct pollfd){ .fd = child->output, .events = POLLIN };
        ready[2 * i + 1] = (struct pollfd){ .fd = asks, .events = POLLIN };
        tick = child->output < 0 ? 1 : tick; /* about to end */
        tick = left < tick ? (int)left : tick;
    }
    if (poll(ready, 2 * count, tick < 0 ? 0 : tick) < 0) {
        return; /* a signal */
    }
    for (size_t i = 0; i < count; i++) {
        attend(children[i], ready[2 * i + 1].revents & POLLIN);
    }
}
