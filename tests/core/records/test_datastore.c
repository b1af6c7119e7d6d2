/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the operations on an open datastore. */
#include "quipu_test.h"

#include "fake_driver.h"

static void closing_null_succeeds(void **state)
{
    (void)state;
    assert_status(quipu_datastore_close(NULL, NULL), QUIPU_OK);
    assert_status(quipu_records_close(NULL, NULL), QUIPU_OK);
    quipu_cursor_close(NULL);
    quipu_schemas_close(NULL);
    quipu_trackings_close(NULL);
    quipu_sequences_close(NULL);
    quipu_datastore_interrupt(NULL);
}

static void datastore_with_open_records_does_not_close(void **state)
{
    quipu_error error;

    (void)state;
    assert_refused(quipu_datastore_close(fake_store, &error), QUIPU_INVALID,
                   &error, "1 opened from it is still open");
    assert_int_equal(fake.count[FAKE_CLOSE], 0);
    assert_ok(quipu_datastore_setup(fake_store, &fake_schema, &error), &error);
}

static void datastore_with_open_listings_does_not_close(void **state)
{
    quipu_schemas *schemas;
    quipu_trackings *trackings;
    quipu_error error;

    (void)state;
    assert_ok(quipu_schemas_open(fake_store, &schemas, &error), &error);
    assert_ok(quipu_trackings_open(fake_store, &trackings, &error), &error);
    assert_refused(quipu_datastore_close(fake_store, &error), QUIPU_INVALID,
                   &error, "3 opened from it are still open");
    quipu_schemas_close(schemas);
    assert_refused(quipu_datastore_close(fake_store, &error), QUIPU_INVALID,
                   &error, "2 opened from it");
    quipu_trackings_close(trackings);
    assert_refused(quipu_datastore_close(fake_store, &error), QUIPU_INVALID,
                   &error, "1 opened from it");
    assert_int_equal(fake.count[FAKE_CLOSE], 0);
    assert_int_equal(fake.count[FAKE_CURSOR_CLOSE], 2);
}

static void setup_alter_and_teardown_pass_the_schema_on(void **state)
{
    quipu_error error;

    (void)state;
    fake_schema.table = "ledger";
    assert_ok(quipu_datastore_setup(fake_store, &fake_schema, &error), &error);
    assert_int_equal(fake.count[FAKE_SETUP], 1);
    assert_string_equal(fake.table, "ledger");
    assert_int_equal(fake.struct_size, sizeof(quipu_schema));
    fake_schema.table = "ledger2";
    assert_ok(quipu_datastore_teardown(fake_store, &fake_schema, &error),
              &error);
    assert_int_equal(fake.count[FAKE_TEARDOWN], 1);
    assert_string_equal(fake.table, "ledger2");
    fake_schema.table = "ledger3";
    assert_ok(quipu_datastore_alter(fake_store, &fake_schema, &error), &error);
    assert_int_equal(fake.count[FAKE_ALTER], 1);
    assert_string_equal(fake.table, "ledger3");
    assert_int_equal(fake.struct_size, sizeof(quipu_schema));
}

static void driver_without_alter_is_unsupported(void **state)
{
    quipu_datastore *bare;
    quipu_error error;

    (void)state;
    assert_ok(quipu_datastore_open("bare:", NULL, &bare, &error), &error);
    assert_refused(quipu_datastore_alter(bare, &fake_schema, &error),
                   QUIPU_UNSUPPORTED, &error,
                   "driver \"bare\" does not have the operation alter");
    assert_ok(quipu_datastore_close(bare, &error), &error);
}

static void invalid_schema_does_not_reach_the_driver(void **state)
{
    quipu_error error;
    unsigned before;

    (void)state;
    fake_schema.table = "pg_ledger";
    before = fake_calls();
    assert_refused(quipu_datastore_setup(fake_store, &fake_schema, &error),
                   QUIPU_INVALID, &error, "reserved");
    assert_refused(quipu_datastore_teardown(fake_store, &fake_schema, &error),
                   QUIPU_INVALID, &error, "reserved");
    assert_refused(quipu_datastore_alter(fake_store, &fake_schema, &error),
                   QUIPU_INVALID, &error, "reserved");
    assert_refused(quipu_datastore_setup(fake_store, NULL, &error),
                   QUIPU_INVALID, &error, "schema is NULL");
    assert_refused(quipu_datastore_alter(NULL, &fake_schema, &error),
                   QUIPU_INVALID, &error, "datastore is NULL");
    assert_refused(quipu_datastore_setup(NULL, &fake_schema, &error),
                   QUIPU_INVALID, &error, "datastore is NULL");
    assert_refused(quipu_datastore_teardown(NULL, &fake_schema, &error),
                   QUIPU_INVALID, &error, "datastore is NULL");
    assert_int_equal(fake_calls(), before);
}

static void interrupt_reaches_the_driver(void **state)
{
    (void)state;
    quipu_datastore_interrupt(fake_store);
    assert_int_equal(fake.count[FAKE_INTERRUPT], 1);
}

static void describe_returns_the_properties(void **state)
{
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    quipu_datastore *other;
    quipu_error error;

    (void)state;
    assert_ok(quipu_datastore_open("fake://me:pass-word@host/x?durability="
                                   "relaxed&namespace=n&secret=pass-word",
                                   NULL, &other, &error),
              &error);
    assert_ok(quipu_datastore_describe(other, &info, &error), &error);
    assert_int_equal(info.struct_size, sizeof(info));
    assert_int_equal(info.capabilities, fake.opened.capabilities);
    assert_memory_equal(&info.identity, &fake.opened.identity, 16);
    assert_memory_equal(&info.limits, &fake.opened.limits, sizeof(info.limits));
    assert_contains(info.uri, "host/x");
    assert_null(strstr(info.uri, "pass-word"));
    assert_string_equal(info.driver, "fake");
    assert_string_equal(info.driver_version, "2.0.1");
    assert_string_equal(info.library, "Fake 0.9");
    assert_string_equal(info.name_space, "n");
    assert_true(info.relaxed);
    assert_false(info.readonly);
    assert_ok(quipu_datastore_close(other, &error), &error);
    assert_refused(quipu_datastore_describe(NULL, &info, &error), QUIPU_INVALID,
                   &error, "datastore is NULL");
    assert_refused(quipu_datastore_describe(fake_store, NULL, &error),
                   QUIPU_INVALID, &error, "info is NULL");
    info.struct_size = 0;
    assert_refused(quipu_datastore_describe(fake_store, &info, &error),
                   QUIPU_INVALID, &error, "info has struct_size 0");
}

static void readonly_refuses_changes_and_passes_setup_on(void **state)
{
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    quipu_item item = fake_item();
    quipu_append append = { .struct_size = sizeof(append),
                            .items = &item,
                            .item_count = 1 };
    quipu_datastore *readonly;
    quipu_records *records;
    quipu_error error;

    (void)state;
    assert_ok(
        quipu_datastore_open("fake:?readonly=yes", NULL, &readonly, &error),
        &error);
    assert_ok(quipu_datastore_describe(readonly, &info, &error), &error);
    assert_true(info.readonly);
    assert_refused(quipu_datastore_teardown(readonly, &fake_schema, &error),
                   QUIPU_DENIED, &error, "opened readonly");
    assert_refused(quipu_datastore_alter(readonly, &fake_schema, &error),
                   QUIPU_DENIED, &error, "opened readonly");
    assert_ok(quipu_datastore_setup(readonly, &fake_schema, &error), &error);
    assert_ok(quipu_records_open(readonly, &fake_schema, &records, &error),
              &error);
    assert_refused(quipu_records_append(records, &append, NULL, &error),
                   QUIPU_DENIED, &error, "opened readonly");
    assert_int_equal(fake.count[FAKE_TEARDOWN] + fake.count[FAKE_APPEND] +
                         fake.count[FAKE_ALTER],
                     0);
    assert_ok(quipu_records_close(records, &error), &error);
    assert_ok(quipu_datastore_close(readonly, &error), &error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fake_test(closing_null_succeeds),
        fake_test(datastore_with_open_records_does_not_close),
        fake_test(datastore_with_open_listings_does_not_close),
        fake_test(setup_alter_and_teardown_pass_the_schema_on),
        fake_test(driver_without_alter_is_unsupported),
        fake_test(invalid_schema_does_not_reach_the_driver),
        fake_test(interrupt_reaches_the_driver),
        fake_test(describe_returns_the_properties),
        fake_test(readonly_refuses_changes_and_passes_setup_on),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
