/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the tracking record of one consumer of one log.
 *
 * In a store with entries each write expects the record where this tracker has
 * put it (T1), so that a second process of the same consumer, or a reset of the
 * record, is noticed and never overwritten.  Elsewhere U4 alone protects it.
 *
 * One thread at a time.
 */
#ifndef QUIPU_CORE_CONSUMER_TRACKER_H
#define QUIPU_CORE_CONSUMER_TRACKER_H

#include <quipu/records.h>

struct quipu_tracker {
    quipu_datastore *datastore; /* that keeps the record; NULL: no consumer */
    quipu_records *records;     /* of the log; NULL: in another datastore */
    char *consumer;             /* owned, like the log's name */
    char *log;
    quipu_position recorded;  /* as it was read or written last */
    quipu_position attempted; /* by a write whose outcome is unknown; or 0 */
};

/*
 * Reads the record.  `datastore` NULL: it is kept in the datastore of
 * `records`.  tracker->recorded.notification_id is 0 if there is none.
 * UNSUPPORTED: the datastore keeps no records, or it is another one and keeps
 * no entries; INVALID: a name is wrong; NO_MEMORY; codes of
 * quipu_tracking_read.
 */
int quipu_tracker_init(struct quipu_tracker *tracker, quipu_records *records,
                       quipu_datastore *datastore, const char *consumer,
                       const char *log, quipu_error *error);
void quipu_tracker_finish(struct quipu_tracker *tracker);

/* A commit that moves the record, with what belongs to it. */
struct quipu_tracker_commit {
    quipu_position position;
    bool rewinds; /* the position may be lower, or 0: no record (T2) */
    const quipu_entry_write *entries; /* only in a store with entries */
    size_t entry_count;
    quipu_work work; /* in the same transaction; or NULL */
    void *context;
};

/*
 * Commits.  OK at once, without running `work`, if the record is at the
 * position: the outcome of the same commit was unknown before.  CONFLICT or
 * ALREADY: the record is not where this tracker has put it, or an entry is not
 * as expected.  Otherwise the codes of quipu_records_transact; after
 * UNKNOWN_OUTCOME the next call first reads what became of the commit.
 */
int quipu_tracker_commit(struct quipu_tracker *tracker,
                         const struct quipu_tracker_commit *commit,
                         quipu_error *error);

/* Sets the record to a position above the one recorded; codes as above. */
int quipu_tracker_write(struct quipu_tracker *tracker,
                        const quipu_position *position, quipu_error *error);

/* Reads the record again, after another process has changed it. */
int quipu_tracker_refresh(struct quipu_tracker *tracker, quipu_error *error);

/* Executes an append in the datastore of the record that does not concern the
 * record; `work` may be NULL.  It may write entries of quipu's own. */
int quipu_tracker_append(struct quipu_tracker *tracker,
                         const quipu_append *append, quipu_work work,
                         void *context, quipu_error *error);

#endif
