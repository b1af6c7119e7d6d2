/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the last position of a sequence, and a tracking record. */
#include "quipu_test.h"

#include "fake_driver.h"

static const quipu_bytes id = { "sequence-id-0001", 16 };
static quipu_error error;

static void last_position_is_that_of_the_driver(void **state)
{
    int64_t position = 0;

    (void)state;
    fake.last_position = INT64_MIN;
    assert_ok(quipu_records_last(fake_records, id, &position, &error), &error);
    assert_int_equal(position, INT64_MIN);
    assert_bytes(fake.sequence_id.data, fake.sequence_id.size, id.data, 16);
}

static void empty_sequence_is_not_found(void **state)
{
    int64_t position = 77;

    (void)state;
    fake.found = false;
    assert_refused(quipu_records_last(fake_records, id, &position, &error),
                   QUIPU_NOT_FOUND, &error, "the sequence is empty");
    fake.found = true;
    fake.status[FAKE_LAST_POSITION] = QUIPU_CORRUPT;
    assert_refused(quipu_records_last(fake_records, id, &position, &error),
                   QUIPU_CORRUPT, &error, "own words");
    assert_int_equal(position, 77);
}

static void tracking_record_is_that_of_the_driver(void **state)
{
    quipu_position position;

    (void)state;
    fake.position.notification_id = 12;
    memset(&fake.position.store, 0x33, 16);
    assert_ok(
        quipu_tracking_read(fake_store, "reader", "orders", &position, &error),
        &error);
    assert_memory_equal(&position, &fake.position, sizeof(position));
    assert_string_equal(fake.consumer, "reader");
    assert_string_equal(fake.log, "orders");
}

static void missing_tracking_record_leaves_the_position_unchanged(void **state)
{
    quipu_position position = { .notification_id = 77 };

    (void)state;
    fake.status[FAKE_READ_TRACKING] = QUIPU_NOT_FOUND;
    fake.position.notification_id = 12;
    assert_refused(
        quipu_tracking_read(fake_store, "reader", "orders", &position, &error),
        QUIPU_NOT_FOUND, &error, "own words");
    assert_int_equal(position.notification_id, 77);
}

static void invalid_point_reads_do_not_reach_the_driver(void **state)
{
    unsigned before = fake_calls();
    int64_t last;
    quipu_position position;

    (void)state;
    assert_refused(quipu_records_last(NULL, id, &last, &error), QUIPU_INVALID,
                   &error, "records is NULL");
    assert_refused(quipu_records_last(fake_records, id, NULL, &error),
                   QUIPU_INVALID, &error, "position is NULL");
    assert_refused(quipu_records_last(fake_records, (quipu_bytes){ "x", 1 },
                                      &last, &error),
                   QUIPU_INVALID, &error, "sequence_id is not the 16 bytes");
    assert_refused(quipu_tracking_read(NULL, "c", "l", &position, &error),
                   QUIPU_INVALID, &error, "datastore is NULL");
    assert_refused(
        quipu_tracking_read(fake_store, NULL, "l", &position, &error),
        QUIPU_INVALID, &error, "consumer is absent");
    assert_refused(quipu_tracking_read(fake_store, "c", "", &position, &error),
                   QUIPU_INVALID, &error, "log is empty");
    assert_refused(
        quipu_tracking_read(fake_store, "c", "\xff", &position, &error),
        QUIPU_INVALID, &error, "log is not UTF-8");
    assert_refused(quipu_tracking_read(fake_store, "c", "l", NULL, &error),
                   QUIPU_INVALID, &error, "position is NULL");
    assert_int_equal(fake_calls(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fake_test(last_position_is_that_of_the_driver),
        fake_test(empty_sequence_is_not_found),
        fake_test(tracking_record_is_that_of_the_driver),
        fake_test(missing_tracking_record_leaves_the_position_unchanged),
        fake_test(invalid_point_reads_do_not_reach_the_driver),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
