/* SPDX-License-Identifier: Apache-2.0 */
/* Tests cursors over sequences and the log. */
#include "quipu_test.h"

#include "fake_driver.h"

static const quipu_bytes id = { "sequence-id-0001", 16 };
static quipu_error error;
static quipu_cursor *cursor;

static void items_are_lent_without_a_copy(void **state)
{
    const quipu_item one = fake_item();
    const void *const rows[] = { &one, NULL };
    const quipu_item *item;

    (void)state;
    fake.rows = rows;
    assert_ok(quipu_records_read(fake_records, id, NULL, &cursor, &error),
              &error);
    assert_int_equal(fake.count[FAKE_READ_SEQUENCE], 1);
    assert_bytes(fake.sequence_id.data, fake.sequence_id.size, id.data, 16);
    assert_ok(quipu_cursor_next(cursor, &item, &error), &error);
    assert_ptr_equal(item, &one);
    quipu_cursor_close(cursor);
}

static void query_reaches_the_driver_as_a_range(void **state)
{
    const quipu_query query = { .struct_size = sizeof(query),
                                .flags = QUIPU_QUERY_GT | QUIPU_QUERY_LTE |
                                         QUIPU_QUERY_LIMIT |
                                         QUIPU_QUERY_DESCENDING,
                                .gt = 3,
                                .lte = 9,
                                .limit = 2 };

    (void)state;
    for (int log = 0; log < 2; log++) {
        memset(&fake.range, 0, sizeof(fake.range));
        assert_ok(
            log ? quipu_records_read_log(fake_records, &query, &cursor, &error)
                : quipu_records_read(fake_records, id, &query, &cursor, &error),
            &error);
        assert_int_equal(fake.range.struct_size, sizeof(quipu_range));
        assert_true(fake.range.descending);
        assert_int_equal(fake.range.lower, 4);
        assert_int_equal(fake.range.upper, 9);
        assert_int_equal(fake.range.limit, 2);
        quipu_cursor_close(cursor);
    }
}

/* A foreign table may have any bytes in the column of the event ids; callers
 * copy 16 of them. */
static void event_id_of_another_size_is_corrupt(void **state)
{
    static const size_t sizes[] = { 0, 3, 15, 17, 36 };
    static const char bytes[36] = "0123";
    quipu_item wrong = fake_item();
    const void *const rows[] = { &wrong, NULL };
    quipu_position position;

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const quipu_item *item = NULL;

        wrong.event_id = (quipu_bytes){ bytes, sizes[i] };
        fake.rows = rows;
        assert_ok(quipu_records_read_log(fake_records, NULL, &cursor, &error),
                  &error);
        assert_refused(quipu_cursor_next(cursor, &item, &error), QUIPU_CORRUPT,
                       &error, "instead of 16");
        assert_status(quipu_cursor_next(cursor, &item, &error), QUIPU_INVALID);
        quipu_cursor_close(cursor);
        assert_status(
            quipu_records_position(fake_records, 1, &position, &error),
            QUIPU_CORRUPT);
    }
}

/* V4 without matching items.  The contract promises drivers ranges that are not
 * empty. */
static void empty_range_does_not_reach_the_driver(void **state)
{
    static const quipu_query queries[] = {
        { sizeof(quipu_query), QUIPU_QUERY_LIMIT, 0, 0, 0, 0, 0 },
        { sizeof(quipu_query), QUIPU_QUERY_GT, INT64_MAX, 0, 0, 0, 0 },
        { sizeof(quipu_query), QUIPU_QUERY_LT, 0, 0, INT64_MIN, 0, 0 },
        { sizeof(quipu_query), QUIPU_QUERY_GT | QUIPU_QUERY_LT, 3, 0, 4, 0, 0 },
        { sizeof(quipu_query), QUIPU_QUERY_GTE | QUIPU_QUERY_LTE, 0, 4, 0, 3,
          0 },
    };
    const quipu_item one = fake_item();
    const void *const rows[] = { &one, NULL };

    (void)state;
    fake.rows = rows;
    for (size_t i = 0; i < 2 * sizeof(queries) / sizeof(queries[0]); i++) {
        const quipu_query *query = &queries[i / 2];
        const quipu_item *item = &one;

        assert_ok(
            i % 2
                ? quipu_records_read_log(fake_records, query, &cursor, &error)
                : quipu_records_read(fake_records, id, query, &cursor, &error),
            &error);
        assert_ok(quipu_cursor_next(cursor, &item, &error), &error);
        assert_null(item);
        assert_status(quipu_records_close(fake_records, NULL), QUIPU_INVALID);
        quipu_cursor_close(cursor);
    }
    assert_int_equal(fake.count[FAKE_READ_SEQUENCE] +
                         fake.count[FAKE_READ_LOG] + fake.count[FAKE_STEP] +
                         fake.count[FAKE_CURSOR_CLOSE],
                     0);
}

static void invalid_reads_do_not_reach_the_driver(void **state)
{
    const quipu_query query = { .struct_size = sizeof(query),
                                .flags = QUIPU_QUERY_LIMIT,
                                .limit = -1 };
    unsigned before = fake_calls();

    (void)state;
    assert_refused(quipu_records_read(NULL, id, NULL, &cursor, &error),
                   QUIPU_INVALID, &error, "records is NULL");
    assert_refused(quipu_records_read_log(NULL, NULL, &cursor, &error),
                   QUIPU_INVALID, &error, "records is NULL");
    assert_refused(quipu_records_read(fake_records, id, NULL, NULL, &error),
                   QUIPU_INVALID, &error, "cursor is NULL");
    assert_refused(quipu_records_read(fake_records, (quipu_bytes){ "abc", 3 },
                                      NULL, &cursor, &error),
                   QUIPU_INVALID, &error, "sequence_id is not the 16 bytes");
    assert_refused(
        quipu_records_read(fake_records, id, &query, &cursor, &error),
        QUIPU_INVALID, &error, "limit is -1");
    assert_refused(
        quipu_records_read_log(fake_records, &query, &cursor, &error),
        QUIPU_INVALID, &error, "limit is -1");
    assert_int_equal(fake_calls(), before);
}

static void text_ids_are_checked_by_their_kind(void **state)
{
    (void)state;
    fake_schema.flags = QUIPU_SCHEMA_TEXT_IDS;
    fake_rebind();
    assert_ok(quipu_records_read(fake_records, (quipu_bytes){ "abc", 3 }, NULL,
                                 &cursor, &error),
              &error);
    quipu_cursor_close(cursor);
    assert_refused(quipu_records_read(fake_records, (quipu_bytes){ "", 0 },
                                      NULL, &cursor, &error),
                   QUIPU_INVALID, &error, "sequence_id is empty");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fake_test(items_are_lent_without_a_copy),
        fake_test(query_reaches_the_driver_as_a_range),
        fake_test(event_id_of_another_size_is_corrupt),
        fake_test(empty_range_does_not_reach_the_driver),
        fake_test(invalid_reads_do_not_reach_the_driver),
        fake_test(text_ids_are_checked_by_their_kind),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
