/* SPDX-License-Identifier: Apache-2.0 */
/* Tests deadlines in the commit queue and of its groups. */
#include "quipu_test.h"

#include "schedule.h"

#include <time.h>

#include "base/clock.h"
#include "records/records.h"

#define LONG 600000 /* milliseconds that never pass here */

static int start(void **state)
{
    (void)state;
    schedule_begin("fake:?timeout=600000");
    schedule_append('l'); /* leads, and is held in the driver */
    return 0;
}

static int finish(void **state)
{
    (void)state;
    schedule.meanwhile = NULL;
    schedule_end();
    return 0;
}

/* Appends with a timeout of its own. */
static struct schedule_worker *append_within(char name, int64_t milliseconds)
{
    struct schedule_worker *worker;

    fake_store->timeout = milliseconds;
    worker = schedule_append(name);
    fake_store->timeout = LONG;
    return worker;
}

static void queued_request_is_withdrawn_at_its_deadline(void **state)
{
    struct schedule_worker *worker;

    (void)state;
    schedule_append('a');
    worker = append_within('b', 30);
    schedule_append('c');
    assert_int_equal(schedule_join(worker), QUIPU_BUSY);
    assert_contains(worker->error.message, "raise timeout");
    assert_int_equal(worker->result.first_notification_id, 0);
    assert_int_equal(schedule_queued(), 2);
    schedule_release();
    schedule_join_all();
    assert_string_equal(schedule_names(1), "ac");
    assert_int_equal(schedule.count, 2);
}

static void last_request_in_the_queue_can_be_withdrawn(void **state)
{
    (void)state;
    schedule_append('a');
    assert_int_equal(schedule_join(append_within('b', 30)), QUIPU_BUSY);
    schedule_append('c');
    schedule_release();
    schedule_join_all();
    assert_string_equal(schedule_names(1), "ac");
}

static void only_request_in_the_queue_can_be_withdrawn(void **state)
{
    (void)state;
    assert_int_equal(schedule_join(append_within('a', 30)), QUIPU_BUSY);
    schedule_append('b');
    schedule_release();
    schedule_join_all();
    assert_string_equal(schedule_names(1), "b");
}

static void timeout_of_zero_does_not_queue(void **state)
{
    quipu_error error;
    quipu_item item = fake_item();
    const quipu_append append = { .struct_size = sizeof(append),
                                  .items = &item,
                                  .item_count = 1 };

    (void)state;
    fake_store->timeout = 0;
    assert_refused(quipu_records_append(fake_records, &append, NULL, &error),
                   QUIPU_BUSY, &error, "raise timeout");
    assert_int_equal(schedule_queued(), 0);
}

/* Work that can be done at once is done, even after the deadline. */
static void timeout_of_zero_suffices_without_a_leader(void **state)
{
    (void)state;
    schedule_release();
    schedule_join_all();
    schedule_wait_queued(0);
    fake_store->timeout = 0;
    assert_int_equal(schedule_join(schedule_append('a')), QUIPU_OK);
}

/* The limit is that of any two members, not of neighbours in the queue. */
static void deadlines_of_a_group_lie_within_half_the_timeout(void **state)
{
    (void)state;
    append_within('a', LONG);
    append_within('b', LONG / 12 * 7);
    append_within('c', LONG / 6);
    schedule_release();
    schedule_join_all();
    assert_string_equal(schedule_names(1), "ab");
    assert_string_equal(schedule_names(2), "c");
}

static void nap(void)
{
    const struct timespec while_ = { .tv_nsec = 1000000 };

    nanosleep(&while_, NULL);
}

/* Returns only after the deadline of the call. */
static void stay_until_late(const struct schedule_call *call)
{
    while (quipu_clock_now() <= call->deadline) {
        nap();
    }
}

/* A test in which a deadline passes while a request is taken needs the request
 * to be taken before.  If the machine was too slow for that, the test runs
 * again with four times the timeout. */
static void run_in_time(bool (*run)(int64_t timeout))
{
    int64_t timeout = 300;

    while (!run(timeout)) {
        timeout *= 4;
        finish(NULL);
        start(NULL);
    }
}

static bool take_two_and_be_late(int64_t timeout)
{
    append_within('a', timeout);
    append_within('b', timeout);
    schedule.meanwhile = stay_until_late;
    schedule.calls[0].deadline = 0; /* do not wait in the call of `l` */
    schedule_release();
    schedule_join_all();
    return schedule.calls[1].count == 2;
}

static void taken_request_waits_for_its_answer(void **state)
{
    (void)state;
    run_in_time(take_two_and_be_late);
    assert_string_equal(schedule_names(1), "ab");
    assert_int_equal(schedule_worker('a')->status, QUIPU_OK);
    assert_int_equal(schedule_worker('b')->status, QUIPU_OK);
}

static void group_has_the_earliest_deadline(void **state)
{
    int64_t before = quipu_clock_now();

    (void)state;
    append_within('a', LONG / 10 * 9);
    append_within('b', LONG / 10 * 8);
    append_within('c', LONG);
    schedule_release();
    schedule_join_all();
    assert_string_equal(schedule_names(1), "abc");
    assert_true(schedule.calls[1].deadline >=
                before + LONG / 10 * 8 * INT64_C(1000000));
    assert_true(schedule.calls[1].deadline <
                before + LONG / 10 * 9 * INT64_C(1000000));
}

static void deadlines_over_half_a_timeout_apart_share_no_commit(void **state)
{
    (void)state;
    append_within('a', LONG / 4);
    append_within('b', LONG / 4 + 1000);
    append_within('c', LONG);
    append_within('d', LONG - 1000);
    append_within('e', LONG / 4);
    schedule_release();
    schedule_join_all();
    assert_string_equal(schedule_names(1), "ab");
    assert_string_equal(schedule_names(2), "cd");
    assert_string_equal(schedule_names(3), "e");
}

/* The deadline of the first request passes while the store is locked. */
static int busy_until_late(const quipu_host *host,
                           const quipu_request *requests, size_t count,
                           quipu_result *results, size_t *taken,
                           int64_t deadline, quipu_error *error)
{
    (void)requests;
    schedule.calls[schedule.count++] =
        (struct schedule_call){ .count = count, .deadline = deadline };
    *taken = count;
    if (count == 3) {
        while (quipu_clock_now() <= deadline) {
            nap();
        }
        return host->error_set(error, schedule.bad_status, 5, NULL, "held");
    }
    for (size_t i = 0; i < count; i++) {
        results[i].first_notification_id = schedule.next_id++;
    }
    return QUIPU_OK;
}

static int late_status;

static bool take_three_and_be_late(int64_t timeout)
{
    fake_store->queue->deadline_span = INT64_MAX;
    append_within('a', timeout);
    schedule_append('b');
    schedule_append('c');
    fake.append = busy_until_late;
    schedule.bad_status = late_status;
    schedule_release();
    schedule_join_all();
    return schedule.calls[1].count == 3;
}

static void play_late(int status)
{
    late_status = status;
    run_in_time(take_three_and_be_late);
    assert_int_equal(schedule_worker('b')->status, QUIPU_OK);
    assert_int_equal(schedule_worker('c')->status, QUIPU_OK);
}

static void busy_at_the_deadline_reaches_only_late_requests(void **state)
{
    (void)state;
    play_late(QUIPU_BUSY);
    assert_int_equal(schedule_worker('a')->status, QUIPU_BUSY);
    assert_string_equal(schedule_worker('a')->error.message, "held");
    assert_int_equal(schedule.count, 3); /* the others still share a commit */
    assert_int_equal(schedule.calls[2].count, 2);
}

static void late_request_reports_io(void **state)
{
    (void)state;
    play_late(QUIPU_IO);
    assert_int_equal(schedule_worker('a')->status, QUIPU_IO);
    assert_int_equal(schedule_worker('a')->error.native, 5);
}

/* Another request may be the cause, and there is no time left to find out. */
static void late_request_reports_other_codes_as_busy(void **state)
{
    (void)state;
    play_late(QUIPU_NOT_FOUND);
    assert_int_equal(schedule_worker('a')->status, QUIPU_BUSY);
    assert_contains(schedule_worker('a')->error.message, "nothing is stored");
}

#define deadline_test(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        deadline_test(queued_request_is_withdrawn_at_its_deadline),
        deadline_test(last_request_in_the_queue_can_be_withdrawn),
        deadline_test(only_request_in_the_queue_can_be_withdrawn),
        deadline_test(timeout_of_zero_does_not_queue),
        deadline_test(timeout_of_zero_suffices_without_a_leader),
        deadline_test(taken_request_waits_for_its_answer),
        deadline_test(group_has_the_earliest_deadline),
        deadline_test(deadlines_over_half_a_timeout_apart_share_no_commit),
        deadline_test(deadlines_of_a_group_lie_within_half_the_timeout),
        deadline_test(busy_at_the_deadline_reaches_only_late_requests),
        deadline_test(late_request_reports_io),
        deadline_test(late_request_reports_other_codes_as_busy),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
