/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the last position and the last item of a sequence, and a tracking
 * record. */
#include "quipu_test.h"

#include "datastore/datastore.h"
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

/* ---------------------------------------------------------------- last item */

/* The items that a read of the last one has shown. */
struct seen {
    unsigned count;
    quipu_item item;
};

static void see(void *context, const quipu_item *item)
{
    struct seen *seen = context;

    seen->count++;
    seen->item = *item;
}

static void last_item_is_that_of_the_driver(void **state)
{
    const quipu_item item = fake_item();
    struct seen seen = { .count = 0 };
    int64_t erasures = -1;

    (void)state;
    fake.last_item = &item;
    fake.erasures = 12;
    assert_ok(quipu_records_last_item(fake_records, id, see, &seen, &erasures,
                                      &error),
              &error);
    assert_int_equal(seen.count, 1);
    assert_ptr_equal(seen.item.state.data, item.state.data);
    assert_int_equal(erasures, 12);
    assert_bytes(fake.sequence_id.data, fake.sequence_id.size, id.data, 16);
    assert_int_equal(fake.count[FAKE_READ_SEQUENCE], 0);
    fake.last_item = NULL;
    assert_ok(
        quipu_records_last_item(fake_records, id, see, &seen, NULL, &error),
        &error);
    assert_int_equal(seen.count, 1);
}

static void failed_read_of_the_last_item_sets_nothing(void **state)
{
    quipu_item item = fake_item();
    struct seen seen = { .count = 0 };
    int64_t erasures = 77;

    (void)state;
    fake.status[FAKE_LAST_ITEM] = QUIPU_TIMEOUT;
    assert_refused(quipu_records_last_item(fake_records, id, see, &seen,
                                           &erasures, &error),
                   QUIPU_TIMEOUT, &error, "own words");
    fake.status[FAKE_LAST_ITEM] = QUIPU_OK;
    item.event_id = (quipu_bytes){ "short", 5 };
    fake.last_item = &item;
    assert_refused(quipu_records_last_item(fake_records, id, see, &seen,
                                           &erasures, &error),
                   QUIPU_CORRUPT, &error, "5 bytes instead of 16");
    assert_int_equal(seen.count, 0);
    assert_int_equal(erasures, 77);
}

/* A driver without the operation reads the number first: by the time of the
 * item it may be outdated, but not too new. */
static void other_drivers_read_number_and_item(void **state)
{
    const quipu_item item = fake_item();
    const void *const rows[] = { &item, NULL };
    const quipu_driver *whole = fake_store->driver;
    quipu_driver without = *whole;
    struct seen seen = { .count = 0 };
    int64_t erasures = -1;

    (void)state;
    without.last_item = NULL;
    fake_store->driver = &without;
    fake.rows = rows;
    fake.erasures = 3;
    assert_ok(quipu_records_last_item(fake_records, id, see, &seen, &erasures,
                                      &error),
              &error);
    assert_int_equal(seen.count, 1);
    assert_int_equal(erasures, 3);
    assert_true(fake.range.descending);
    assert_int_equal(fake.range.limit, 1);
    assert_int_equal(fake.range.upper, INT64_MAX);
    fake.status[FAKE_ERASURES] = QUIPU_IO;
    assert_refused(quipu_records_last_item(fake_records, id, see, &seen,
                                           &erasures, &error),
                   QUIPU_IO, &error, "own words");
    assert_int_equal(fake.count[FAKE_READ_SEQUENCE], 1);
    fake_store->driver = whole;
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
    assert_refused(quipu_records_last_item(NULL, id, see, NULL, &last, &error),
                   QUIPU_INVALID, &error, "records is NULL");
    assert_refused(
        quipu_records_last_item(fake_records, id, NULL, NULL, &last, &error),
        QUIPU_INVALID, &error, "see is NULL");
    assert_refused(quipu_records_last_item(fake_records,
                                           (quipu_bytes){ "x", 1 }, see, NULL,
                                           &last, &error),
                   QUIPU_INVALID, &error, "sequence_id is not the 16 bytes");
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
        fake_test(last_item_is_that_of_the_driver),
        fake_test(failed_read_of_the_last_item_sets_nothing),
        fake_test(other_drivers_read_number_and_item),
        fake_test(tracking_record_is_that_of_the_driver),
        fake_test(missing_tracking_record_leaves_the_position_unchanged),
        fake_test(invalid_point_reads_do_not_reach_the_driver),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
