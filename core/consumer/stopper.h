/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stops a consumer that may be waiting, from another thread or from a signal
 * handler.
 *
 * The thread of the consumer waits in two ways: in a driver for the log to
 * grow, and here for a pause to pass.  A stop sets a flag that the consumer
 * reads before each wait, and then ends the wait that is under way.  For a wait
 * in a driver there is quipu_datastore_interrupt, which has no effect on a wait
 * that has not begun; so the stopping thread repeats it until the consumer says
 * that it is not waiting any more.
 *
 * A signal handler can only set the flag.  So no wait lasts longer than
 * QUIPU_STOPPER_SLICE, after which the flag is read again.
 */
#ifndef QUIPU_CORE_CONSUMER_STOPPER_H
#define QUIPU_CORE_CONSUMER_STOPPER_H

#include <pthread.h>
#include <stdatomic.h>

#include <quipu/datastore.h>

#define QUIPU_STOPPER_SLICE 500 /* milliseconds */

struct quipu_stopper {
    atomic_bool is_requested;
    atomic_bool is_waiting; /* in a driver */
    pthread_mutex_t mutex;  /* for the condition variable only */
    pthread_cond_t changed;
};

/* NO_MEMORY. */
int quipu_stopper_init(struct quipu_stopper *stopper, quipu_error *error);
void quipu_stopper_finish(struct quipu_stopper *stopper);

/* Sets the flag; async-signal-safe. */
void quipu_stopper_request(struct quipu_stopper *stopper);

/* Sets the flag, and ends the waits that are under way on the datastore. */
void quipu_stopper_stop(struct quipu_stopper *stopper,
                        quipu_datastore *datastore);

static inline bool quipu_stopper_is_requested(const struct quipu_stopper *s)
{
    return atomic_load(&s->is_requested);
}

/* Frame a wait in a driver.  `begin` returns false if the flag is set: there
 * must then be no wait, and no `end`. */
bool quipu_stopper_begin_wait(struct quipu_stopper *stopper);
void quipu_stopper_end_wait(struct quipu_stopper *stopper);

/* Waits until the deadline or until the flag is set. */
void quipu_stopper_pause(struct quipu_stopper *stopper, int64_t deadline);

/* Returns the end of the pause after the n-th failure, as below. */
int64_t quipu_stopper_back_off_end(uint32_t failures);

/* Waits after the n-th failure in a row, from 1: about 100 milliseconds at
 * first, up to 10 seconds later.  Ends early at the deadline, or when the flag
 * is set. */
void quipu_stopper_back_off(struct quipu_stopper *stopper, uint32_t failures,
                            int64_t deadline);

#endif
