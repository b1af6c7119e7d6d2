/* SPDX-License-Identifier: Apache-2.0 */
/* Tests appends, alone and with a function in the transaction. */
#include "quipu_test.h"

#include "base/clock.h"
#include "fake_driver.h"

static quipu_item items[2];
static quipu_append append;
static quipu_result result;
static quipu_error error;

static int start(void **state)
{
    fake_begin(state);
    items[0] = fake_item();
    items[1] = fake_item();
    append = (quipu_append){ .struct_size = sizeof(append),
                             .items = items,
                             .item_count = 2 };
    memset(&result, 0, sizeof(result));
    memset(&error, 0, sizeof(error));
    return 0;
}

static void driver_receives_the_append_as_a_request(void **state)
{
    const quipu_guard guard = { .sequence_id = items[0].sequence_id,
                                .demand = QUIPU_DEMAND_EMPTY };
    const quipu_tracking tracking = { .consumer = { "c", 1 },
                                      .log = { "l", 1 },
                                      .position = { .notification_id = 9 } };
    int64_t before = quipu_clock_now();

    (void)state;
    append.guards = &guard;
    append.guard_count = 1;
    append.tracking = &tracking;
    assert_ok(quipu_records_append(fake_records, &append, &result, &error),
              &error);
    assert_int_equal(fake.count[FAKE_APPEND], 1);
    assert_non_null(fake.request.schema);
    assert_ptr_equal(fake.request.items, items);
    assert_int_equal(fake.request.item_count, 2);
    assert_ptr_equal(fake.request.guards, &guard);
    assert_int_equal(fake.request.guard_count, 1);
    assert_ptr_equal(fake.request.tracking, &tracking);
    assert_null(fake.request.condition);
    assert_int_equal(fake.request.flags, 0);
    assert_int_equal(fake.request.reserved, 0);
    assert_true(fake.deadline >= before + INT64_C(5000000000));
    assert_true(fake.deadline <= quipu_clock_now() + INT64_C(5000000000));
}

static void result_is_returned_with_the_callers_positions(void **state)
{
    int64_t positions[2] = { 0, 0 };

    (void)state;
    result.positions = positions;
    fake.result.first_notification_id = 42;
    fake.result.flags = QUIPU_RESULT_REPEATED;
    assert_ok(quipu_records_append(fake_records, &append, &result, &error),
              &error);
    assert_int_equal(result.status, QUIPU_OK);
    assert_int_equal(result.first_notification_id, 42);
    assert_int_equal(result.flags, QUIPU_RESULT_REPEATED);
    assert_ptr_equal(result.positions, positions);
    assert_int_equal(positions[0], 10);
    assert_int_equal(positions[1], 11);
}

static void result_and_positions_are_optional(void **state)
{
    (void)state;
    assert_ok(quipu_records_append(fake_records, &append, NULL, &error),
              &error);
    assert_null(fake.positions);
    assert_ok(quipu_records_append(fake_records, &append, &result, NULL),
              &error);
    assert_null(fake.positions);
}

static void used_result_is_overwritten(void **state)
{
    (void)state;
    result.status = QUIPU_CONFLICT;
    result.cause = QUIPU_CAUSE_GUARD;
    result.index = 9;
    result.flags = QUIPU_RESULT_HAS_LAST;
    fake.status[FAKE_APPEND] = QUIPU_BUSY;
    fake.result = (quipu_result){ .status = 0 };
    assert_refused(quipu_records_append(fake_records, &append, &result, &error),
                   QUIPU_BUSY, &error, "the fake's own words");
    assert_int_equal(result.status, QUIPU_BUSY);
    assert_int_equal(result.cause, QUIPU_CAUSE_NONE);
    assert_int_equal(result.index, 0);
    assert_int_equal(result.flags, 0);
}

static void wrong_number_of_requests_taken_is_internal(void **state)
{
    (void)state;
    fake.taken = 0;
    assert_refused(quipu_records_append(fake_records, &append, &result, &error),
                   QUIPU_INTERNAL, &error,
                   "driver \"fake\": append returned OK, but");
    assert_int_equal(result.status, QUIPU_INTERNAL);
    fake.taken = 2;
    assert_status(quipu_records_append(fake_records, &append, NULL, NULL),
                  QUIPU_INTERNAL);
}

static void success_leaves_the_error_unchanged(void **state)
{
    quipu_error before;

    (void)state;
    memset(&error, 0x5a, sizeof(error));
    before = error;
    fake.chatty = true;
    assert_status(quipu_records_append(fake_records, &append, NULL, &error),
                  QUIPU_OK);
    assert_memory_equal(&error, &before, sizeof(error));
}

static void null_records_are_refused(void **state)
{
    (void)state;
    assert_refused(quipu_records_append(NULL, &append, NULL, &error),
                   QUIPU_INVALID, &error, "records is NULL");
}

/* ------------------------------------------------------------- transact */

static unsigned worked;
static int work_answer;
static const char *work_words;

static int work(void *native, void *context, quipu_error *said)
{
    assert_ptr_equal(native, &fake);
    assert_ptr_equal(context, &worked);
    worked++;
    if (work_words) {
        return quipu_error_set_text(said, work_answer, work_words);
    }
    return work_answer;
}

static int start_work(void **state)
{
    worked = 0;
    work_answer = QUIPU_OK;
    work_words = NULL;
    return start(state);
}

static int transact(void)
{
    return quipu_records_transact(fake_records, &append, work, &worked, &result,
                                  &error);
}

static void work_runs_in_the_transaction(void **state)
{
    int64_t positions[2];

    (void)state;
    result.positions = positions;
    assert_ok(transact(), &error);
    assert_int_equal(worked, 1);
    assert_int_equal(fake.count[FAKE_TRANSACT], 1);
    assert_int_equal(fake.count[FAKE_APPEND], 0);
    assert_ptr_equal(fake.request.items, items);
    assert_int_equal(result.first_notification_id, 1);
    assert_int_equal(positions[1], 11);
}

static void transaction_may_be_empty(void **state)
{
    (void)state;
    append = (quipu_append){ .struct_size = sizeof(append) };
    fake.result.first_notification_id = 0;
    assert_ok(transact(), &error);
    assert_int_equal(worked, 1);
}

static void any_status_of_the_work_is_returned(void **state)
{
    static const int answers[] = {
        -5, QUIPU_CONFLICT, QUIPU_ALREADY, QUIPU_TIMEOUT, QUIPU_INTERNAL, 99
    };

    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        work_answer = answers[i];
        work_words = "no room in the read model";
        assert_refused(transact(), answers[i], &error, work_words);
        assert_int_equal(error.code, answers[i]);
        assert_int_equal(result.status, answers[i]);
        work_words = NULL;
        assert_refused(transact(), answers[i], &error,
                       "the function in the transaction returned");
    }
}

/* Calls the datastore from the function in its own transaction. */
static int call_back(void *native, void *context, quipu_error *said)
{
    quipu_datastore *datastore = quipu_records_datastore(fake_records);
    quipu_position head;
    quipu_error own;

    (void)native;
    (void)context;
    assert_refused(quipu_records_append(fake_records, &append, NULL, &own),
                   QUIPU_INVALID, &own, "inside its own transaction");
    assert_refused(quipu_records_head(fake_records, &head, &own), QUIPU_INVALID,
                   &own, "inside its own transaction");
    assert_refused(quipu_datastore_close(datastore, &own), QUIPU_INVALID, &own,
                   "inside its own transaction");
    return quipu_error_set_text(said, 77, "as it should be");
}

static void call_from_the_function_is_invalid(void **state)
{
    (void)state;
    assert_refused(quipu_records_transact(fake_records, &append, call_back,
                                          NULL, &result, &error),
                   77, &error, "as it should be");
    assert_int_equal(fake.count[FAKE_APPEND], 0);
    assert_ok(transact(), &error);
    assert_ok(quipu_records_append(fake_records, &append, &result, &error),
              &error);
}

static int turn_into_timeout(int status)
{
    return status == QUIPU_OK ? QUIPU_OK : QUIPU_TIMEOUT;
}

static void status_that_the_work_did_not_return_is_internal(void **state)
{
    (void)state;
    work_answer = QUIPU_CONFLICT;
    fake.work_status = turn_into_timeout;
    assert_refused(transact(), QUIPU_INTERNAL, &error,
                   "transact returned TIMEOUT (5), which");
}

static void conflict_in_a_transaction_is_reported_as_in_an_append(void **state)
{
    (void)state;
    fake.result = (quipu_result){ .status = QUIPU_CONFLICT,
                                  .cause = QUIPU_CAUSE_POSITION,
                                  .index = 1 };
    assert_refused(transact(), QUIPU_CONFLICT, &error, "items[1]: position");
    assert_int_equal(worked, 0);
    fake.status[FAKE_TRANSACT] = QUIPU_UNKNOWN_OUTCOME;
    assert_refused(transact(), QUIPU_UNKNOWN_OUTCOME, &error, "own words");
    fake.status[FAKE_TRANSACT] = QUIPU_OK;
    fake.result = (quipu_result){ .status = QUIPU_BUSY };
    assert_refused(transact(), QUIPU_INTERNAL, &error,
                   "transact returned OK, but its result has status BUSY");
}

static void invalid_transactions_do_not_reach_the_driver(void **state)
{
    (void)state;
    assert_refused(
        quipu_records_transact(NULL, &append, work, &worked, NULL, &error),
        QUIPU_INVALID, &error, "records is NULL");
    assert_refused(
        quipu_records_transact(fake_records, &append, NULL, NULL, NULL, &error),
        QUIPU_INVALID, &error, "work is NULL");
    assert_refused(
        quipu_records_transact(fake_records, NULL, work, NULL, NULL, &error),
        QUIPU_INVALID, &error, "append is NULL");
    items[1].topic.size = 0;
    assert_refused(transact(), QUIPU_INVALID, &error, "items[1]: topic");
    assert_int_equal(fake.count[FAKE_TRANSACT], 0);
}

#define append_test(test) cmocka_unit_test_setup_teardown(test, start, fake_end)
#define work_test(test) \
    cmocka_unit_test_setup_teardown(test, start_work, fake_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        append_test(driver_receives_the_append_as_a_request),
        append_test(result_is_returned_with_the_callers_positions),
        append_test(result_and_positions_are_optional),
        append_test(used_result_is_overwritten),
        append_test(wrong_number_of_requests_taken_is_internal),
        append_test(success_leaves_the_error_unchanged),
        append_test(null_records_are_refused),
        work_test(work_runs_in_the_transaction),
        work_test(transaction_may_be_empty),
        work_test(any_status_of_the_work_is_returned),
        work_test(call_from_the_function_is_invalid),
        work_test(status_that_the_work_did_not_return_is_internal),
        work_test(conflict_in_a_transaction_is_reported_as_in_an_append),
        work_test(invalid_transactions_do_not_reach_the_driver),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
