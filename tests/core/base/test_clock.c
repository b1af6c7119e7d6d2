/* SPDX-License-Identifier: Apache-2.0 */
/* Tests deadlines. */
#include "quipu_test.h"

#include "base/clock.h"

static const int64_t second = 1000000000;

static void clock_does_not_run_backwards(void **state)
{
    int64_t first = quipu_clock_now();

    (void)state;
    assert_true(first > 0);
    assert_true(quipu_clock_now() >= first);
}

static void deadline_is_the_given_milliseconds_ahead(void **state)
{
    int64_t before = quipu_clock_now();
    int64_t deadline = quipu_clock_deadline(5000);
    int64_t after = quipu_clock_now();

    (void)state;
    assert_true(deadline >= before + 5 * second);
    assert_true(deadline <= after + 5 * second);
    assert_true(quipu_clock_deadline(0) <= quipu_clock_now());
}

static void negative_or_distant_deadline_is_never(void **state)
{
    (void)state;
    assert_true(quipu_clock_deadline(-1) == QUIPU_CLOCK_NEVER);
    assert_true(quipu_clock_deadline(INT64_MIN) == QUIPU_CLOCK_NEVER);
    assert_true(quipu_clock_deadline(INT64_MAX) == QUIPU_CLOCK_NEVER);
    assert_true(quipu_clock_deadline(INT64_MAX / 1000000) == QUIPU_CLOCK_NEVER);
    assert_true(quipu_clock_deadline(1000) < QUIPU_CLOCK_NEVER);
}

static void time_left_ends_at_zero(void **state)
{
    int64_t left = quipu_clock_left(quipu_clock_deadline(60000));

    (void)state;
    assert_true(left > 0 && left <= 60 * second);
    assert_int_equal(quipu_clock_left(0), 0);
    assert_int_equal(quipu_clock_left(INT64_MIN), 0);
    assert_true(quipu_clock_left(QUIPU_CLOCK_NEVER) == INT64_MAX);
}

static void timespec_is_the_deadline(void **state)
{
    struct timespec at = quipu_clock_timespec(5 * second + 7);

    (void)state;
    assert_int_equal(at.tv_sec, 5);
    assert_int_equal(at.tv_nsec, 7);
    at = quipu_clock_timespec(INT64_MIN);
    assert_int_equal(at.tv_sec, 0);
    assert_int_equal(at.tv_nsec, 0);
    at = quipu_clock_timespec(QUIPU_CLOCK_NEVER);
    assert_true(at.tv_sec == INT64_MAX / second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_does_not_run_backwards),
        cmocka_unit_test(deadline_is_the_given_milliseconds_ahead),
        cmocka_unit_test(negative_or_distant_deadline_is_never),
        cmocka_unit_test(time_left_ends_at_zero),
        cmocka_unit_test(timespec_is_the_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
