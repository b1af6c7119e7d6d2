/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A timer runner: runs batches (timer_batch.h), and pauses between them until
 * the next timer is due, at most half a second: another process may set one
 * meanwhile, and the clock may be set forward.
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
    int64_t pause;           /* the longest, in microseconds */
    uint32_t failures;       /* of the store, one after the other */
    uint32_t conflicts;      /* likewise */
    quipu_time (*now)(void); /* quipu_time_now, except in tests */

    pthread_mutex_t mutex;    /* of what follows */
    quipu_timer_status shown; /* without behind_microseconds */
    quipu_time first;         /* due time of the first that was due; 0: none */
};

#endif
