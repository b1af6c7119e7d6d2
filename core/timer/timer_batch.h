/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch of timers that are due: reads them, and appends their events.
 *
 * The events of a batch are one append, in the order of their times.  If it is
 * refused, because a timer was replaced, cancelled or appended by another
 * runner meanwhile, or because an event does not suit the schema, the next
 * batch is half as large; a batch of one tells which timer is to blame.  After
 * a failure of the store nothing is repeated: the next batch reads what is
 * still set (K5).
 *
 * One thread at a time.
 */
#ifndef QUIPU_CORE_TIMER_TIMER_BATCH_H
#define QUIPU_CORE_TIMER_TIMER_BATCH_H

#include <quipu/group.h>

#include "records/records.h"
#include "timer/timer.h"

/* A timer that is due. */
struct quipu_due_timer {
    struct quipu_timer_place place; /* without its table */
    int64_t place_revision;
    quipu_id sequence_id;
    quipu_entry *entry; /* owned; NULL: it is not set any more (INV2) */
    bool is_refused;    /* it was set aside, and `entry` is NULL */
    struct quipu_timer_event event;
};

struct quipu_timer_batch {
    quipu_records *records;
    quipu_group *group;             /* or NULL */
    uint64_t held;                  /* partitions of the group */
    struct quipu_due_timer *timers; /* owned; room for `most` */
    size_t count;
    size_t most;
    size_t limit; /* of the next batch: 1 to `most` */
    quipu_arena arena;

    /* Results of the last batch. */
    quipu_time first;    /* due time of its first timer; 0: none was due */
    quipu_time next;     /* of the first timer that was not due; 0: none */
    size_t appended;     /* events */
    size_t refused;      /* timers that were set aside */
    bool is_conflict;    /* the append was refused; try again */
    quipu_error refusal; /* of the last timer that was set aside */
};

/* `most`: 1 to 10,000.  NO_MEMORY. */
int quipu_timer_batch_init(struct quipu_timer_batch *batch,
                           quipu_records *records, size_t most,
                           quipu_error *error);
void quipu_timer_batch_finish(struct quipu_timer_batch *batch);

/* Reads a batch of the timers that are due at that time, and appends their
 * events.  Codes of quipu_timer_runner_run, and failures of the store. */
int quipu_timer_batch_run(struct quipu_timer_batch *batch, quipu_time now,
                          quipu_error *error);

#endif
