/* SPDX-License-Identifier: Apache-2.0 */
/* What wakes those who wait for the log: appends of this handle, the server's
 * notifications, and an interrupt.  Each is a hint, after which one looks. */
#ifndef POSTGRES_DRIVER_PULSE_H
#define POSTGRES_DRIVER_PULSE_H

#include <quipu/driver.h>

#include <pthread.h>

struct connection;

struct pulse {
    pthread_mutex_t lock;
    pthread_cond_t beat;
    uint32_t beats;
    uint32_t interrupts;
    /* One of those who wait listens to the server, for all. */
    bool listening;
    bool deaf;     /* the server, or what stands before it, cannot notify */
    int64_t retry; /* when to connect again */
    int wake;      /* an eventfd that ends the listening */
    struct connection *listener;
};

int quipu_postgres_pulse_init(quipu_driver_datastore *datastore,
                              quipu_error *error);
void quipu_postgres_pulse_finish(quipu_driver_datastore *datastore);

/* Wakes those of this handle, and after a commit those of all others, with the
 * connection that it was made on. */
void quipu_postgres_pulse_beat(quipu_driver_datastore *datastore);
void quipu_postgres_announce(quipu_driver_datastore *datastore,
                             struct connection *connection);

#endif
