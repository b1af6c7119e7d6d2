/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls during which the thread cannot be cancelled.
 *
 * pthread_cancel ends a thread inside the next function that may wait, and
 * these are everywhere: in drivers, which then keep their locks and leave a
 * transaction open, and in the core, whose commit queue would write to the
 * stack of a thread that is gone.  So no call of quipu is a cancellation point.
 * A cancellation that comes meanwhile takes effect at the next cancellation
 * point after the call.
 *
 *     int quipu_records_append(...)
 *     {
 *         QUIPU_UNCANCELLABLE;
 *         ...
 *     }
 */
#ifndef QUIPU_CORE_BASE_CANCELLATION_H
#define QUIPU_CORE_BASE_CANCELLATION_H

#include <pthread.h>

static inline int quipu_cancellation_disable(void)
{
    int before;

    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

static inline void quipu_cancellation_restore(const int *before)
{
    (void)pthread_setcancelstate(*before, NULL);
}

/* Disables cancellation of the thread until the end of the block. */
#define QUIPU_UNCANCELLABLE                                      \
    __attribute__((cleanup(quipu_cancellation_restore), unused)) \
    const int quipu_cancellation = quipu_cancellation_disable()

#endif
