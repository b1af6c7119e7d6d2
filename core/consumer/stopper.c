/* SPDX-License-Identifier: Apache-2.0 */
/* Stopping a consumer; stopper.h has the method. */
#include "consumer/stopper.h"

#include <time.h>

#include "base/clock.h"
#include "base/error.h"

#define PAUSE_FIRST 100  /* milliseconds */
#define PAUSE_MOST 10000 /* likewise */

int quipu_stopper_init(struct quipu_stopper *stopper, quipu_error *error)
{
    pthread_condattr_t attributes;

    atomic_init(&stopper->is_requested, false);
    atomic_init(&stopper->is_waiting, false);
    if (pthread_condattr_init(&attributes) != 0) {
        return quipu_error_no_memory(error);
    }
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    int failed = pthread_cond_init(&stopper->changed, &attributes);

    (void)pthread_condattr_destroy(&attributes);
    if (failed == 0 && pthread_mutex_init(&stopper->mutex, NULL) != 0) {
        (void)pthread_cond_destroy(&stopper->changed);
        failed = 1;
    }
    return failed == 0 ? QUIPU_OK : quipu_error_no_memory(error);
}

void quipu_stopper_finish(struct quipu_stopper *stopper)
{
    (void)pthread_mutex_destroy(&stopper->mutex);
    (void)pthread_cond_destroy(&stopper->changed);
}

void quipu_stopper_request(struct quipu_stopper *stopper)
{
    atomic_store(&stopper->is_requested, true);
}

void quipu_stopper_stop(struct quipu_stopper *stopper,
                        quipu_datastore *datastore)
{
    const struct timespec moment = { .tv_nsec = 500000 };

    quipu_stopper_request(stopper);
    (void)pthread_mutex_lock(&stopper->mutex);
    (void)pthread_cond_broadcast(&stopper->changed);
    (void)pthread_mutex_unlock(&stopper->mutex);
    while (atomic_load(&stopper->is_waiting)) {
        quipu_datastore_interrupt(datastore);
        nanosleep(&moment, NULL);
    }
}

/* The two sides of `begin` and `stop` write one variable and then read the
 * other, in one order for all threads (memory_order_seq_cst): at least one of
 * them sees what the other has written. */
bool quipu_stopper_begin_wait(struct quipu_stopper *stopper)
{
    atomic_store(&stopper->is_waiting, true);
    if (!quipu_stopper_is_requested(stopper)) {
        return true;
    }
    quipu_stopper_end_wait(stopper);
    return false;
}

void quipu_stopper_end_wait(struct quipu_stopper *stopper)
{
    atomic_store(&stopper->is_waiting, false);
}

void quipu_stopper_pause(struct quipu_stopper *stopper, int64_t deadline)
{
    (void)pthread_mutex_lock(&stopper->mutex);
    while (!quipu_stopper_is_requested(stopper) &&
           quipu_clock_left(deadline) > 0) {
        int64_t slice = quipu_clock_deadline(QUIPU_STOPPER_SLICE);
        struct timespec until =
            quipu_clock_timespec(slice < deadline ? slice : deadline);

        (void)pthread_cond_timedwait(&stopper->changed, &stopper->mutex,
                                     &until);
    }
    (void)pthread_mutex_unlock(&stopper->mutex);
}

int64_t quipu_stopper_back_off_end(uint32_t failures)
{
    return quipu_clock_backoff(PAUSE_FIRST, PAUSE_MOST, failures);
}

void quipu_stopper_back_off(struct quipu_stopper *stopper, uint32_t failures,
                            int64_t deadline)
{
    int64_t pause = quipu_stopper_back_off_end(failures);

    quipu_stopper_pause(stopper, pause < deadline ? pause : deadline);
}
