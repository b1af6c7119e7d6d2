/* SPDX-License-Identifier: Apache-2.0 */
/* Tests waiting for the log to grow (L4). */
#include "quipu_test.h"

#include "base/clock.h"
#include "fake_driver.h"

static quipu_error error;

static void growth_ends_a_wait(void **state)
{
    int64_t head = 0;

    (void)state;
    fake.head = 5;
    assert_ok(quipu_records_wait(fake_records, 4, -1, &head, &error), &error);
    assert_int_equal(head, 5);
    assert_int_equal(fake.wait_after, 4);
    assert_int_equal(fake.count[FAKE_WAIT], 1);
}

static int64_t grow_at_the_third_hint(void)
{
    return fake.count[FAKE_WAIT] < 3 ? 4 : 5;
}

static void early_return_without_growth_does_not_end_a_wait(void **state)
{
    int64_t head = 0;

    (void)state;
    fake.wait = grow_at_the_third_hint;
    assert_ok(quipu_records_wait(fake_records, 4, -1, &head, &error), &error);
    assert_int_equal(head, 5);
    assert_int_equal(fake.count[FAKE_WAIT], 4);
}

static int64_t interrupt_at_the_third_hint(void)
{
    if (fake.count[FAKE_WAIT] == 2) {
        quipu_datastore_interrupt(fake_store);
    }
    return 4;
}

static void interrupt_ends_a_wait_with_the_current_head(void **state)
{
    int64_t head = 0;

    (void)state;
    fake.wait = interrupt_at_the_third_hint;
    assert_ok(quipu_records_wait(fake_records, 4, -1, &head, &error), &error);
    assert_int_equal(head, 4);
    assert_int_equal(fake.count[FAKE_WAIT], 4);
    assert_int_equal(fake.wait_after, -1);
    assert_int_equal(fake.count[FAKE_INTERRUPT], 1);
}

/* The driver begins to wait after the interrupt, and waits a whole slice. */
static int64_t miss_an_interrupt(void)
{
    if (fake.count[FAKE_WAIT] == 0) {
        quipu_datastore_interrupt(fake_store);
        fake.status[FAKE_WAIT] = QUIPU_TIMEOUT;
    } else {
        fake.status[FAKE_WAIT] = QUIPU_OK;
    }
    return 4;
}

static void interrupt_before_the_drivers_wait_ends_it(void **state)
{
    quipu_error before;
    int64_t head = 0;

    (void)state;
    memset(&error, 0x5a, sizeof(error));
    before = error;
    fake.wait = miss_an_interrupt;
    assert_status(quipu_records_wait(fake_records, 4, -1, &head, &error),
                  QUIPU_OK);
    assert_int_equal(head, 4);
    assert_int_equal(fake.count[FAKE_WAIT], 2);
    assert_memory_equal(&error, &before, sizeof(error));
}

static int64_t grow_after_two_slices(void)
{
    fake.status[FAKE_WAIT] =
        fake.count[FAKE_WAIT] < 2 ? QUIPU_TIMEOUT : QUIPU_OK;
    return 5;
}

static void end_of_a_slice_does_not_end_a_wait(void **state)
{
    int64_t before = quipu_clock_now();
    int64_t head = 0;

    (void)state;
    fake.wait = grow_after_two_slices;
    assert_ok(quipu_records_wait(fake_records, 4, -1, &head, &error), &error);
    assert_int_equal(head, 5);
    assert_int_equal(fake.count[FAKE_WAIT], 3);
    assert_true(fake.deadline > before);
    assert_true(fake.deadline <= quipu_clock_now() + INT64_C(1000000000));
}

static void interrupt_does_not_affect_later_waits(void **state)
{
    int64_t head = 77;

    (void)state;
    quipu_datastore_interrupt(fake_store);
    fake.head = 4;
    assert_refused(quipu_records_wait(fake_records, 4, 0, &head, &error),
                   QUIPU_TIMEOUT, &error,
                   "the log of \"stored_events\" did not grow before");
    assert_int_equal(head, 77);
}

static void wait_has_its_own_deadline(void **state)
{
    int64_t before = quipu_clock_now();
    int64_t head;

    (void)state;
    fake.head = 5;
    assert_ok(quipu_records_wait(fake_records, 4, 500, &head, &error), &error);
    assert_true(fake.deadline >= before + INT64_C(500000000));
    assert_true(fake.deadline <= quipu_clock_now() + INT64_C(500000000));
}

static void failure_ends_a_wait(void **state)
{
    int64_t head = 77;

    (void)state;
    fake.status[FAKE_WAIT] = QUIPU_TIMEOUT;
    assert_refused(quipu_records_wait(fake_records, 4, 10, &head, &error),
                   QUIPU_TIMEOUT, &error, "own words");
    fake.status[FAKE_WAIT] = QUIPU_IO;
    assert_refused(quipu_records_wait(fake_records, 4, -1, &head, &error),
                   QUIPU_IO, &error, "own words");
    assert_int_equal(head, 77);
    assert_refused(quipu_records_wait(NULL, 4, -1, &head, &error),
                   QUIPU_INVALID, &error, "records is NULL");
    assert_refused(quipu_records_wait(fake_records, 4, -1, NULL, &error),
                   QUIPU_INVALID, &error, "head is NULL");
    assert_int_equal(fake.count[FAKE_WAIT], 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fake_test(growth_ends_a_wait),
        fake_test(early_return_without_growth_does_not_end_a_wait),
        fake_test(interrupt_ends_a_wait_with_the_current_head),
        fake_test(interrupt_before_the_drivers_wait_ends_it),
        fake_test(end_of_a_slice_does_not_end_a_wait),
        fake_test(interrupt_does_not_affect_later_waits),
        fake_test(wait_has_its_own_deadline),
        fake_test(failure_ends_a_wait),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
