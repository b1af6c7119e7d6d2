/* SPDX-License-Identifier: Apache-2.0 */
/* Tests opening and closing event stores. */
#include "store_fixture.h"

static int add_driver(void **state)
{
    (void)state;
    script_add_driver();
    return 0;
}

static void store_returns_its_parts(void **state)
{
    struct opened opened;
    (void)state;

    opened_open(&opened, 0, &noted_mapping);
    assert_ptr_equal(quipu_records_datastore(quipu_store_records(opened.store)),
                     opened.datastore);
    assert_ptr_equal(
        quipu_mapper_type(quipu_store_mapper(opened.store), "Noted"), &noted);
    opened_close(&opened);
}

static void missing_schema_is_not_found(void **state)
{
    quipu_datastore *datastore = NULL;
    quipu_store *store = NULL;
    quipu_schema schema;
    quipu_error error;
    (void)state;

    schema_make(&schema, 0);
    assert_ok(quipu_datastore_open("memory:", NULL, &datastore, &error),
              &error);
    assert_status(
        quipu_store_open(datastore, &schema, &noted_mapping, &store, &error),
        QUIPU_NOT_FOUND);
    assert_null(store);
    assert_ok(quipu_datastore_close(datastore, &error), &error);
}

static void wrong_mapping_is_refused(void **state)
{
    quipu_mapping mapping = noted_mapping;
    quipu_datastore *datastore = NULL;
    quipu_store *store = NULL;
    quipu_schema schema;
    quipu_error error;
    (void)state;

    schema_make(&schema, 0);
    datastore_open(&datastore, "memory:", &schema);
    mapping.position = "nowhere";
    assert_status(
        quipu_store_open(datastore, &schema, &mapping, &store, &error),
        QUIPU_INVALID);
    assert_null(store);
    assert_ok(quipu_datastore_close(datastore, &error), &error);
}

static void null_arguments_are_refused(void **state)
{
    struct opened opened;
    quipu_store *store = NULL;
    quipu_error error;
    (void)state;

    opened_open(&opened, 0, &noted_mapping);
    assert_status(
        quipu_store_open(NULL, &opened.schema, &noted_mapping, &store, &error),
        QUIPU_INVALID);
    assert_status(quipu_store_open(opened.datastore, NULL, &noted_mapping,
                                   &store, &error),
                  QUIPU_INVALID);
    assert_status(quipu_store_open(opened.datastore, &opened.schema, NULL,
                                   &store, &error),
                  QUIPU_INVALID);
    assert_status(quipu_store_open(opened.datastore, &opened.schema,
                                   &noted_mapping, NULL, &error),
                  QUIPU_INVALID);
    assert_ok(quipu_store_close(NULL, &error), &error);
    opened_close(&opened);
}

static void store_with_open_cursors_does_not_close(void **state)
{
    const quipu_id id = uuid_id();
    const quipu_event *event = NULL;
    quipu_events *sequence = NULL;
    quipu_events *log = NULL;
    struct opened opened;
    quipu_error error;
    (void)state;

    opened_open(&opened, 0, &noted_mapping);
    fill(opened.store, &id, 1);
    assert_ok(quipu_store_read(opened.store, &id, NULL, &sequence, &error),
              &error);
    assert_ok(quipu_store_read_log(opened.store, NULL, &log, &error), &error);
    assert_refused(quipu_store_close(opened.store, &error), QUIPU_INVALID,
                   &error, "close its cursors");
    quipu_events_close(sequence);
    assert_refused(quipu_store_close(opened.store, &error), QUIPU_INVALID,
                   &error, "close its cursors");
    assert_ok(quipu_events_next(log, &event, &error), &error);
    assert_non_null(event);
    quipu_events_close(log);
    opened_close(&opened);
}

static void store_with_open_records_cursors_does_not_close(void **state)
{
    quipu_cursor *cursor = NULL;
    struct opened opened;
    quipu_error error;
    const quipu_id id = uuid_id();
    (void)state;

    opened_open(&opened, 0, &noted_mapping);
    assert_ok(quipu_records_read_log(quipu_store_records(opened.store), NULL,
                                     &cursor, &error),
              &error);
    assert_status(quipu_store_close(opened.store, &error), QUIPU_INVALID);
    quipu_cursor_close(cursor);
    fill(opened.store, &id, 1);
    opened_close(&opened);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(store_returns_its_parts),
        cmocka_unit_test(missing_schema_is_not_found),
        cmocka_unit_test(wrong_mapping_is_refused),
        cmocka_unit_test(null_arguments_are_refused),
        cmocka_unit_test(store_with_open_cursors_does_not_close),
        cmocka_unit_test(store_with_open_records_cursors_does_not_close),
    };

    return cmocka_run_group_tests(tests, add_driver, NULL) != 0;
}
