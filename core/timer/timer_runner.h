/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A timer runner: runs batches (timer_batch.h), and pauses between them until
 * the next timer is due, at most half a second: another process may set one
 * meanwhile, and the clock may be set forward.
 *
 * Several runners without a group all wake when a timer is due, and all but one
 * of their appends are refused.  A runner whose append was refused therefore
 * gives way to the others: until it has appended something it leaves each timer
 * to them for a grace of up to 300 milliseconds, and its pauses grow.  So one
 * runner does the work, and if that is killed, another one takes over in time.
 *
 * The thread that runs it writes the status, any thread may read it.
 */
#ifndef QUIPU_CORE_TIMER_TIMER_RUNNER_H
#define QUIPU_CORE_TIMER_TIMER_RUNNER_H

#include <pthread.h>

#include <quipu/timer.h>

#include "consumer/stopper.h"
#include "store/store.h"
#include "timer/timer_batch.h"

struct quipu_timer_runner {
    quipu_store *store; /* held */
    quipu_group *group; /* owned; or NULL */
    struct quipu_timer_batch batch;
    struct quipu_stopper stopper;
    atomic_bool is_running;
    int64_t pause;     /* the longest, in microseconds */
    uint32_t failures; /* of the store, one after the other */
    int64_t grace;     /* in microseconds; 0: it gives way to no other runner */
    uint32_t conflicts;      /* likewise */
    quipu_time (*now)(void); /* quipu_time_now, except in tests */

    pthread_mutex_t mutex;    /* of what follows */
    quipu_timer_status shown; /* without behind_microseconds */
    quipu_time first;         /* due time of the first that was due; 0: none */
};

#endif
