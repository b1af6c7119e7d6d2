/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread waits for the signals with sigwait; they are blocked in all threads.
 * Unlike a signal handler it may call quipu_datastore_interrupt.
 */
#include "interrupt.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static atomic_bool stopped;
static sigset_t signals;
static pthread_t thread;

static void *wait_for_signal(void *datastore)
{
    int number = 0;

    while (sigwait(&signals, &number) != 0) {
    }
    atomic_store(&stopped, true);
    quipu_datastore_interrupt(datastore);
    return NULL;
}

bool interrupt_init(quipu_datastore *datastore)
{
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (pthread_create(&thread, NULL, wait_for_signal, datastore) != 0) {
        pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
        return false;
    }
    return true;
}

void interrupt_finish(void)
{
    pthread_kill(thread, SIGINT); /* end its sigwait */
    pthread_join(thread, NULL);
}

bool interrupt_requested(void)
{
    struct pollfd output = { .fd = STDOUT_FILENO };

    if (ferror(stdout)) {
        return true;
    }
    if (poll(&output, 1, 0) == 1 &&
        (output.revents & (POLLERR | POLLNVAL)) != 0) {
        return true;
    }
    return atomic_load(&stopped);
}

void interrupt_wait(double seconds)
{
    const double slice = 0.05;

    while (seconds > 0 && !interrupt_requested()) {
        const double now = seconds < slice ? seconds : slice;
        const struct timespec pause = { .tv_nsec = (long)(now * 1e9) };

        (void)nanosleep(&pause, NULL);
        seconds -= slice;
    }
}

/* ------------------------------------------------------------------ advice */

static char advice[256]; /* printed by the handler, which may not format */

static void end_with_advice(int number)
{
    const ssize_t written = write(STDERR_FILENO, advice, strlen(advice));

    (void)written; /* there is nothing else to do */
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

void interrupt_advise(const char *sentence)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
    const struct sigaction action = { .sa_handler = end_with_advice };

    snprintf(advice, sizeof(advice), "%squipu: interrupted; %s\n",
             isatty(STDERR_FILENO) ? "\r\033[K" : "", sentence);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        struct sigaction before;

        /* A signal that the parent process ignores stays ignored. */
        if (sigaction(numbers[i], NULL, &before) == 0 &&
            before.sa_handler != SIG_IGN) {
            (void)sigaction(numbers[i], &action, NULL);
        }
    }
}
