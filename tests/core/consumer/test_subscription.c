/* SPDX-License-Identifier: Apache-2.0 */
/* Tests subscriptions in a store that does not fail. */
#include "consumer_fixture.h"

#include <pthread.h>

static quipu_error error;

static quipu_subscription *subscribe(struct opened_log *log,
                                     quipu_subscription_options options)
{
    quipu_subscription *subscription = NULL;

    options.struct_size = sizeof(options);
    assert_ok(quipu_subscription_open_events(log->store, &options,
                                             &subscription, &error),
              &error);
    return subscription;
}

static void refuse(struct opened_log *log, quipu_subscription_options options,
                   int status, const char *words)
{
    quipu_subscription *subscription = NULL;

    options.struct_size = sizeof(options);
    assert_refused(quipu_subscription_open_events(log->store, &options,
                                                  &subscription, &error),
                   status, &error, words);
    assert_null(subscription);
}

/* Takes the next item, which must be that one; 0: there is none. */
static void take(quipu_subscription *subscription, int64_t id)
{
    const quipu_item *item = NULL;
    int status = quipu_subscription_next(subscription, &item, 0, &error);

    if (id == 0) {
        assert_int_equal(status, QUIPU_TIMEOUT);
        assert_null(item);
        return;
    }
    assert_ok(status, &error);
    assert_non_null(item);
    assert_int_equal(item->notification_id, id);
}

static void acknowledge(quipu_subscription *subscription)
{
    assert_ok(quipu_subscription_acknowledge(subscription, &error), &error);
}

static int64_t position_of(quipu_subscription *subscription)
{
    quipu_position position;

    assert_ok(quipu_subscription_position(subscription, &position, &error),
              &error);
    return position.notification_id;
}

static void close_subscription(quipu_subscription *subscription)
{
    assert_ok(quipu_subscription_close(subscription, &error), &error);
}

/* ------------------------------------------------------------------- items */

static void items_come_in_order_each_once(void **state)
{
    struct opened_log log;
    (void)state;

    open_log(&log, NULL);
    quipu_subscription *subscription =
        subscribe(&log, (quipu_subscription_options){ .flags = 0 });

    take(subscription, 0);
    for (int round = 0; round < 3; round++) {
        int64_t first = log.stored + 1;

        add_events(&log, 700);
        for (int64_t id = first; id <= log.stored; id++) {
            take(subscription, id);
        }
        take(subscription, 0);
    }
    close_subscription(subscription);
    close_log(&log);
}

static void only_items_that_pass_are_yielded(void **state)
{
    struct opened_log log;
    const quipu_bytes prefix = quipu_bytes_of_text("b-");
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .prefixes = &prefix,
                                  .prefix_count = 1 };
    (void)state;

    open_log(&log, NULL);
    add_events(&log, 21);
    quipu_subscription *subscription =
        subscribe(&log, (quipu_subscription_options){ .filter = &filter });

    for (int64_t id = 2; id <= 20; id += 2) {
        take(subscription, id);
        assert_int_equal(position_of(subscription), id == 2 ? 0 : id - 2);
        acknowledge(subscription);
        assert_int_equal(position_of(subscription), id);
    }
    take(subscription, 0);
    assert_int_equal(position_of(subscription), 21);
    close_subscription(subscription);
    close_log(&log);
}

static void events_are_decoded(void **state)
{
    struct opened_log log;
    const quipu_event *event = NULL;
    (void)state;

    open_log(&log, NULL);
    add_events(&log, 1);
    add_item(&log, "x", "Unknown");
    add_events(&log, 1);
    quipu_subscription *subscription =
        subscribe(&log, (quipu_subscription_options){ .flags = 0 });

    assert_refused(quipu_subscription_event(subscription, &event, &error),
                   QUIPU_INVALID, &error, "no item");
    take(subscription, 1);
    assert_ok(quipu_subscription_event(subscription, &event, &error), &error);
    assert_int_equal(((const struct credited *)(const void *)event)->cents, 0);
    take(subscription, 2);
    assert_status(quipu_subscription_event(subscription, &event, &error),
                  QUIPU_NOT_FOUND);
    take(subscription, 3);
    assert_ok(quipu_subscription_event(subscription, &event, &error), &error);
    assert_int_equal(((const struct credited *)(const void *)event)->cents, 2);
    close_subscription(subscription);

    assert_ok(quipu_subscription_open(log.records, NULL, &subscription, &error),
              &error);
    take(subscription, 1);
    assert_refused(quipu_subscription_event(subscription, &event, &error),
                   QUIPU_INVALID, &error, "subscribe to a store");
    close_subscription(subscription);
    close_log(&log);
}

/* --------------------------------------------------------------- beginning */

static void consumer_continues_behind_its_record(void **state)
{
    struct opened_log log;
    const quipu_subscription_options options = { .consumer = "mailer" };
    (void)state;

    open_log(&log, NULL);
    add_events(&log, 5);
    quipu_subscription *subscription = subscribe(&log, options);

    take(subscription, 1);
    acknowledge(subscription);
    take(subscription, 2);
    acknowledge(subscription);
    take(subscription, 3);
    close_subscription(subscription);
    assert_int_equal(tracked(log.datastore, "mailer"), 2);

    subscription = subscribe(&log, options);
    take(subscription, 3);
    close_subscription(subscription);
    close_log(&log);
}

static void from_now_begins_behind_the_head_for_ever(void **state)
{
    struct opened_log log;
    const quipu_subscription_options options = {
        .consumer = "mailer", .flags = QUIPU_SUBSCRIPTION_FROM_NOW
    };
    (void)state;

    open_log(&log, NULL);
    add_events(&log, 5);
    close_subscription(subscribe(&log, options));
    assert_int_equal(tracked(log.datastore, "mailer"), 5);
    add_events(&log, 2);
    quipu_subscription *subscription = subscribe(&log, options);

    take(subscription, 6);
    take(subscription, 7);
    take(subscription, 0);
    close_subscription(subscription);
    close_log(&log);
}

static void to_now_ends_at_the_head(void **state)
{
    struct opened_log log;
    const quipu_item *item = NULL;
    (void)state;

    open_log(&log, NULL);
    add_events(&log, 2);
    quipu_subscription *subscription = subscribe(
        &log,
        (quipu_subscription_options){ .flags = QUIPU_SUBSCRIPTION_TO_NOW });

    add_events(&log, 3);
    take(subscription, 1);
    take(subscription, 2);
    acknowledge(subscription);
    for (int i = 0; i < 2; i++) {
        assert_ok(quipu_subscription_next(subscription, &item, -1, &error),
                  &error);
        assert_null(item);
    }
    assert_int_equal(position_of(subscription), 2);
    close_subscription(subscription);
    close_log(&log);
}

static void position_kept_elsewhere_is_continued(void **state)
{
    struct opened_log log;
    quipu_position kept;
    (void)state;

    open_log(&log, NULL);
    add_events(&log, 5);
    quipu_subscription *subscription =
        subscribe(&log, (quipu_subscription_options){ .flags = 0 });

    take(subscription, 1);
    take(subscription, 2);
    acknowledge(subscription);
    assert_ok(quipu_subscription_position(subscription, &kept, &error), &error);
    close_subscription(subscription);
    assert_false(quipu_uuid_is_nil(&kept.event_id));
    assert_false(quipu_uuid_is_nil(&kept.store));
    subscription =
        subscribe(&log, (quipu_subscription_options){ .after = kept });
    take(subscription, 3);
    close_subscription(subscription);

    kept.event_id.bytes[3] ^= 1;
    refuse(&log, (quipu_subscription_options){ .after = kept }, QUIPU_CONFLICT,
           "item 2 is another event");
    kept.event_id.bytes[3] ^= 1;
    kept.store.bytes[3] ^= 1;
    refuse(&log, (quipu_subscription_options){ .after = kept }, QUIPU_CONFLICT,
           "another store");
    kept = (quipu_position){ .notification_id = 6 };
    refuse(&log, (quipu_subscription_options){ .after = kept }, QUIPU_CONFLICT,
           "ends at notification 5");
    close_log(&log);
}

static void record_beyond_the_log_is_a_conflict(void **state)
{
    struct opened_log log;
    (void)state;

    open_log(&log, NULL);
    add_events(&log, 300);
    set_tracked(&log, "mailer", 500);
    refuse(&log, (quipu_subscription_options){ .consumer = "mailer" },
           QUIPU_CONFLICT,
           "ends at notification 300, but consumer \"mailer\" has processed it "
           "up to 500");
    close_log(&log);
}

/* -------------------------------------------------------------- the record */

static void record_is_written_after_the_number_of_items(void **state)
{
    struct opened_log log;
    (void)state;

    open_log(&log, NULL);
    add_events(&log, 5);
    quipu_subscription *subscription = subscribe(
        &log, (quipu_subscription_options){ .consumer = "mailer",
                                            .record_items = 3,
                                            .record_milliseconds = 1000000 });

    for (int64_t id = 1; id <= 5; id++) {
        take(subscription, id);
        acknowledge(subscription);
        assert_int_equal(tracked(log.datastore, "mailer"), id < 3 ? 0 : 3);
    }
    /* At the head of the log it is written at once. */
    take(subscription, 0);
    assert_int_equal(tracked(log.datastore, "mailer"), 5);
    close_subscription(subscription);
    close_log(&log);
}

static void record_follows_a_log_without_matches(void **state)
{
    struct opened_log log;
    const quipu_bytes topic = quipu_bytes_of_text("Closed");
    const quipu_match match = { .topics = &topic, .topic_count = 1 };
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .matches = &match,
                                  .match_count = 1 };
    const quipu_item *item;
    (void)state;

    open_log(&log, NULL);
    add_events(&log, 2000);
    quipu_subscription *subscription = subscribe(
        &log, (quipu_subscription_options){ .consumer = "mailer",
                                            .filter = &filter,
                                            .record_milliseconds = 1 });
    /* The wait ends when the record is due. */
    while (tracked(log.datastore, "mailer") < log.stored) {
        assert_status(quipu_subscription_next(subscription, &item, 5, &error),
                      QUIPU_TIMEOUT);
    }
    close_subscription(subscription);
    close_log(&log);
}

static void record_never_passes_what_was_not_examined(void **state)
{
    struct opened_log log;
    const quipu_bytes topic = quipu_bytes_of_text("Closed");
    const quipu_match match = { .topics = &topic, .topic_count = 1 };
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .matches = &match,
                                  .match_count = 1 };
    const quipu_item *item = NULL;
    int status = QUIPU_TIMEOUT;
    int timeouts = 0;
    (void)state;

    open_log(&log, NULL);
    add_events(&log, 4000);
    add_item(&log, "x", "Closed");
    add_events(&log, 1000);
    quipu_subscription *subscription = subscribe(
        &log, (quipu_subscription_options){ .consumer = "mailer",
                                            .filter = &filter,
                                            .record_milliseconds = 1 });

    while (status == QUIPU_TIMEOUT) {
        usleep(1100); /* so that the record is due */
        status = quipu_subscription_next(subscription, &item, 0, &error);
        timeouts += status == QUIPU_TIMEOUT;
        assert_true(tracked(log.datastore, "mailer") <= 4000);
    }
    assert_ok(status, &error);
    assert_int_equal(item->notification_id, 4001);
    assert_true(timeouts > 0);
    close_subscription(subscription);
    assert_true(tracked(log.datastore, "mailer") <= 4000);
    close_log(&log);
}

static void record_never_passes_an_item_that_is_not_acknowledged(void **state)
{
    struct opened_log log;
    (void)state;

    open_log(&log, NULL);
    add_events(&log, 4);
    quipu_subscription *subscription =
        subscribe(&log, (quipu_subscription_options){
                            .consumer = "mailer", .record_milliseconds = 1 });

    take(subscription, 1);
    acknowledge(subscription);
    take(subscription, 2);
    take(subscription, 3);
    take(subscription, 4);
    take(subscription, 0);
    assert_int_equal(tracked(log.datastore, "mailer"), 1);
    acknowledge(subscription); /* all four */
    take(subscription, 0);
    assert_int_equal(tracked(log.datastore, "mailer"), 4);
    assert_refused(quipu_subscription_acknowledge(subscription, &error),
                   QUIPU_INVALID, &error, "no item");
    close_subscription(subscription);
    close_log(&log);
}

static void record_of_another_process_is_a_conflict(void **state)
{
    struct opened_log log;
    const quipu_item *item;
    (void)state;

    open_log(&log, NULL);
    add_events(&log, 4);
    quipu_subscription *subscription =
        subscribe(&log, (quipu_subscription_options){ .consumer = "mailer" });

    take(subscription, 1);
    set_tracked(&log, "mailer", 3);
    assert_refused(quipu_subscription_acknowledge(subscription, &error),
                   QUIPU_CONFLICT, &error, "it is at 3");
    assert_refused(quipu_subscription_next(subscription, &item, 0, &error),
                   QUIPU_CONFLICT, &error, "it is at 3");
    assert_int_equal(tracked(log.datastore, "mailer"), 3);
    close_subscription(subscription);
    close_log(&log);
}

static void record_may_be_in_another_datastore(void **state)
{
    struct opened_log log;
    quipu_datastore *other;
    (void)state;

    open_log(&log, NULL);
    add_events(&log, 4);
    assert_ok(quipu_datastore_open("interposed:", NULL, &other, &error),
              &error);
    quipu_subscription *subscription =
        subscribe(&log, (quipu_subscription_options){ .consumer = "mailer",
                                                      .log = "stored_events",
                                                      .tracking = other });

    take(subscription, 1);
    acknowledge(subscription);
    assert_status(quipu_datastore_close(other, &error), QUIPU_INVALID);
    close_subscription(subscription);
    assert_int_equal(tracked(other, "mailer"), 1);
    assert_int_equal(tracked(log.datastore, "mailer"), 0);
    assert_ok(quipu_datastore_close(other, &error), &error);
    close_log(&log);
}

/* ---------------------------------------------------------------- stopping */

static void *run_next(void *context)
{
    const quipu_item *item;

    assert_ok(quipu_subscription_next(context, &item, -1, NULL), NULL);
    assert_null(item);
    return NULL;
}

static void waiting_call_is_stopped(void **state)
{
    struct opened_log log;
    pthread_t thread;
    const quipu_item *item;
    (void)state;

    for (int i = 0; i < 40; i++) {
        open_log(&log, NULL);
        quipu_subscription *subscription =
            subscribe(&log, (quipu_subscription_options){ .flags = 0 });

        assert_int_equal(pthread_create(&thread, NULL, run_next, subscription),
                         0);
        while (i % 2 == 0 && !atomic_load(&interposed.is_in_wait)) {
        }
        if (i < 38) {
            quipu_subscription_stop(subscription);
        } else {
            quipu_subscription_request_stop(subscription);
        }
        assert_int_equal(pthread_join(thread, NULL), 0);
        add_events(&log, 1);
        assert_ok(quipu_subscription_next(subscription, &item, -1, &error),
                  &error);
        assert_null(item);
        close_subscription(subscription);
        close_log(&log);
    }
}

/* ------------------------------------------------------------- monitoring */

static void status_tells_the_progress(void **state)
{
    struct opened_log log;
    quipu_consumer_status status = { .struct_size = sizeof(status) };
    (void)state;

    open_log(&log, NULL);
    add_events(&log, 4);
    quipu_subscription *subscription =
        subscribe(&log, (quipu_subscription_options){ .consumer = "mailer" });

    take(subscription, 1);
    assert_ok(quipu_subscription_status(subscription, &status, &error), &error);
    assert_int_equal(status.state, QUIPU_CONSUMER_CATCHING_UP);
    assert_int_equal(status.position, 0);
    assert_int_equal(status.head, 4);
    assert_int_equal(status.behind, 4);
    assert_true(status.behind_microseconds >= 0);
    for (int64_t id = 2; id <= 4; id++) {
        take(subscription, id);
        acknowledge(subscription);
    }
    take(subscription, 0);
    assert_ok(quipu_subscription_status(subscription, &status, &error), &error);
    assert_int_equal(status.state, QUIPU_CONSUMER_LIVE);
    assert_int_equal(status.position, 4);
    assert_int_equal(status.behind, 0);
    assert_int_equal(status.behind_microseconds, 0);
    assert_int_equal(status.yielded, 4);
    assert_int_equal(status.recorded, 3);
    assert_int_equal(status.retries, 0);
    close_subscription(subscription);
    close_log(&log);
}

struct waiter {
    quipu_datastore *datastore;
    int status;
};

static void *wait_for_record(void *context)
{
    struct waiter *waiter = context;

    waiter->status = quipu_tracking_wait(waiter->datastore, "mailer",
                                         "stored_events", 2, -1, NULL);
    return NULL;
}

static void tracking_record_is_waited_for(void **state)
{
    struct opened_log log;
    pthread_t thread;
    (void)state;

    open_log(&log, NULL);
    add_events(&log, 2);
    struct waiter waiter = { .datastore = log.datastore, .status = -1 };

    assert_refused(quipu_tracking_wait(log.datastore, "mailer", "stored_events",
                                       1, 0, &error),
                   QUIPU_TIMEOUT, &error, "mailer");
    assert_int_equal(pthread_create(&thread, NULL, wait_for_record, &waiter),
                     0);
    set_tracked(&log, "mailer", 1);
    set_tracked(&log, "mailer", 2);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(waiter.status, QUIPU_OK);
    close_log(&log);
}

/* ---------------------------------------------------------------- mistakes */

static void wrong_options_are_refused(void **state)
{
    struct opened_log log;
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .partition_count = 65,
                                  .partitions = 1 };
    quipu_subscription_options options = { .flags = 4 };
    char longest[300];
    (void)state;

    open_log(&log, NULL);
    refuse(&log, options, QUIPU_INVALID, "unknown flag");
    options = (quipu_subscription_options){ .consumer = "" };
    refuse(&log, options, QUIPU_INVALID, "consumer is empty");
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    options = (quipu_subscription_options){ .consumer = longest };
    refuse(&log, options, QUIPU_INVALID, "longer than 255 bytes");
    options = (quipu_subscription_options){ .consumer = "mailer", .log = "" };
    refuse(&log, options, QUIPU_INVALID, "log is empty");
    options = (quipu_subscription_options){ .consumer = "mailer",
                                            .after = { .notification_id = 1 } };
    refuse(&log, options, QUIPU_INVALID, "`after` and a consumer");
    options =
        (quipu_subscription_options){ .flags = QUIPU_SUBSCRIPTION_FROM_NOW,
                                      .after = { .notification_id = 1 } };
    refuse(&log, options, QUIPU_INVALID, "`after` and the flag FROM_NOW");
    options =
        (quipu_subscription_options){ .after = { .notification_id = -1 } };
    refuse(&log, options, QUIPU_INVALID, "below 0");
    options = (quipu_subscription_options){ .log = "stored_events" };
    refuse(&log, options, QUIPU_INVALID, "no consumer");
    options = (quipu_subscription_options){ .filter = &filter };
    refuse(&log, options, QUIPU_INVALID, "partition_count is above 64");
    close_log(&log);
}

static void null_arguments_are_refused(void **state)
{
    struct opened_log log;
    const quipu_item *item;
    quipu_position position;
    quipu_subscription *subscription;
    (void)state;

    open_log(&log, NULL);
    assert_status(
        quipu_subscription_open_events(NULL, NULL, &subscription, &error),
        QUIPU_INVALID);
    assert_status(quipu_subscription_open(NULL, NULL, &subscription, &error),
                  QUIPU_INVALID);
    assert_status(quipu_subscription_open_events(log.store, NULL, NULL, &error),
                  QUIPU_INVALID);
    subscription = subscribe(&log, (quipu_subscription_options){ .flags = 0 });
    assert_status(quipu_subscription_next(NULL, &item, 0, &error),
                  QUIPU_INVALID);
    assert_status(quipu_subscription_next(subscription, NULL, 0, &error),
                  QUIPU_INVALID);
    assert_status(quipu_subscription_event(subscription, NULL, &error),
                  QUIPU_INVALID);
    assert_status(quipu_subscription_acknowledge(NULL, &error), QUIPU_INVALID);
    assert_status(quipu_subscription_position(NULL, &position, &error),
                  QUIPU_INVALID);
    assert_status(quipu_subscription_position(subscription, NULL, &error),
                  QUIPU_INVALID);
    assert_status(quipu_subscription_status(subscription, NULL, &error),
                  QUIPU_INVALID);
    quipu_subscription_stop(NULL);
    quipu_subscription_request_stop(NULL);
    assert_ok(quipu_subscription_close(NULL, &error), &error);
    /* The store stays open while something follows it. */
    assert_status(quipu_store_close(log.store, &error), QUIPU_INVALID);
    close_subscription(subscription);
    close_log(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_in_order_each_once),
        cmocka_unit_test(only_items_that_pass_are_yielded),
        cmocka_unit_test(events_are_decoded),
        cmocka_unit_test(consumer_continues_behind_its_record),
        cmocka_unit_test(from_now_begins_behind_the_head_for_ever),
        cmocka_unit_test(to_now_ends_at_the_head),
        cmocka_unit_test(position_kept_elsewhere_is_continued),
        cmocka_unit_test(record_beyond_the_log_is_a_conflict),
        cmocka_unit_test(record_is_written_after_the_number_of_items),
        cmocka_unit_test(record_follows_a_log_without_matches),
        cmocka_unit_test(record_never_passes_what_was_not_examined),
        cmocka_unit_test(record_never_passes_an_item_that_is_not_acknowledged),
        cmocka_unit_test(record_of_another_process_is_a_conflict),
        cmocka_unit_test(record_may_be_in_another_datastore),
        cmocka_unit_test(waiting_call_is_stopped),
        cmocka_unit_test(status_tells_the_progress),
        cmocka_unit_test(tracking_record_is_waited_for),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(null_arguments_are_refused),
    };

    return cmocka_run_group_tests(tests, add_interposed_memory, NULL);
}
