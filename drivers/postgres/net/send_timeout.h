/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A deadline for a blocking send on a socket.
 *
 * libpq has no timeout for sending.  Messages of 1 MiB and more are sent
 * blocking (pipeline.c), and while one is sent a thread waits for the end of
 * the send or for the deadline, and shuts the socket down at the deadline: the
 * send then fails.  It is the only thread that the driver starts; all signals
 * are blocked in it, and it ends before the send function returns.
 */
#ifndef POSTGRES_SEND_TIMEOUT_H
#define POSTGRES_SEND_TIMEOUT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct send_timeout {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stopped;
    bool started; /* there is a thread to join */
    bool stop;    /* under `lock`: the send has ended */
    int socket;
    int64_t deadline;
};

/* Starts the thread.  Returns false if there is none; stop is called in any
 * case. */
bool quipu_postgres_send_timeout_start(struct send_timeout *timeout, int socket,
                                       int64_t deadline);
/* Ends the thread and waits for it. */
void quipu_postgres_send_timeout_stop(struct send_timeout *timeout);

#endif
