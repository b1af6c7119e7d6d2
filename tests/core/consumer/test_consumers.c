/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the listing of subscriptions and projections. */
#include "listing_fixture.h"

static quipu_error error;

static void empty_store_has_no_consumers(void **state)
{
    struct listed found[1];
    struct opened_log log;
    (void)state;

    open_log(&log, "empty.db");
    assert_int_equal(list_consumers(log.datastore, NULL, found, 1), 0);
    add_events(&log, 3);
    assert_int_equal(list_consumers(log.datastore, NULL, found, 1), 0);
    close_log(&log);
}

static void subscription_is_listed_with_its_lag(void **state)
{
    struct listed found[2];
    struct opened_log log;
    (void)state;

    open_log(&log, "lag.db");
    add_events(&log, 5);
    set_tracked(&log, "mailer", 2);
    set_tracked(&log, "reader", 5);
    assert_int_equal(list_consumers(log.datastore, NULL, found, 2), 2);

    const quipu_consumer *mailer = listed_consumer(&found[0]);
    const quipu_consumer *reader = listed_consumer(&found[1]);

    assert_string_equal(mailer->name, "mailer");
    assert_string_equal(mailer->log, "stored_events");
    assert_int_equal(mailer->flags, QUIPU_CONSUMER_HEAD);
    assert_int_equal(mailer->position.notification_id, 2);
    assert_int_equal(mailer->head, 5);
    assert_int_equal(mailer->behind, 3);
    assert_true(mailer->behind_microseconds > 0);
    assert_int_equal(mailer->parked, 0);
    assert_string_equal(reader->name, "reader");
    assert_int_equal(reader->behind, 0);
    assert_int_equal(reader->behind_microseconds, 0);
    close_log(&log);
}

/* The age is that of the first item behind the record, whether its time is in
 * a column or in the envelope of its state; that of an item without is unknown.
 */
static void age_comes_from_column_or_envelope(void **state)
{
    const quipu_event_type *const types[] = { &credited };
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = types,
                                    .type_count = 1 };
    const int64_t hour = INT64_C(3600000000);
    quipu_datastore *datastore = open_file("age.db");

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct credited event = { .cents = 1 };
        const quipu_event *const events[] = { &event.base };
        struct opened_log log = { .datastore = datastore };
        struct listed found[2];
        quipu_schema schema;
        quipu_id id;

        quipu_schema_init(&schema, sizeof(schema),
                          quipu_schema_stored_events());
        schema.flags |= QUIPU_SCHEMA_TEXT_IDS;
        schema.table = i == 0 ? "stored_events" : "timed";
        schema.time = i == 0 ? NULL : "stored_at";
        assert_ok(quipu_datastore_setup(datastore, &schema, &error), &error);
        assert_ok(
            quipu_store_open(datastore, &schema, &mapping, &log.store, &error),
            &error);
        log.records = quipu_store_records(log.store);
        for (int64_t version = 0; version < 2; version++) {
            assert_ok(quipu_id_of_text(&id, "a", &error), &error);
            quipu_event_init(&event.base, &credited, &id, version);
            event.base.time.microseconds -= hour * (10 - version);
            assert_ok(quipu_store_append(log.store, events, 1, NULL, &error),
                      &error);
        }
        add_item(&log, "b", "Other"); /* without a time */
        for (int64_t position = 1; position < 3; position++) {
            const quipu_tracking record = {
                .consumer = quipu_bytes_of_text("c"),
                .log = quipu_bytes_of_text(schema.table),
                .position = { .notification_id = position },
            };
            const quipu_append append = { .struct_size = sizeof(append),
                                          .tracking = &record };

            assert_ok(quipu_records_append(log.records, &append, NULL, &error),
                      &error);
            size_t count = list_consumers(datastore, NULL, found, 2);
            int64_t age = found[count - 1].consumer.behind_microseconds;

            if (position == 1) {
                assert_true(age >= 9 * hour);
                assert_true(age < 10 * hour);
            } else {
                assert_int_equal(age, -1);
            }
        }
        assert_ok(quipu_store_close(log.store, &error), &error);
    }
    close_datastore(datastore);
}

static void log_may_be_in_another_datastore(void **state)
{
    struct opened_log log;
    struct listed found[2];
    quipu_datastore *target;
    struct balances balances = { .refused = 0 };
    (void)state;

    open_log(&log, "events.db");
    add_events(&log, 4);
    target = open_file("model.db");
    quipu_projection *projection = open_balances(
        &log, &balances, (quipu_projection_options){ .target = target });

    /* The mark is there before the first record. */
    assert_int_equal(list_consumers(target, log.datastore, found, 2), 1);
    const quipu_consumer *consumer = listed_consumer(&found[0]);

    assert_string_equal(consumer->name, "balances@1");
    assert_null(consumer->log);
    assert_int_equal(consumer->flags, QUIPU_CONSUMER_PROJECTION);
    assert_int_equal(consumer->head, -1);
    assert_int_equal(consumer->behind, -1);
    assert_int_equal(consumer->behind_microseconds, -1);

    assert_ok(catch_up(projection, &error), &error);
    add_events(&log, 3);
    assert_int_equal(list_consumers(target, log.datastore, found, 2), 1);
    consumer = listed_consumer(&found[0]);
    assert_string_equal(consumer->log, "stored_events");
    assert_int_equal(consumer->flags,
                     QUIPU_CONSUMER_PROJECTION | QUIPU_CONSUMER_HEAD);
    assert_int_equal(consumer->position.notification_id, 4);
    assert_int_equal(consumer->behind, 3);
    /* Without the log's datastore the head is unknown, and not 0. */
    assert_int_equal(list_consumers(target, NULL, found, 2), 1);
    consumer = listed_consumer(&found[0]);
    assert_int_equal(consumer->flags, QUIPU_CONSUMER_PROJECTION);
    assert_int_equal(consumer->head, -1);
    assert_int_equal(consumer->behind, -1);
    assert_ok(quipu_projection_close(projection, &error), &error);
    close_datastore(target);
    close_log(&log);
}

static void parked_events_are_counted(void **state)
{
    struct balances balances;
    struct opened_log log;
    struct listed found;
    quipu_projection *projection =
        project_with_parked(&log, &balances, "parked.db");
    (void)state;

    assert_ok(quipu_projection_close(projection, &error), &error);
    found = find_consumer(&log, "balances@1");
    assert_int_equal(found.consumer.parked, 1);
    assert_int_equal(found.consumer.behind, 0);
    close_log(&log);
}

static void record_beyond_the_log_is_set_back(void **state)
{
    const quipu_uuid other = { "another store..." };
    struct opened_log log;
    struct listed found;
    (void)state;

    open_log(&log, "back.db");
    add_events(&log, 2);
    set_tracked(&log, "ahead", 3);
    found = find_consumer(&log, "ahead");
    assert_int_equal(found.consumer.flags,
                     QUIPU_CONSUMER_HEAD | QUIPU_CONSUMER_SET_BACK);
    assert_int_equal(found.consumer.head, 2);
    assert_int_equal(found.consumer.behind, -1);
    assert_int_equal(found.consumer.behind_microseconds, -1);

    /* A record of another store. */
    const quipu_tracking record = {
        .consumer = quipu_bytes_of_text("stranger"),
        .log = quipu_bytes_of_text("stored_events"),
        .position = { .notification_id = 1, .store = other },
    };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .tracking = &record };

    assert_ok(quipu_records_append(log.records, &append, NULL, &error), &error);
    found = find_consumer(&log, "stranger");
    assert_true(found.consumer.flags & QUIPU_CONSUMER_SET_BACK);
    assert_int_equal(found.consumer.behind, -1);
    close_log(&log);
}

/* A failure at any call leaves nothing open, and `next` can be called again. */
static void listing_passes_failures_on(void **state)
{
    struct opened_log log;
    int failures = 0;
    (void)state;

    open_log(&log, "failing.db");
    add_events(&log, 3);
    set_tracked(&log, "one", 1);
    set_tracked(&log, "two", 2);
    for (int n = 1; n < 20; n++) {
        const quipu_consumer *consumer = NULL;
        quipu_consumers *consumers = NULL;
        int count = 0;

        interposed.status = QUIPU_IO;
        interposed.fail_at = atomic_load(&interposed.calls) + n;
        int status =
            quipu_consumers_open(log.datastore, NULL, &consumers, &error);

        if (status != QUIPU_OK) {
            assert_refused(status, QUIPU_IO, &error, "interposed failure");
            assert_null(consumers);
            failures++;
            continue;
        }
        do {
            status = quipu_consumers_next(consumers, &consumer, &error);
            if (status != QUIPU_OK) {
                assert_refused(status, QUIPU_IO, &error, "interposed failure");
                assert_null(consumer);
                failures++;
            } else if (consumer) {
                assert_int_equal(consumer->behind, 2 - count);
                count++;
            }
        } while (status != QUIPU_OK || consumer);
        assert_int_equal(count, 2);
        quipu_consumers_close(consumers);
    }
    interposed.fail_at = 0;
    print_message("%d failures\n", failures);
    assert_true(failures >= 8);
    close_log(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_store_has_no_consumers),
        cmocka_unit_test(subscription_is_listed_with_its_lag),
        cmocka_unit_test(age_comes_from_column_or_envelope),
        cmocka_unit_test(log_may_be_in_another_datastore),
        cmocka_unit_test(parked_events_are_counted),
        cmocka_unit_test(record_beyond_the_log_is_set_back),
        cmocka_unit_test(listing_passes_failures_on),
    };

    return cmocka_run_group_tests(tests, add_interposed_sqlite, NULL);
}
