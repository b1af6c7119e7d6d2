/* SPDX-License-Identifier: Apache-2.0 */
/* Running of the benchmarks in a child process. */
#include "child.h"
#include "fail.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
static sigset_t blocked;
static sigset_t original;

void bench_child_block_signals(void)
{
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGCHLD);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        (void)sigaddset(&blocked, signals[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &blocked, &original);
}

static _Noreturn void run_child(void (*work)(void *context), void *context,
                                pid_t parent)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(EXIT_FAILURE); /* the parent ended before the call of prctl */
    }
    (void)sigprocmask(SIG_SETMASK, &original, NULL);
    work(context);
    exit(EXIT_SUCCESS);
}

/* Waits until the child ends, and kills it when a signal arrives.  Returns that
 * signal, or 0. */
static int wait_for(pid_t child, int *status)
{
    int signal_number = 0;
    pid_t ended = 0;
    while (ended == 0) {
        int number = 0;
        if (sigwait(&blocked, &number) == 0 && number != SIGCHLD) {
            signal_number = number;
            (void)kill(child, SIGKILL);
        }
        ended = waitpid(child, status, WNOHANG);
    }
    return signal_number;
}

/* Ends this process as the signal would have done. */
static void end_by(int number)
{
    (void)signal(number, SIG_DFL);
    (void)raise(number);
    (void)sigprocmask(SIG_SETMASK, &original, NULL);
}

int bench_child_run(void (*work)(void *context), void *context,
                    void (*clean_up)(void *context))
{
    pid_t parent = getpid();
    int status = 0;
    pid_t child = fork();
    if (child == -1) {
        clean_up(context);
        bench_fail("fork", "the system refuses a process");
    }
    if (child == 0) {
        run_child(work, context, parent);
    }
    int signal_number = wait_for(child, &status);
    clean_up(context);
    if (signal_number != 0) {
        end_by(signal_number);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}
