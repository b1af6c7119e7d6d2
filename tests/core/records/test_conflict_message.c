/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the messages about appends that were not stored. */
#include "quipu_test.h"

#include "fake_driver.h"

static quipu_item items[2];
static quipu_guard guards[3];
static quipu_tracking tracking;
static quipu_append append;
static quipu_error error;

static int start(void **state)
{
    fake_begin(state);
    items[0] = fake_item();
    items[1] = fake_item();
    items[1].position = 5;
    for (int i = 0; i < 3; i++) {
        guards[i] = (quipu_guard){ .sequence_id = items[0].sequence_id,
                                   .position = 8,
                                   .demand = QUIPU_DEMAND_EMPTY + i };
    }
    tracking = (quipu_tracking){ .consumer = { "reader", 6 },
                                 .log = { "orders", 6 },
                                 .position = { .notification_id = 3 } };
    append = (quipu_append){ .struct_size = sizeof(append),
                             .items = items,
                             .item_count = 2,
                             .guards = guards,
                             .guard_count = 3,
                             .tracking = &tracking };
    return 0;
}

/* The result of the driver, and the status and message that it becomes. */
static void assert_reported(quipu_result driven, int status, const char *words)
{
    quipu_result result = { .status = QUIPU_OK };

    fake.result = driven;
    assert_refused(quipu_records_append(fake_records, &append, &result, &error),
                   status, &error, words);
    assert_int_equal(error.code, status);
    assert_int_equal(result.status, status);
    assert_int_equal(result.cause, driven.cause);
    assert_int_equal(result.index, driven.index);
    assert_int_equal(result.flags, driven.flags);
    assert_int_equal(result.last_position, driven.last_position);
}

static void taken_position_is_named(void **state)
{
    quipu_result result = { .status = QUIPU_CONFLICT,
                            .cause = QUIPU_CAUSE_POSITION,
                            .index = 1,
                            .flags = QUIPU_RESULT_HAS_LAST,
                            .last_position = 6 };

    (void)state;
    assert_reported(
        result, QUIPU_CONFLICT,
        "items[1]: position 5 of sequence "
        "73657175-656e-6365-2d69-642d30303031 in \"stored_events\" is not "
        "the next one; its last position is 6");
    result.flags = 0;
    result.last_position = 0;
    assert_reported(result, QUIPU_CONFLICT, "is not the next one; it is empty");
}

static void message_depends_on_the_kind_of_schema(void **state)
{
    (void)state;
    fake_schema.flags = QUIPU_SCHEMA_TEXT_IDS | QUIPU_SCHEMA_SPARSE;
    fake_rebind();
    items[0].flags = 0;
    items[1].flags = 0;
    items[1].sequence_id = (quipu_bytes){ "left", 4 };
    assert_reported(
        (quipu_result){ .status = QUIPU_CONFLICT,
                        .cause = QUIPU_CAUSE_POSITION,
                        .index = 1 },
        QUIPU_CONFLICT,
        "items[1]: position 5 of sequence \"left\" in \"stored_events\" is "
        "taken");
}

static void failed_guard_is_named(void **state)
{
    quipu_result result = { .status = QUIPU_CONFLICT,
                            .cause = QUIPU_CAUSE_GUARD,
                            .flags = QUIPU_RESULT_HAS_LAST,
                            .last_position = 6 };

    (void)state;
    assert_reported(result, QUIPU_CONFLICT,
                    "was expected to be empty, but its last position is 6");
    result.index = 2;
    assert_reported(result, QUIPU_CONFLICT, "guards[2]: sequence 73657175");
    assert_reported(
        result, QUIPU_CONFLICT,
        "was expected to be at position 8, but its last position is 6");
    result.index = 1;
    result.flags = 0;
    result.last_position = 0;
    assert_reported(result, QUIPU_CONFLICT,
                    "was expected to be not empty, but it is empty");
}

static void taken_event_id_is_named(void **state)
{
    (void)state;
    assert_reported(
        (quipu_result){ .status = QUIPU_CONFLICT,
                        .cause = QUIPU_CAUSE_EVENT_ID,
                        .index = 1 },
        QUIPU_CONFLICT,
        "items[1]: event id 6576656e-742d-6964-2d30-303030303031 is taken");
}

static void higher_tracking_record_is_named(void **state)
{
    (void)state;
    assert_reported(
        (quipu_result){ .status = QUIPU_ALREADY,
                        .cause = QUIPU_CAUSE_TRACKING },
        QUIPU_ALREADY,
        "consumer \"reader\" has already processed notification 3 of log "
        "\"orders\"");
}

static void item_that_cannot_be_stored_is_named(void **state)
{
    (void)state;
    assert_reported((quipu_result){ .status = QUIPU_INVALID,
                                    .cause = QUIPU_CAUSE_ITEM,
                                    .index = 1 },
                    QUIPU_INVALID, "driver \"fake\" cannot store items[1]");
}

/* A result that the contract does not allow. */
static void assert_internal(quipu_result result, const char *words)
{
    fake.result = result;
    assert_refused(quipu_records_append(fake_records, &append, NULL, &error),
                   QUIPU_INTERNAL, &error, words);
    assert_contains(error.message, "driver \"fake\": append returned OK, but");
}

static void cause_must_refer_to_a_part_of_the_append(void **state)
{
    static const quipu_result results[] = {
        { .cause = QUIPU_CAUSE_NONE },
        { .cause = QUIPU_CAUSE_TRACKING },
        { .cause = QUIPU_CAUSE_ITEM },
        { .cause = -1 },
        { .cause = 77 },
        { .cause = QUIPU_CAUSE_POSITION, .index = 2 },
        { .cause = QUIPU_CAUSE_EVENT_ID, .index = 2 },
        { .cause = QUIPU_CAUSE_GUARD, .index = 3 },
        { .cause = QUIPU_CAUSE_GUARD, .index = SIZE_MAX },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        quipu_result result = results[i];

        result.status = QUIPU_CONFLICT;
        assert_internal(result, "its CONFLICT has a cause or an index");
    }
}

static void event_id_without_a_column_is_no_cause(void **state)
{
    (void)state;
    fake_schema.event_id = NULL;
    fake_rebind();
    items[0].event_id = (quipu_bytes){ NULL, 0 };
    items[1].event_id = (quipu_bytes){ NULL, 0 };
    assert_internal((quipu_result){ .status = QUIPU_CONFLICT,
                                    .cause = QUIPU_CAUSE_EVENT_ID },
                    "its CONFLICT has a cause or an index");
}

static void already_needs_tracking(void **state)
{
    (void)state;
    append.tracking = NULL;
    assert_internal((quipu_result){ .status = QUIPU_ALREADY,
                                    .cause = QUIPU_CAUSE_TRACKING },
                    "ALREADY for an append without tracking");
}

static void other_statuses_in_a_result_are_internal(void **state)
{
    (void)state;
    for (int status = -1; status <= QUIPU_INTERNAL + 1; status++) {
        if (status != QUIPU_OK && status != QUIPU_CONFLICT &&
            status != QUIPU_ALREADY && status != QUIPU_INVALID) {
            assert_internal((quipu_result){ .status = status },
                            "which a result cannot have");
        }
    }
}

static void stored_items_have_a_notification_id(void **state)
{
    (void)state;
    assert_internal((quipu_result){ .first_notification_id = 0 },
                    "its result has no notification id");
    append.item_count = 0;
    fake.result = (quipu_result){ .first_notification_id = 0 };
    assert_ok(quipu_records_append(fake_records, &append, NULL, &error),
              &error);
}

static void without_a_log_items_have_no_notification_id(void **state)
{
    quipu_datastore *plain;
    quipu_records *records;

    (void)state;
    fake.opened.capabilities = QUIPU_CAN_TRACK;
    fake.result.first_notification_id = 0;
    assert_ok(quipu_datastore_open("bare:", NULL, &plain, &error), &error);
    assert_ok(quipu_records_open(plain, &fake_schema, &records, &error),
              &error);
    assert_ok(quipu_records_append(records, &append, NULL, &error), &error);
    assert_ok(quipu_records_close(records, &error), &error);
    assert_ok(quipu_datastore_close(plain, &error), &error);
}

#define refusal_test(test) \
    cmocka_unit_test_setup_teardown(test, start, fake_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        refusal_test(taken_position_is_named),
        refusal_test(message_depends_on_the_kind_of_schema),
        refusal_test(failed_guard_is_named),
        refusal_test(taken_event_id_is_named),
        refusal_test(higher_tracking_record_is_named),
        refusal_test(item_that_cannot_be_stored_is_named),
        refusal_test(cause_must_refer_to_a_part_of_the_append),
        refusal_test(event_id_without_a_column_is_no_cause),
        refusal_test(already_needs_tracking),
        refusal_test(other_statuses_in_a_result_are_internal),
        refusal_test(stored_items_have_a_notification_id),
        refusal_test(without_a_log_items_have_no_notification_id),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
