/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the listings of schemas, sequences and tracking records. */
#include "quipu_test.h"

#include "fake_driver.h"

static quipu_error error;

static void schemas_of_an_older_driver_are_extended(void **state)
{
    quipu_schema row = fake_schema;
    const void *const rows[] = { &row, NULL };
    const quipu_schema *schema;
    quipu_schemas *schemas;

    (void)state;
    row.struct_size = offsetof(quipu_schema, columns);
    fake.rows = rows;
    assert_ok(quipu_schemas_open(fake_store, &schemas, &error), &error);
    assert_ok(quipu_schemas_next(schemas, &schema, &error), &error);
    assert_int_equal(schema->struct_size, sizeof(quipu_schema));
    assert_string_equal(schema->time, "time");
    assert_null(schema->columns);
    assert_int_equal(schema->column_count, 0);
    quipu_schemas_close(schemas);
}

static void schema_with_a_wrong_struct_size_is_internal(void **state)
{
    quipu_schema row = { .struct_size = 0 };
    const void *const rows[] = { &row, NULL };
    const quipu_schema *schema = &row;
    quipu_schemas *schemas;

    (void)state;
    fake.rows = rows;
    assert_ok(quipu_schemas_open(fake_store, &schemas, &error), &error);
    assert_refused(quipu_schemas_next(schemas, &schema, &error), QUIPU_INTERNAL,
                   &error, "step returned OK, but lent a schema");
    assert_ptr_equal(schema, &row);
    assert_status(quipu_schemas_next(schemas, &schema, NULL), QUIPU_INVALID);
    quipu_schemas_close(schemas);
}

static void several_schemas_at_once_are_internal(void **state)
{
    const quipu_schema page[] = { fake_schema, fake_schema };
    const quipu_schema *schema = page;
    quipu_schemas *schemas;

    (void)state;
    fake.page = page;
    fake.page_count = 2;
    fake.pages = 1;
    assert_ok(quipu_schemas_open(fake_store, &schemas, &error), &error);
    assert_refused(quipu_schemas_next(schemas, &schema, &error), QUIPU_INTERNAL,
                   &error,
                   "step returned OK, but lent several schemas at once");
    assert_ptr_equal(schema, page);
    assert_status(quipu_schemas_next(schemas, &schema, NULL), QUIPU_INVALID);
    quipu_schemas_close(schemas);
}

static void tracking_records_are_lent_without_a_copy(void **state)
{
    const quipu_tracking row = { .consumer = { "c", 1 }, .log = { "l", 1 } };
    const void *const rows[] = { &row, NULL };
    const quipu_tracking *tracking;
    quipu_trackings *trackings;

    (void)state;
    fake.rows = rows;
    assert_ok(quipu_trackings_open(fake_store, &trackings, &error), &error);
    assert_ok(quipu_trackings_next(trackings, &tracking, &error), &error);
    assert_ptr_equal(tracking, &row);
    quipu_trackings_close(trackings);
}

static void sequences_are_listed_after_an_id(void **state)
{
    const quipu_sequence row = { .id = { "sequence-id-0002", 16 } };
    const void *const rows[] = { &row, NULL };
    const quipu_bytes after = { "sequence-id-0001", 16 };
    const quipu_sequence *sequence;
    quipu_sequences *sequences;

    (void)state;
    fake.rows = rows;
    assert_ok(quipu_sequences_open(fake_records, after, &sequences, &error),
              &error);
    assert_bytes(fake.after.data, fake.after.size, after.data, after.size);
    assert_ok(quipu_sequences_next(sequences, &sequence, &error), &error);
    assert_ptr_equal(sequence, &row);
    quipu_sequences_close(sequences);
    assert_ok(quipu_sequences_open(fake_records, (quipu_bytes){ NULL, 0 },
                                   &sequences, &error),
              &error);
    assert_null(fake.after.data);
    quipu_sequences_close(sequences);
}

static void invalid_listings_do_not_reach_the_driver(void **state)
{
    unsigned before = fake_calls();
    quipu_schemas *schemas;
    quipu_trackings *trackings;
    quipu_sequences *sequences;
    quipu_logs *logs;

    (void)state;
    assert_refused(quipu_logs_open(NULL, &logs, &error), QUIPU_INVALID, &error,
                   "datastore is NULL");
    assert_refused(quipu_logs_open(fake_store, NULL, &error), QUIPU_INVALID,
                   &error, "logs is NULL");
    assert_refused(quipu_schemas_open(NULL, &schemas, &error), QUIPU_INVALID,
                   &error, "datastore is NULL");
    assert_refused(quipu_trackings_open(NULL, &trackings, &error),
                   QUIPU_INVALID, &error, "datastore is NULL");
    assert_refused(quipu_sequences_open(NULL, (quipu_bytes){ NULL, 0 },
                                        &sequences, &error),
                   QUIPU_INVALID, &error, "records is NULL");
    assert_refused(quipu_sequences_open(fake_records, (quipu_bytes){ "a", 1 },
                                        &sequences, &error),
                   QUIPU_INVALID, &error, "after is not the 16 bytes");
    assert_refused(quipu_sequences_open(fake_records, (quipu_bytes){ NULL, 16 },
                                        &sequences, &error),
                   QUIPU_INVALID, &error, "after is absent");
    assert_int_equal(fake_calls(), before);
}

/* A datastore of all namespaces lists logs, and refuses all else. */
static void datastore_of_all_namespaces_only_lists(void **state)
{
    const quipu_log row = { .name_space = "a", .table = "events", .head = 5 };
    const void *const rows[] = { &row, NULL };
    quipu_datastore *all = NULL;
    quipu_schemas *schemas;
    quipu_records *records;
    const quipu_log *log = NULL;
    quipu_logs *logs = NULL;

    (void)state;
    assert_ok(quipu_datastore_open("fake:?namespace=*", NULL, &all, &error),
              &error);
    assert_string_equal(fake.name_space, "");
    assert_int_equal(fake.open_flags, QUIPU_OPEN_ALL_NAMESPACES);
    assert_refused(quipu_schemas_open(all, &schemas, &error), QUIPU_INVALID,
                   &error, "opened with namespace=*");
    assert_refused(quipu_records_open(all, &fake_schema, &records, &error),
                   QUIPU_INVALID, &error, "opened with namespace=*");
    assert_refused(quipu_datastore_setup(all, &fake_schema, &error),
                   QUIPU_INVALID, &error, "opened with namespace=*");
    fake.rows = rows;
    assert_ok(quipu_logs_open(all, &logs, &error), &error);
    assert_ok(quipu_logs_next(logs, &log, &error), &error);
    assert_ptr_equal(log, &row);
    assert_ok(quipu_logs_next(logs, &log, &error), &error);
    assert_null(log);
    quipu_logs_close(logs);
    assert_ok(quipu_datastore_close(all, &error), &error);
}

static void driver_without_the_list_gets_no_such_datastore(void **state)
{
    quipu_datastore *all = NULL;

    (void)state;
    assert_refused(
        quipu_datastore_open("bare:?namespace=*", NULL, &all, &error),
        QUIPU_UNSUPPORTED, &error, "list_logs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fake_test(schemas_of_an_older_driver_are_extended),
        fake_test(schema_with_a_wrong_struct_size_is_internal),
        fake_test(several_schemas_at_once_are_internal),
        fake_test(tracking_records_are_lent_without_a_copy),
        fake_test(sequences_are_listed_after_an_id),
        fake_test(invalid_listings_do_not_reach_the_driver),
        fake_test(datastore_of_all_namespaces_only_lists),
        fake_test(driver_without_the_list_gets_no_such_datastore),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
