/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The consumers of a datastore, as its operator sees them: how far each has
 * come, how far it is behind, and ways to set one back or to remove it.  No
 * program of a consumer need be running, and none of its functions is called.
 *
 *     static int print_consumers(quipu_datastore *store, quipu_error *error)
 *     {
 *         const quipu_consumer *consumer;
 *         quipu_consumers *consumers;
 *         int status = quipu_consumers_open(store, NULL, &consumers, error);
 *
 *         if (status != QUIPU_OK) {
 *             return status;
 *         }
 *         while ((status = quipu_consumers_next(consumers, &consumer,
 *                                               error)) == QUIPU_OK &&
 *                consumer) {
 *             printf("%s is %lld behind\n", consumer->name,
 *                    (long long)consumer->behind);
 *         }
 *         quipu_consumers_close(consumers);
 *         return status;
 *     }
 *
 * A change takes the consumer as it was listed, and is made only if its
 * tracking record is still there.  So the progress that a running consumer has
 * made meanwhile is never overwritten, and a consumer that is running after a
 * change notices it at its next commit.
 *
 * The quipu_consumer_status of subscription.h is the progress of a consumer
 * in this process, and asks no store.
 *
 * Threads and codes as in datastore.h.
 */
#ifndef QUIPU_CONSUMER_H
#define QUIPU_CONSUMER_H

#include <quipu/records.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct quipu_consumers quipu_consumers;

enum quipu_consumer_flag {
    /* It keeps a read model (projection.h).  Not known in a store without
     * entries. */
    QUIPU_CONSUMER_PROJECTION = 1u << 0,
    /* The log was found: `head` is set. */
    QUIPU_CONSUMER_HEAD = 1u << 1,
    /* The tracking record is no position of that log, which was set back or is
     * that of another store (B6): the consumer does not start. */
    QUIPU_CONSUMER_SET_BACK = 1u << 2,
    /* It is divided among the members of a group (group.h). */
    QUIPU_CONSUMER_GROUP = 1u << 3,
    /* It is the version of a projection that readers are shown
     * (quipu_projection_promote). */
    QUIPU_CONSUMER_SHOWN = 1u << 4
};

/* A partition of a group. */
typedef struct quipu_consumer_partition {
    int64_t notification_id; /* up to which it was handled; 0 in a group of a
                                program's own loop */
    int32_t member;          /* its owner, an index; -1: it is free */
    uint32_t reserved;
    uint64_t reserved2[2];
} quipu_consumer_partition;

/* A member of a group.  One that was killed is listed until another member
 * removes it. */
typedef struct quipu_consumer_member {
    const char *name;
    quipu_uuid token; /* that distinguishes members of one name */
    uint32_t lease_milliseconds;
    uint32_t reserved;
    uint64_t reserved2[2];
} quipu_consumer_member;

/* A consumer of a log.  One that reads several logs is listed for each. */
typedef struct quipu_consumer {
    const char *name;
    const char *log; /* its name in the tracking record; NULL: no record */
    uint32_t flags;  /* enum quipu_consumer_flag */
    uint32_t reserved;
    /* Of the tracking record, 0: there is none; or of the partition of its
     * group that is furthest behind. */
    quipu_position position;
    int64_t head;   /* notification id; without the flag -1 */
    int64_t behind; /* head - position; -1: unknown, or it was set back */
    /* Age of the first item behind the position, by the time that its event
     * has, and the clock of this machine: 0 if behind is 0, -1 if unknown. */
    int64_t behind_microseconds;
    int64_t parked;                             /* events */
    const quipu_consumer_partition *partitions; /* of its group; or NULL */
    const quipu_consumer_member *members;
    size_t partition_count;
    size_t member_count;
    int64_t skipped; /* events that a projection has left out for ever */
    uint64_t reserved2[3];
} quipu_consumer;

/*
 * Lists the consumers whose tracking records, read models or parked events are
 * in a datastore, by name and log.  `logs` is the datastore of the logs, in
 * which a log has the name of its schema's table; NULL: the same one.  Both
 * must stay open.
 *
 * The records are read by `open`, and the log by `next`, so that no record is
 * above the head because of the time between.  `next` sets *consumer to one
 * that is valid until the next call, or to NULL after the last; it returns the
 * codes of quipu_records_open and quipu_records_head, and can be called again.
 * `close` frees the listing; NULL is allowed.
 *
 * UNSUPPORTED: the store keeps no tracking records.  CORRUPT: the entries of a
 * group are damaged.
 */
QUIPU_API int quipu_consumers_open(quipu_datastore *tracking,
                                   quipu_datastore *logs,
                                   quipu_consumers **consumers,
                                   quipu_error *error);
QUIPU_API int quipu_consumers_next(quipu_consumers *consumers,
                                   const quipu_consumer **consumer,
                                   quipu_error *error);
QUIPU_API void quipu_consumers_close(quipu_consumers *consumers);

/*
 * Moves the tracking record of a consumer, forwards or backwards, so that it
 * goes on behind the item with a notification id; 0 removes the record, and the
 * consumer begins with the first item (or, with QUIPU_SUBSCRIPTION_FROM_NOW, at
 * the head).  Of *consumer `name`, `log` and the notification id of `position`
 * are read.  `logs` as above.
 *
 * A subscription that is open returns CONFLICT when it next writes its record.
 *
 * CONFLICT: the record is not at `position`: the consumer is running, or was
 * changed meanwhile.  INVALID: the consumer is a projection, for which
 * quipu_projection_reset empties the read model in the same transaction; the
 * id is negative; `log` is NULL.  NOT_FOUND: the log is not in the datastore,
 * or ends before the id.  UNSUPPORTED: the store keeps no entries, and
 * therefore moves no record backwards; or it keeps no log.  UNKNOWN_OUTCOME:
 * list again.
 */
QUIPU_API int quipu_consumer_reset(quipu_datastore *tracking,
                                   quipu_datastore *logs,
                                   const quipu_consumer *consumer,
                                   int64_t notification_id, quipu_error *error);

/*
 * Removes all that the datastore keeps of a consumer, in one commit: its
 * tracking record, its parked events and quipu's other entries for it, also
 * that of a version which is shown.  Of *consumer the same members are read.
 *
 * The read model of a projection is not touched, since only the program knows
 * its tables.  Drop them, too: a projection that is opened again creates its
 * read model, and applies all events to it.  A projection that is running
 * returns CONFLICT from `run`, and applies nothing more; so do all members of a
 * group.
 *
 * CONFLICT, UNSUPPORTED, UNKNOWN_OUTCOME: as above.
 */
QUIPU_API int quipu_consumer_remove(quipu_datastore *tracking,
                                    const quipu_consumer *consumer,
                                    quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
