/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the reset of consumers, alone and beside subscriptions and projections
 * that run. */
#include "listing_fixture.h"

static quipu_error error;

static quipu_subscription *subscribe(struct opened_log *log, const char *name)
{
    const quipu_subscription_options options = { .struct_size = sizeof(options),
                                                 .consumer = name };
    quipu_subscription *subscription;

    assert_ok(
        quipu_subscription_open(log->records, &options, &subscription, &error),
        &error);
    return subscription;
}

/* Takes and acknowledges items; returns the status of the first failure. */
static int take(quipu_subscription *subscription, int count)
{
    const quipu_item *item;
    int status = QUIPU_OK;

    while (status == QUIPU_OK && count-- > 0) {
        status = quipu_subscription_next(subscription, &item, 0, &error);
        if (status == QUIPU_OK) {
            status = quipu_subscription_acknowledge(subscription, &error);
        }
    }
    return status;
}

static void reset_moves_the_record(void **state)
{
    const int64_t targets[] = { 1, 4, 4, 0, 0, 5 };
    struct opened_log log;
    (void)state;

    open_log(&log, "reset.db");
    add_events(&log, 5);
    quipu_subscription *subscription = subscribe(&log, "mailer");

    assert_ok(take(subscription, 3), &error);
    assert_ok(quipu_subscription_close(subscription, &error), &error);
    struct listed found = find_consumer(&log, "mailer");
    const quipu_consumer *consumer = listed_consumer(&found);

    for (size_t i = 0; i < 6; i++) {
        assert_ok(quipu_consumer_reset(log.datastore, NULL, consumer,
                                       targets[i], &error),
                  &error);
        assert_int_equal(tracked(log.datastore, "mailer"), targets[i]);
        found.consumer.position.notification_id = targets[i];
    }
    /* The record names store and event, so that B6 holds for it. */
    found = find_consumer(&log, "mailer");
    assert_false(quipu_uuid_is_nil(&found.consumer.position.store));
    assert_false(quipu_uuid_is_nil(&found.consumer.position.event_id));
    assert_ok(quipu_consumer_reset(log.datastore, log.datastore,
                                   listed_consumer(&found), 2, &error),
              &error);
    subscription = subscribe(&log, "mailer");
    const quipu_item *item;

    assert_ok(quipu_subscription_next(subscription, &item, 0, &error), &error);
    assert_int_equal(item->notification_id, 3);
    assert_ok(quipu_subscription_close(subscription, &error), &error);
    close_log(&log);
}

/* A record that has moved since the listing is not overwritten. */
static void reset_expects_the_listed_record(void **state)
{
    struct opened_log log;
    (void)state;

    open_log(&log, "moved.db");
    add_events(&log, 5);
    set_tracked(&log, "mailer", 2);
    struct listed found = find_consumer(&log, "mailer");

    set_tracked(&log, "mailer", 3);
    assert_refused(quipu_consumer_reset(log.datastore, NULL,
                                        listed_consumer(&found), 1, &error),
                   QUIPU_CONFLICT, &error,
                   "expected at notification 2, but it is at 3");
    assert_refused(
        quipu_consumer_remove(log.datastore, listed_consumer(&found), &error),
        QUIPU_CONFLICT, &error, "expected at notification 2, but it is at 3");
    assert_int_equal(tracked(log.datastore, "mailer"), 3);
    /* A consumer without a record, that has one now. */
    found.consumer.position.notification_id = 0;
    assert_refused(quipu_consumer_reset(log.datastore, NULL,
                                        listed_consumer(&found), 1, &error),
                   QUIPU_CONFLICT, &error,
                   "expected at notification 0, but it is at 3");
    close_log(&log);
}

static void running_subscription_notices_a_reset(void **state)
{
    const int64_t targets[] = { 1, 0, 4 };
    (void)state;

    for (size_t i = 0; i < 3; i++) {
        struct opened_log log;
        char name[32];

        (void)snprintf(name, sizeof(name), "running-%zu.db", i);
        open_log(&log, name);
        add_events(&log, 8);
        quipu_subscription *subscription = subscribe(&log, "mailer");

        assert_ok(take(subscription, 3), &error);
        struct listed found = find_consumer(&log, "mailer");

        assert_ok(quipu_consumer_reset(log.datastore, NULL,
                                       listed_consumer(&found), targets[i],
                                       &error),
                  &error);
        assert_refused(take(subscription, 1), QUIPU_CONFLICT, &error,
                       "another process uses the same consumer");
        assert_int_equal(tracked(log.datastore, "mailer"), targets[i]);
        /* Closing it writes nothing either. */
        (void)quipu_subscription_close(subscription, &error);
        assert_int_equal(tracked(log.datastore, "mailer"), targets[i]);
        close_log(&log);
    }
}

static void reset_needs_an_item_of_the_log(void **state)
{
    struct opened_log log;
    quipu_datastore *other;
    (void)state;

    open_log(&log, "items.db");
    add_events(&log, 5);
    set_tracked(&log, "mailer", 3);
    struct listed found = find_consumer(&log, "mailer");

    other = open_file("nothing.db");
    assert_status(quipu_consumer_reset(log.datastore, NULL,
                                       listed_consumer(&found), 6, &error),
                  QUIPU_NOT_FOUND);
    assert_refused(quipu_consumer_reset(log.datastore, other,
                                        listed_consumer(&found), 1, &error),
                   QUIPU_NOT_FOUND, &error,
                   "the datastore has no log \"stored_events\"");
    assert_int_equal(tracked(log.datastore, "mailer"), 3);
    /* Removing the record needs no log. */
    assert_ok(quipu_consumer_reset(log.datastore, other,
                                   listed_consumer(&found), 0, &error),
              &error);
    assert_int_equal(tracked(log.datastore, "mailer"), 0);
    close_datastore(other);
    close_log(&log);
}

static void projection_is_not_reset_without_its_read_model(void **state)
{
    struct balances balances = { .refused = 0 };
    struct opened_log log;
    (void)state;

    open_log(&log, "kept.db");
    add_events(&log, 5);
    quipu_projection *projection = open_balances(
        &log, &balances, (quipu_projection_options){ .target = NULL });

    assert_ok(catch_up(projection, &error), &error);
    assert_ok(quipu_projection_close(projection, &error), &error);
    struct listed found = find_consumer(&log, "balances@1");

    found.consumer.flags = 0; /* the flag is not trusted */
    for (int64_t id = 0; id < 6; id += 5) {
        assert_refused(quipu_consumer_reset(log.datastore, NULL,
                                            listed_consumer(&found), id,
                                            &error),
                       QUIPU_INVALID, &error, "quipu_projection_reset");
    }
    /* A projection without `create` is one, too. */
    const quipu_projection_options options = { .struct_size = sizeof(options),
                                               .context = &balances };

    assert_ok(quipu_projection_open(log.store, &plain_type, &options,
                                    &projection, &error),
              &error);
    assert_ok(quipu_projection_close(projection, &error), &error);
    set_tracked(&log, "plain@2", 2);
    found = find_consumer(&log, "plain@2");
    assert_true(found.consumer.flags & QUIPU_CONSUMER_PROJECTION);
    assert_refused(quipu_consumer_reset(log.datastore, NULL,
                                        listed_consumer(&found), 1, &error),
                   QUIPU_INVALID, &error, "quipu_projection_reset");
    assert_int_equal(tracked(log.datastore, "balances@1"), 5);
    assert_int_equal(tracked(log.datastore, "plain@2"), 2);
    close_log(&log);
}

/* Another process opens a projection. */
static void open_projection_meanwhile(void)
{
    const quipu_projection_options options = { .struct_size = sizeof(options) };
    quipu_projection *projection;
    struct opened_log log;

    open_log(&log, "raced.db");
    assert_ok(quipu_projection_open(log.store, &plain_type, &options,
                                    &projection, &error),
              &error);
    assert_ok(quipu_projection_close(projection, &error), &error);
    close_log(&log);
}

static void projection_that_opens_meanwhile_is_not_reset(void **state)
{
    struct opened_log log;
    (void)state;

    open_log(&log, "raced.db");
    add_events(&log, 5);
    set_tracked(&log, "plain@2", 3);
    struct listed found = find_consumer(&log, "plain@2");

    assert_int_equal(found.consumer.flags, QUIPU_CONSUMER_HEAD);
    interposed.before_append = open_projection_meanwhile;
    assert_refused(quipu_consumer_reset(log.datastore, NULL,
                                        listed_consumer(&found), 1, &error),
                   QUIPU_CONFLICT, &error, "\"quipu/projection/plain@2\"");
    assert_int_equal(tracked(log.datastore, "plain@2"), 3);
    close_log(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reset_moves_the_record),
        cmocka_unit_test(reset_expects_the_listed_record),
        cmocka_unit_test(running_subscription_notices_a_reset),
        cmocka_unit_test(reset_needs_an_item_of_the_log),
        cmocka_unit_test(projection_is_not_reset_without_its_read_model),
        cmocka_unit_test(projection_that_opens_meanwhile_is_not_reset),
    };

    return cmocka_run_group_tests(tests, add_interposed_sqlite, NULL);
}
