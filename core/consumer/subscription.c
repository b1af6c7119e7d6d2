/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subscriptions: a follower of the log, and the tracking record of a consumer.
 *
 *   INV1  The tracking record is never above `acknowledged` while an item is
 *         yielded that is not acknowledged; otherwise never above what the
 *         follower has examined.  So no item is lost (B5), and the record
 *         follows the log also if no item passes the filter (B4).
 *   INV2  After a failure of the store the round is repeated after a pause.
 *         After a code that no repetition can mend, the subscription stays
 *         failed, and returns that code for ever.
 */
#include <quipu/subscription.h>

#include <quipu/id.h>

#include "base/arena.h"
#include "base/cancellation.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/structs.h"
#include "consumer/follower.h"
#include "consumer/progress.h"
#include "consumer/tracker.h"
#include "mapper/mapper.h"
#include "store/store.h"
#include "store/topic_filter.h"

#define MILLISECOND INT64_C(1000000)

#define FLAGS (QUIPU_SUBSCRIPTION_FROM_NOW | QUIPU_SUBSCRIPTION_TO_NOW)

struct quipu_subscription {
    quipu_records *records;
    quipu_store *store; /* held; NULL: a subscription to records */
    struct quipu_stopper stopper;
    struct quipu_progress progress;
    struct quipu_follower follower;
    struct quipu_tracker tracker; /* without datastore: no consumer */
    quipu_arena arena;            /* the event that is lent */

    const quipu_item *item;      /* that is lent; or NULL */
    quipu_position acknowledged; /* INV1 */
    bool has_unacknowledged;

    uint32_t record_items;
    int64_t record_nanoseconds;
    uint32_t unrecorded;   /* acknowledgements since the last write */
    int64_t recorded_time; /* of the last write */

    uint32_t failures;   /* one after the other */
    quipu_error failure; /* INV2; code QUIPU_OK: none */
};

/* ---------------------------------------------------------------- opening */

static int check_options(const quipu_subscription_options *options,
                         quipu_error *error)
{
    const quipu_position *after = &options->after;
    bool has_after = after->notification_id != 0 ||
                     !quipu_uuid_is_nil(&after->store) ||
                     !quipu_uuid_is_nil(&after->event_id);

    if (options->flags & ~(uint32_t)FLAGS) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "options has an unknown flag");
    }
    if (has_after &&
        (options->consumer || (options->flags & QUIPU_SUBSCRIPTION_FROM_NOW))) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "options has `after` and %s; only one of them "
                               "can say where to begin",
                               options->consumer ? "a consumer"
                                                 : "the flag FROM_NOW");
    }
    if (!options->consumer && (options->tracking || options->log)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "options has `%s`, but no consumer",
                               options->tracking ? "tracking" : "log");
    }
    return QUIPU_OK;
}

/* Sets the position to begin behind, and the last one. */
static void set_beginning(quipu_subscription *subscription,
                          const quipu_subscription_options *options)
{
    struct quipu_follower *follower = &subscription->follower;

    follower->consumer = subscription->tracker.consumer;
    follower->examined =
        options->consumer ? subscription->tracker.recorded : options->after;
    if ((options->flags & QUIPU_SUBSCRIPTION_FROM_NOW) &&
        follower->examined.notification_id == 0) {
        follower->examined = follower->head;
    }
    if (options->flags & QUIPU_SUBSCRIPTION_TO_NOW) {
        follower->end = follower->head.notification_id;
    }
    subscription->acknowledged = follower->examined;
}

static int record(quipu_subscription *subscription, quipu_error *error);
static void show_position(quipu_subscription *subscription);

/* Of a store, the topics of the filter are those of event types, and include
 * their aliases. */
static int begin_follower(quipu_subscription *subscription,
                          const quipu_filter *filter, quipu_error *error)
{
    quipu_topic_filter with_aliases;
    int status;

    if (!subscription->store || !filter) {
        return quipu_follower_init(&subscription->follower,
                                   subscription->records, filter,
                                   &subscription->stopper, error);
    }
    status = quipu_topic_filter_init(&with_aliases, subscription->store->mapper,
                                     filter, error);
    if (status == QUIPU_OK) {
        status = quipu_follower_init(
            &subscription->follower, subscription->records,
            &with_aliases.filter, &subscription->stopper, error);
    }
    quipu_topic_filter_finish(&with_aliases);
    return status;
}

/* Initializes what needs the options; the rest is empty. */
static int begin(quipu_subscription *subscription,
                 const quipu_subscription_options *options, quipu_error *error)
{
    struct quipu_follower *follower = &subscription->follower;
    int status = begin_follower(subscription, options->filter, error);

    if (status == QUIPU_OK && options->consumer) {
        status = quipu_tracker_init(&subscription->tracker,
                                    subscription->records, options->tracking,
                                    options->consumer, options->log, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    set_beginning(subscription, options);
    status = quipu_follower_check(follower, error);
    /* With FROM_NOW the beginning must outlive the process. */
    return status == QUIPU_OK ? record(subscription, error) : status;
}

static void destroy(quipu_subscription *subscription)
{
    quipu_progress_finish(&subscription->progress);
    quipu_follower_finish(&subscription->follower);
    quipu_tracker_finish(&subscription->tracker);
    quipu_stopper_finish(&subscription->stopper);
    quipu_arena_finish(&subscription->arena);
    quipu_release(subscription);
}

static int create(quipu_records *records, quipu_store *store,
                  const quipu_subscription_options *options,
                  quipu_subscription **out, quipu_error *error)
{
    quipu_subscription *created = quipu_allocate_zeroed(sizeof(*created));

    if (!created) {
        return quipu_error_no_memory(error);
    }
    int status = quipu_stopper_init(&created->stopper, error);

    if (status != QUIPU_OK) {
        quipu_release(created);
        return status;
    }
    status = quipu_progress_init(&created->progress, error);
    if (status != QUIPU_OK) {
        quipu_stopper_finish(&created->stopper);
        quipu_release(created);
        return status;
    }
    created->records = records;
    created->store = store;
    quipu_arena_init(&created->arena);
    created->record_items =
        options->record_items > 0 ? options->record_items : 1;
    created->record_nanoseconds =
        MILLISECOND * (options->record_milliseconds > 0
                           ? options->record_milliseconds
                           : 1000);
    created->recorded_time = quipu_clock_now();
    status = begin(created, options, error);
    if (status != QUIPU_OK) {
        destroy(created);
        return status;
    }
    atomic_fetch_add(&records->children, 1);
    if (created->tracker.datastore) {
        atomic_fetch_add(&created->tracker.datastore->children, 1);
    }
    if (store) {
        quipu_store_hold(store);
    }
    show_position(created);
    quipu_progress_publish(&created->progress, QUIPU_OPERATION_READ, records,
                           created->tracker.consumer, created->tracker.log);
    *out = created;
    return QUIPU_OK;
}

static int subscribe(quipu_records *records, quipu_store *store,
                     const quipu_subscription_options *given,
                     quipu_subscription **subscription, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    quipu_subscription_options options = { .struct_size = sizeof(options) };
    int status = quipu_records_enter(records, error);

    if (status == QUIPU_OK && given) {
        status = quipu_struct_take(&options, sizeof(options), given, "options",
                                   error);
    }
    if (status == QUIPU_OK) {
        status = check_options(&options, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (!subscription) {
        return quipu_argument_missing("subscription", error);
    }
    return create(records, store, &options, subscription, error);
}

int quipu_subscription_open(quipu_records *records,
                            const quipu_subscription_options *options,
                            quipu_subscription **subscription,
                            quipu_error *error)
{
    return subscribe(records, NULL, options, subscription, error);
}

int quipu_subscription_open_events(quipu_store *store,
                                   const quipu_subscription_options *options,
                                   quipu_subscription **subscription,
                                   quipu_error *error)
{
    if (!store) {
        return quipu_argument_missing("store", error);
    }
    return subscribe(quipu_store_records(store), store, options, subscription,
                     error);
}

/* -------------------------------------------------------------- the record */

/* The position that the tracking record may have (INV1). */
static const quipu_position *settled(const quipu_subscription *subscription)
{
    return subscription->has_unacknowledged ? &subscription->acknowledged
                                            : &subscription->follower.examined;
}

static void show_position(quipu_subscription *subscription)
{
    quipu_progress_position(&subscription->progress,
                            settled(subscription)->notification_id,
                            subscription->follower.head.notification_id);
}

static bool can_record(const quipu_subscription *subscription)
{
    return subscription->tracker.datastore &&
           settled(subscription)->notification_id >
               subscription->tracker.recorded.notification_id;
}

/* Writes the tracking record if it can be higher than it is. */
static int record(quipu_subscription *subscription, quipu_error *error)
{
    struct quipu_tracker *tracker = &subscription->tracker;
    quipu_position position = *settled(subscription);

    if (!can_record(subscription)) {
        subscription->unrecorded = 0;
        return QUIPU_OK;
    }
    int status =
        quipu_follower_complete(&subscription->follower, &position, error);

    if (status == QUIPU_OK) {
        status = quipu_tracker_write(tracker, &position, error);
    }
    if (status == QUIPU_OK) {
        subscription->unrecorded = 0;
        subscription->recorded_time = quipu_clock_now();
        quipu_progress_recorded(&subscription->progress);
    }
    return status;
}

static int64_t record_deadline(const quipu_subscription *subscription)
{
    return subscription->recorded_time + subscription->record_nanoseconds;
}

static int record_if_due(quipu_subscription *subscription, quipu_error *error)
{
    bool due = subscription->unrecorded >= subscription->record_items ||
               quipu_clock_left(record_deadline(subscription)) == 0;

    return due ? record(subscription, error) : QUIPU_OK;
}

/* --------------------------------------------------------------- failures */

/* Deals with a failure: returns OK after a pause if the round can be repeated,
 * otherwise the status. */
static int handle(quipu_subscription *subscription, const quipu_error *cause,
                  int64_t deadline, quipu_error *error)
{
    quipu_follower_reset(&subscription->follower);
    subscription->item = NULL;
    if (!quipu_status_is_transient(cause->code)) {
        subscription->failure = *cause;
        quipu_progress_failed(&subscription->progress, QUIPU_CONSUMER_FAILED,
                              cause);
        if (error) {
            *error = *cause;
        }
        return cause->code;
    }
    quipu_progress_failed(&subscription->progress, QUIPU_CONSUMER_RETRYING,
                          cause);
    quipu_stopper_back_off(&subscription->stopper, ++subscription->failures,
                           deadline);
    if (quipu_clock_left(deadline) > 0 ||
        quipu_stopper_is_requested(&subscription->stopper)) {
        return QUIPU_OK;
    }
    if (error) {
        *error = *cause;
    }
    return cause->code;
}

/* ------------------------------------------------------------------- next */

/* At the head: writes the record, or waits until that is due. */
static int idle(quipu_subscription *subscription, int64_t deadline,
                quipu_error *error)
{
    int64_t due = record_deadline(subscription);
    int status;

    quipu_progress_state(&subscription->progress, QUIPU_CONSUMER_LIVE);
    status = subscription->unrecorded > 0 ? record(subscription, error)
                                          : record_if_due(subscription, error);
    if (status != QUIPU_OK ||
        quipu_follower_is_at_end(&subscription->follower)) {
        return status;
    }
    if (can_record(subscription) && due < deadline) {
        deadline = due;
    }
    return quipu_follower_wait(&subscription->follower, deadline, error);
}

static void note_yielded(quipu_subscription *subscription)
{
    if (!subscription->has_unacknowledged) {
        subscription->has_unacknowledged = true;
        quipu_progress_oldest(&subscription->progress, subscription->item);
    }
    quipu_progress_yielded(&subscription->progress, 1);
}

/* Whether the item is of a topic that the store's mapping retires. */
static bool passes_over(const quipu_subscription *subscription)
{
    return subscription->store &&
           quipu_mapper_passes_over(subscription->store->mapper,
                                    subscription->item);
}

/* Sets subscription->item if there is one. */
static int round_once(quipu_subscription *subscription, int64_t deadline,
                      quipu_error *error)
{
    struct quipu_follower *follower = &subscription->follower;
    int status;

    do {
        status = quipu_follower_read(follower, &subscription->item, error);
    } while (status == QUIPU_OK && subscription->item &&
             passes_over(subscription));
    if (status != QUIPU_OK) {
        return status;
    }
    subscription->failures = 0;
    if (subscription->item) {
        note_yielded(subscription);
    }
    show_position(subscription);
    if (subscription->item) {
        return QUIPU_OK;
    }
    return quipu_follower_is_at_head(follower) ||
                   quipu_follower_is_at_end(follower)
               ? idle(subscription, deadline, error)
               : record_if_due(subscription, error);
}

static int time_out(const quipu_subscription *subscription, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_TIMEOUT,
                           "the log of \"%s\" had no further item for the "
                           "subscription before the deadline",
                           subscription->records->schema->table);
}

static int next(quipu_subscription *subscription, int64_t deadline,
                quipu_error *error)
{
    for (;;) {
        quipu_error cause;
        int status;

        if (quipu_stopper_is_requested(&subscription->stopper)) {
            quipu_follower_reset(&subscription->follower);
            quipu_progress_state(&subscription->progress,
                                 QUIPU_CONSUMER_STOPPED);
            return QUIPU_OK;
        }
        quipu_status_begin(&cause);
        status = round_once(subscription, deadline, &cause);
        if (status != QUIPU_OK) {
            cause.code = status;
            status = handle(subscription, &cause, deadline, error);
        }
        if (status != QUIPU_OK || subscription->item ||
            quipu_follower_is_at_end(&subscription->follower)) {
            return status;
        }
        if (quipu_clock_left(deadline) == 0) {
            return time_out(subscription, error);
        }
    }
}

int quipu_subscription_next(quipu_subscription *subscription,
                            const quipu_item **item, int64_t milliseconds,
                            quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    if (!subscription || !item) {
        return quipu_argument_missing(subscription ? "item" : "subscription",
                                      error);
    }
    int status = quipu_records_enter(subscription->records, error);

    if (status != QUIPU_OK) {
        return status;
    }
    *item = NULL;
    subscription->item = NULL;
    if (subscription->failure.code != QUIPU_OK) {
        if (error) {
            *error = subscription->failure;
        }
        return subscription->failure.code;
    }
    status = next(subscription, quipu_clock_deadline(milliseconds), error);
    if (status == QUIPU_OK) {
        *item = subscription->item;
    }
    return status;
}

int quipu_subscription_event(quipu_subscription *subscription,
                             const quipu_event **event, quipu_error *error)
{
    quipu_event *decoded = NULL;

    if (!subscription || !event) {
        return quipu_argument_missing(subscription ? "event" : "subscription",
                                      error);
    }
    *event = NULL;
    if (!subscription->store || !subscription->item) {
        return quipu_error_set(error, QUIPU_INVALID,
                               subscription->store
                                   ? "there is no item that was yielded"
                                   : "the subscription is to records, which "
                                     "have no events; subscribe to a store");
    }
    quipu_arena_reset(&subscription->arena);
    int status =
        quipu_mapper_decode(subscription->store->mapper, subscription->item,
                            &subscription->arena, &decoded, error);

    if (status == QUIPU_OK) {
        *event = decoded;
    }
    return status;
}

/* -------------------------------------------------------- acknowledgements */

int quipu_subscription_acknowledge(quipu_subscription *subscription,
                                   quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    quipu_error cause;

    if (!subscription) {
        return quipu_argument_missing("subscription", error);
    }
    int status = quipu_records_enter(subscription->records, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!subscription->has_unacknowledged) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "there is no item to acknowledge");
    }
    subscription->acknowledged = subscription->follower.examined;
    subscription->has_unacknowledged = false;
    subscription->unrecorded++;
    quipu_progress_oldest(&subscription->progress, NULL);
    show_position(subscription);
    quipu_status_begin(&cause);
    status = record_if_due(subscription, &cause);
    if (status != QUIPU_OK && quipu_status_is_transient(status)) {
        cause.code = status;
        quipu_progress_failed(&subscription->progress, QUIPU_CONSUMER_RETRYING,
                              &cause);
        return QUIPU_OK;
    }
    return status == QUIPU_OK ? status : handle(subscription, &cause, 0, error);
}

int quipu_subscription_position(quipu_subscription *subscription,
                                quipu_position *position, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    if (!subscription || !position) {
        return quipu_argument_missing(
            subscription ? "position" : "subscription", error);
    }
    quipu_position found = *settled(subscription);
    int status =
        quipu_follower_complete(&subscription->follower, &found, error);

    if (status == QUIPU_OK) {
        *position = found;
    }
    return status;
}

/* ------------------------------------------------------ stopping, closing */

void quipu_subscription_stop(quipu_subscription *subscription)
{
    QUIPU_UNCANCELLABLE;
    if (subscription) {
        quipu_stopper_stop(&subscription->stopper,
                           subscription->records->datastore);
    }
}

void quipu_subscription_request_stop(quipu_subscription *subscription)
{
    if (subscription) {
        quipu_stopper_request(&subscription->stopper);
    }
}

int quipu_subscription_status(quipu_subscription *subscription,
                              quipu_consumer_status *status, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    if (!subscription) {
        return quipu_argument_missing("subscription", error);
    }
    return quipu_progress_read(&subscription->progress, status, error);
}

int quipu_subscription_close(quipu_subscription *subscription,
                             quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    if (!subscription) {
        return QUIPU_OK;
    }
    int status = quipu_records_enter(subscription->records, error);

    if (status != QUIPU_OK) {
        return status; /* in a child of fork nothing may be freed */
    }
    quipu_follower_reset(&subscription->follower);
    if (subscription->failure.code == QUIPU_OK) {
        status = record(subscription, error);
    }
    atomic_fetch_sub(&subscription->records->children, 1);
    if (subscription->tracker.datastore) {
        atomic_fetch_sub(&subscription->tracker.datastore->children, 1);
    }
    if (subscription->store) {
        quipu_store_release(subscription->store);
    }
    destroy(subscription);
    return status;
}
