/* SPDX-License-Identifier: Apache-2.0 */
/* Opening cursors over several sequences, with the number of erasures. */
#include "quipu_test.h"

#include <string.h>

#include "datastore/datastore.h"
#include "fake_driver.h"

static quipu_error error;
static const quipu_bytes one = { "sequence-id-0001", 16 };
static const quipu_bytes two = { "sequence-id-0002", 16 };

static const quipu_query none = { .struct_size = sizeof(none),
                                  .flags = QUIPU_QUERY_GT,
                                  .gt = INT64_MAX };
static const quipu_query last = { .struct_size = sizeof(last),
                                  .flags = QUIPU_QUERY_DESCENDING |
                                           QUIPU_QUERY_LIMIT,
                                  .limit = 1 };

static void close_all(quipu_cursor **cursors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        quipu_cursor_close(cursors[i]);
    }
}

static void sequences_are_opened_by_one_call(void **state)
{
    const quipu_item item = fake_item();
    const void *const rows[] = { &item, NULL };
    const quipu_sequence_query queries[] = { { one, NULL },
                                             { one, &none },
                                             { two, &last } };
    const quipu_item *read = NULL;
    quipu_cursor *cursors[3];
    int64_t erasures = -1;

    (void)state;
    fake.rows = rows;
    fake.erasures = 7;
    assert_ok(quipu_records_read_many(fake_records, queries, 3, cursors,
                                      &erasures, &error),
              &error);
    assert_int_equal(erasures, 7);
    assert_int_equal(fake.read_count, 2); /* one range is empty */
    assert_bytes(fake.sequence_id.data, fake.sequence_id.size, two.data, 16);
    assert_true(fake.range.descending);
    assert_int_equal(fake.range.limit, 1);
    assert_int_equal(fake.count[FAKE_ERASURES], 0);
    assert_int_equal(fake.count[FAKE_READ_SEQUENCE], 0);
    assert_status(quipu_records_close(fake_records, NULL), QUIPU_INVALID);
    for (size_t i = 0; i < 3; i++) {
        assert_ok(quipu_cursor_next(cursors[i], &read, &error), &error);
        assert_true((read != NULL) == (i != 1));
    }
    close_all(cursors, 3);
    /* The driver is not called for nothing, but for the number. */
    assert_ok(quipu_records_read_many(fake_records, queries + 1, 1, cursors,
                                      &erasures, &error),
              &error);
    close_all(cursors, 1);
    assert_ok(
        quipu_records_read_many(fake_records, NULL, 0, NULL, &erasures, &error),
        &error);
    assert_int_equal(fake.count[FAKE_ERASURES], 2);
    assert_int_equal(fake.read_count, 2);
}

/* The number is read before the items, so that it is not too new. */
static int opened_before;

static void note_order(enum fake_call call)
{
    if (call == FAKE_ERASURES) {
        opened_before = (int)fake.count[FAKE_READ_SEQUENCE];
    }
}

static void other_drivers_read_one_by_one(void **state)
{
    const quipu_sequence_query queries[] = { { one, NULL }, { two, &last } };
    const quipu_driver *whole = fake_store->driver;
    quipu_driver without = *whole;
    quipu_cursor *cursors[2];
    int64_t erasures = -1;

    (void)state;
    without.read_sequences = NULL;
    fake_store->driver = &without;
    fake.erasures = 3;
    fake.meanwhile = note_order;
    opened_before = -1;
    assert_ok(quipu_records_read_many(fake_records, queries, 2, cursors,
                                      &erasures, &error),
              &error);
    close_all(cursors, 2);
    assert_int_equal(erasures, 3);
    assert_int_equal(opened_before, 0);
    assert_int_equal(fake.count[FAKE_READ_SEQUENCE], 2);
    /* Without a wish for the number it is not read. */
    assert_ok(quipu_records_read_many(fake_records, queries, 2, cursors, NULL,
                                      &error),
              &error);
    close_all(cursors, 2);
    assert_int_equal(fake.count[FAKE_ERASURES], 1);
    fake_store->driver = whole;
}

/* The fixture fails if a cursor stays open. */
static void after_a_failure_no_cursor_is_open(void **state)
{
    const quipu_sequence_query queries[] = { { one, NULL }, { two, NULL } };
    const quipu_query wrong = { .struct_size = sizeof(wrong),
                                .flags = UINT32_MAX };
    const quipu_sequence_query second_is_wrong[] = { { one, NULL },
                                                     { two, &wrong } };
    const quipu_driver *whole = fake_store->driver;
    quipu_driver without = *whole;
    quipu_cursor *cursors[2];

    (void)state;
    without.read_sequences = NULL;
    for (int i = 0; i < 2; i++) {
        fake_store->driver = i == 0 ? whole : &without;
        fake.status[FAKE_READ_SEQUENCES] = QUIPU_IO;
        fake.status[FAKE_READ_SEQUENCE] = QUIPU_IO;
        memset(cursors, -1, sizeof(cursors));
        assert_refused(quipu_records_read_many(fake_records, queries, 2,
                                               cursors, NULL, &error),
                       QUIPU_IO, &error, "own words");
        assert_null(cursors[0]);
        assert_null(cursors[1]);
        fake.status[FAKE_READ_SEQUENCES] = QUIPU_OK;
        fake.status[FAKE_READ_SEQUENCE] = QUIPU_OK;
        memset(cursors, -1, sizeof(cursors));
        assert_refused(quipu_records_read_many(fake_records, second_is_wrong, 2,
                                               cursors, NULL, &error),
                       QUIPU_INVALID, &error, "unknown flag");
        assert_null(cursors[0]);
        assert_null(cursors[1]);
    }
    fake_store->driver = whole;
    fake.no_handle = true;
    assert_refused(quipu_records_read_many(fake_records, queries, 2, cursors,
                                           NULL, &error),
                   QUIPU_INTERNAL, &error, "gave no cursor");
    assert_null(cursors[1]);
}

static void wrong_arguments_are_refused(void **state)
{
    const quipu_sequence_query queries[] = { { one, NULL },
                                             { { "short", 5 }, NULL } };
    quipu_cursor *cursors[2];

    (void)state;
    assert_refused(
        quipu_records_read_many(NULL, queries, 1, cursors, NULL, &error),
        QUIPU_INVALID, &error, "records");
    assert_refused(
        quipu_records_read_many(fake_records, NULL, 1, cursors, NULL, &error),
        QUIPU_INVALID, &error, "queries");
    assert_refused(
        quipu_records_read_many(fake_records, queries, 1, NULL, NULL, &error),
        QUIPU_INVALID, &error, "cursors");
    assert_refused(quipu_records_read_many(fake_records, queries, 2, cursors,
                                           NULL, &error),
                   QUIPU_INVALID, &error, "sequence_id");
    assert_null(cursors[0]);
    assert_int_equal(fake.count[FAKE_READ_SEQUENCES], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fake_test(sequences_are_opened_by_one_call),
        fake_test(other_drivers_read_one_by_one),
        fake_test(after_a_failure_no_cursor_is_open),
        fake_test(wrong_arguments_are_refused),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
