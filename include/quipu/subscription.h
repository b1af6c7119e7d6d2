/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subscriptions: a consumer reads a log from any place to its end, and then
 * waits for what is appended.  The program asks for one item after the other;
 * there is no thread and no callback behind it.
 *
 *     static int print_all(quipu_store *store, quipu_error *error)
 *     {
 *         const quipu_subscription_options options = {
 *             .struct_size = sizeof(options), .consumer = "printer"
 *         };
 *         quipu_subscription *subscription;
 *         const quipu_item *item;
 *         int status = quipu_subscription_open_events(store, &options,
 *                                                     &subscription, error);
 *
 *         while (status == QUIPU_OK) {
 *             status = quipu_subscription_next(subscription, &item, -1, error);
 *             if (status != QUIPU_OK || !item) {
 *                 break; // failed, or stopped
 *             }
 *             printf("%.*s\n", (int)item->topic.size,
 *                    (const char *)item->topic.data);
 *             status = quipu_subscription_acknowledge(subscription, error);
 *         }
 *         quipu_subscription_close(subscription, NULL);
 *         return status;
 *     }
 *
 * Delivery is at least once: the tracking record of the consumer is written
 * after an item is acknowledged, so that after a crash the items since then are
 * yielded again (B5).  A consumer whose effects are in the same store as its
 * record can have them exactly once: see quipu_records_transact.
 *
 * Failures of the store (BUSY, TIMEOUT, IO) do not end a subscription.  It
 * pauses, from 100 milliseconds to 10 seconds, and tries again, which with
 * PostgreSQL connects again.  A log that is another one afterwards, or that was
 * set back, is CONFLICT and never passed over in silence (B6).
 *
 * Threads: one at a time, except `stop`, `request_stop` and `status`, which any
 * thread may call until `close`.
 */
#ifndef QUIPU_SUBSCRIPTION_H
#define QUIPU_SUBSCRIPTION_H

#include <quipu/store.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct quipu_subscription quipu_subscription;

enum quipu_subscription_flag {
    /* Begin behind the log head at opening, unless the consumer has a tracking
     * record. */
    QUIPU_SUBSCRIPTION_FROM_NOW = 1u << 0,
    /* End at the log head at opening: `next` then sets *item to NULL. */
    QUIPU_SUBSCRIPTION_TO_NOW = 1u << 1
};

/* How to subscribe; all is borrowed for the call that opens. */
typedef struct quipu_subscription_options {
    uint32_t struct_size;
    uint32_t flags; /* enum quipu_subscription_flag */
    /* The consumer whose tracking record says where to begin: 1 to 255 bytes.
     * NULL: none, and nothing is recorded. */
    const char *consumer;
    /* The name of the log in tracking records; NULL: the schema's table. */
    const char *log;
    /* The datastore with the tracking records; NULL: that of the log.  It must
     * stay open. */
    quipu_datastore *tracking;
    /* Without a consumer: begin behind this position.  It is checked as by
     * quipu_records_check_position. */
    quipu_position after;
    /* NULL: all items.  In a subscription to a store, the topic of an event
     * type stands for its aliases, too, and items of retired topics are passed
     * over. */
    const quipu_filter *filter;
    /* The record is written after this number of acknowledgements (0: 1), and
     * at the latest after this time (0: 1000 milliseconds) or when the head of
     * the log is reached. */
    uint32_t record_items;
    uint32_t record_milliseconds;
} quipu_subscription_options;

/*
 * Subscribe to the items of a log, or to the events of an event store.
 * *subscription is closed by quipu_subscription_close, before the handle that
 * it was opened from.
 *
 * CONFLICT: the position to begin behind is of another store, or of a log that
 * was set back since.  INVALID: an option or the filter is wrong; `after` with
 * a consumer or with FROM_NOW.  UNSUPPORTED: the store keeps no log, or for a
 * consumer no tracking records; or `tracking` is another datastore whose driver
 * keeps no entries.
 */
QUIPU_API int quipu_subscription_open(quipu_records *records,
                                      const quipu_subscription_options *options,
                                      quipu_subscription **subscription,
                                      quipu_error *error);
QUIPU_API int quipu_subscription_open_events(
    quipu_store *store, const quipu_subscription_options *options,
    quipu_subscription **subscription, quipu_error *error);

/*
 * Sets *item to the next item that passes the filter, borrowed until the next
 * call, in order of notification id, each once (B1).  Waits for it up to
 * `milliseconds`; negative: without limit; 0: looks once, at one part of the
 * log.  *item is NULL if the subscription was stopped, or with TO_NOW at the
 * end.
 *
 * TIMEOUT: there was none; call it again.  BUSY, IO: the store has failed since
 * before the deadline; call it again, as the subscription continues behind the
 * item that it yielded last.  After any other code every call returns that
 * code: CONFLICT (the log is another one, or was set back; or the tracking
 * record was changed by another process), NOT_FOUND (the schema was torn down;
 * or its log is empty then, see quipu_datastore_teardown), CORRUPT, DENIED,
 * NO_MEMORY.
 */
QUIPU_API int quipu_subscription_next(quipu_subscription *subscription,
                                      const quipu_item **item,
                                      int64_t milliseconds, quipu_error *error);

/*
 * Decodes the item that was yielded last, for a subscription to an event store.
 * *event is lent until the next call of `next` or `event`.  INVALID: there is
 * no such item, or the subscription is to records.  NOT_FOUND: the topic is
 * unknown, or the item was erased (QUIPU_ITEM_ERASED in its flags).  CORRUPT,
 * UNSUPPORTED: as quipu_events_next.  `next` can be called all the same.
 */
QUIPU_API int quipu_subscription_event(quipu_subscription *subscription,
                                       const quipu_event **event,
                                       quipu_error *error);

/*
 * Acknowledges the item that was yielded last, and all before it: the record of
 * the consumer may now be set to it.  If the store fails to write the record,
 * that is no error here: a later call writes it.  CONFLICT: the record was
 * changed meanwhile, by another process of the same consumer or because it was
 * reset.  ALREADY: the same, in a store without entries.  INVALID: nothing was
 * yielded.  Without a consumer it only counts.
 */
QUIPU_API int quipu_subscription_acknowledge(quipu_subscription *subscription,
                                             quipu_error *error);

/*
 * Reads the position up to which all items were yielded and acknowledged, or do
 * not pass the filter (B3): a program that keeps the position itself begins
 * again behind it.  Like the tracking record, it moves past an item that was
 * yielded only when that is acknowledged.
 */
QUIPU_API int quipu_subscription_position(quipu_subscription *subscription,
                                          quipu_position *position,
                                          quipu_error *error);

/* Makes `next` set *item to NULL, now and for ever; a call that is waiting
 * returns within 10 milliseconds (B7).  Any thread, not in a signal handler. */
QUIPU_API void quipu_subscription_stop(quipu_subscription *subscription);

/* The same from a signal handler; a call of `next` that is waiting returns
 * within a second. */
QUIPU_API void quipu_subscription_request_stop(
    quipu_subscription *subscription);

/* Writes the tracking record, and closes the subscription in any case.  Returns
 * the status of writing.  NULL is allowed. */
QUIPU_API int quipu_subscription_close(quipu_subscription *subscription,
                                       quipu_error *error);

/* ------------------------------------------------------------- monitoring */

enum quipu_consumer_state {
    QUIPU_CONSUMER_CATCHING_UP = 0, /* reads what was stored before */
    QUIPU_CONSUMER_LIVE = 1,        /* has been at the head of the log */
    QUIPU_CONSUMER_RETRYING = 2,    /* pauses after a failure of the store */
    QUIPU_CONSUMER_STOPPED = 3,
    QUIPU_CONSUMER_FAILED = 4,
    QUIPU_CONSUMER_STANDBY = 5 /* member of a group that holds no partition */
};

/* The progress of a consumer of this process.  No store is asked. */
typedef struct quipu_consumer_status {
    uint32_t struct_size; /* set by the caller */
    int32_t state;        /* enum quipu_consumer_state */
    int64_t position;     /* notification id, as quipu_subscription_position */
    int64_t head;         /* of the log, when it was read last */
    int64_t behind;       /* head - position: 0 when all is processed */
    /* Age of the oldest item that is not acknowledged, by its time column: 0 if
     * behind is 0, -1 if it is unknown. */
    int64_t behind_microseconds;
    uint64_t yielded;  /* items */
    uint64_t recorded; /* writes of the tracking record */
    uint64_t retries;  /* after failures of the store */
    int32_t last_code; /* of the last failure, or QUIPU_OK */
    uint32_t reserved;
    char last_message[256];
    uint64_t skipped; /* events that a projection has left out */
} quipu_consumer_status;

/* Shows the progress, from any thread.  The caller sets status->struct_size; a
 * smaller one gets the first members.  INVALID: an argument is missing, or
 * struct_size is too small. */
QUIPU_API int quipu_subscription_status(quipu_subscription *subscription,
                                        quipu_consumer_status *status,
                                        quipu_error *error);

/*
 * Waits until the tracking record of a consumer is at `notification_id` or
 * above, or if the consumer is a group (group.h), until all its partitions are,
 * so that a program finds what it has appended in a read model.  The record is
 * read again and again, at least 20 times a second.  TIMEOUT: `milliseconds`
 * have passed; negative: no limit.  Otherwise as quipu_tracking_read, except
 * that a missing record is waited for.
 */
QUIPU_API int quipu_tracking_wait(quipu_datastore *tracking,
                                  const char *consumer, const char *log,
                                  int64_t notification_id, int64_t milliseconds,
                                  quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
