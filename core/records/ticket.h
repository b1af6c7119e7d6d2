/* SPDX-License-Identifier: Apache-2.0 */
/* A thread's place in a commit queue, where it sleeps until it is called. */
#ifndef QUIPU_CORE_RECORDS_TICKET_H
#define QUIPU_CORE_RECORDS_TICKET_H

#include <pthread.h>

#include <quipu/driver.h>

/* What a thread that waits is called for. */
enum quipu_ticket_call {
    QUIPU_TICKET_WAITS = 0,
    QUIPU_TICKET_LEADS = 1,   /* it makes the next commit */
    QUIPU_TICKET_ANSWERED = 2 /* status, *result and *error say how it went */
};

/* Who decides about a ticket; changes under the lock of the queue. */
enum quipu_ticket_place {
    QUIPU_TICKET_QUEUED = 0, /* its thread, which may give up */
    QUIPU_TICKET_CHOSEN = 1, /* its thread, once it wakes: it leads */
    QUIPU_TICKET_TAKEN = 2   /* who leads */
};

/* It lives on the stack of its thread; nobody touches it once it has been
 * called as ANSWERED. */
struct quipu_ticket {
    /* What its thread asks for. */
    const quipu_request *request; /* NULL: to lead, and do the work itself */
    uint64_t size;                /* bytes, as quipu_queue_weigh has it */
    size_t most;                  /* requests in its commit, its own included */
    int64_t deadline;
    quipu_result *result;
    quipu_error *error; /* or NULL */

    /* The answer. */
    bool answered;
    int status;

    /* The queue's. */
    struct quipu_ticket *next;
    enum quipu_ticket_place place;
    bool waits; /* it did not lead at once */
    pthread_t thread;

    /* Where the thread sleeps, if it `waits`. */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    enum quipu_ticket_call call;
};

/* Makes the place to sleep, and ends it. */
void quipu_ticket_prepare(struct quipu_ticket *ticket);
void quipu_ticket_finish(struct quipu_ticket *ticket);

/* Sleeps until it is called, or, with WAITS, until the deadline. */
enum quipu_ticket_call quipu_ticket_sleep(struct quipu_ticket *ticket,
                                          int64_t deadline);

/* Wakes the thread. */
void quipu_ticket_wake(struct quipu_ticket *ticket,
                       enum quipu_ticket_call call);

/* Sets the answer: BUSY, as nobody came to it until its deadline. */
void quipu_ticket_expire(struct quipu_ticket *ticket);

#endif
