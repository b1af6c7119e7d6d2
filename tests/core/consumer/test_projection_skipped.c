/* SPDX-License-Identifier: Apache-2.0 */
/* Tests events that a projection leaves out, and the age that its status
 * tells. */
#include "balances_fixture.h"

#define HOUR INT64_C(3600000000) /* microseconds */

static quipu_error error;

static const quipu_projection_options skipping = { .attempts = 1,
                                                   .on_failure =
                                                       QUIPU_FAILURE_SKIP };

static void close_projection(quipu_projection *projection)
{
    assert_ok(quipu_projection_close(projection, &error), &error);
}

/* The number of skipped events by the listing of consumers. */
static int64_t count_skipped(const struct opened_log *log)
{
    const quipu_consumer *consumer;
    quipu_consumers *consumers;
    int64_t skipped = 0;

    assert_ok(quipu_consumers_open(log->datastore, NULL, &consumers, &error),
              &error);
    do {
        assert_ok(quipu_consumers_next(consumers, &consumer, &error), &error);
        skipped += consumer ? consumer->skipped : 0;
    } while (consumer);
    quipu_consumers_close(consumers);
    return skipped;
}

static quipu_consumer_status read_status(quipu_projection *projection)
{
    quipu_consumer_status status = { .struct_size = sizeof(status) };

    assert_ok(quipu_projection_status(projection, &status, &error), &error);
    return status;
}

/* --------------------------------------------------------------- skipping */

static void refused_event_is_left_out_and_counted(void **state)
{
    const int64_t missing[] = { 3, 6, 0 };
    struct balances balances = { .refused = 3,
                                 .refusal = QUIPU_NOT_FOUND,
                                 .refusals = -1 };
    struct opened_log log;
    (void)state;

    open_log(&log, "skipped.db");
    add_events(&log, 5);
    quipu_projection *projection = open_balances(&log, &balances, skipping);

    assert_ok(catch_up(projection, &error), &error);
    assert_int_equal(tracked(log.datastore, "balances@1"), 5);
    assert_int_equal(read_status(projection).skipped, 1);
    assert_int_equal(read_status(projection).position, 5);
    assert_int_equal(count_skipped(&log), 1);
    close_projection(projection);

    /* The count goes on in the next process. */
    add_events(&log, 3);
    balances.refused = 6;
    projection = open_balances(&log, &balances, skipping);
    assert_ok(catch_up(projection, &error), &error);
    assert_int_equal(read_status(projection).skipped, 1);
    assert_int_equal(count_skipped(&log), 2);
    assert_read_model("skipped.db", 8, missing);

    /* A reset begins to count again. */
    balances.refused = 0;
    assert_ok(quipu_projection_reset(projection, &error), &error);
    assert_int_equal(count_skipped(&log), 0);
    assert_ok(catch_up(projection, &error), &error);
    close_projection(projection);
    close_log(&log);
    assert_read_model("skipped.db", 8, NULL);
}

/* Whichever call fails, and whether or not its commit is stored, the event is
 * counted once. */
static void failures_of_the_store_do_not_change_the_count(void **state)
{
    const int64_t missing[] = { 2, 0 };
    int failures = 0;
    (void)state;

    for (int n = 1; n <= 24; n++) {
        struct balances balances = { .refused = 2,
                                     .refusal = QUIPU_NOT_FOUND,
                                     .refusals = -1 };
        const bool after = n % 2 == 0;
        struct opened_log log;
        char name[32];
        int status = QUIPU_UNKNOWN_OUTCOME;

        (void)snprintf(name, sizeof(name), "skips-%d.db", n);
        open_log(&log, name);
        add_events(&log, 4);
        quipu_projection *projection = open_balances(&log, &balances, skipping);

        interposed.status = QUIPU_UNKNOWN_OUTCOME;
        interposed.appends_only = true;
        interposed.after = after;
        interposed.fail_at = atomic_load(&interposed.calls) + (n + 1) / 2;
        while (status == QUIPU_UNKNOWN_OUTCOME) {
            status = catch_up(projection, &error);
            failures += status == QUIPU_UNKNOWN_OUTCOME;
        }
        assert_ok(status, &error);
        interposed.fail_at = 0;
        interposed.appends_only = false;
        assert_int_equal(count_skipped(&log), 1);
        close_projection(projection);
        close_log(&log);
        assert_read_model(name, 4, missing);
    }
    assert_true(failures >= 6);
}

static void removed_consumer_loses_its_count(void **state)
{
    struct balances balances = { .refused = 1,
                                 .refusal = QUIPU_NOT_FOUND,
                                 .refusals = -1 };
    const quipu_consumer *consumer;
    quipu_consumers *consumers;
    struct opened_log log;
    (void)state;

    open_log(&log, "removed.db");
    add_events(&log, 2);
    quipu_projection *projection = open_balances(&log, &balances, skipping);

    assert_ok(catch_up(projection, &error), &error);
    close_projection(projection);
    assert_ok(quipu_consumers_open(log.datastore, NULL, &consumers, &error),
              &error);
    assert_ok(quipu_consumers_next(consumers, &consumer, &error), &error);
    assert_non_null(consumer);
    assert_ok(quipu_consumer_remove(log.datastore, consumer, &error), &error);
    quipu_consumers_close(consumers);
    assert_int_equal(count_skipped(&log), 0);
    close_log(&log);
}

/* -------------------------------------------------------------- the age */

/* Appends an event of that age. */
static void add_old_event(struct opened_log *log, int64_t age)
{
    struct credited event = { .cents = 1 };
    const quipu_event *const events[] = { &event.base };
    char name[32];
    quipu_id id;

    name_sequence(log->stored, name);
    assert_ok(quipu_id_of_text(&id, name, &error), &error);
    quipu_event_init(&event.base, &credited, &id, 0);
    event.base.time.microseconds -= age;
    assert_ok(quipu_store_append(log->store, events, 1, NULL, &error), &error);
    log->stored++;
}

/* After an hour without events, a new one is not an hour old. */
static void age_is_that_of_the_oldest_event_that_is_not_applied(void **state)
{
    struct balances balances = { .refusal = QUIPU_BUSY, .refusals = -1 };
    struct opened_log log;
    (void)state;

    open_log(&log, "age.db");
    add_old_event(&log, HOUR);
    quipu_projection *projection = open_balances(
        &log, &balances, (quipu_projection_options){ .target = NULL });

    balances.refused = 1;
    assert_status(catch_up(projection, &error), QUIPU_BUSY);
    assert_int_equal(read_status(projection).behind, 1);
    assert_true(read_status(projection).behind_microseconds >= HOUR);
    balances.refused = 0;
    assert_ok(catch_up(projection, &error), &error);
    assert_int_equal(read_status(projection).behind_microseconds, 0);
    add_old_event(&log, 0);
    balances.refused = 2;
    assert_status(catch_up(projection, &error), QUIPU_BUSY);
    assert_int_equal(read_status(projection).behind, 1);
    assert_true(read_status(projection).behind_microseconds >= 0);
    assert_true(read_status(projection).behind_microseconds < HOUR / 2);
    close_projection(projection);
    close_log(&log);
}

static void age_of_a_subscription_is_that_of_the_item_not_acknowledged(
    void **state)
{
    const quipu_subscription_options options = { .struct_size = sizeof(options),
                                                 .consumer = "mailer" };
    quipu_consumer_status status = { .struct_size = sizeof(status) };
    quipu_subscription *subscription;
    const quipu_item *item;
    struct opened_log log;
    (void)state;

    open_log(&log, "subscription-age.db");
    add_old_event(&log, HOUR);
    add_old_event(&log, 0);
    assert_ok(
        quipu_subscription_open(log.records, &options, &subscription, &error),
        &error);
    for (int i = 0; i < 2; i++) {
        assert_ok(quipu_subscription_next(subscription, &item, 0, &error),
                  &error);
        assert_non_null(item);
    }
    assert_ok(quipu_subscription_status(subscription, &status, &error), &error);
    assert_true(status.behind_microseconds >= HOUR);
    assert_ok(quipu_subscription_acknowledge(subscription, &error), &error);
    add_old_event(&log, 0);
    assert_ok(quipu_subscription_next(subscription, &item, 1000, &error),
              &error);
    assert_ok(quipu_subscription_status(subscription, &status, &error), &error);
    assert_true(status.behind_microseconds >= 0);
    assert_true(status.behind_microseconds < HOUR / 2);
    assert_ok(quipu_subscription_close(subscription, &error), &error);
    close_log(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_event_is_left_out_and_counted),
        cmocka_unit_test(failures_of_the_store_do_not_change_the_count),
        cmocka_unit_test(removed_consumer_loses_its_count),
        cmocka_unit_test(age_is_that_of_the_oldest_event_that_is_not_applied),
        cmocka_unit_test(
            age_of_a_subscription_is_that_of_the_item_not_acknowledged),
    };

    return cmocka_run_group_tests(tests, add_interposed_sqlite, NULL) != 0;
}
