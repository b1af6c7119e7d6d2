/* SPDX-License-Identifier: Apache-2.0 */
/* Tests times and their text. */
#include "quipu_test.h"

#include <stdio.h>
#include <time.h>

#include <quipu/id.h>

static void now_is_the_time_of_the_system(void **state)
{
    int64_t now = quipu_time_now().microseconds / 1000000;

    (void)state;
    assert_in_range(now, (int64_t)time(NULL) - 60, (int64_t)time(NULL) + 1);
}

static void times_are_formatted_in_utc(void **state)
{
    static const struct row {
        int64_t microseconds;
        const char *text;
    } rows[] = {
        { 0, "1970-01-01T00:00:00.000000Z" },
        { -1, "1969-12-31T23:59:59.999999Z" },
        { 1495713600000000, "2017-05-25T12:00:00.000000Z" },
        { 951782399999999, "2000-02-28T23:59:59.999999Z" },
        { 951782400000000, "2000-02-29T00:00:00.000000Z" },
        { 951868800000000, "2000-03-01T00:00:00.000000Z" },
        { -2203891200000000, "1900-03-01T00:00:00.000000Z" },
        { -2203891200000001, "1900-02-28T23:59:59.999999Z" },
        { QUIPU_TIME_MIN, "0001-01-01T00:00:00.000000Z" },
        { QUIPU_TIME_MAX, "9999-12-31T23:59:59.999999Z" },
    };
    char text[QUIPU_TIME_TEXT_SIZE];
    quipu_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_ok(
            quipu_time_format((quipu_time){ rows[i].microseconds }, text, &err),
            &err);
        assert_string_equal(text, rows[i].text);
    }
}

/* A day by day comparison over a cycle of 400 years and at both ends. */
static void dates_equal_those_of_gmtime(void **state)
{
    const int64_t first[] = { QUIPU_TIME_MIN / 1000000, -10000000000,
                              253402300799 - INT64_C(86400) * 3000 };
    const int days[] = { 3000, 146100, 3000 };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (int day = 0; day < days[i]; day++) {
            char text[QUIPU_TIME_TEXT_SIZE], expected[80];
            time_t seconds = (time_t)(first[i] + (int64_t)day * 86400);
            struct tm tm;

            gmtime_r(&seconds, &tm);
            snprintf(expected, sizeof(expected),
                     "%04d-%02d-%02dT%02d:%02d:%02d.000000Z", tm.tm_year + 1900,
                     tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                     tm.tm_sec);
            assert_ok(
                quipu_time_format((quipu_time){ (int64_t)seconds * 1000000 },
                                  text, NULL),
                NULL);
            assert_string_equal(text, expected);
        }
    }
}

static void years_outside_1_to_9999_are_refused(void **state)
{
    const int64_t bad[] = { QUIPU_TIME_MIN - 1, QUIPU_TIME_MAX + 1, INT64_MIN,
                            INT64_MAX };
    char text[QUIPU_TIME_TEXT_SIZE];
    quipu_error err;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_refused(quipu_time_format((quipu_time){ bad[i] }, text, &err),
                       QUIPU_INVALID, &err, "years 1 to 9999");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(now_is_the_time_of_the_system),
        cmocka_unit_test(times_are_formatted_in_utc),
        cmocka_unit_test(dates_equal_those_of_gmtime),
        cmocka_unit_test(years_outside_1_to_9999_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
