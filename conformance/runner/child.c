/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child processes with a time limit.
 *
 * A child leads a process group of its own.  When it has ended, or its time is
 * over, the whole group is killed, so that no grandchild survives it; and the
 * kernel kills the child when its parent ends.  Its standard output and error
 * are one pipe, which its own children inherit, so that the output of a driver
 * does not reach the report on the runner's standard output.
 *
 * quipu_child_wait polls the pipes, and the sockets on which children request
 * the server to be stopped or started.  There is no descriptor for the end of a
 * process, so poll wakes up every TICK milliseconds to look for that.
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

#define TICK 50 /* milliseconds */

static _Noreturn void run_child(pid_t parent, int output,
                                void (*body)(void *context), void *context)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

    setpgid(0, 0);
    quipu_completion_begin();
    quipu_workers_die_with_parent(parent);
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
        (void)signal(signals[i], SIG_DFL);
    }
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    close(output);
    body(context);
    quipu_completion_state(QUIPU_COMPLETION_DONE);
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
    if (!quipu_completion_create() || pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    (void)fflush(NULL); /* or the child writes the buffered output, too */
    child->pid = fork();
    if (child->pid == 0) {
        close(ends[0]);
        run_child(parent, ends[1], body, context);
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

/* Reads what the child has written; drops what exceeds the buffer. */
static void read_output(struct quipu_child *child)
{
    char dropped[512];
    ssize_t size = 1;

    while (size > 0 && child->output >= 0) {
        size_t room = child->size - 1 - child->used;

        size = room > 0 ? read(child->output, child->text + child->used, room)
                        : read(child->output, dropped, sizeof(dropped));
        if (size > 0 && room > 0) {
            child->used += (size_t)size;
            child->text[child->used] = '\0';
        }
        if (size == 0) { /* all writers have closed it */
            close(child->output);
            child->output = -1;
        }
    }
}

void quipu_child_kill(struct quipu_child *child)
{
    kill(-child->pid, SIGKILL);
    read_output(child);
    waitpid(child->pid, &child->status, 0);
    child->completion = quipu_completion_of(child->pid, child->status);
    if (child->output >= 0) {
        close(child->output);
        child->output = -1;
    }
    child->ended = true;
}

/* Reads output, answers a request if there is one, and kills the group of a
 * child that has ended or is late.  The time of a request does not count. */
static void attend(struct quipu_child *child, bool has_request)
{
    siginfo_t info = { .si_pid = 0 };

    read_output(child);
    if (has_request) {
        int64_t before = quipu_context_now();

        quipu_channel_serve(child->channel, child->hooks);
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
        int request_fd = child->channel ? child->channel->server[0] : -1;

        ready[2 * i] = (struct pollfd){ .fd = child->output, .events = POLLIN };
        ready[2 * i + 1] =
            (struct pollfd){ .fd = request_fd, .events = POLLIN };
        tick = child->output < 0 ? 1 : tick; /* it is about to end */
        tick = left < tick ? (int)left : tick;
    }
    if (poll(ready, 2 * count, tick < 0 ? 0 : tick) < 0) {
        return; /* interrupted by a signal */
    }
    for (size_t i = 0; i < count; i++) {
        attend(children[i], ready[2 * i + 1].revents & POLLIN);
    }
}
