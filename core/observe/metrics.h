/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The counters and histograms of a driver.
 *
 * They are incremented by atomic additions in relaxed order, without a lock:
 * nothing else is published through them.  A reader therefore sees each number
 * as it was at some instant, and two numbers perhaps at two instants.  A
 * histogram has no count of its own, which could disagree with its buckets: the
 * count is their sum.
 *
 * The memory is static, so that the metrics of a driver outlive its datastores.
 * Any thread.
 */
#ifndef QUIPU_CORE_OBSERVE_METRICS_H
#define QUIPU_CORE_OBSERVE_METRICS_H

#include <stdatomic.h>

#include <quipu/observe.h>

/* Bits that say how the calls of the process are followed. */
#define QUIPU_METRICS_OBSERVED 1u /* there is an observer (observer.h) */
#define QUIPU_METRICS_ENABLED 2u  /* they are counted */
extern atomic_uint quipu_metrics_flags;

/* The upper bounds of the buckets, inclusive; behind them is one for all that
 * is larger. */
#define QUIPU_METRICS_TIMES 19  /* nanoseconds, quipu_metrics_times */
#define QUIPU_METRICS_GROUPS 11 /* 1, 2, 4 ... 1024 */
extern const int64_t quipu_metrics_times[QUIPU_METRICS_TIMES];

/* Statuses of quipu, and one number for all others. */
#define QUIPU_METRICS_STATUSES (QUIPU_INTERNAL + 2)
#define QUIPU_METRICS_CAUSES (QUIPU_CAUSE_ENTRY + 1)

/* The drivers that are told apart; further ones share the last element. */
#define QUIPU_METRICS_DRIVERS 16

struct quipu_metrics_duration {
    _Atomic uint64_t buckets[QUIPU_METRICS_TIMES + 1];
    _Atomic uint64_t sum; /* nanoseconds */
};

struct quipu_metrics_operation {
    _Atomic uint64_t calls[QUIPU_METRICS_STATUSES];
    /* Failures after which the operation was tried again. */
    _Atomic uint64_t retries[QUIPU_METRICS_STATUSES];
    _Atomic uint64_t items; /* of calls that returned OK, as the next */
    _Atomic uint64_t bytes;
    struct quipu_metrics_duration duration;
};

/* The outcome of an append with a commit that was not answered. */
enum quipu_metrics_doubt {
    QUIPU_METRICS_DOUBT_STORED,
    QUIPU_METRICS_DOUBT_REFUSED,
    QUIPU_METRICS_DOUBT_UNKNOWN, /* the driver could not find out */
    QUIPU_METRICS_DOUBTS
};

struct quipu_metrics {
    const char *driver; /* NULL: the element is unused */
    struct quipu_metrics_operation operations[QUIPU_OPERATION_COUNT];
    _Atomic uint64_t conflicts[QUIPU_METRICS_CAUSES];
    _Atomic uint64_t doubts[QUIPU_METRICS_DOUBTS];
    _Atomic uint64_t repeated; /* appends that an earlier call had stored */
    struct quipu_metrics_duration queued;
    /* Appends in a call of the driver that returned OK. */
    _Atomic uint64_t groups[QUIPU_METRICS_GROUPS + 1];
    _Atomic uint64_t grouped; /* their sum */
};

/* Returns the metrics of a driver, by its name, which lives as long as the
 * process. */
struct quipu_metrics *quipu_metrics_of(const char *driver);

/* Returns the metrics at an index, or NULL after the last. */
struct quipu_metrics *quipu_metrics_at(size_t index);

/* Counts an operation that has ended. */
void quipu_metrics_call(struct quipu_metrics *metrics,
                        const quipu_call_info *info);

/* Counts an operation that failed with a status and is going to be tried
 * again, if metrics are enabled. */
void quipu_metrics_retry(struct quipu_metrics *metrics,
                         enum quipu_call_operation operation, int status);

/* Counts a call of the driver that committed some appends, if metrics are
 * enabled. */
void quipu_metrics_group(struct quipu_metrics *metrics, size_t appends);

/* Returns the name of an operation. */
const char *quipu_metrics_operation_name(int operation);

#endif
