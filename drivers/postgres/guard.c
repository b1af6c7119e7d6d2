/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that ends what blocks on a socket at a deadline. */
#include "guard.h"

#include "common/clock.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>

static void *watch(void *context)
{
    struct guard *guard = context;
    struct timespec until = clock_timespec(guard->deadline);
    int code = 0;
    (void)pthread_mutex_lock(&guard->lock);
    while (!guard->over && code != ETIMEDOUT) {
        code =
            guard->deadline == INT64_MAX
                ? pthread_cond_wait(&guard->ended, &guard->lock)
                : pthread_cond_timedwait(&guard->ended, &guard->lock, &until);
    }
    if (!guard->over) {
        (void)shutdown(guard->socket, SHUT_RDWR);
    }
    (void)pthread_mutex_unlock(&guard->lock);
    return NULL;
}

bool quipu_postgres_guard_start(struct guard *guard, int socket,
                                int64_t deadline)
{
    pthread_condattr_t monotonic;
    sigset_t all, before;
    *guard = (struct guard){ .socket = socket, .deadline = deadline };
    (void)pthread_mutex_init(&guard->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&guard->ended, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    /* The program's signals are not this thread's. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    guard->started = pthread_create(&guard->thread, NULL, watch, guard) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return guard->started;
}

void quipu_postgres_guard_finish(struct guard *guard)
{
    (void)pthread_mutex_lock(&guard->lock);
    guard->over = true;
    (void)pthread_cond_signal(&guard->ended);
    (void)pthread_mutex_unlock(&guard->lock);
    if (guard->started) {
        (void)pthread_join(guard->thread, NULL);
    }
    (void)pthread_cond_destroy(&guard->ended);
    (void)pthread_mutex_destroy(&guard->lock);
}
