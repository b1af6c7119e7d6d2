/* SPDX-License-Identifier: Apache-2.0 */
/* What a bus keeps of its subscribers. */
#ifndef QUIPU_CORE_DOMAIN_SUBSCRIBER_H
#define QUIPU_CORE_DOMAIN_SUBSCRIBER_H

#include <pthread.h>

#include <quipu/bus.h>

/* A call of a subscriber that is under way; on the publisher's stack. */
struct quipu_call {
    pthread_t thread;
    struct quipu_call *next;
};

struct quipu_subscriber {
    quipu_bus *bus;
    quipu_bus_policy policy;     /* this, */
    quipu_bus_listener listener; /* or that */
    void *context;
    uint64_t number; /* grows with every subscription */
    bool gone;       /* no call begins any more */
    bool orphan;     /* unsubscribed from within: its last call frees it */
    struct quipu_call *calls; /* under way, in any thread */
    quipu_subscriber *next;
};

/* All below the mutex; it is never held while a subscriber runs. */
struct quipu_bus {
    pthread_mutex_t mutex;
    pthread_cond_t returned; /* the last call of one that is gone has ended */
    quipu_subscriber *first; /* in order of subscription */
    uint64_t last_number;
    size_t attached; /* aggregates and repositories */
};

/* Takes one that is gone, and in no call, from its bus.  With the mutex held.
 */
void quipu_subscriber_free(quipu_subscriber *subscriber);

#endif
