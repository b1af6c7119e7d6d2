/* SPDX-License-Identifier: Apache-2.0 */
/* Tests times as MessagePack's timestamp extension. */
#include "quipu_test.h"

#include "encoding/timestamp.h"

static void assert_written(int64_t microseconds, const void *expected,
                           size_t size)
{
    uint8_t data[QUIPU_TIMESTAMP_SIZE_MAX];
    quipu_time time = { microseconds };
    size_t written = quipu_timestamp_write(time, data);

    assert_bytes(data, written, expected, size);
    time.microseconds = 0;
    assert_true(quipu_timestamp_read((quipu_bytes){ data, written }, &time));
    assert_true(time.microseconds == microseconds);
}

static void shortest_form_is_written(void **state)
{
    const int64_t second = 1000000;

    (void)state;
    assert_written(0, "\0\0\0\0", 4);
    assert_written(UINT32_MAX * second, "\xFF\xFF\xFF\xFF", 4);
    assert_written(1, "\0\0\x0F\xA0\0\0\0\0", 8);
    assert_written((UINT32_MAX + INT64_C(1)) * second, "\0\0\0\1\0\0\0\0", 8);
    assert_written((INT64_C(1) << 34) * second - 1,
                   "\xEE\x6B\x18\x63\xFF\xFF\xFF\xFF", 8);
    assert_written((INT64_C(1) << 34) * second, "\0\0\0\0\0\0\0\4\0\0\0\0", 12);
    assert_written(-1, "\x3B\x9A\xC6\x18\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 12);
    assert_written(-second, "\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 12);
    assert_written(QUIPU_TIME_MIN, "\0\0\0\0\xFF\xFF\xFF\xF1\x88\x6E\x09\0",
                   12);
    assert_written(QUIPU_TIME_MAX, "\x3B\x9A\xC6\x18\0\0\0\x3A\xFF\xF4\x41\x7F",
                   12);
}

static void every_form_is_read(void **state)
{
    quipu_time time = { 0 };

    (void)state;
    assert_true(
        quipu_timestamp_read((quipu_bytes){ "\0\0\0\0\0\0\0\5", 8 }, &time));
    assert_int_equal(time.microseconds, 5000000);
    assert_true(quipu_timestamp_read(
        (quipu_bytes){ "\0\0\0\0\0\0\0\0\0\0\0\6", 12 }, &time));
    assert_int_equal(time.microseconds, 6000000);
}

static void assert_no_timestamp(const void *data, size_t size)
{
    quipu_time time = { 77 };

    assert_false(quipu_timestamp_read((quipu_bytes){ data, size }, &time));
    assert_int_equal(time.microseconds, 77);
}

static void invalid_timestamps_are_refused(void **state)
{
    (void)state;
    assert_no_timestamp("", 0);
    assert_no_timestamp("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    /* nanoseconds: 10^9, and one that is no whole microsecond */
    assert_no_timestamp("\x3B\x9A\xCA\0\0\0\0\0\0\0\0\0", 12);
    assert_no_timestamp("\0\0\0\1\0\0\0\0\0\0\0\0", 12);
    assert_no_timestamp("\xEE\x6B\x28\0\0\0\0\0", 8);
    /* before the year 1, after the year 9999, and far outside */
    assert_no_timestamp("\0\0\0\0\xFF\xFF\xFF\xF1\x88\x6E\x08\xFF", 12);
    assert_no_timestamp("\0\0\0\0\0\0\0\x3A\xFF\xF4\x41\x80", 12);
    assert_no_timestamp("\0\0\0\0\x80\0\0\0\0\0\0\0", 12);
    assert_no_timestamp("\0\0\0\0\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shortest_form_is_written),
        cmocka_unit_test(every_form_is_read),
        cmocka_unit_test(invalid_timestamps_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
