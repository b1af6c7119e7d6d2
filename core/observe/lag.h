/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The consumers of the process that are open, for the metrics of their lag.
 *
 * A consumer registers when it is opened, and is removed before it is freed.
 * The list is under a mutex, which is also held while the status of a consumer
 * is read, so that none is freed meanwhile.  Reading a status asks no store.
 */
#ifndef QUIPU_CORE_OBSERVE_LAG_H
#define QUIPU_CORE_OBSERVE_LAG_H

#include <quipu/subscription.h>

#include "observe/metrics.h"

/* A consumer that is open.  Texts belong to it. */
struct quipu_lag {
    struct quipu_lag *next;
    struct quipu_lag **at; /* the pointer to it; NULL: it is not in the list */
    struct quipu_metrics *metrics; /* of the driver of its log */
    const char *consumer;          /* "" without a name */
    const char *log;
    quipu_uuid store; /* of its log (L5) */
    void (*read)(struct quipu_lag *lag, quipu_consumer_status *status);
};

/* The longest consumer and log, with a NUL. */
#define QUIPU_LAG_NAME_SIZE 256

/* The lag of the open consumers with the same name, log, store and driver, of
 * which a group has several: the largest of each number. */
struct quipu_lag_sum {
    const char *driver;
    char consumer[QUIPU_LAG_NAME_SIZE];
    char log[QUIPU_LAG_NAME_SIZE];
    quipu_uuid store;
    uint32_t states[QUIPU_CONSUMER_STANDBY + 1]; /* consumers in each */
    int64_t position;                            /* the lowest */
    int64_t behind;
    int64_t behind_microseconds; /* -1: unknown */
};

/* Adds a consumer, whose other members are set, to the list. */
void quipu_lag_add(struct quipu_lag *lag);

/* Removes it, if it is in the list. */
void quipu_lag_remove(struct quipu_lag *lag);

/* Sets *sums to an array for quipu_release, in the order of opening.
 * NO_MEMORY. */
int quipu_lag_list(struct quipu_lag_sum **sums, size_t *count,
                   quipu_error *error);

#endif
