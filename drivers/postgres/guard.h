/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A deadline for what blocks: libpq's sending.  Sent without blocking, a long
 * message costs the square of its length, since libpq moves what is left of it
 * each time that the socket is full.
 */
#ifndef POSTGRES_DRIVER_GUARD_H
#define POSTGRES_DRIVER_GUARD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct guard {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool started;
    bool over;
    int socket;
    int64_t deadline;
};

/* Shuts the socket down at the deadline, unless it is finished before.  False:
 * there can be no guard. */
bool quipu_postgres_guard_start(struct guard *guard, int socket,
                                int64_t deadline);
void quipu_postgres_guard_finish(struct guard *guard);

#endif
