/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that shuts a socket down at a deadline. */
#include "send_timeout.h"

#include "common/clock.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>

static void *wait_for_deadline(void *context)
{
    struct send_timeout *timeout = context;
    struct timespec until = clock_timespec(timeout->deadline);
    int code = 0;
    (void)pthread_mutex_lock(&timeout->lock);
    while (!timeout->stop && code != ETIMEDOUT) {
        code = timeout->deadline == INT64_MAX
                   ? pthread_cond_wait(&timeout->stopped, &timeout->lock)
                   : pthread_cond_timedwait(&timeout->stopped, &timeout->lock,
                                            &until);
    }
    if (!timeout->stop) {
        (void)shutdown(timeout->socket, SHUT_RDWR);
    }
    (void)pthread_mutex_unlock(&timeout->lock);
    return NULL;
}

bool quipu_postgres_send_timeout_start(struct send_timeout *timeout, int socket,
                                       int64_t deadline)
{
    pthread_condattr_t monotonic;
    sigset_t all, before;
    *timeout = (struct send_timeout){ .socket = socket, .deadline = deadline };
    (void)pthread_mutex_init(&timeout->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&timeout->stopped, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    /* The program's signal handlers must not run in this thread. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    timeout->started =
        pthread_create(&timeout->thread, NULL, wait_for_deadline, timeout) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return timeout->started;
}

void quipu_postgres_send_timeout_stop(struct send_timeout *timeout)
{
    (void)pthread_mutex_lock(&timeout->lock);
    timeout->stop = true;
    (void)pthread_cond_signal(&timeout->stopped);
    (void)pthread_mutex_unlock(&timeout->lock);
    if (timeout->started) {
        (void)pthread_join(timeout->thread, NULL);
    }
    (void)pthread_cond_destroy(&timeout->stopped);
    (void)pthread_mutex_destroy(&timeout->lock);
}
