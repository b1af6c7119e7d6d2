/* SPDX-License-Identifier: Apache-2.0 */
/* Tests binding and unbinding a schema. */
#include "quipu_test.h"

#include "fake_driver.h"

static void schema_is_copied_without_attributes(void **state)
{
    const quipu_schema *kept = quipu_records_schema(fake_records);

    (void)state;
    assert_ptr_not_equal(kept, &fake_schema);
    assert_ptr_not_equal(kept->columns, fake_columns);
    assert_string_equal(kept->table, "stored_events");
    assert_int_equal(kept->column_count, 7);
    assert_string_equal(kept->columns[6].name, "moment");
    assert_null(kept->columns[6].attribute);
    assert_ptr_equal(quipu_records_datastore(fake_records), fake_store);
    assert_null(quipu_records_schema(NULL));
    assert_null(quipu_records_datastore(NULL));
}

static void each_binding_is_unbound(void **state)
{
    (void)state;
    fake_rebind();
    assert_int_equal(fake.count[FAKE_BIND], 2);
    assert_int_equal(fake.count[FAKE_UNBIND], 1);
}

static void invalid_arguments_do_not_reach_the_driver(void **state)
{
    unsigned before = fake_calls();
    quipu_records *records;
    quipu_error error;

    (void)state;
    assert_refused(quipu_records_open(NULL, &fake_schema, &records, &error),
                   QUIPU_INVALID, &error, "datastore is NULL");
    assert_refused(quipu_records_open(fake_store, NULL, &records, &error),
                   QUIPU_INVALID, &error, "schema is NULL");
    assert_refused(quipu_records_open(fake_store, &fake_schema, NULL, &error),
                   QUIPU_INVALID, &error, "records is NULL");
    fake_schema.position = "xmin";
    assert_refused(
        quipu_records_open(fake_store, &fake_schema, &records, &error),
        QUIPU_INVALID, &error, "system column");
    assert_int_equal(fake_calls(), before);
}

static void failed_bind_leaves_nothing_open(void **state)
{
    quipu_datastore *other;
    quipu_records *records = fake_records;
    quipu_error error;

    (void)state;
    assert_ok(quipu_datastore_open("fake:", NULL, &other, &error), &error);
    fake.status[FAKE_BIND] = QUIPU_CONFLICT;
    assert_refused(quipu_records_open(other, &fake_schema, &records, &error),
                   QUIPU_CONFLICT, &error, "the fake's own words");
    fake.status[FAKE_BIND] = QUIPU_OK;
    fake.no_handle = true;
    assert_refused(quipu_records_open(other, &fake_schema, &records, &error),
                   QUIPU_INTERNAL, &error, "bind returned OK, but gave no");
    assert_ptr_equal(records, fake_records);
    assert_int_equal(fake.count[FAKE_UNBIND], 0);
    assert_ok(quipu_datastore_close(other, &error), &error);
}

static void records_with_cursors_and_listings_do_not_close(void **state)
{
    quipu_cursor *cursor;
    quipu_sequences *sequences;
    quipu_error error;

    (void)state;
    assert_ok(quipu_records_read_log(fake_records, NULL, &cursor, &error),
              &error);
    assert_ok(quipu_sequences_open(fake_records, (quipu_bytes){ NULL, 0 },
                                   &sequences, &error),
              &error);
    assert_refused(quipu_records_close(fake_records, &error), QUIPU_INVALID,
                   &error, "2 opened from it are still open");
    quipu_cursor_close(cursor);
    assert_refused(quipu_records_close(fake_records, &error), QUIPU_INVALID,
                   &error, "1 opened from it is still open");
    assert_int_equal(fake.count[FAKE_UNBIND], 0);
    quipu_sequences_close(sequences);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fake_test(schema_is_copied_without_attributes),
        fake_test(each_binding_is_unbound),
        fake_test(invalid_arguments_do_not_reach_the_driver),
        fake_test(failed_bind_leaves_nothing_open),
        fake_test(records_with_cursors_and_listings_do_not_close),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
