/* SPDX-License-Identifier: Apache-2.0 */
/* Binary formats of parameters, byte by byte as PostgreSQL defines them. */
#include "fixture.h"

#include "net/binary.h"

#include "driver/host.h"

static struct arguments arguments;

static int begin(void **state)
{
    (void)state;
    arguments = (struct arguments){ .host = quipu_host_table() };
    quipu_postgres_binary_begin(&arguments);
    return 0;
}

static int end(void **state)
{
    (void)state;
    quipu_postgres_binary_finish(&arguments);
    return 0;
}

static void assert_argument(int index, const char *bytes, size_t size)
{
    assert_true(index < arguments.count);
    assert_int_equal(arguments.lengths[index], (int)size);
    assert_memory_equal(arguments.data + arguments.offsets[index], bytes, size);
}

static void numbers_are_big_endian(void **state)
{
    (void)state;
    quipu_postgres_binary_add_int4(&arguments, 0x01020304);
    quipu_postgres_binary_add_int8(&arguments, INT64_MIN);
    quipu_postgres_binary_add_int8(&arguments, -2);
    quipu_postgres_binary_add_bool(&arguments, true);
    assert_argument(0, "\1\2\3\4", 4);
    assert_argument(1, "\x80\0\0\0\0\0\0\0", 8);
    assert_argument(2, "\xff\xff\xff\xff\xff\xff\xff\xfe", 8);
    assert_argument(3, "\1", 1);
}

static void missing_bytes_are_null_and_empty_ones_are_not(void **state)
{
    (void)state;
    quipu_postgres_binary_add_bytes(&arguments, (quipu_bytes){ NULL, 0 });
    quipu_postgres_binary_add_bytes(&arguments, (quipu_bytes){ "", 0 });
    quipu_postgres_binary_add_text(&arguments, NULL);
    quipu_postgres_binary_add_text(&arguments, "a\xc3\xa4");
    assert_int_equal(arguments.lengths[0], -1);
    assert_int_equal(arguments.lengths[1], 0);
    assert_int_equal(arguments.lengths[2], -1);
    assert_argument(3, "a\xc3\xa4", 3);
}

static void array_has_dimension_and_nulls(void **state)
{
    static const char expected[] = "\0\0\0\1\0\0\0\1\0\0\0\x14" /* bigint */
                                   "\0\0\0\2\0\0\0\1"
                                   "\0\0\0\x08\0\0\0\0\0\0\0\x05"
                                   "\xff\xff\xff\xff";
    (void)state;
    quipu_postgres_binary_array_begin(&arguments, TYPE_INT8, 2);
    quipu_postgres_binary_put_int8(&arguments, 5);
    quipu_postgres_binary_put_null(&arguments);
    quipu_postgres_binary_array_end(&arguments);
    assert_argument(0, expected, sizeof(expected) - 1);
}

static void empty_array_has_no_dimension(void **state)
{
    (void)state;
    quipu_postgres_binary_array_begin(&arguments, TYPE_UUID, 0);
    quipu_postgres_binary_array_end(&arguments);
    assert_argument(0, "\0\0\0\0\0\0\0\1\0\0\x0b\x86", 12);
}

/* PostgreSQL counts from 2000, quipu from 1970. */
static void times_count_from_2000(void **state)
{
    static const char epoch[] = "\0\0\0\0\0\0\0\0";
    (void)state;
    quipu_postgres_binary_array_begin(&arguments, TYPE_TIMESTAMPTZ, 1);
    quipu_postgres_binary_put_time(&arguments, INT64_C(946684800) * 1000000);
    quipu_postgres_binary_array_end(&arguments);
    assert_memory_equal(arguments.data + arguments.size - 8, epoch, 8);
}

static void too_many_parameters_are_noted(void **state)
{
    (void)state;
    for (int i = 0; i < ARGUMENTS_MAX + 1; i++) {
        assert_false(arguments.failed);
        quipu_postgres_binary_add_int4(&arguments, i);
    }
    assert_true(arguments.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(numbers_are_big_endian, begin, end),
        cmocka_unit_test_setup_teardown(
            missing_bytes_are_null_and_empty_ones_are_not, begin, end),
        cmocka_unit_test_setup_teardown(array_has_dimension_and_nulls, begin,
                                        end),
        cmocka_unit_test_setup_teardown(empty_array_has_no_dimension, begin,
                                        end),
        cmocka_unit_test_setup_teardown(times_count_from_2000, begin, end),
        cmocka_unit_test_setup_teardown(too_many_parameters_are_noted, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
