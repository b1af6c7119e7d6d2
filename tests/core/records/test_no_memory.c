/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that each failed allocation is reported and leaves no memory behind,
 * and that appends and steps allocate none. */
#include "quipu_test.h"

#include "fake_driver.h"
#include "quipu_test_memory.h"

static int start(void **state)
{
    quipu_datastore *first;

    /* Memory of the first use of a driver is not a leak. */
    assert_ok(quipu_datastore_open("fake:", NULL, &first, NULL), NULL);
    assert_ok(quipu_datastore_close(first, NULL), NULL);
    fake_begin(state);
    return fake_end(state);
}

static int open_and_close(void *context, quipu_error *error)
{
    const quipu_option option = { .name = "secret", .value = "hush" };
    const quipu_settings settings = { .struct_size = sizeof(settings),
                                      .options = &option,
                                      .option_count = 1 };
    quipu_datastore *datastore;
    int status = quipu_datastore_open("fake://me:pw@there?namespace=n&cache=1k",
                                      &settings, &datastore, error);

    (void)context;
    return status == QUIPU_OK ? quipu_datastore_close(datastore, error)
                              : status;
}

static void failed_opening_leaves_no_memory(void **state)
{
    (void)state;
    quipu_test_memory_sweep(open_and_close, NULL);
    assert_int_equal(fake.count[FAKE_OPEN] > 0, 1);
}

/* All handles of a datastore, each open or NULL. */
static int open_all(void *context, quipu_error *error)
{
    const quipu_bytes absent = { NULL, 0 };
    quipu_datastore *datastore = NULL;
    quipu_records *records = NULL;
    quipu_cursor *cursor = NULL;
    quipu_schemas *schemas = NULL;
    quipu_trackings *trackings = NULL;
    quipu_sequences *sequences = NULL;
    quipu_logs *logs = NULL;
    int status = quipu_datastore_open("fake:", NULL, &datastore, error);

    (void)context;
    status = status
                 ? status
                 : quipu_records_open(datastore, &fake_schema, &records, error);
    status =
        status ? status : quipu_records_read_log(records, NULL, &cursor, error);
    status = status ? status : quipu_schemas_open(datastore, &schemas, error);
    status =
        status ? status : quipu_trackings_open(datastore, &trackings, error);
    status = status ? status
                    : quipu_sequences_open(records, absent, &sequences, error);
    status = status ? status : quipu_logs_open(datastore, &logs, error);
    quipu_logs_close(logs);
    quipu_sequences_close(sequences);
    quipu_trackings_close(trackings);
    quipu_schemas_close(schemas);
    quipu_cursor_close(cursor);
    assert_status(quipu_records_close(records, NULL), QUIPU_OK);
    assert_status(quipu_datastore_close(datastore, NULL), QUIPU_OK);
    return status;
}

static void failed_openings_of_handles_leave_no_memory(void **state)
{
    (void)state;
    quipu_test_memory_sweep(open_all, NULL);
}

/* After a refusal of the driver, the core keeps no memory either. */
static void refusals_of_the_driver_leave_no_memory(void **state)
{
    static const enum fake_call calls[] = {
        FAKE_OPEN,         FAKE_BIND,          FAKE_READ_LOG,
        FAKE_LIST_SCHEMAS, FAKE_LIST_TRACKING, FAKE_LIST_SEQUENCES,
        FAKE_LIST_LOGS
    };

    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        quipu_test_memory_begin(-1);
        fake.status[calls[i]] = QUIPU_IO;
        assert_status(open_all(NULL, NULL), QUIPU_IO);
        fake.status[calls[i]] = QUIPU_OK;
        quipu_test_memory_end();
    }
}

static void appends_and_steps_need_no_memory(void **state)
{
    quipu_item item;
    const void *const rows[] = { &item, &item, NULL };
    const quipu_item *next;
    quipu_append append = { .struct_size = sizeof(append),
                            .items = &item,
                            .item_count = 1 };
    quipu_cursor *cursor;
    int64_t last;

    quipu_test_memory_begin(-1);
    fake_begin(state);
    item = fake_item();
    fake.rows = rows;
    assert_ok(quipu_records_read_log(fake_records, NULL, &cursor, NULL), NULL);
    atomic_store(&quipu_test_budget, 0);
    assert_ok(quipu_records_append(fake_records, &append, NULL, NULL), NULL);
    assert_ok(quipu_cursor_next(cursor, &next, NULL), NULL);
    assert_ok(quipu_cursor_next(cursor, &next, NULL), NULL);
    assert_ok(quipu_cursor_next(cursor, &next, NULL), NULL);
    assert_ok(quipu_records_last(fake_records, item.sequence_id, &last, NULL),
              NULL);
    assert_ok(quipu_datastore_setup(fake_store, &fake_schema, NULL), NULL);
    /* No memory was requested: the budget is unchanged. */
    assert_int_equal(atomic_load(&quipu_test_budget), 0);
    quipu_cursor_close(cursor);
    fake_end(state);
    quipu_test_memory_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(failed_opening_leaves_no_memory, start),
        cmocka_unit_test_setup(failed_openings_of_handles_leave_no_memory,
                               start),
        cmocka_unit_test_setup(refusals_of_the_driver_leave_no_memory, start),
        cmocka_unit_test_setup(appends_and_steps_need_no_memory, start),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
