/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that repeat an operation for a given time and record how long each
 * call took.
 *
 * All threads start together.  After the time is over each completes the
 * operation that it has begun, at least one, so the time that is reported ends
 * with the last operation.  The first failure, and an interruption, end all
 * threads early.
 */
#ifndef MEASURE_WORKERS_H
#define MEASURE_WORKERS_H

#include "histogram.h"

#include <quipu/quipu.h>

struct measure_workers {
    size_t count; /* threads */
    double seconds;
    /* Performs one operation in the thread `number`, from 0 to count - 1. */
    int (*operate)(void *context, size_t number, quipu_error *error);
    void *context;
    /* Polled every 20 ms; true ends the measurement without an error.  May be
     * NULL. */
    bool (*interrupted)(void);
};

struct measure_result {
    struct measure_histogram durations; /* of successful operations */
    double seconds;
};

/*
 * Runs the workers and adds their operations and time to *result, which the
 * caller initialises with zeros before the first run.  Returns QUIPU_OK, the
 * status of an operation that failed, QUIPU_INTERNAL if the system refuses a
 * thread, or QUIPU_NO_MEMORY.
 */
int measure_workers_run(const struct measure_workers *workers,
                        struct measure_result *result, quipu_error *error);

#endif
