/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the validation of items (F1, F2, S2). */
#include "quipu_test.h"

#include "fake_driver.h"

#define A255                                                               \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const quipu_bytes absent;

/* Two items, of which a test makes the second invalid. */
static quipu_item items[2];

static int start(void **state)
{
    fake_begin(state);
    items[0] = fake_item();
    items[1] = fake_item();
    return 0;
}

static int append(quipu_result *result, quipu_error *error)
{
    const quipu_append both = { .struct_size = sizeof(both),
                                .items = items,
                                .item_count = 2 };

    return quipu_records_append(fake_records, &both, result, error);
}

static void refuse(const char *why)
{
    quipu_result result = { .status = QUIPU_OK };
    quipu_error error;

    assert_refused(append(&result, &error), QUIPU_INVALID, &error,
                   "items[1]: ");
    assert_contains(error.message, why);
    assert_int_equal(result.status, QUIPU_INVALID);
    assert_int_equal(result.cause, QUIPU_CAUSE_ITEM);
    assert_int_equal(result.index, 1);
    assert_int_equal(fake.count[FAKE_APPEND], 0);
    items[1] = fake_item();
}

static void accept(void)
{
    quipu_error error;

    assert_ok(append(NULL, &error), &error);
    assert_int_equal(fake.count[FAKE_APPEND], 1);
    fake.count[FAKE_APPEND] = 0;
    items[1] = fake_item();
}

static void uuid_ids_have_16_bytes_of_any_value(void **state)
{
    (void)state;
    items[1].sequence_id = (quipu_bytes){ "\0\xff\0\xff\0\xff\0\xff"
                                          "\0\xff\0\xff\0\xff\0\xff",
                                          16 };
    accept();
    items[1].sequence_id.size = 15;
    refuse("sequence_id is not the 16 bytes of a UUID");
    items[1].sequence_id.size = 17;
    refuse("sequence_id is not the 16 bytes of a UUID");
    items[1].sequence_id = absent;
    refuse("sequence_id is absent");
}

static void text_ids_are_1_to_255_bytes_of_utf8(void **state)
{
    (void)state;
    fake_schema.flags = QUIPU_SCHEMA_TEXT_IDS;
    fake_rebind();
    items[1].sequence_id = (quipu_bytes){ "a", 1 };
    accept();
    items[1].sequence_id = (quipu_bytes){ A255, 255 };
    accept();
    items[1].sequence_id = (quipu_bytes){ A255 "a", 256 };
    refuse("sequence_id is longer than 255 bytes");
    items[1].sequence_id = (quipu_bytes){ "a", 0 };
    refuse("sequence_id is empty");
    items[1].sequence_id = absent;
    refuse("sequence_id is absent");
    items[1].sequence_id = (quipu_bytes){ "a\0b", 3 };
    refuse("sequence_id is not UTF-8 without NUL");
    items[1].sequence_id = (quipu_bytes){ "\xed\xa0\x80", 3 };
    refuse("sequence_id is not UTF-8 without NUL");
}

static void topics_are_1_to_255_bytes_of_utf8(void **state)
{
    (void)state;
    items[1].topic = (quipu_bytes){ A255, 255 };
    accept();
    items[1].topic = (quipu_bytes){ A255 "a", 256 };
    refuse("topic is longer than 255 bytes");
    items[1].topic.size = 0;
    refuse("topic is empty");
    items[1].topic = absent;
    refuse("topic is absent");
    items[1].topic = (quipu_bytes){ "a\0", 2 };
    refuse("topic is not UTF-8 without NUL");
    items[1].topic = (quipu_bytes){ "\xff", 1 };
    refuse("topic is not UTF-8 without NUL");
}

static void state_is_present_and_within_the_limit(void **state)
{
    static const char one;

    (void)state;
    items[1].state = (quipu_bytes){ &one, 0 };
    accept();
    items[1].state = absent;
    refuse("state is absent");
    /* The size is checked before the data. */
    items[1].state =
        (quipu_bytes){ &one, (size_t)fake.opened.limits.state_size };
    accept();
    items[1].state.data = &one;
    items[1].state.size = (size_t)fake.opened.limits.state_size + 1;
    refuse("state is larger than this store holds");
}

static void event_ids_are_present_exactly_where_there_is_a_column(void **state)
{
    (void)state;
    items[1].event_id = absent;
    refuse("event_id is absent");
    items[1].event_id.size = 15;
    refuse("event_id is not the 16 bytes of a UUID");
    fake_schema.event_id = NULL;
    fake_rebind();
    items[0].event_id = absent;
    refuse("event_id is present");
    items[1].event_id = (quipu_bytes){ NULL, 16 };
    refuse("event_id is present");
    items[1].event_id = absent;
    accept();
}

static void metadata_needs_a_column(void **state)
{
    (void)state;
    items[1].metadata = absent;
    accept();
    items[1].metadata.size = 0;
    accept();
    items[1].metadata.data = NULL;
    refuse("metadata has a size but no data");
    items[1].metadata.size = (size_t)fake.opened.limits.state_size + 1;
    refuse("metadata is larger than this store holds");
    fake_schema.metadata = NULL;
    fake_rebind();
    items[0].metadata = absent;
    refuse("metadata is present");
    items[1].metadata.data = NULL;
    refuse("metadata is present");
    items[1].metadata.size = 0;
    refuse("metadata is present");
    items[1].metadata = absent;
    accept();
}

static void time_needs_a_column_and_a_storable_year(void **state)
{
    (void)state;
    items[1].time.microseconds = QUIPU_TIME_MAX;
    accept();
    items[1].time.microseconds = QUIPU_TIME_MAX + 1;
    refuse("time is not in the years 1 to 9999");
    items[1].time.microseconds = QUIPU_TIME_MIN - 1;
    refuse("time is not in the years 1 to 9999");
    items[1].time.microseconds = QUIPU_TIME_MIN - 1;
    items[1].flags &= ~(uint32_t)QUIPU_ITEM_TIME;
    accept();
    fake_schema.time = NULL;
    fake_rebind();
    items[0].flags = 0;
    refuse("time is present");
    items[1].flags = 0;
    accept();
}

static void next_is_for_contiguous_schemas_only(void **state)
{
    (void)state;
    items[1].flags = QUIPU_ITEM_NEXT;
    accept();
    fake_schema.flags = QUIPU_SCHEMA_SPARSE;
    fake_rebind();
    items[0].flags = 0;
    items[1].flags = 0;
    accept();
    items[1].flags = QUIPU_ITEM_NEXT;
    refuse("QUIPU_ITEM_NEXT");
}

static void other_flags_are_refused(void **state)
{
    (void)state;
    items[1].flags = 1u << 31;
    refuse("flags has a flag that is not allowed when appending");
}

static void reserved_members_must_be_zero(void **state)
{
    (void)state;
    items[1].notification_id = 1;
    refuse("notification_id is not 0");
    items[1].tags = &absent;
    refuse("tags is not 0");
    items[1].tag_count = 1;
    refuse("tags is not 0");
    items[1].reserved = 1;
    refuse("reserved is not 0");
    items[1].reserved2[0] = 1;
    refuse("reserved is not 0");
    items[1].reserved2[1] = 1;
    refuse("reserved is not 0");
}

/* Makes the second item erased, without contents. */
static void erase(void)
{
    static const quipu_value nulls[7];

    items[1].flags |= QUIPU_ITEM_ERASED;
    items[1].state.size = 0;
    items[1].metadata = absent;
    items[1].columns = nulls;
}

static void erased_items_have_no_contents(void **state)
{
    quipu_item full = fake_item();

    (void)state;
    erase();
    accept();
    erase();
    items[1].state = full.state;
    refuse("state is not empty, but the item is erased");
    erase();
    items[1].state = absent;
    refuse("state is absent");
    erase();
    items[1].metadata = full.metadata;
    refuse("metadata is present, but the item is erased");
    erase();
    items[1].columns = full.columns;
    refuse("is not NULL, but the item is erased");
}

static void erased_items_need_a_store_that_erases(void **state)
{
    quipu_datastore *other;
    quipu_records *records;
    const quipu_append second = { .struct_size = sizeof(second),
                                  .items = &items[1],
                                  .item_count = 1 };
    quipu_error error;

    (void)state;
    fake.opened.capabilities &= ~(uint32_t)QUIPU_CAN_ERASE;
    assert_ok(quipu_datastore_open("fake:", NULL, &other, &error), &error);
    assert_ok(quipu_records_open(other, &fake_schema, &records, &error),
              &error);
    erase();
    assert_refused(quipu_records_append(records, &second, NULL, &error),
                   QUIPU_UNSUPPORTED, &error,
                   "items[0]: flags has QUIPU_ITEM_ERASED, and driver "
                   "\"fake\" does not store erased items");
    assert_int_equal(fake.count[FAKE_APPEND], 0);
    assert_ok(quipu_records_close(records, &error), &error);
    assert_ok(quipu_datastore_close(other, &error), &error);
}

static void any_position_is_accepted(void **state)
{
    (void)state;
    items[1].flags = 0;
    items[1].position = INT64_MIN;
    accept();
    items[1].flags = 0;
    items[1].position = INT64_MAX;
    accept();
}

#define item_test(test) cmocka_unit_test_setup_teardown(test, start, fake_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        item_test(uuid_ids_have_16_bytes_of_any_value),
        item_test(text_ids_are_1_to_255_bytes_of_utf8),
        item_test(topics_are_1_to_255_bytes_of_utf8),
        item_test(state_is_present_and_within_the_limit),
        item_test(event_ids_are_present_exactly_where_there_is_a_column),
        item_test(metadata_needs_a_column),
        item_test(time_needs_a_column_and_a_storable_year),
        item_test(next_is_for_contiguous_schemas_only),
        item_test(other_flags_are_refused),
        item_test(reserved_members_must_be_zero),
        item_test(erased_items_have_no_contents),
        item_test(erased_items_need_a_store_that_erases),
        item_test(any_position_is_accepted),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
