/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes how far one consumer has processed one log: in its tracking record, or
 * if it is a member of a group, in the entries of the partitions that it holds.
 *
 * In a store with entries each write expects the record, or the entries, as
 * this tracker has left them (T1, G1), so that a second process of the same
 * consumer, or a reset, is noticed and never overwritten.  Elsewhere U4 alone
 * protects the record.
 *
 * One thread at a time.
 */
#ifndef QUIPU_CORE_CONSUMER_TRACKER_H
#define QUIPU_CORE_CONSUMER_TRACKER_H

#include <quipu/records.h>

#include "group/group.h"

struct quipu_tracker {
    quipu_datastore *datastore; /* that keeps the record; NULL: no consumer */
    quipu_records *records;     /* of the log; NULL: in another datastore */
    char *consumer;             /* owned, like the log's name */
    char *log;
    struct quipu_group *group; /* owned; NULL: the consumer is alone */
    bool excludes_group; /* the first write requires that there is no group */
    /* Of a member: the lowest of the partitions that it holds; if it holds
     * none, of all. */
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

/* Becomes a member of the group of the consumer, which begins where the
 * tracking record is (quipu_group_init); NULL: makes sure that there is no such
 * group, now and at each commit.  CONFLICT: there is one; codes of
 * quipu_group_init. */
int quipu_tracker_share(struct quipu_tracker *tracker,
                        const quipu_group_options *options, quipu_error *error);

/* Looks at the group if that is due (quipu_group_look); nothing without one. */
int quipu_tracker_tend(struct quipu_tracker *tracker, quipu_error *error);

/* When the next look is due; QUIPU_CLOCK_NEVER without a group. */
int64_t quipu_tracker_due(const struct quipu_tracker *tracker);

/* Leaves the group, so that others take the partitions at once; nothing without
 * one. */
int quipu_tracker_leave(struct quipu_tracker *tracker, quipu_error *error);

/* A commit that moves the record, with what belongs to it. */
struct quipu_tracker_commit {
    quipu_position position;
    bool rewinds; /* to a lower position, or to 0: no record (T2) */
    bool stays;   /* the record does not concern it, and neither does a group */
    const quipu_entry_write *entries; /* only in a store with entries */
    size_t entry_count;
    const quipu_item *items; /* of the tracker's records */
    size_t item_count;
    const quipu_guard *guards;
    size_t guard_count;
    quipu_work work; /* in the same transaction; or NULL */
    void *context;
    quipu_result *result; /* `cause`, `index` and `flags` are set; or NULL */
};

/*
 * Commits.  OK at once, without running `work`, if the record is at the
 * position: the outcome of the same commit was unknown before.  CONFLICT or
 * ALREADY: the record is not where this tracker has put it, or another
 * condition does not hold, as *result tells.  CONFLICT also if the items were
 * stored before (U3), because the record is not moved then; the cause is
 * QUIPU_CAUSE_EVENT_ID.  Otherwise the codes of quipu_records_transact; after
 * UNKNOWN_OUTCOME the next call first reads what became of the commit.
 */
int quipu_tracker_commit(struct quipu_tracker *tracker,
                         const struct quipu_tracker_commit *commit,
                         quipu_error *error);

/* Sets the record to a position above the one recorded; codes as above. */
int quipu_tracker_write(struct quipu_tracker *tracker,
                        const quipu_position *position, quipu_error *error);

/* Reads the record or the group's entries again, after another process has
 * changed them. */
int quipu_tracker_refresh(struct quipu_tracker *tracker, quipu_error *error);

/* Returns how far all members of the group, or the consumer alone, have come,
 * as it was read or written last. */
int64_t quipu_tracker_position(const struct quipu_tracker *tracker);

/* Returns the highest position of the partitions of the member; alone, that of
 * the record. */
quipu_position quipu_tracker_highest(const struct quipu_tracker *tracker);

/* Returns whether an item above `recorded` was handled, because its partition
 * is further on than others. */
bool quipu_tracker_has_handled(const struct quipu_tracker *tracker,
                               const quipu_schema *schema,
                               const quipu_item *item);

/* Whether the member holds partitions, or the consumer is alone. */
static inline bool quipu_tracker_is_active(const struct quipu_tracker *tracker)
{
    return !tracker->group || tracker->group->held != 0;
}

/* Executes an append in the datastore of the record that does not concern the
 * record; `work` may be NULL.  It may write entries of quipu's own. */
int quipu_tracker_append(struct quipu_tracker *tracker,
                         const quipu_append *append, quipu_work work,
                         void *context, quipu_error *error);

#endif
