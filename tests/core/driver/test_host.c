/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the functions that drivers receive. */
#include "quipu_test.h"

#include "driver/host.h"

static void table_is_complete(void **state)
{
    const quipu_host *host = quipu_host_table();

    (void)state;
    assert_int_equal(host->struct_size, sizeof(*host));
    assert_int_equal(host->abi, QUIPU_DRIVER_ABI);
    assert_ptr_equal(host, quipu_host_table());
    assert_non_null(host->message);
}

static void memory_comes_from_the_allocator(void **state)
{
    const quipu_host *host = quipu_host_table();
    char *memory = host->allocate(3);

    (void)state;
    memory = host->reallocate(memory, 100000);
    assert_non_null(memory);
    host->release(memory);
    host->release(NULL);
}

static void errors_carry_the_back_ends_codes(void **state)
{
    quipu_error err;

    (void)state;
    assert_status(quipu_host_table()->error_set(&err, QUIPU_BUSY, 5, "40001",
                                                "%d of %d", 1, 2),
                  QUIPU_BUSY);
    assert_int_equal(err.native, 5);
    assert_string_equal(err.sqlstate, "40001");
    assert_string_equal(err.message, "1 of 2");
}

static void paths_are_decoded_in_place(void **state)
{
    const quipu_host *host = quipu_host_table();
    char text[] = "a%20b%2Fc+%ff", cut[] = "50%", nul[] = "a%00b";

    (void)state;
    assert_null(host->decode_percent(text));
    assert_string_equal(text, "a b/c+\xff");
    assert_string_equal(host->decode_percent(cut),
                        "a '%' without two hexadecimal digits (write %25 for "
                        "'%')");
    assert_string_equal(host->decode_percent(nul),
                        "%00, which no text may contain");
}

static void option_values_are_parsed(void **state)
{
    const quipu_host *host = quipu_host_table();

    (void)state;
    assert_true(host->option_bool("1") && host->option_bool("yes") &&
                host->option_bool("On") && host->option_bool("TRUE"));
    assert_false(host->option_bool("0") || host->option_bool("no") ||
                 host->option_bool("") || host->option_bool("maybe"));
    assert_int_equal(host->option_number("0"), 0);
    assert_int_equal(host->option_number("4096"), 4096);
    assert_int_equal(host->option_number("3k"), 3072);
    assert_int_equal(host->option_number("2t"), INT64_C(2) << 40);
    assert_int_equal(host->option_number("9223372036854775807"), INT64_MAX);
    assert_int_equal(host->option_number("9223372036854775808"), INT64_MAX);
    assert_int_equal(host->option_number("8388608t"), INT64_MAX);
    assert_int_equal(host->option_number("18446744073709551616"), -1);
    assert_int_equal(host->option_number(""), -1);
    assert_int_equal(host->option_number("-1"), -1);
    assert_int_equal(host->option_number("5s"), -1);
}

static void members_at_the_end_can_be_missing(void **state)
{
    quipu_host older = *quipu_host_table();

    (void)state;
    assert_true(QUIPU_HOST_HAS(&older, option_number));
    older.struct_size = offsetof(quipu_host, option_number);
    assert_false(QUIPU_HOST_HAS(&older, option_number));
    assert_true(QUIPU_HOST_HAS(&older, option_bool));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_complete),
        cmocka_unit_test(memory_comes_from_the_allocator),
        cmocka_unit_test(errors_carry_the_back_ends_codes),
        cmocka_unit_test(paths_are_decoded_in_place),
        cmocka_unit_test(option_values_are_parsed),
        cmocka_unit_test(members_at_the_end_can_be_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
