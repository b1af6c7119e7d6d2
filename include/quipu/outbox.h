/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outboxes: they hand the items of a log to another system, such as a message
 * broker, at least once and in order.
 *
 *     static int send(void *context, const quipu_item *items, size_t count,
 *                     quipu_error *error)
 *     {
 *         for (size_t i = 0; i < count; i++) {
 *             if (!broker_publish(context, &items[i])) { // with the event id
 *                 return quipu_error_set(error, QUIPU_IO, "no broker");
 *             }
 *         }
 *         return QUIPU_OK;
 *     }
 *
 *     status = quipu_outbox_open(quipu_store_records(store), "feed", send,
 *                                NULL, &outbox, error);
 *     status = quipu_outbox_run(outbox, error); // until it is stopped
 *
 * The tracking record of the consumer is written after `send` has returned OK.
 * If the process dies in between, the next one sends the items of that call
 * again, and never older ones (R5).  A receiver sorts out what comes again by
 * the event id, which is the same each time.  An item that was erased before is
 * sent without its contents, with QUIPU_ITEM_ERASED; one that was sent and is
 * erased later is not sent again.
 *
 * Failing items, parked items and groups are as those of projections
 * (projection.h, group.h).  In a group the order is that of the log within each
 * partition.  Since sending is no part of a commit, a member that was stopped
 * for longer than its lease may send the items of the call under way after
 * another member has sent them, and later ones.
 *
 * Threads: `run` and `step` from one thread at a time; `stop`, `request_stop`,
 * `retry` and `status` from any, until `close`.  `retry` calls `send` in the
 * thread of its caller, perhaps while `run` does.
 */
#ifndef QUIPU_OUTBOX_H
#define QUIPU_OUTBOX_H

#include <quipu/projection.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct quipu_outbox quipu_outbox;

/*
 * Hands items to the other system, in this order, and returns OK when that has
 * all of them in a way that survives its crash.  The items are lent for the
 * call.
 *
 * A transient code (quipu_status_is_transient), such as IO because there is no
 * connection: the same items are sent again later, for ever.  Any other code:
 * they are sent one by one, to find the item that is refused (see
 * quipu_failure_policy); those before it come again, too.
 */
typedef int (*quipu_send)(void *context, const quipu_item *items, size_t count,
                          quipu_error *error);

/* Zero is the default of each member. */
typedef struct quipu_outbox_options {
    uint32_t struct_size;
    int32_t on_failure; /* enum quipu_failure_policy */
    /* How often an item is tried that is refused (0: 5), with pauses that grow
     * from 100 milliseconds to 10 seconds. */
    uint32_t attempts;
    /* Items of one call (0: 500), and the time in which they should be sent (0:
     * 50 milliseconds; in a group at most a third of the lease): calls get more
     * items as long as they take less than half of it.  With a tracking record
     * in a store without entries (QUIPU_CAN_ENTRIES) a call has one item. */
    uint32_t batch_items;
    uint32_t batch_milliseconds;
    uint32_t reserved;
    /* Without partitions; borrowed for the call that opens.  NULL: all. */
    const quipu_filter *filter;
    /* With the tracking record; NULL: that of the log.  It must stay open. */
    quipu_datastore *tracking;
    void *context; /* for `send` */
    /* Sends as a member of the group of the consumer; borrowed for the call
     * that opens.  NULL: alone. */
    const quipu_group_options *group;
} quipu_outbox_options;

/*
 * Opens an outbox for the items of a log.  `consumer`: 1 to 100 bytes of text
 * without '@' and '/'.  *outbox is closed by quipu_outbox_close, before
 * `records`.
 *
 * INVALID: an argument, an option or the filter is wrong.  UNSUPPORTED: the
 * store keeps no log, or no tracking records; or `tracking` is another
 * datastore, or items are to be parked, or `group` is set, and it keeps no
 * entries.  CONFLICT: the log was set back behind the
 * tracking record; the group has another number of partitions; or the consumer
 * is a group and `group` is NULL.  NO_MEMORY; codes of quipu_tracking_read.
 */
QUIPU_API int quipu_outbox_open(quipu_records *records, const char *consumer,
                                quipu_send send,
                                const quipu_outbox_options *options,
                                quipu_outbox **outbox, quipu_error *error);

/*
 * Sends until the outbox is stopped; then returns OK.  Failures of the store
 * and transient codes of `send` are repeated after pauses, and shown by
 * quipu_outbox_status.
 *
 * With QUIPU_FAILURE_STOP, the code of `send` that refuses an item; the message
 * names the item.  CONFLICT: the log was set back.  If another process has
 * moved or reset the tracking record, this one goes on from where that is now.
 *
 * A member of a group joins it here, takes its share of the partitions, renews
 * its lease, and leaves the group before the call returns (group.h).
 */
QUIPU_API int quipu_outbox_run(quipu_outbox *outbox, quipu_error *error);

/* Calls `send` at most once, without waiting for items.  *caught_up (NULL is
 * allowed) tells that the end of the log was reached.  Codes as above, and
 * those of a failure that may pass; call it again then. */
QUIPU_API int quipu_outbox_step(quipu_outbox *outbox, bool *caught_up,
                                quipu_error *error);

/* Make `run` return: the call of `send` under way is completed before.  As
 * quipu_subscription_stop and quipu_subscription_request_stop. */
QUIPU_API void quipu_outbox_stop(quipu_outbox *outbox);
QUIPU_API void quipu_outbox_request_stop(quipu_outbox *outbox);

/* Shows the progress, as quipu_projection_status does. */
QUIPU_API int quipu_outbox_status(quipu_outbox *outbox,
                                  quipu_consumer_status *status,
                                  quipu_error *error);

/* Sends the parked items again, in the order of the log, one in a call, as
 * quipu_projection_retry does. */
QUIPU_API int quipu_outbox_retry(quipu_outbox *outbox, int64_t *left,
                                 quipu_error *error);

/* A member of a group leaves it; the status of that is returned, and the outbox
 * is closed in any case.  INVALID: `run` or `step` is under way, and nothing is
 * closed.  NULL is allowed. */
QUIPU_API int quipu_outbox_close(quipu_outbox *outbox, quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
