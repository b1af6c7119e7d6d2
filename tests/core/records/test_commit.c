/* SPDX-License-Identifier: Apache-2.0 */
/* Tests how the driver's answer to a group is distributed. */
#include "quipu_test.h"

#include "schedule.h"

#include <stdio.h>

static int start(void **state)
{
    (void)state;
    schedule_begin("fake:?timeout=600000");
    return 0;
}

static int finish(void **state)
{
    (void)state;
    schedule_end();
    return 0;
}

/* `l` leads alone while the threads `names` queue; then the driver continues.
 */
static void run_threads(const char *names)
{
    schedule_append('l');
    schedule_append_all(names);
    schedule_release();
    schedule_join_all();
}

static void expect(char name, int status)
{
    struct schedule_worker *worker = schedule_worker(name);

    if (worker->status != status) {
        fail_msg("%c: %s (%s), not %s", name, quipu_status_name(worker->status),
                 worker->status ? worker->error.message : "",
                 quipu_status_name(status));
    }
    assert_int_equal(worker->result.status, status);
    if (status != QUIPU_OK) {
        assert_int_equal(worker->error.code, status);
    }
}

static void expect_all(const char *names, int status)
{
    for (; *names; names++) {
        expect(*names, status);
    }
}

/* The letters of all calls of the driver, as in "l abc". */
static void expect_calls(const char *names)
{
    char seen[512] = "";

    for (size_t i = 0; i < schedule.count; i++) {
        snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s%s",
                 i ? " " : "", schedule_names(i));
    }
    assert_string_equal(seen, names);
}

static void each_request_has_its_own_result(void **state)
{
    (void)state;
    run_threads("abc");
    expect_calls("l abc");
    expect_all("labc", QUIPU_OK);
    for (int i = 0; i < 3; i++) {
        struct schedule_worker *worker = schedule_worker((char)('a' + i));

        assert_int_equal(worker->result.first_notification_id, i + 2);
        assert_ptr_equal(worker->result.positions, &worker->position);
        assert_int_equal(worker->position, (i + 2) * 10);
        assert_int_equal(worker->error.code, 0);
    }
}

static void conflict_concerns_one_request_only(void **state)
{
    (void)state;
    run_threads("aBcD");
    expect_calls("l aBcD");
    expect_all("lac", QUIPU_OK);
    expect_all("BD", QUIPU_CONFLICT);
    assert_int_equal(schedule_worker('B')->result.last_position, 7);
    assert_contains(schedule_worker('B')->error.message,
                    "its last position is 7");
    assert_int_equal(schedule_worker('c')->result.first_notification_id, 3);
}

static void leader_with_a_conflict_passes_the_lead_on(void **state)
{
    (void)state;
    schedule_append('L');
    schedule_append_all("Ab");
    schedule_let(1);
    schedule_wait_calls(2);
    assert_int_equal(schedule_join(schedule_worker('L')), QUIPU_CONFLICT);
    schedule_append('c');
    schedule_release();
    schedule_join_all();
    expect_calls("L Ab c");
    expect('A', QUIPU_CONFLICT);
    expect_all("bc", QUIPU_OK);
}

static void requests_not_taken_stay_first(void **state)
{
    (void)state;
    schedule.most = 2;
    schedule_append('l');
    schedule_append_all("abcde");
    schedule_let(2);
    schedule_wait_calls(3);
    schedule_append('f');
    schedule_release();
    schedule_join_all();
    expect_calls("l abcde cde ef");
    expect_all("labcdef", QUIPU_OK);
    assert_int_equal(schedule_worker('e')->result.first_notification_id, 6);
}

static void driver_may_take_one_request_at_a_time(void **state)
{
    (void)state;
    schedule.most = 1;
    run_threads("abc");
    expect_calls("l abc bc c");
    expect_all("labc", QUIPU_OK);
}

/* ----------------------------------------------------- codes of the whole call
 */

/* Codes by which nothing is stored, and the code that their cause gets. */
static const struct {
    int code, told;
} nothing_stored[] = {
    { QUIPU_BUSY, QUIPU_BUSY },           { QUIPU_NO_MEMORY, QUIPU_NO_MEMORY },
    { QUIPU_NOT_FOUND, QUIPU_NOT_FOUND }, { QUIPU_IO, QUIPU_IO },
    { QUIPU_CORRUPT, QUIPU_CORRUPT },     { QUIPU_DENIED, QUIPU_DENIED },
    { QUIPU_INTERNAL, QUIPU_INTERNAL },   { QUIPU_INVALID, QUIPU_INTERNAL },
    { QUIPU_TIMEOUT, QUIPU_INTERNAL },    { 99, QUIPU_INTERNAL },
};

static void code_reaches_only_the_request_that_causes_it(void **state)
{
    const size_t codes = sizeof(nothing_stored) / sizeof(nothing_stored[0]);

    for (size_t i = 0; i < codes; i++) {
        schedule.bad = 'd';
        schedule.bad_status = nothing_stored[i].code;
        run_threads("abcdefg");
        expect_calls("l abcdefg abcd ab cd c d efg");
        expect_all("labcefg", QUIPU_OK);
        expect('d', nothing_stored[i].told);
        assert_contains(schedule_worker('d')->error.message, "d is bad");
        assert_int_equal(schedule_worker('g')->result.first_notification_id, 7);
        if (i + 1 < codes) {
            finish(state);
            start(state);
        }
    }
}

static void code_caused_by_the_leader_reaches_only_the_leader(void **state)
{
    (void)state;
    schedule.bad = 'a';
    schedule.bad_status = QUIPU_NOT_FOUND;
    run_threads("abc");
    expect_calls("l abc ab a b c");
    expect_all("lbc", QUIPU_OK);
    expect('a', QUIPU_NOT_FOUND);
}

static void requests_that_arrive_during_a_split_wait_behind_it(void **state)
{
    (void)state;
    schedule.bad = 'b';
    schedule.bad_status = QUIPU_IO;
    schedule_append('l');
    schedule_append_all("abc");
    schedule_let(2);
    schedule_wait_calls(3);
    schedule_append('z');
    schedule_release();
    schedule_join_all();
    expect_calls("l abc ab a b cz");
    expect_all("lacz", QUIPU_OK);
    expect('b', QUIPU_IO);
}

static void unknown_outcome_holds_for_the_whole_group(void **state)
{
    (void)state;
    schedule.bad = 'b';
    schedule.bad_status = QUIPU_UNKNOWN_OUTCOME;
    schedule.most = 3;
    run_threads("abcd");
    expect_calls("l abcd d");
    expect_all("abc", QUIPU_UNKNOWN_OUTCOME);
    expect_all("ld", QUIPU_OK);
    for (const char *name = "abc"; *name; name++) {
        struct schedule_worker *worker = schedule_worker(*name);

        assert_string_equal(worker->error.message, "b is bad");
        assert_int_equal(worker->error.native, 42);
        assert_string_equal(worker->error.sqlstate, "08006");
    }
}

static void code_with_one_request_taken_concerns_that_request(void **state)
{
    (void)state;
    schedule.bad = 'a';
    schedule.bad_status = QUIPU_DENIED;
    schedule.most = 1;
    run_threads("abc");
    expect_calls("l abc bc c");
    expect('a', QUIPU_DENIED);
    expect_all("lbc", QUIPU_OK);
}

static int take_too_many(const quipu_host *host, const quipu_request *requests,
                         size_t count, quipu_result *results, size_t *taken,
                         int64_t deadline, quipu_error *error)
{
    (void)host;
    (void)requests;
    (void)results;
    (void)deadline;
    (void)error;
    *taken = count + 1;
    return QUIPU_OK;
}

/* It is unknown which requests are stored, so none may answer OK. */
static void impossible_number_taken_is_internal_for_all(void **state)
{
    (void)state;
    schedule_append('l');
    schedule_append_all("ab");
    fake.append = take_too_many; /* `l` is in a call of the other function */
    schedule_release();
    schedule_join_all();
    expect('l', QUIPU_OK);
    expect_all("ab", QUIPU_INTERNAL);
    assert_contains(schedule_worker('b')->error.message,
                    "that it was not given");
}

/* A driver that fails without setting *taken has taken all. */
static int forget_taken(const quipu_host *host, const quipu_request *requests,
                        size_t count, quipu_result *results, size_t *taken,
                        int64_t deadline, quipu_error *error)
{
    (void)requests;
    (void)count;
    (void)results;
    (void)deadline;
    *taken = 0;
    return host->error_set(error, QUIPU_UNKNOWN_OUTCOME, 0, NULL, "gone");
}

static void failure_with_none_taken_concerns_all(void **state)
{
    (void)state;
    schedule_append('l');
    schedule_append_all("ab");
    fake.append = forget_taken;
    schedule_release();
    schedule_join_all();
    expect_all("ab", QUIPU_UNKNOWN_OUTCOME);
}

#define commit_test(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        commit_test(each_request_has_its_own_result),
        commit_test(conflict_concerns_one_request_only),
        commit_test(leader_with_a_conflict_passes_the_lead_on),
        commit_test(requests_not_taken_stay_first),
        commit_test(driver_may_take_one_request_at_a_time),
        commit_test(code_reaches_only_the_request_that_causes_it),
        commit_test(code_caused_by_the_leader_reaches_only_the_leader),
        commit_test(requests_that_arrive_during_a_split_wait_behind_it),
        commit_test(unknown_outcome_holds_for_the_whole_group),
        commit_test(code_with_one_request_taken_concerns_that_request),
        commit_test(impossible_number_taken_is_internal_for_all),
        commit_test(failure_with_none_taken_concerns_all),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
