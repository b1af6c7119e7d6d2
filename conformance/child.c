/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A child process with a time limit.  It leads a process group of its own, so
 * that whatever it leaves behind ends with it.
 */
#include "runner.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Gathers what fits until all writers are gone; false when time is up. */
static bool gather(int from, int64_t until, char *text, size_t size)
{
    struct pollfd ready = { .fd = from, .events = POLLIN };
    char waste[512];
    size_t used = 0;

    for (;;) {
        int64_t left = until - quipu_trial_now();
        bool full = used + 1 >= size;
        ssize_t got;

        text[used] = '\0';
        if (left <= 0) {
            return false;
        }
        if (poll(&ready, 1, (int)left) <= 0) {
            continue;
        }
        got = full ? read(from, waste, sizeof waste)
                   : read(from, text + used, size - 1 - used);
        if (got == 0) {
            return true;
        }
        used += got > 0 && !full ? (size_t)got : 0;
    }
}

/* Waits for the child's end without longer than the limit; true: it came. */
static bool ended(pid_t child, int64_t until, int *status)
{
    const struct timespec nap = { .tv_nsec = 1000000 };

    for (;;) {
        if (waitpid(child, status, WNOHANG) == child) {
            return true;
        }
        if (quipu_trial_now() >= until) {
            return false;
        }
        nanosleep(&nap, NULL);
    }
}

int quipu_run_child(void (*body)(void *context), void *context,
                    int64_t milliseconds, char *text, size_t size, bool *late)
{
    int64_t until = quipu_trial_now() + milliseconds;
    int ends[2], status = -1;
    pid_t child;

    text[0] = '\0';
    *late = false;
    if (pipe(ends) != 0) {
        return -1;
    }
    child = fork();
    if (child == 0) {
        setpgid(0, 0);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        body(context);
        exit(EXIT_SUCCESS);
    }
    close(ends[1]);
    if (child > 0) {
        setpgid(child, child);
        *late = !gather(ends[0], until, text, size) ||
                !ended(child, until, &status);
        kill(-child, SIGKILL);
        if (*late) {
            waitpid(child, &status, 0);
        }
    }
    close(ends[0]);
    return status;
}
