/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the look-up of an item by its event id. */
#include "quipu_test.h"

#include "fake_driver.h"
#include "quipu_test_memory.h"

static quipu_error error;
static const quipu_uuid event_id = { "event-id-000001" };

static void item_of_the_driver_is_lent(void **state)
{
    const quipu_item stored = fake_item();
    const void *const rows[] = { &stored, NULL };
    const quipu_item *item;
    quipu_cursor *cursor;

    (void)state;
    fake.rows = rows;
    assert_ok(
        quipu_records_find_event(fake_records, &event_id, &cursor, &error),
        &error);
    assert_memory_equal(fake.event_id, event_id.bytes, 16);
    assert_ok(quipu_cursor_next(cursor, &item, &error), &error);
    assert_ptr_equal(item, &stored);
    assert_ok(quipu_cursor_next(cursor, &item, &error), &error);
    assert_null(item);
    quipu_cursor_close(cursor);
    assert_int_equal(fake.count[FAKE_CURSOR_CLOSE], 1);
}

static void unknown_event_id_yields_nothing(void **state)
{
    const quipu_item *item;
    quipu_cursor *cursor;

    (void)state;
    assert_ok(
        quipu_records_find_event(fake_records, &event_id, &cursor, &error),
        &error);
    assert_ok(quipu_cursor_next(cursor, &item, &error), &error);
    assert_null(item);
    quipu_cursor_close(cursor);
}

static void wrong_arguments_do_not_reach_the_driver(void **state)
{
    unsigned before = fake_calls();
    quipu_cursor *cursor;

    (void)state;
    assert_refused(quipu_records_find_event(NULL, &event_id, &cursor, &error),
                   QUIPU_INVALID, &error, "records is NULL");
    assert_refused(
        quipu_records_find_event(fake_records, NULL, &cursor, &error),
        QUIPU_INVALID, &error, "event_id is NULL");
    assert_refused(
        quipu_records_find_event(fake_records, &event_id, NULL, &error),
        QUIPU_INVALID, &error, "cursor is NULL");
    assert_int_equal(fake_calls(), before);
}

static void schema_without_event_ids_is_invalid(void **state)
{
    quipu_cursor *cursor;

    (void)state;
    fake_schema.event_id = NULL;
    fake_rebind();
    assert_refused(
        quipu_records_find_event(fake_records, &event_id, &cursor, &error),
        QUIPU_INVALID, &error, "has no column for event ids");
    assert_int_equal(fake.count[FAKE_FIND_EVENT], 0);
}

/* It needs no capability, but the operation. */
static void driver_without_the_operation_is_unsupported(void **state)
{
    static const char *const uris[] = { "bare:", "unfiltered:" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        quipu_datastore *other;
        quipu_records *records;
        quipu_cursor *cursor;

        assert_ok(quipu_datastore_open(uris[i], NULL, &other, &error), &error);
        assert_ok(quipu_records_open(other, &fake_schema, &records, &error),
                  &error);
        assert_refused(
            quipu_records_find_event(records, &event_id, &cursor, &error),
            QUIPU_UNSUPPORTED, &error,
            "does not have the operation find_event");
        assert_ok(quipu_records_close(records, &error), &error);
        assert_ok(quipu_datastore_close(other, &error), &error);
    }
}

static int find(void *context, quipu_error *out)
{
    quipu_datastore *datastore = NULL;
    quipu_records *records = NULL;
    quipu_cursor *cursor = NULL;
    int status = quipu_datastore_open("fake:", NULL, &datastore, out);

    (void)context;
    status = status
                 ? status
                 : quipu_records_open(datastore, &fake_schema, &records, out);
    status = status
                 ? status
                 : quipu_records_find_event(records, &event_id, &cursor, out);
    quipu_cursor_close(cursor);
    assert_status(quipu_records_close(records, NULL), QUIPU_OK);
    assert_status(quipu_datastore_close(datastore, NULL), QUIPU_OK);
    return status;
}

static int first_use(void **state)
{
    fake_begin(state);
    return fake_end(state);
}

static void failed_allocations_are_reported(void **state)
{
    (void)state;
    quipu_test_memory_sweep(find, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fake_test(item_of_the_driver_is_lent),
        fake_test(unknown_event_id_yields_nothing),
        fake_test(wrong_arguments_do_not_reach_the_driver),
        fake_test(schema_without_event_ids_is_invalid),
        fake_test(driver_without_the_operation_is_unsupported),
        cmocka_unit_test_setup(failed_allocations_are_reported, first_use),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
