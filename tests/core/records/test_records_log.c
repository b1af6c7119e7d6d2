/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the head of the log, and positions kept outside the store (L5). */
#include "quipu_test.h"

#include "fake_driver.h"

static quipu_item item;
static const void *const there[] = { &item, NULL };
static const void *const nothing[] = { NULL };
static quipu_position position;
static quipu_error error;

static int start(void **state)
{
    fake_begin(state);
    item = fake_item();
    item.notification_id = 7;
    fake.rows = there;
    position =
        (quipu_position){ .notification_id = 7, .store = fake.opened.identity };
    memcpy(position.event_id.bytes, item.event_id.data, 16);
    return 0;
}

static int check(void)
{
    return quipu_records_check_position(fake_records, &position, &error);
}

static void head_is_that_of_the_driver(void **state)
{
    quipu_position head = { .notification_id = 77 };

    (void)state;
    fake.position = position;
    assert_ok(quipu_records_head(fake_records, &head, &error), &error);
    assert_memory_equal(&head, &position, sizeof(head));
    head.notification_id = 77;
    fake.status[FAKE_LOG_HEAD] = QUIPU_IO;
    assert_status(quipu_records_head(fake_records, &head, NULL), QUIPU_IO);
    assert_int_equal(head.notification_id, 77);
    assert_refused(quipu_records_head(NULL, &head, &error), QUIPU_INVALID,
                   &error, "records is NULL");
    assert_refused(quipu_records_head(fake_records, NULL, &error),
                   QUIPU_INVALID, &error, "head is NULL");
}

static void position_has_store_and_event_id(void **state)
{
    quipu_position found;

    (void)state;
    memset(&found, 0x5a, sizeof(found));
    assert_ok(quipu_records_position(fake_records, 7, &found, &error), &error);
    assert_memory_equal(&found, &position, sizeof(found));
    assert_int_equal(fake.range.lower, 7);
    assert_int_equal(fake.range.upper, 7);
    assert_int_equal(fake.range.limit, 1);
    assert_int_equal(fake.count[FAKE_CURSOR_CLOSE], 1);
}

static void position_without_event_id_column_has_no_event_id(void **state)
{
    quipu_position found;

    (void)state;
    item.event_id = (quipu_bytes){ NULL, 0 };
    assert_ok(quipu_records_position(fake_records, 7, &found, &error), &error);
    memset(&position.event_id, 0, sizeof(position.event_id));
    assert_memory_equal(&found, &position, sizeof(found));
}

static void position_without_an_item_is_not_found(void **state)
{
    quipu_position found = { .notification_id = 77 };

    (void)state;
    fake.rows = nothing;
    assert_refused(quipu_records_position(fake_records, 8, &found, &error),
                   QUIPU_NOT_FOUND, &error,
                   "the log of \"stored_events\" has no item 8");
    assert_int_equal(found.notification_id, 77);
    fake.status[FAKE_STEP] = QUIPU_IO;
    assert_status(quipu_records_position(fake_records, 8, &found, NULL),
                  QUIPU_IO);
    fake.status[FAKE_READ_LOG] = QUIPU_BUSY;
    assert_status(quipu_records_position(fake_records, 8, &found, NULL),
                  QUIPU_BUSY);
    assert_int_equal(found.notification_id, 77);
    assert_refused(quipu_records_position(NULL, 8, &found, &error),
                   QUIPU_INVALID, &error, "records is NULL");
    assert_refused(quipu_records_position(fake_records, 8, NULL, &error),
                   QUIPU_INVALID, &error, "position is NULL");
}

static void position_of_an_unchanged_log_is_ok(void **state)
{
    (void)state;
    assert_ok(check(), &error);
    assert_int_equal(fake.range.lower, 7);
    assert_int_equal(fake.range.upper, 7);
}

static void unknown_members_of_a_position_are_not_compared(void **state)
{
    (void)state;
    memset(&position.store, 0, sizeof(position.store));
    assert_ok(check(), &error);
    memset(&position.event_id, 0, sizeof(position.event_id));
    assert_ok(check(), &error);
    position.notification_id = 0;
    fake.rows = nothing;
    assert_ok(check(), &error);
}

static void position_of_another_store_conflicts(void **state)
{
    (void)state;
    position.store.bytes[15] ^= 1;
    assert_refused(check(), QUIPU_CONFLICT, &error,
                   "the position is of another store than \"fake:there\"");
    position.notification_id = 0;
    assert_refused(check(), QUIPU_CONFLICT, &error, "another store");
    assert_int_equal(fake.count[FAKE_READ_LOG], 0);
}

static void log_that_ends_earlier_conflicts(void **state)
{
    (void)state;
    fake.rows = nothing;
    assert_refused(check(), QUIPU_CONFLICT, &error,
                   "the log of \"stored_events\" was rewound: it ends before "
                   "item 7");
}

static void log_with_another_item_conflicts(void **state)
{
    (void)state;
    position.event_id.bytes[0] ^= 1;
    assert_refused(
        check(), QUIPU_CONFLICT, &error,
        "the log of \"stored_events\" was rewound: item 7 is another "
        "event than before");
}

static void failures_of_the_lookup_are_returned(void **state)
{
    (void)state;
    fake.status[FAKE_READ_LOG] = QUIPU_TIMEOUT;
    assert_refused(check(), QUIPU_TIMEOUT, &error, "own words");
    position.notification_id = -1;
    assert_refused(check(), QUIPU_INVALID, &error, "below 0");
    assert_refused(quipu_records_check_position(NULL, &position, &error),
                   QUIPU_INVALID, &error, "records is NULL");
    assert_refused(quipu_records_check_position(fake_records, NULL, &error),
                   QUIPU_INVALID, &error, "position is NULL");
}

#define log_test(test) cmocka_unit_test_setup_teardown(test, start, fake_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        log_test(head_is_that_of_the_driver),
        log_test(position_has_store_and_event_id),
        log_test(position_without_event_id_column_has_no_event_id),
        log_test(position_without_an_item_is_not_found),
        log_test(position_of_an_unchanged_log_is_ok),
        log_test(unknown_members_of_a_position_are_not_compared),
        log_test(position_of_another_store_conflicts),
        log_test(log_that_ends_earlier_conflicts),
        log_test(log_with_another_item_conflicts),
        log_test(failures_of_the_lookup_are_returned),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
