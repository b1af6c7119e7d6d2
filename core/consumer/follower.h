/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A follower reads a log from a position to its head, and then waits for the
 * log to grow: the part of a consumer that concerns the log alone.
 *
 * It alternates between two states.  While it scans, it reads what was stored
 * up to the head at the beginning of the scan (log_scan.h).  At the head it
 * waits, and then begins the next scan.
 *
 *   INV1  Every item with a notification id up to examined.notification_id was
 *         yielded, or does not pass the filter.  A window of a scan counts only
 *         when it has been read to its end.
 *   INV2  At the beginning, after a failure, and after a wait if the last check
 *         is older than a second, the follower checks that `examined` is a
 *         position of this log still (B6).
 *
 * One thread at a time.
 */
#ifndef QUIPU_CORE_CONSUMER_FOLLOWER_H
#define QUIPU_CORE_CONSUMER_FOLLOWER_H

#include "consumer/stopper.h"
#include "records/log_scan.h"

struct quipu_follower {
    quipu_records *records;
    quipu_filter *filter; /* owned; NULL passes all */
    struct quipu_stopper *stopper;
    const char *consumer;    /* for messages; or NULL */
    quipu_position examined; /* INV1 */
    quipu_position head;     /* when it was read last */
    int64_t end;             /* the last id to yield; INT64_MAX: go on */
    struct quipu_log_scan scan;
    bool is_scanning;
    int64_t checked_time; /* INV2; 0: never */
};

/*
 * Initializes a follower that begins with the first item, and reads the head.
 * The caller may then set `examined`, `end` and `consumer`.  `filter` is the
 * caller's, and is copied.  quipu_follower_finish must be called in any case.
 * UNSUPPORTED: the store keeps no log, or cannot wait for it to grow; INVALID:
 * the filter is wrong; NO_MEMORY; codes of quipu_records_head.
 */
int quipu_follower_init(struct quipu_follower *follower, quipu_records *records,
                        const quipu_filter *filter,
                        struct quipu_stopper *stopper, quipu_error *error);
void quipu_follower_finish(struct quipu_follower *follower);

/* Reads the head, and checks that `examined` is a position of this log.
 * CONFLICT: it is not. */
int quipu_follower_check(struct quipu_follower *follower, quipu_error *error);

/* Continues behind a position, with the partitions of a set only; a
 * partition_count of 0: with all.  The follower must have a filter. */
void quipu_follower_move(struct quipu_follower *follower,
                         const quipu_position *position,
                         uint32_t partition_count, uint64_t partitions);

/*
 * Reads on from where it stands: begins a scan if the log has grown, and sets
 * *item to the next item that passes, borrowed until the next call, or to NULL
 * at the end of a window or if there is nothing to read.
 */
int quipu_follower_read(struct quipu_follower *follower,
                        const quipu_item **item, quipu_error *error);

/* Waits for the log to grow, until the deadline or until the stopper ends it,
 * at most for QUIPU_STOPPER_SLICE.  OK in all of these cases. */
int quipu_follower_wait(struct quipu_follower *follower, int64_t deadline,
                        quipu_error *error);

/* Gives the item and the cursor back; the next read checks the log first. */
void quipu_follower_reset(struct quipu_follower *follower);

/* Completes a position of this log by the event id of its item. */
int quipu_follower_complete(const struct quipu_follower *follower,
                            quipu_position *position, quipu_error *error);

/* Whether all was examined up to the head as it was read last, or to the end.
 */
static inline bool quipu_follower_is_at_head(const struct quipu_follower *f)
{
    return !f->is_scanning &&
           f->examined.notification_id >= f->head.notification_id;
}

static inline bool quipu_follower_is_at_end(const struct quipu_follower *f)
{
    return !f->is_scanning && f->examined.notification_id >= f->end;
}

#endif
