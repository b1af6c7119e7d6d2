/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells the observer of the process, and the metrics, of operations.
 *
 *     struct quipu_observer_call call;
 *
 *     if (quipu_observer_wanted(&call)) {
 *         quipu_observer_init(&call, QUIPU_OPERATION_WAIT, datastore->metrics);
 *         call.info.schema = "...";
 *         quipu_observer_begin(&call);
 *     }
 *     ... the work ...
 *     quipu_observer_end(&call, status);
 *
 * If there is neither an observer nor metrics, the first line is one load and
 * one comparison, and the last a comparison; nothing of *call is touched but a
 * flag.
 *
 * The observer that a call began with is kept in it, so that one that is set
 * meanwhile does not see an end without a beginning.  Any thread; a struct
 * quipu_observer_call is used by one thread at a time.
 */
#ifndef QUIPU_CORE_OBSERVE_OBSERVER_H
#define QUIPU_CORE_OBSERVE_OBSERVER_H

#include "observe/metrics.h"

/* An operation that is under way. */
struct quipu_observer_call {
    bool is_on;                     /* false: nothing else is set */
    const quipu_observer *observer; /* NULL: only metrics */
    struct quipu_metrics *metrics;
    int64_t begin; /* time since when the clock runs; 0: it is stopped */
    quipu_call_info info;
};

/* Whether there are an observer or metrics. */
static inline bool quipu_observer_is_needed(void)
{
    return atomic_load_explicit(&quipu_metrics_flags, memory_order_relaxed);
}

/* Sets call->is_on to that, and returns it. */
static inline bool quipu_observer_wanted(struct quipu_observer_call *call)
{
    call->is_on = quipu_observer_is_needed();
    return call->is_on;
}

/* Clears the other members. */
void quipu_observer_init(struct quipu_observer_call *call,
                         enum quipu_call_operation operation,
                         struct quipu_metrics *metrics);

/* Finds the traceparent in the metadata of an item, for an observer only. */
void quipu_observer_trace(struct quipu_observer_call *call,
                          const quipu_item *item);

/* Starts the clock, and tells the observer. */
void quipu_observer_begin(struct quipu_observer_call *call);

/* Stop the clock for a while, and start it again; if the call is on. */
void quipu_observer_pause(struct quipu_observer_call *call);
void quipu_observer_resume(struct quipu_observer_call *call);

/* Counts the call and tells the observer; if the call is on. */
void quipu_observer_finish(struct quipu_observer_call *call, int status);

static inline void quipu_observer_end(struct quipu_observer_call *call,
                                      int status)
{
    if (call->is_on) {
        quipu_observer_finish(call, status);
    }
}

#endif
