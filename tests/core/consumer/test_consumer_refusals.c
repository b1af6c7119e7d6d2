/* SPDX-License-Identifier: Apache-2.0 */
/* Tests what listing, reset and removal refuse: wrong arguments, stores that
 * lack what they need, and stores that are only read. */
#include "listing_fixture.h"

static quipu_error error;

static void stores_without_entries_or_records_say_so(void **state)
{
    struct opened_log log;
    quipu_consumers *consumers = NULL;
    quipu_datastore *bare = NULL;
    struct listed found[2];
    (void)state;

    open_log(&log, "bare.db");
    add_events(&log, 3);
    set_tracked(&log, "mailer", 2);
    interposed.without = QUIPU_CAN_ENTRIES;
    assert_ok(
        quipu_datastore_open("interposed:///bare.db", NULL, &bare, &error),
        &error);
    assert_int_equal(list_consumers(bare, NULL, found, 2), 1);
    assert_int_equal(found[0].consumer.behind, 1);
    assert_int_equal(found[0].consumer.parked, 0);
    assert_refused(
        quipu_consumer_reset(bare, NULL, listed_consumer(&found[0]), 1, &error),
        QUIPU_UNSUPPORTED, &error,
        "keeps no key-value entries, and therefore moves no "
        "tracking record backwards");
    assert_status(
        quipu_consumer_remove(bare, listed_consumer(&found[0]), &error),
        QUIPU_UNSUPPORTED);
    close_datastore(bare);
    interposed.without = QUIPU_CAN_TRACK;
    assert_ok(
        quipu_datastore_open("interposed:///bare.db", NULL, &bare, &error),
        &error);
    assert_refused(quipu_consumers_open(bare, NULL, &consumers, &error),
                   QUIPU_UNSUPPORTED, &error, "keeps no tracking records");
    assert_null(consumers);
    close_datastore(bare);
    interposed.without = QUIPU_CAN_LOG;
    assert_ok(
        quipu_datastore_open("interposed:///bare.db", NULL, &bare, &error),
        &error);
    assert_int_equal(list_consumers(log.datastore, bare, found, 2), 1);
    assert_int_equal(found[0].consumer.head, -1);
    close_datastore(bare);
    interposed.without = 0;
    assert_int_equal(tracked(log.datastore, "mailer"), 2);
    close_log(&log);
}

static void read_only_store_is_not_changed(void **state)
{
    struct opened_log log;
    quipu_datastore *readonly;
    (void)state;

    open_log(&log, "readonly.db");
    add_events(&log, 3);
    set_tracked(&log, "mailer", 2);
    assert_ok(quipu_datastore_open("interposed:///readonly.db?readonly=yes",
                                   NULL, &readonly, &error),
              &error);
    struct listed found = find_consumer(&log, "mailer");

    assert_status(quipu_consumer_reset(readonly, NULL, listed_consumer(&found),
                                       1, &error),
                  QUIPU_DENIED);
    assert_status(
        quipu_consumer_remove(readonly, listed_consumer(&found), &error),
        QUIPU_DENIED);
    close_datastore(readonly);
    close_log(&log);
}

static void wrong_arguments_are_refused(void **state)
{
    quipu_consumer consumer = { .name = "mailer", .log = "stored_events" };
    const quipu_consumer *found = NULL;
    quipu_consumers *consumers = NULL;
    struct opened_log log;
    char name[300];
    (void)state;

    open_log(&log, "wrong.db");
    add_events(&log, 2);
    assert_refused(quipu_consumers_open(NULL, NULL, &consumers, &error),
                   QUIPU_INVALID, &error, "datastore is NULL");
    assert_refused(quipu_consumers_open(log.datastore, NULL, NULL, &error),
                   QUIPU_INVALID, &error, "consumers is NULL");
    assert_ok(quipu_consumers_open(log.datastore, NULL, &consumers, &error),
              &error);
    assert_refused(quipu_consumers_next(consumers, NULL, &error), QUIPU_INVALID,
                   &error, "consumer is NULL");
    assert_refused(quipu_consumers_next(NULL, &found, &error), QUIPU_INVALID,
                   &error, "consumers is NULL");
    quipu_consumers_close(consumers);
    quipu_consumers_close(NULL);

    assert_status(quipu_consumer_reset(NULL, NULL, &consumer, 0, &error),
                  QUIPU_INVALID);
    assert_status(quipu_consumer_reset(log.datastore, NULL, NULL, 0, &error),
                  QUIPU_INVALID);
    assert_status(quipu_consumer_remove(NULL, &consumer, &error),
                  QUIPU_INVALID);
    assert_status(quipu_consumer_remove(log.datastore, NULL, &error),
                  QUIPU_INVALID);
    assert_refused(
        quipu_consumer_reset(log.datastore, NULL, &consumer, -1, &error),
        QUIPU_INVALID, &error, "notification_id is negative");
    consumer.position.notification_id = -1;
    assert_refused(
        quipu_consumer_reset(log.datastore, NULL, &consumer, 0, &error),
        QUIPU_INVALID, &error, "position of the consumer is negative");
    consumer.position.notification_id = 0;
    consumer.log = NULL;
    assert_refused(
        quipu_consumer_reset(log.datastore, NULL, &consumer, 0, &error),
        QUIPU_INVALID, &error, "consumer->log is NULL");
    consumer.log = "stored_events";
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    const char *const names[] = { NULL, "", name, "\xff" };

    for (size_t i = 0; i < 4; i++) {
        consumer.name = names[i];
        consumer.log = "stored_events";
        assert_refused(
            quipu_consumer_reset(log.datastore, NULL, &consumer, 1, &error),
            QUIPU_INVALID, &error, "consumer->name");
        assert_status(quipu_consumer_remove(log.datastore, &consumer, &error),
                      QUIPU_INVALID);
        consumer.name = "mailer";
        consumer.log = names[i];
        assert_refused(
            quipu_consumer_reset(log.datastore, NULL, &consumer, 1, &error),
            QUIPU_INVALID, &error, "consumer->log");
    }
    /* A name that is too long for entries has none. */
    name[255] = '\0';
    consumer.name = name;
    consumer.log = "stored_events";
    set_tracked(&log, name, 2);
    consumer.position.notification_id = 2;
    assert_ok(quipu_consumer_reset(log.datastore, NULL, &consumer, 1, &error),
              &error);
    consumer.position.notification_id = 1;
    assert_ok(quipu_consumer_remove(log.datastore, &consumer, &error), &error);
    assert_int_equal(tracked(log.datastore, name), 0);
    close_log(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stores_without_entries_or_records_say_so),
        cmocka_unit_test(read_only_store_is_not_changed),
        cmocka_unit_test(wrong_arguments_are_refused),
    };

    return cmocka_run_group_tests(tests, add_interposed_sqlite, NULL);
}
