/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the validation of whole appends. */
#include "quipu_test.h"

#include "fake_driver.h"

static quipu_item item;
static quipu_guard guards[2];
static quipu_tracking tracking;
static quipu_append append;
static quipu_result result;
static quipu_error error;

static int start(void **state)
{
    fake_begin(state);
    item = fake_item();
    for (int i = 0; i < 2; i++) {
        guards[i] = (quipu_guard){ .sequence_id = item.sequence_id,
                                   .demand = QUIPU_DEMAND_LAST,
                                   .position = -7 };
    }
    tracking = (quipu_tracking){ .consumer = { "reader", 6 },
                                 .log = { "orders", 6 },
                                 .position = { .notification_id = 1 } };
    append = (quipu_append){ .struct_size = sizeof(append),
                             .items = &item,
                             .item_count = 1,
                             .guards = guards,
                             .guard_count = 2,
                             .tracking = &tracking };
    memset(&result, 0, sizeof(result));
    return 0;
}

static int call(void)
{
    return quipu_records_append(fake_records, &append, &result, &error);
}

static void refuse(const char *why)
{
    assert_refused(call(), QUIPU_INVALID, &error, why);
    assert_int_equal(result.status, QUIPU_INVALID);
    assert_int_equal(fake.count[FAKE_APPEND], 0);
}

static void accept(void)
{
    assert_ok(call(), &error);
    assert_int_equal(fake.count[FAKE_APPEND], 1);
    fake.count[FAKE_APPEND] = 0;
}

static void empty_append_is_refused(void **state)
{
    (void)state;
    accept();
    append.item_count = 0;
    append.guard_count = 0;
    accept();
    append.tracking = NULL;
    refuse("the append is empty");
    append.guard_count = 1;
    accept();
    append.guard_count = 0;
    append.item_count = 1;
    accept();
}

static void null_array_with_a_count_is_refused(void **state)
{
    (void)state;
    append.items = NULL;
    refuse("items is NULL");
    append.item_count = 0;
    accept();
    append.guards = NULL;
    refuse("guards is NULL");
}

static void counts_above_the_limit_are_refused(void **state)
{
    (void)state;
    append.item_count = (size_t)fake.opened.limits.append_items + 1;
    refuse("the append has 100001 items; this store takes at most 100000");
    append.item_count = 1;
    append.guard_count = (size_t)fake.opened.limits.append_items + 1;
    refuse("the append has 100001 guards; this store takes at most 100000");
}

static void largest_append_is_accepted(void **state)
{
    static quipu_item many[100000];

    (void)state;
    for (size_t i = 0; i < 100000; i++) {
        many[i] = item;
    }
    append.items = many;
    append.item_count = 100000;
    accept();
}

/* 16 states of 16 MiB are 256 MiB; the other members of the items exceed the
 * limit. */
static void size_above_the_limit_is_refused(void **state)
{
    quipu_item large[17];

    (void)state;
    for (size_t i = 0; i < 17; i++) {
        large[i] = item;
        large[i].state.size = (size_t)fake.opened.limits.state_size;
    }
    append.items = large;
    append.item_count = 15;
    accept();
    append.item_count = 16;
    refuse("larger than the 268435456 bytes");
    assert_contains(error.message, "items[15]");
    /* To the byte: 16 of id, 15 of topic, 16 of event id, 8 of metadata, and
     * 4 + 2 + 16 in columns. */
    for (size_t i = 0; i < 16; i++) {
        large[i].state.size = (size_t)fake.opened.limits.state_size - 77;
    }
    accept();
    large[3].state.size++;
    refuse("larger than the 268435456 bytes");
}

static void guard_without_a_valid_demand_is_refused(void **state)
{
    (void)state;
    for (int32_t demand = -1; demand <= QUIPU_DEMAND_LAST + 1; demand++) {
        guards[1].demand = demand;
        if (demand >= QUIPU_DEMAND_EMPTY && demand <= QUIPU_DEMAND_LAST) {
            accept();
        } else {
            refuse("guards[1]: demand is not in enum");
            assert_int_equal(result.cause, QUIPU_CAUSE_GUARD);
            assert_int_equal(result.index, 1);
        }
    }
}

static void guard_without_a_valid_sequence_is_refused(void **state)
{
    (void)state;
    guards[1].sequence_id.size = 3;
    refuse("guards[1]: sequence_id is not the 16 bytes of a UUID");
    guards[1].sequence_id.data = NULL;
    refuse("guards[1]: sequence_id is absent");
}

static void reserved_members_must_be_zero(void **state)
{
    (void)state;
    guards[1].reserved = 1;
    refuse("guards[1]: reserved is not 0");
    guards[1].reserved = 0;
    guards[1].reserved2[0] = 1;
    refuse("guards[1]: reserved is not 0");
    guards[1].reserved2[0] = 0;
    guards[1].reserved2[1] = 1;
    refuse("guards[1]: reserved is not 0");
    guards[1].reserved2[1] = 0;
    tracking.reserved[0] = 1;
    refuse("tracking: reserved is not 0");
    tracking.reserved[0] = 0;
    tracking.reserved[1] = 1;
    refuse("tracking: reserved is not 0");
    tracking.reserved[1] = 0;
    append.reserved = 1;
    refuse("append: reserved is not 0");
}

static void tracking_must_have_texts_and_a_position(void **state)
{
    quipu_bytes *const texts[] = { &tracking.consumer, &tracking.log };
    static const char *const names[] = { "tracking: consumer",
                                         "tracking: log" };
    static char long_text[256];

    (void)state;
    memset(long_text, 'x', sizeof(long_text));
    for (int i = 0; i < 2; i++) {
        quipu_bytes kept = *texts[i];

        *texts[i] = (quipu_bytes){ long_text, 255 };
        accept();
        texts[i]->size = 256;
        refuse(names[i]);
        assert_int_equal(result.cause, QUIPU_CAUSE_TRACKING);
        texts[i]->size = 0;
        refuse(names[i]);
        *texts[i] = (quipu_bytes){ "a\0", 2 };
        refuse(names[i]);
        *texts[i] = (quipu_bytes){ NULL, 0 };
        refuse(names[i]);
        *texts[i] = kept;
    }
    tracking.position.notification_id = 0;
    refuse("tracking: notification_id is below 1");
    tracking.position.notification_id = INT64_MAX;
    accept();
}

static void tracking_needs_the_capability(void **state)
{
    quipu_datastore *plain;
    quipu_records *records;

    (void)state;
    fake.opened.capabilities = QUIPU_CAN_LOG;
    assert_ok(quipu_datastore_open("fake:", NULL, &plain, &error), &error);
    assert_ok(quipu_records_open(plain, &fake_schema, &records, &error),
              &error);
    assert_refused(quipu_records_append(records, &append, &result, &error),
                   QUIPU_UNSUPPORTED, &error,
                   "driver \"fake\" does not keep tracking records");
    append.tracking = NULL;
    assert_ok(quipu_records_append(records, &append, &result, &error), &error);
    assert_ok(quipu_records_close(records, &error), &error);
    assert_ok(quipu_datastore_close(plain, &error), &error);
}

static void the_struct_is_checked(void **state)
{
    (void)state;
    append.struct_size = 0;
    refuse("append has struct_size 0");
    assert_refused(quipu_records_append(fake_records, NULL, NULL, &error),
                   QUIPU_INVALID, &error, "append is NULL");
    append.struct_size = offsetof(quipu_append, guards);
    accept();
    assert_int_equal(fake.request.guard_count, 0);
    assert_null(fake.request.tracking);
}

static void the_result_is_checked(void **state)
{
    (void)state;
    result.reserved = 1;
    assert_refused(call(), QUIPU_INVALID, &error, "result has a reserved");
    result.reserved = 0;
    result.reserved2[0] = 1;
    assert_refused(call(), QUIPU_INVALID, &error, "result has a reserved");
    result.reserved2[0] = 0;
    result.reserved2[1] = 1;
    assert_refused(call(), QUIPU_INVALID, &error, "result has a reserved");
    assert_int_equal(fake.count[FAKE_APPEND], 0);
}

#define append_test(test) cmocka_unit_test_setup_teardown(test, start, fake_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        append_test(empty_append_is_refused),
        append_test(null_array_with_a_count_is_refused),
        append_test(counts_above_the_limit_are_refused),
        append_test(largest_append_is_accepted),
        append_test(size_above_the_limit_is_refused),
        append_test(guard_without_a_valid_demand_is_refused),
        append_test(guard_without_a_valid_sequence_is_refused),
        append_test(reserved_members_must_be_zero),
        append_test(tracking_must_have_texts_and_a_position),
        append_test(tracking_needs_the_capability),
        append_test(the_struct_is_checked),
        append_test(the_result_is_checked),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
