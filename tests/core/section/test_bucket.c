/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the ids and the calendar of time-bucketed logs. */
#include "quipu_test.h"

#include <inttypes.h>

#include <quipu/quipu.h>

static const quipu_schema text_schema = { .struct_size = sizeof(quipu_schema),
                                          .flags = QUIPU_SCHEMA_TEXT_IDS };
static const quipu_schema uuid_schema = { .struct_size = sizeof(quipu_schema) };
static quipu_error error;

/* 2026-11-29T14:05:09.000007Z */
static const quipu_time afternoon = { INT64_C(1795961109000007) };

static quipu_bucketed_log log_of(int32_t span)
{
    return (quipu_bucketed_log){ .struct_size = sizeof(quipu_bucketed_log),
                                 .name = "messages",
                                 .span = span };
}

static void assert_id(int32_t span, quipu_time time, const char *expected)
{
    const quipu_bucketed_log log = log_of(span);
    quipu_id id;

    assert_ok(quipu_bucket_id(&text_schema, &log, time, &id, &error), &error);
    assert_bytes(id.data, id.size, expected, strlen(expected));
}

static void ids_are_the_first_part_of_the_time(void **state)
{
    (void)state;
    assert_id(QUIPU_BUCKET_YEAR, afternoon, "messages/2026");
    assert_id(QUIPU_BUCKET_MONTH, afternoon, "messages/2026-11");
    assert_id(QUIPU_BUCKET_DAY, afternoon, "messages/2026-11-29");
    assert_id(QUIPU_BUCKET_HOUR, afternoon, "messages/2026-11-29T14");
    assert_id(QUIPU_BUCKET_MINUTE, afternoon, "messages/2026-11-29T14:05");
    assert_id(QUIPU_BUCKET_SECOND, afternoon, "messages/2026-11-29T14:05:09");
    assert_id(QUIPU_BUCKET_DAY, (quipu_time){ -1 }, "messages/1969-12-31");
    assert_id(QUIPU_BUCKET_YEAR, (quipu_time){ QUIPU_TIME_MIN },
              "messages/0001");
    assert_id(QUIPU_BUCKET_SECOND, (quipu_time){ QUIPU_TIME_MAX },
              "messages/9999-12-31T23:59:59");
}

/* The ids are kept in stores: they must not change.  The expected ones were
 * computed by Python's uuid.uuid5. */
static void uuids_are_of_the_texts(void **state)
{
    static const char *const expected[] = {
        "8259c861-52f0-543c-99ed-2308d1d7f77c",
        "b94b8b50-4159-525a-a87a-05c8588b9359",
        "4481ad16-3912-5105-9c7c-b743b0801900",
        "abe5d28f-33b4-55ba-90e5-33ef7a9fdcf1",
        "f6c59c6c-3a6b-53bb-addc-662733a79e9e",
        "1004b473-951d-5140-a105-2c4002819fe2",
    };

    (void)state;
    for (int32_t span = QUIPU_BUCKET_YEAR; span <= QUIPU_BUCKET_SECOND;
         span++) {
        const quipu_bucketed_log log = log_of(span);
        quipu_uuid uuid;
        quipu_id id;

        assert_ok(quipu_uuid_parse(&uuid, expected[span - 1], &error), &error);
        assert_ok(quipu_bucket_id(&uuid_schema, &log, afternoon, &id, &error),
                  &error);
        assert_bytes(id.data, id.size, uuid.bytes, 16);
    }
}

static void wrong_logs_are_refused(void **state)
{
    char long_name[QUIPU_BUCKETED_LOG_NAME_MAX + 2];
    const char *const names[] = { NULL, "", "\xff", long_name };
    static const int32_t spans[] = { 0, 7, -1, INT32_MAX, INT32_MIN };
    quipu_bucketed_log log = log_of(QUIPU_BUCKET_SECOND);
    quipu_time beginning;
    quipu_id id;

    (void)state;
    memset(long_name, 'x', sizeof(long_name));
    long_name[QUIPU_BUCKETED_LOG_NAME_MAX] = '\0';
    log.name = long_name;
    assert_ok(quipu_bucket_id(&text_schema, &log, afternoon, &id, &error),
              &error);
    assert_int_equal(id.size, QUIPU_BUCKETED_LOG_NAME_MAX + 1 + 19);
    long_name[QUIPU_BUCKETED_LOG_NAME_MAX] = 'x';
    long_name[QUIPU_BUCKETED_LOG_NAME_MAX + 1] = '\0';
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        log.name = names[i];
        assert_refused(
            quipu_bucket_id(&text_schema, &log, afternoon, &id, &error),
            QUIPU_INVALID, &error, "text of 1 to 200 bytes");
    }
    for (size_t i = 0; i < sizeof(spans) / sizeof(*spans); i++) {
        log = log_of(spans[i]);
        assert_refused(
            quipu_bucket_id(&text_schema, &log, afternoon, &id, &error),
            QUIPU_INVALID, &error, "is no span of a bucket");
        assert_refused(
            quipu_bucket_step(spans[i], afternoon, 0, &beginning, &error),
            QUIPU_INVALID, &error, "is no span of a bucket");
    }
    assert_status(quipu_bucket_id(&text_schema, NULL, afternoon, &id, &error),
                  QUIPU_INVALID);
    assert_status(quipu_bucket_id(NULL, &log, afternoon, &id, &error),
                  QUIPU_INVALID);
    assert_status(quipu_bucket_id(&text_schema, &log, afternoon, NULL, &error),
                  QUIPU_INVALID);
    assert_status(
        quipu_bucket_step(QUIPU_BUCKET_DAY, afternoon, 0, NULL, &error),
        QUIPU_INVALID);
    log = log_of(QUIPU_BUCKET_DAY);
    log.struct_size = 4;
    assert_status(quipu_bucket_id(&text_schema, &log, afternoon, &id, &error),
                  QUIPU_INVALID);
}

static void assert_step(int32_t span, quipu_time time, int64_t steps,
                        const char *expected)
{
    char text[QUIPU_TIME_TEXT_SIZE];
    quipu_time beginning;

    assert_ok(quipu_bucket_step(span, time, steps, &beginning, &error), &error);
    assert_ok(quipu_time_format(beginning, text, &error), &error);
    assert_string_equal(text, expected);
}

static void steps_follow_the_calendar(void **state)
{
    const quipu_time leap = { INT64_C(951782400000000) }; /* 2000-02-29 */

    (void)state;
    assert_step(QUIPU_BUCKET_YEAR, afternoon, 0, "2026-01-01T00:00:00.000000Z");
    assert_step(QUIPU_BUCKET_YEAR, afternoon, -1,
                "2025-01-01T00:00:00.000000Z");
    assert_step(QUIPU_BUCKET_MONTH, afternoon, 0,
                "2026-11-01T00:00:00.000000Z");
    assert_step(QUIPU_BUCKET_MONTH, afternoon, 2,
                "2027-01-01T00:00:00.000000Z");
    assert_step(QUIPU_BUCKET_MONTH, afternoon, -11,
                "2025-12-01T00:00:00.000000Z");
    assert_step(QUIPU_BUCKET_DAY, afternoon, 0, "2026-11-29T00:00:00.000000Z");
    assert_step(QUIPU_BUCKET_DAY, afternoon, 2, "2026-12-01T00:00:00.000000Z");
    assert_step(QUIPU_BUCKET_HOUR, afternoon, 10,
                "2026-11-30T00:00:00.000000Z");
    assert_step(QUIPU_BUCKET_MINUTE, afternoon, -6,
                "2026-11-29T13:59:00.000000Z");
    assert_step(QUIPU_BUCKET_SECOND, afternoon, 1,
                "2026-11-29T14:05:10.000000Z");
    assert_step(QUIPU_BUCKET_MONTH, leap, 0, "2000-02-01T00:00:00.000000Z");
    assert_step(QUIPU_BUCKET_MONTH, leap, 1, "2000-03-01T00:00:00.000000Z");
    assert_step(QUIPU_BUCKET_DAY, leap, 1, "2000-03-01T00:00:00.000000Z");
    assert_step(QUIPU_BUCKET_YEAR, leap, 1, "2001-01-01T00:00:00.000000Z");
    assert_step(QUIPU_BUCKET_MONTH, (quipu_time){ -1 }, 0,
                "1969-12-01T00:00:00.000000Z");
    assert_step(QUIPU_BUCKET_DAY, (quipu_time){ -1 }, 0,
                "1969-12-31T00:00:00.000000Z");
    assert_step(QUIPU_BUCKET_YEAR, (quipu_time){ QUIPU_TIME_MAX }, 0,
                "9999-01-01T00:00:00.000000Z");
    assert_step(QUIPU_BUCKET_YEAR, (quipu_time){ QUIPU_TIME_MIN }, 9998,
                "9999-01-01T00:00:00.000000Z");
    assert_step(QUIPU_BUCKET_SECOND, (quipu_time){ QUIPU_TIME_MAX }, 0,
                "9999-12-31T23:59:59.000000Z");
}

static void steps_end_with_the_years(void **state)
{
    static const int64_t far[] = { INT64_MIN, INT64_MAX, INT64_MIN + 1 };

    (void)state;
    for (int32_t span = QUIPU_BUCKET_YEAR; span <= QUIPU_BUCKET_SECOND;
         span++) {
        quipu_time beginning;

        assert_refused(quipu_bucket_step(span, (quipu_time){ QUIPU_TIME_MAX },
                                         1, &beginning, &error),
                       QUIPU_INVALID, &error, "years 1 to 9999");
        assert_refused(quipu_bucket_step(span, (quipu_time){ QUIPU_TIME_MIN },
                                         -1, &beginning, &error),
                       QUIPU_INVALID, &error, "years 1 to 9999");
        assert_refused(quipu_bucket_step(span,
                                         (quipu_time){ QUIPU_TIME_MAX + 1 }, 0,
                                         &beginning, &error),
                       QUIPU_INVALID, &error, "years 1 to 9999");
        for (size_t i = 0; i < sizeof(far) / sizeof(*far); i++) {
            assert_status(
                quipu_bucket_step(span, afternoon, far[i], &beginning, &error),
                QUIPU_INVALID);
        }
    }
}

/* Every month of all years: each begins where the one before has ended, and a
 * step back leads to the beginning of the same. */
static void months_and_years_are_without_gaps(void **state)
{
    int64_t days = 0;
    quipu_time month = { QUIPU_TIME_MIN };

    (void)state;
    for (int i = 1; i < 9999 * 12; i++) {
        quipu_time next, same, year;

        assert_ok(
            quipu_bucket_step(QUIPU_BUCKET_MONTH, month, 1, &next, &error),
            &error);
        const int64_t length = next.microseconds - month.microseconds;

        assert_int_equal(length % INT64_C(86400000000), 0);
        assert_in_range(length / INT64_C(86400000000), 28, 31);
        days += length / INT64_C(86400000000);
        next.microseconds--;
        assert_ok(quipu_bucket_step(QUIPU_BUCKET_MONTH, next, 0, &same, &error),
                  &error);
        assert_int_equal(same.microseconds, month.microseconds);
        next.microseconds++;
        assert_ok(quipu_bucket_step(QUIPU_BUCKET_YEAR, next, 0, &year, &error),
                  &error);
        if (i % 12 == 0) {
            assert_int_equal(year.microseconds, next.microseconds);
        } else {
            assert_true(year.microseconds < next.microseconds);
        }
        month = next;
    }
    assert_int_equal(days + 31, /* of December 9999 */
                     (QUIPU_TIME_MAX - QUIPU_TIME_MIN) / INT64_C(86400000000) +
                         1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_the_first_part_of_the_time),
        cmocka_unit_test(uuids_are_of_the_texts),
        cmocka_unit_test(wrong_logs_are_refused),
        cmocka_unit_test(steps_follow_the_calendar),
        cmocka_unit_test(steps_end_with_the_years),
        cmocka_unit_test(months_and_years_are_without_gaps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
