/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The work is done in a child process, so that whatever ends it (a signal, an
 * error in the middle of several threads) somebody is left to clear up.
 */
#include "bench.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const int endings[] = { SIGINT, SIGTERM, SIGHUP };
static sigset_t awaited;
static sigset_t usual;

void bench_hold_signals(void)
{
    (void)sigemptyset(&awaited);
    (void)sigaddset(&awaited, SIGCHLD);
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        (void)sigaddset(&awaited, endings[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &awaited, &usual);
}

static _Noreturn void run_child(void (*work)(void *context), void *context,
                                pid_t parent)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(EXIT_FAILURE); /* it died before that */
    }
    (void)sigprocmask(SIG_SETMASK, &usual, NULL);
    work(context);
    exit(EXIT_SUCCESS);
}

/* Waits until the child ends, and ends it when a signal asks for that: which,
 * or 0. */
static int wait_for(pid_t child, int *status)
{
    int ending = 0;
    pid_t ended = 0;
    while (ended == 0) {
        int number = 0;
        if (sigwait(&awaited, &number) == 0 && number != SIGCHLD) {
            ending = number;
            (void)kill(child, SIGKILL);
        }
        ended = waitpid(child, status, WNOHANG);
    }
    return ending;
}

/* As if nobody had taken the signal. */
static void end_by(int number)
{
    (void)signal(number, SIG_DFL);
    (void)raise(number);
    (void)sigprocmask(SIG_SETMASK, &usual, NULL);
}

int bench_supervise(void (*work)(void *context), void *context,
                    void (*clear)(void *context))
{
    pid_t parent = getpid();
    int status = 0;
    pid_t child = fork();
    if (child == -1) {
        clear(context);
        bench_die("fork", "the system gives no process");
    }
    if (child == 0) {
        run_child(work, context, parent);
    }
    int ending = wait_for(child, &status);
    clear(context);
    if (ending != 0) {
        end_by(ending);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}
