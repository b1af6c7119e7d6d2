/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for a log to grow, and waking the calls that wait; the method is
 * described in notify.c. */
#ifndef POSTGRES_NOTIFY_H
#define POSTGRES_NOTIFY_H

#include <quipu/driver.h>

#include <pthread.h>

struct connection;

struct notify {
    pthread_mutex_t lock;
    pthread_cond_t woken;
    uint32_t wakeups;    /* counter; each change wakes all waiters */
    uint32_t interrupts; /* counter of quipu_postgres_notify_interrupt */
    bool listening;      /* a waiter is the listener */
    int wake;            /* eventfd: ends the listener's poll */
    /* The listener's alone, whichever thread that is: */
    struct connection *listener;
    bool cannot_listen; /* a pooler, or a server without LISTEN */
    int64_t retry;      /* earliest time of another attempt to connect */
};

int quipu_postgres_notify_init(quipu_driver_datastore *datastore,
                               quipu_error *error);
void quipu_postgres_notify_finish(quipu_driver_datastore *datastore);

/* Wakes the waiters of this datastore and, by NOTIFY on the connection that has
 * just committed, those of others. */
void quipu_postgres_notify_announce(quipu_driver_datastore *datastore,
                                    struct connection *connection);

/* The driver operations wait and interrupt. */
int quipu_postgres_notify_wait(quipu_driver_datastore *datastore,
                               quipu_driver_schema *bound, int64_t after,
                               int64_t deadline, int64_t *head,
                               quipu_error *error);
void quipu_postgres_notify_interrupt(quipu_driver_datastore *datastore);

#endif
