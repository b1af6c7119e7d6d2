/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the validation of the conditions of an append. */
#include "quipu_test.h"

#include "fake_driver.h"
#include "quipu_test_memory.h"

#define EXPECT ((uint32_t)QUIPU_ENTRY_EXPECT)
#define DELETE ((uint32_t)QUIPU_ENTRY_DELETE)
#define JUST_CHECK ((uint32_t)QUIPU_ENTRY_CHECK)

static quipu_item item;
static quipu_tracking tracking;
static quipu_entry_write entries[3];
static quipu_conditions conditions;
static quipu_append append;
static quipu_result result;
static quipu_error error;

static int start(void **state)
{
    fake_begin(state);
    item = fake_item();
    tracking = (quipu_tracking){ .consumer = { "reader", 6 },
                                 .log = { "orders", 6 },
                                 .position = { .notification_id = 9 } };
    for (int i = 0; i < 3; i++) {
        static const char *const keys[] = { "a", "ab", "b" };

        entries[i] = (quipu_entry_write){ .key = quipu_bytes_of_text(keys[i]),
                                          .value = { "value", 5 } };
    }
    conditions = (quipu_conditions){ .struct_size = sizeof(conditions),
                                     .entries = entries,
                                     .entry_count = 3 };
    append = (quipu_append){ .struct_size = sizeof(append),
                             .items = &item,
                             .item_count = 1,
                             .tracking = &tracking,
                             .conditions = &conditions };
    memset(&result, 0, sizeof(result));
    return 0;
}

static int call(void)
{
    return quipu_records_append(fake_records, &append, &result, &error);
}

static void accept(void)
{
    assert_ok(call(), &error);
    assert_int_equal(fake.count[FAKE_APPEND], 1);
    fake.count[FAKE_APPEND] = 0;
}

/* The entry at this index is refused. */
static void refuse_entry(size_t index, const char *why)
{
    assert_refused(call(), QUIPU_INVALID, &error, why);
    assert_int_equal(result.status, QUIPU_INVALID);
    assert_int_equal(result.cause, QUIPU_CAUSE_ENTRY);
    assert_int_equal(result.index, index);
    assert_int_equal(fake.count[FAKE_APPEND], 0);
}

static void refuse(const char *why)
{
    assert_refused(call(), QUIPU_INVALID, &error, why);
    assert_int_equal(fake.count[FAKE_APPEND], 0);
}

static void conditions_reach_the_driver(void **state)
{
    (void)state;
    entries[1].flags = EXPECT;
    entries[1].revision = 7;
    conditions.flags = QUIPU_CONDITIONS_TRACKING_FROM;
    conditions.tracking_from = 4;
    accept();
    assert_int_equal(fake.conditions.struct_size, sizeof(quipu_conditions));
    assert_int_equal(fake.conditions.flags, QUIPU_CONDITIONS_TRACKING_FROM);
    assert_int_equal(fake.conditions.tracking_from, 4);
    assert_int_equal(fake.conditions.entry_count, 3);
    assert_int_equal(fake.entries[1].revision, 7);
    assert_int_equal(fake.entries[1].flags, EXPECT);
    assert_bytes(fake.entries[1].key.data, fake.entries[1].key.size, "ab", 2);
    append.conditions = NULL;
    accept();
    assert_null(fake.request.condition);
}

static void conditions_of_a_shorter_struct_are_extended(void **state)
{
    (void)state;
    conditions.struct_size = offsetof(quipu_conditions, tracking_from);
    conditions.tracking_from = 5; /* beyond its end */
    accept();
    assert_int_equal(fake.conditions.struct_size, sizeof(quipu_conditions));
    assert_int_equal(fake.conditions.tracking_from, 0);
    conditions.struct_size = 0;
    refuse("append: conditions");
}

static void conditions_without_the_capability_are_unsupported(void **state)
{
    quipu_datastore *other;
    quipu_records *records;

    (void)state;
    fake.opened.capabilities &= ~(uint32_t)QUIPU_CAN_ENTRIES;
    assert_ok(quipu_datastore_open("fake:", NULL, &other, &error), &error);
    assert_ok(quipu_records_open(other, &fake_schema, &records, &error),
              &error);
    assert_refused(quipu_records_append(records, &append, NULL, &error),
                   QUIPU_UNSUPPORTED, &error,
                   "driver \"fake\" keeps no key-value entries");
    conditions.entry_count = 0; /* empty conditions are conditions */
    assert_refused(quipu_records_append(records, &append, NULL, &error),
                   QUIPU_UNSUPPORTED, &error, "checks no conditions");
    append.conditions = NULL;
    assert_ok(quipu_records_append(records, &append, NULL, &error), &error);
    assert_ok(quipu_records_close(records, &error), &error);
    assert_ok(quipu_datastore_close(other, &error), &error);
}

/* ------------------------------------------------------------------ entries */

static void keys_have_1_to_480_bytes_of_text(void **state)
{
    static const struct {
        const char *data;
        size_t size;
        const char *why;
    } keys[] = {
        { NULL, 0, "entries[1]: key is absent" },
        { NULL, 3, "entries[1]: key is absent" },
        { "x", 0, "entries[1]: key is empty" },
        { "a\0b", 3, "entries[1]: key is not UTF-8 without NUL" },
        { "\xff", 1, "entries[1]: key is not UTF-8 without NUL" },
        { "\xc3", 1, "entries[1]: key is not UTF-8 without NUL" },
    };
    char longest[QUIPU_KEY_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        entries[1].key = (quipu_bytes){ keys[i].data, keys[i].size };
        refuse_entry(1, keys[i].why);
    }
    memset(longest, 'k', sizeof(longest));
    entries[1].key = (quipu_bytes){ longest, QUIPU_KEY_MAX };
    accept();
    entries[1].key.size++;
    refuse_entry(1, "entries[1]: key is longer than 480 bytes");
}

static void keys_of_quipu_are_refused(void **state)
{
    static const char *const own[] = { "quipu/", "quipu/x", "quipu/a/b" };
    static const char *const others[] = { "quipu", "Quipu/x", "x/quipu/",
                                          "quipus/", "quip" };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        entries[2].key = quipu_bytes_of_text(own[i]);
        refuse_entry(2, "entries[2]: key begins with \"quipu/\"");
    }
    /* They may be checked: a fence of a group is such a check. */
    entries[2].flags = JUST_CHECK | EXPECT;
    entries[2].value = (quipu_bytes){ NULL, 0 };
    accept();
    entries[2].flags = DELETE;
    refuse_entry(2, "entries[2]: key begins with \"quipu/\"");
    entries[2].flags = 0;
    entries[2].value = (quipu_bytes){ "v", 1 };
    for (size_t i = 0; i < 5; i++) {
        entries[2].key = quipu_bytes_of_text(others[i]);
        accept();
    }
}

static void keys_that_appear_twice_are_refused(void **state)
{
    (void)state;
    entries[2].key = quipu_bytes_of_text("a");
    assert_refused(call(), QUIPU_INVALID, &error,
                   "key appears twice in the append");
    assert_int_equal(result.cause, QUIPU_CAUSE_ENTRY);
    assert_true(result.index == 0 || result.index == 2);
    entries[2].flags = DELETE; /* also if one of them deletes */
    entries[2].value = (quipu_bytes){ NULL, 0 };
    refuse("key appears twice in the append");
    entries[2].key = quipu_bytes_of_text("A");
    accept();
}

static void flags_must_be_consistent(void **state)
{
    static const struct {
        uint32_t flags;
        int64_t revision;
        const char *why;
    } wrong[] = {
        { 8, 0, "entries[0]: flags has an unknown flag" },
        { 1u << 31, 0, "entries[0]: flags has an unknown flag" },
        { DELETE | JUST_CHECK | EXPECT, 0,
          "has both QUIPU_ENTRY_DELETE and QUIPU_ENTRY_CHECK" },
        { JUST_CHECK, 0, "has QUIPU_ENTRY_CHECK without QUIPU_ENTRY_EXPECT" },
        { EXPECT, -1, "entries[0]: revision is below 0" },
        { 0, -1, "entries[0]: revision is below 0" },
        { 0, 1, "the flag QUIPU_ENTRY_EXPECT is missing" },
        { DELETE, 1, "the flag QUIPU_ENTRY_EXPECT is missing" },
    };
    static const struct {
        uint32_t flags;
        int64_t revision;
    } right[] = {
        { 0, 0 },
        { EXPECT, 0 },
        { EXPECT, 1 },
        { EXPECT, INT64_MAX },
        { DELETE, 0 },
        { DELETE | EXPECT, 0 },
        { DELETE | EXPECT, 5 },
        { EXPECT | JUST_CHECK, 0 },
        { EXPECT | JUST_CHECK, 5 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        entries[0].flags = wrong[i].flags;
        entries[0].revision = wrong[i].revision;
        refuse_entry(0, wrong[i].why);
    }
    for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++) {
        bool writes = !(right[i].flags & (DELETE | JUST_CHECK));

        entries[0].flags = right[i].flags;
        entries[0].revision = right[i].revision;
        entries[0].value.data = writes ? "v" : NULL;
        entries[0].value.size = writes ? 1 : 0;
        accept();
    }
}

static void values_are_present_where_they_are_written(void **state)
{
    (void)state;
    entries[1].value = (quipu_bytes){ "", 0 }; /* empty */
    accept();
    entries[1].value = (quipu_bytes){ NULL, 0 };
    refuse_entry(1, "entries[1]: value is absent");
    entries[1].value = (quipu_bytes){ NULL, 5 };
    refuse_entry(1, "entries[1]: value is absent");
    for (int i = 0; i < 2; i++) {
        entries[1].flags = i ? DELETE : EXPECT | JUST_CHECK;
        entries[1].value = (quipu_bytes){ "", 0 };
        refuse_entry(1, "value is present in a deletion or check");
        entries[1].value = (quipu_bytes){ NULL, 1 };
        refuse_entry(1, "value is present in a deletion or check");
        entries[1].value = (quipu_bytes){ NULL, 0 };
        accept();
    }
}

static void reserved_members_are_0(void **state)
{
    (void)state;
    entries[1].reserved = 1;
    refuse_entry(1, "entries[1]: reserved is not 0");
    entries[1].reserved = 0;
    entries[1].reserved2[0] = 1;
    refuse_entry(1, "entries[1]: reserved is not 0");
    entries[1].reserved2[0] = 0;
    entries[1].reserved2[1] = 1;
    refuse_entry(1, "entries[1]: reserved is not 0");
    entries[1].reserved2[1] = 0;
    accept();
}

/* The limits are those of fake_reset; the core reads no byte of a value. */
static void limits_of_the_store_hold(void **state)
{
    const uint64_t most = fake.opened.limits.state_size;
    static quipu_entry_write many[17];
    static char keys[17][4];

    (void)state;
    entries[2].value.size = most;
    accept();
    entries[2].value.size++;
    refuse_entry(2, "entries[2]: value is larger than this store holds");
    conditions.entry_count = fake.opened.limits.append_items + 1;
    refuse("entries");
    /* 16 values and their keys are more than an append can have. */
    for (size_t i = 0; i < 17; i++) {
        snprintf(keys[i], sizeof(keys[i]), "%02zu", i);
        many[i] = (quipu_entry_write){ .key = { keys[i], 2 },
                                       .value = { "value", most } };
    }
    conditions.entries = many;
    conditions.entry_count = 15;
    accept();
    conditions.entry_count = 16;
    refuse_entry(15, "its items and its entries up to entries[15] fill them");
    many[15].value.size = most - 32;
    append.item_count = 0;
    accept(); /* 268,435,456 bytes, to the last */
    many[15].value.size++;
    refuse_entry(15, "is larger than the 268435456 bytes");
    many[15].value.size--;
    append.item_count = 1; /* the items count as well */
    refuse_entry(15, "is larger than the 268435456 bytes");
}

static void array_without_an_address_is_refused(void **state)
{
    (void)state;
    conditions.entries = NULL;
    refuse("entries is NULL, but its count is not 0");
    conditions.entry_count = 0;
    accept();
}

/* --------------------------------------------------------- tracking records */

static void conditions_on_tracking_must_be_consistent(void **state)
{
    static const struct {
        uint32_t flags;
        int64_t from;
        bool without; /* tracking */
        int64_t position;
        const char *why; /* NULL: accepted */
    } rows[] = {
        { 4, 0, false, 9, "flags has an unknown flag" },
        { QUIPU_CONDITIONS_TRACKING_REWIND, 0, false, 9,
          "TRACKING_REWIND without TRACKING_FROM" },
        { QUIPU_CONDITIONS_TRACKING_FROM, 3, true, 9,
          "flags has TRACKING_FROM, but the append has no tracking record" },
        { QUIPU_CONDITIONS_TRACKING_FROM, -1, false, 9,
          "tracking_from is below 0" },
        { 0, -1, false, 9, "tracking_from is below 0" },
        { 0, 1, false, 9, "the flag TRACKING_FROM is missing" },
        { 0, 0, false, 0, "tracking: notification_id is below 1" },
        { QUIPU_CONDITIONS_TRACKING_FROM, 3, false, 0,
          "tracking: notification_id is below 1" },
        { 3, 3, false, -1, "tracking: notification_id is below 0" },
        { QUIPU_CONDITIONS_TRACKING_FROM, 0, false, 9, NULL },
        { QUIPU_CONDITIONS_TRACKING_FROM, INT64_MAX, false, 9, NULL },
        { 3, 20, false, 9, NULL },
        { 3, 20, false, 0, NULL },
        { 3, 0, false, 0, NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        conditions.flags = rows[i].flags;
        conditions.tracking_from = rows[i].from;
        append.tracking = rows[i].without ? NULL : &tracking;
        tracking.position.notification_id = rows[i].position;
        if (rows[i].why) {
            refuse(rows[i].why);
        } else {
            accept();
        }
    }
}

/* ------------------------------------------------------------------- memory */

static int append_in(void *context, quipu_error *out)
{
    (void)context;
    return quipu_records_append(fake_records, &append, NULL, out);
}

static int nothing(void **state)
{
    (void)state;
    return 0;
}

/* The comparison of the keys sorts them in memory of its own. */
static void failed_allocations_are_reported(void **state)
{
    quipu_test_memory_begin(-1);
    start(state);
    for (long allowed = 0; allowed < 2; allowed++) {
        atomic_store(&quipu_test_budget, allowed);
        if (allowed == 0) {
            assert_refused(append_in(NULL, &error), QUIPU_NO_MEMORY, &error,
                           "memory");
            assert_int_equal(fake.count[FAKE_APPEND], 0);
        } else {
            assert_ok(append_in(NULL, &error), &error);
        }
    }
    atomic_store(&quipu_test_budget, 0);
    conditions.entry_count = 1; /* one key needs no comparison */
    assert_ok(append_in(NULL, &error), &error);
    atomic_store(&quipu_test_budget, -1);
    fake_end(state);
    quipu_test_memory_end();
}

#define conditions_test(test) \
    cmocka_unit_test_setup_teardown(test, start, fake_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        conditions_test(conditions_reach_the_driver),
        conditions_test(conditions_of_a_shorter_struct_are_extended),
        conditions_test(conditions_without_the_capability_are_unsupported),
        conditions_test(keys_have_1_to_480_bytes_of_text),
        conditions_test(keys_of_quipu_are_refused),
        conditions_test(keys_that_appear_twice_are_refused),
        conditions_test(flags_must_be_consistent),
        conditions_test(values_are_present_where_they_are_written),
        conditions_test(reserved_members_are_0),
        conditions_test(limits_of_the_store_hold),
        conditions_test(array_without_an_address_is_refused),
        conditions_test(conditions_on_tracking_must_be_consistent),
        cmocka_unit_test_setup(failed_allocations_are_reported, nothing),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
