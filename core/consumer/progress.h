/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The progress of a consumer, as other threads see it through a
 * quipu_consumer_status.  The thread of the consumer writes it, any
 * thread may read it.
 */
#ifndef QUIPU_CORE_CONSUMER_PROGRESS_H
#define QUIPU_CORE_CONSUMER_PROGRESS_H

#include <pthread.h>
#include <stdatomic.h>

#include "observe/lag.h"
#include "records/records.h"

struct quipu_progress {
    /* Written for each item, and therefore without the mutex.  The head is
     * written before the position, and read after it. */
    _Atomic int64_t head;
    _Atomic int64_t position;
    _Atomic uint64_t yielded;
    _Atomic int64_t oldest_time; /* of the first item that is not acknowledged,
                                    in microseconds; 0: unknown */
    pthread_mutex_t mutex;
    quipu_consumer_status shown; /* without those above and `behind` */
    enum quipu_call_operation
        operation;        /* that is counted when it is retried */
    struct quipu_lag lag; /* for the metrics */
};

/* NO_MEMORY. */
int quipu_progress_init(struct quipu_progress *progress, quipu_error *error);
void quipu_progress_finish(struct quipu_progress *progress);

/* Shows the progress in the metrics of the process until it is finished.  The
 * names are borrowed until then; `consumer` may be NULL. */
void quipu_progress_publish(struct quipu_progress *progress,
                            enum quipu_call_operation operation,
                            const quipu_records *records, const char *consumer,
                            const char *log);

/* Note one change each. */
void quipu_progress_state(struct quipu_progress *progress,
                          enum quipu_consumer_state state);
void quipu_progress_position(struct quipu_progress *progress, int64_t position,
                             int64_t head);
/* `count` items more were yielded, or applied. */
void quipu_progress_yielded(struct quipu_progress *progress, uint64_t count);
/* The first item that was read and is not acknowledged or applied; NULL: there
 * is none. */
void quipu_progress_oldest(struct quipu_progress *progress,
                           const quipu_item *item);
void quipu_progress_skipped(struct quipu_progress *progress);
void quipu_progress_recorded(struct quipu_progress *progress);
/* `state`: RETRYING or FAILED. */
void quipu_progress_failed(struct quipu_progress *progress,
                           enum quipu_consumer_state state,
                           const quipu_error *error);

/* Returns the time of an event in microseconds, by the column for times or by
 * the envelope of its state; 0: unknown. */
int64_t quipu_progress_event_time(const quipu_item *item);

/* Fills the caller's struct.  INVALID: its struct_size is wrong. */
int quipu_progress_read(struct quipu_progress *progress,
                        quipu_consumer_status *status, quipu_error *error);

#endif
