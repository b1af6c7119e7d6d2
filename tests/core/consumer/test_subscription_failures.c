/* SPDX-License-Identifier: Apache-2.0 */
/* Tests subscriptions while the store fails at every call, one after the
 * other. */
#include "consumer_fixture.h"

#include <pthread.h>

enum { EVENTS = 7 };

static quipu_error error;

static quipu_subscription *subscribe(struct opened_log *log)
{
    const quipu_subscription_options options = { .struct_size = sizeof(options),
                                                 .consumer = "mailer",
                                                 .record_items = 2 };
    quipu_subscription *subscription = NULL;

    assert_ok(quipu_subscription_open_events(log->store, &options,
                                             &subscription, &error),
              &error);
    return subscription;
}

/* Takes all events of the log, with a failure at the n-th call of the driver.
 * Returns false if there were fewer calls. */
static bool take_all(int n, int status, bool after, int times)
{
    struct opened_log log;
    const quipu_item *item;

    open_log(&log, NULL);
    add_events(&log, EVENTS);
    quipu_subscription *subscription = subscribe(&log);

    interposed.status = status;
    interposed.appends_only = status == QUIPU_UNKNOWN_OUTCOME;
    interposed.after = after;
    interposed.times = times;
    interposed.fail_at = atomic_load(&interposed.calls) + n;
    for (int64_t id = 1; id <= EVENTS; id++) {
        assert_ok(quipu_subscription_next(subscription, &item, -1, &error),
                  &error);
        assert_non_null(item);
        assert_int_equal(item->notification_id, id);
        assert_ok(quipu_subscription_acknowledge(subscription, &error), &error);
        assert_true(tracked(log.datastore, "mailer") <= id);
    }
    bool reached = atomic_load(&interposed.calls) >= interposed.fail_at;

    interposed.fail_at = 0;
    assert_ok(quipu_subscription_close(subscription, &error), &error);
    assert_int_equal(tracked(log.datastore, "mailer"), EVENTS);
    close_log(&log);
    return reached;
}

static void no_item_is_lost_or_doubled(void **state)
{
    const int statuses[] = { QUIPU_BUSY, QUIPU_IO };
    int failures = 0;
    (void)state;

    for (size_t i = 0; i < 2; i++) {
        for (int n = 1; take_all(n, statuses[i], false, 1); n++) {
            failures++;
        }
    }
    print_message("%d failures\n", failures);
    assert_true(failures > 2 * EVENTS);
}

static void lost_outcome_of_a_record_is_found_out(void **state)
{
    int failures = 0;
    (void)state;

    for (int after = 0; after < 2; after++) {
        for (int n = 1; take_all(n, QUIPU_UNKNOWN_OUTCOME, after == 1, 1);
             n++) {
            failures++;
        }
    }
    assert_true(failures > EVENTS / 2);
}

static void store_that_fails_for_long_is_waited_for(void **state)
{
    (void)state;
    assert_true(take_all(1, QUIPU_IO, false, 4));
}

static void failure_at_the_deadline_is_told(void **state)
{
    struct opened_log log;
    const quipu_item *item;
    quipu_consumer_status status = { .struct_size = sizeof(status) };
    (void)state;

    open_log(&log, NULL);
    add_events(&log, 2);
    quipu_subscription *subscription = subscribe(&log);

    interposed.status = QUIPU_IO;
    interposed.times = 1000000;
    interposed.fail_at = atomic_load(&interposed.calls) + 1;
    assert_refused(quipu_subscription_next(subscription, &item, 0, &error),
                   QUIPU_IO, &error, "interposed failure");
    assert_ok(quipu_subscription_status(subscription, &status, &error), &error);
    assert_int_equal(status.state, QUIPU_CONSUMER_RETRYING);
    assert_int_equal(status.last_code, QUIPU_IO);
    assert_string_equal(status.last_message, "interposed failure");
    assert_true(status.retries > 0);
    interposed.fail_at = 0;
    assert_ok(quipu_subscription_next(subscription, &item, -1, &error), &error);
    assert_int_equal(item->notification_id, 1);
    assert_ok(quipu_subscription_close(subscription, &error), &error);
    close_log(&log);
}

static void failure_that_stays_is_returned_for_ever(void **state)
{
    const int statuses[] = { QUIPU_CORRUPT, QUIPU_DENIED, QUIPU_NOT_FOUND };
    struct opened_log log;
    const quipu_item *item;
    (void)state;

    for (size_t i = 0; i < 3; i++) {
        open_log(&log, NULL);
        add_events(&log, 2);
        quipu_subscription *subscription = subscribe(&log);

        interposed.status = statuses[i];
        interposed.fail_at = atomic_load(&interposed.calls) + 1;
        for (int again = 0; again < 3; again++) {
            assert_refused(
                quipu_subscription_next(subscription, &item, -1, &error),
                statuses[i], &error, "interposed failure");
            assert_null(item);
        }
        assert_ok(quipu_subscription_close(subscription, &error), &error);
        close_log(&log);
    }
}

/* ------------------------------------------------- logs that are set back */

static void log_that_is_set_back_meanwhile_is_a_conflict(void **state)
{
    struct opened_log log;
    const quipu_item *item;
    (void)state;

    open_log(&log, NULL);
    add_events(&log, 5);
    quipu_subscription *subscription = subscribe(&log);

    for (int i = 0; i < 5; i++) {
        assert_ok(quipu_subscription_next(subscription, &item, 0, &error),
                  &error);
    }
    assert_status(quipu_subscription_next(subscription, &item, 0, &error),
                  QUIPU_TIMEOUT);
    interposed.head = 3;
    for (int again = 0; again < 2; again++) {
        assert_refused(quipu_subscription_next(subscription, &item, 0, &error),
                       QUIPU_CONFLICT, &error,
                       "ends at notification 3, but consumer \"mailer\" has "
                       "processed it up to 5");
    }
    assert_ok(quipu_subscription_close(subscription, &error), &error);
    close_log(&log);
}

static void other_log_after_a_failure_is_a_conflict(void **state)
{
    struct opened_log log;
    const quipu_item *item;
    const quipu_uuid other = { { 1, 2, 3 } };
    (void)state;

    open_log(&log, NULL);
    add_events(&log, 5);
    quipu_subscription *subscription = subscribe(&log);

    assert_ok(quipu_subscription_next(subscription, &item, 0, &error), &error);
    interposed.status = QUIPU_IO;
    interposed.fail_at = atomic_load(&interposed.calls) + 1;
    interposed.store = &other;
    /* The rows that were lent already are still those of the old log. */
    int status = QUIPU_OK;
    while (status == QUIPU_OK) {
        status = quipu_subscription_next(subscription, &item, -1, &error);
    }
    assert_int_equal(status, QUIPU_CONFLICT);
    assert_contains(error.message, "another store");
    assert_ok(quipu_subscription_close(subscription, &error), &error);
    close_log(&log);
}

/* ------------------------------------------------------------ stopping */

static void *run_next(void *context)
{
    const quipu_item *item;

    assert_ok(quipu_subscription_next(context, &item, -1, NULL), NULL);
    assert_null(item);
    return NULL;
}

static void pause_is_stopped(void **state)
{
    struct opened_log log;
    quipu_consumer_status status = { .struct_size = sizeof(status) };
    pthread_t thread;
    (void)state;

    open_log(&log, NULL);
    quipu_subscription *subscription = subscribe(&log);

    interposed.status = QUIPU_IO;
    interposed.times = 1000000;
    interposed.fail_at = atomic_load(&interposed.calls) + 1;
    assert_int_equal(pthread_create(&thread, NULL, run_next, subscription), 0);
    do {
        assert_ok(quipu_subscription_status(subscription, &status, &error),
                  &error);
    } while (status.retries < 3);
    quipu_subscription_stop(subscription);
    assert_int_equal(pthread_join(thread, NULL), 0);
    interposed.fail_at = 0;
    assert_ok(quipu_subscription_close(subscription, &error), &error);
    close_log(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_item_is_lost_or_doubled),
        cmocka_unit_test(lost_outcome_of_a_record_is_found_out),
        cmocka_unit_test(store_that_fails_for_long_is_waited_for),
        cmocka_unit_test(failure_at_the_deadline_is_told),
        cmocka_unit_test(failure_that_stays_is_returned_for_ever),
        cmocka_unit_test(log_that_is_set_back_meanwhile_is_a_conflict),
        cmocka_unit_test(other_log_after_a_failure_is_a_conflict),
        cmocka_unit_test(pause_is_stopped),
    };

    return cmocka_run_group_tests(tests, add_interposed_memory, NULL);
}
