/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the validation of further columns (F1). */
#include "quipu_test.h"

#include <math.h>

#include "fake_driver.h"

enum { BOOL, INT, DOUBLE, TEXT, BYTES, UUID, MOMENT };

static int append_item(const quipu_item *item, quipu_error *error)
{
    const quipu_append append = { .struct_size = sizeof(append),
                                  .items = item,
                                  .item_count = 1 };

    return quipu_records_append(fake_records, &append, NULL, error);
}

static void refuse(const char *why)
{
    quipu_item item = fake_item();
    quipu_error error;

    assert_refused(append_item(&item, &error), QUIPU_INVALID, &error, why);
    assert_contains(error.message, "items[0]: column");
    assert_int_equal(fake.count[FAKE_APPEND], 0);
}

static void accept(void)
{
    quipu_item item = fake_item();
    quipu_error error;

    assert_ok(append_item(&item, &error), &error);
    assert_int_equal(fake.count[FAKE_APPEND], 1);
    fake.count[FAKE_APPEND] = 0;
}

static void every_kind_is_accepted_by_its_column_only(void **state)
{
    (void)state;
    accept();
    for (int column = BOOL; column <= MOMENT; column++) {
        quipu_value kept = fake_values[column];

        for (int32_t kind = -1; kind <= QUIPU_VALUE_TIME + 1; kind++) {
            fake_values[column].kind = kind;
            if (kind == QUIPU_VALUE_NULL || kind == kept.kind) {
                accept();
            } else {
                refuse("is not of the column's kind");
            }
        }
        fake_values[column] = kept;
    }
}

static void bools_are_0_or_1(void **state)
{
    (void)state;
    fake_values[BOOL].as.integer = 0;
    accept();
    fake_values[BOOL].as.integer = 2;
    refuse("\"bool\" is a bool but not 0 or 1");
    fake_values[BOOL].as.integer = -1;
    refuse("\"bool\" is a bool but not 0 or 1");
}

static void doubles_are_finite(void **state)
{
    (void)state;
    fake_values[DOUBLE].as.real = -0.0;
    accept();
    fake_values[DOUBLE].as.real = 1.7976931348623157e308;
    accept();
    fake_values[DOUBLE].as.real = 5e-324;
    accept();
    fake_values[DOUBLE].as.real = (double)INFINITY;
    refuse("\"double\" is not a finite double");
    fake_values[DOUBLE].as.real = (double)-INFINITY;
    refuse("\"double\" is not a finite double");
    fake_values[DOUBLE].as.real = (double)NAN;
    refuse("\"double\" is not a finite double");
}

static void times_are_in_the_years_1_to_9999(void **state)
{
    (void)state;
    fake_values[MOMENT].as.integer = QUIPU_TIME_MIN;
    accept();
    fake_values[MOMENT].as.integer = QUIPU_TIME_MAX + 1;
    refuse("\"moment\" is a time but not in the years 1 to 9999");
    fake_values[MOMENT].as.integer = QUIPU_TIME_MIN - 1;
    refuse("\"moment\" is a time but not in the years 1 to 9999");
}

static void any_integer_is_accepted(void **state)
{
    (void)state;
    fake_values[INT].as.integer = INT64_MAX;
    accept();
    fake_values[INT].as.integer = -1;
    accept();
}

static void text_is_utf8_without_nul(void **state)
{
    (void)state;
    fake_values[TEXT].as.bytes = (quipu_bytes){ "", 0 };
    accept();
    fake_values[TEXT].as.bytes = (quipu_bytes){ "a\0", 2 };
    refuse("\"text\" is not UTF-8 without NUL");
    fake_values[TEXT].as.bytes = (quipu_bytes){ "\x80", 1 };
    refuse("\"text\" is not UTF-8 without NUL");
    fake_values[TEXT].as.bytes = (quipu_bytes){ NULL, 0 };
    refuse("\"text\" has no data");
}

static void any_bytes_within_the_limit_are_accepted(void **state)
{
    static const char one;

    (void)state;
    fake_values[BYTES].as.bytes = (quipu_bytes){ &one, 0 };
    accept();
    fake_values[BYTES].as.bytes.size =
        (size_t)fake.opened.limits.state_size + 1;
    refuse("\"bytes\" is larger than this store holds");
    fake_values[BYTES].as.bytes = (quipu_bytes){ NULL, 1 };
    refuse("\"bytes\" has no data");
}

static void text_is_within_the_limit(void **state)
{
    static const char one;

    (void)state;
    fake_values[TEXT].as.bytes =
        (quipu_bytes){ &one, (size_t)fake.opened.limits.state_size + 1 };
    refuse("\"text\" is larger than this store holds");
}

static void uuids_have_16_bytes(void **state)
{
    (void)state;
    fake_values[UUID].as.bytes.size = 15;
    refuse("\"uuid\" is not the 16 bytes of a UUID");
    fake_values[UUID].as.bytes.data = NULL;
    refuse("\"uuid\" has no data");
}

static void reserved_members_must_be_zero(void **state)
{
    (void)state;
    fake_values[INT].reserved = 1;
    refuse("\"int\" has a reserved member");
}

static void count_must_equal_that_of_the_schema(void **state)
{
    quipu_item item = fake_item();
    quipu_error error;

    (void)state;
    item.column_count = 6;
    assert_refused(append_item(&item, &error), QUIPU_INVALID, &error,
                   "items[0]: column_count is 6, but the schema has 7");
    item.column_count = 0;
    item.columns = NULL;
    assert_refused(append_item(&item, &error), QUIPU_INVALID, &error,
                   "items[0]: column_count is 0, but the schema has 7");
    item.column_count = 7;
    assert_refused(append_item(&item, &error), QUIPU_INVALID, &error,
                   "items[0]: columns is NULL");
    assert_int_equal(fake.count[FAKE_APPEND], 0);
}

static void values_without_columns_are_refused(void **state)
{
    quipu_item item = fake_item();
    quipu_error error;

    (void)state;
    fake_schema.column_count = 0;
    fake_rebind();
    assert_refused(append_item(&item, &error), QUIPU_INVALID, &error,
                   "column_count is 7, but the schema has 0");
    item.column_count = 0;
    assert_ok(append_item(&item, &error), &error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fake_test(every_kind_is_accepted_by_its_column_only),
        fake_test(bools_are_0_or_1),
        fake_test(doubles_are_finite),
        fake_test(times_are_in_the_years_1_to_9999),
        fake_test(any_integer_is_accepted),
        fake_test(text_is_utf8_without_nul),
        fake_test(any_bytes_within_the_limit_are_accepted),
        fake_test(text_is_within_the_limit),
        fake_test(uuids_have_16_bytes),
        fake_test(reserved_members_must_be_zero),
        fake_test(count_must_equal_that_of_the_schema),
        fake_test(values_without_columns_are_refused),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
