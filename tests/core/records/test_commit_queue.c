/* SPDX-License-Identifier: Apache-2.0 */
/* Tests who shares a commit with whom, and in which order. */
#include "quipu_test.h"

#include "schedule.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "quipu_test_memory.h"
#include "records/records.h"

static int finish(void **state)
{
    (void)state;
    schedule_end();
    return 0;
}

static int start(void **state)
{
    (void)state;
    schedule_begin("fake:?timeout=600000");
    return 0;
}

static int start_bound_by_three(void **state)
{
    (void)state;
    schedule_begin("fake:?timeout=600000&group=3");
    return 0;
}

static int start_without(void **state)
{
    (void)state;
    schedule_begin("fake:?timeout=600000&group=1");
    return 0;
}

static void a_lone_append_is_one_call_of_one(void **state)
{
    (void)state;
    schedule_release();
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(schedule_join(schedule_append('a')), QUIPU_OK);
        assert_int_equal(schedule.calls[i].count, 1);
    }
    assert_int_equal(schedule.count, 3);
}

static void those_who_come_during_a_commit_share_the_next(void **state)
{
    (void)state;
    schedule_append_all("abcdefg");
    schedule_let(1);
    schedule_wait_calls(2);
    assert_string_equal(schedule_names(0), "a");
    assert_string_equal(schedule_names(1), "bcdefg");
    schedule_append_all("xyz");
    schedule_release();
    schedule_join_all();
    assert_string_equal(schedule_names(2), "xyz");
    assert_int_equal(schedule.count, 3);
    assert_int_equal(schedule.together, 1);
}

static void the_first_with_its_answer_does_not_wait_for_the_rest(void **state)
{
    (void)state;
    schedule_append_all("ab");
    schedule_let(1);
    assert_int_equal(schedule_join(schedule_worker('a')), QUIPU_OK);
    schedule_wait_calls(2);
    assert_int_equal(schedule.inside, 1);
}

/* None waits for more than ceil(queue / bound) + 1 commits. */
static void a_group_is_bounded_in_requests(void **state)
{
    (void)state;
    schedule_append_all("abcdefgh");
    schedule_let(2);
    schedule_wait_calls(3);
    schedule_append_all("xy");
    schedule_release();
    schedule_join_all();
    assert_string_equal(schedule_names(1), "bcd");
    assert_string_equal(schedule_names(2), "efg");
    assert_string_equal(schedule_names(3), "hxy");
    assert_int_equal(schedule.count, 4);
}

static void a_group_is_bounded_in_bytes(void **state)
{
    const size_t third = QUIPU_COMMIT_QUEUE_BYTES / 3;
    char *big = calloc(1, QUIPU_COMMIT_QUEUE_BYTES + 1);

    (void)state;
    memset(big, 'b', QUIPU_COMMIT_QUEUE_BYTES + 1);
    schedule_append('a');
    schedule_append_state('b', big, third);
    schedule_append_state('b', big, third);
    schedule_append_state('b', big, third);
    schedule_append_state('b', big, QUIPU_COMMIT_QUEUE_BYTES + 1);
    schedule_append('c');
    schedule_append_state('b', big, QUIPU_COMMIT_QUEUE_BYTES - 700);
    schedule_append('d');
    schedule_append('e');
    schedule_release();
    schedule_join_all();
    assert_string_equal(schedule_names(1), "bb");
    assert_string_equal(schedule_names(2), "b");
    assert_string_equal(schedule_names(3), "b");
    assert_string_equal(schedule_names(4), "cb");
    assert_string_equal(schedule_names(5), "de");
    free(big);
}

static void each_item_and_guard_weighs_something(void **state)
{
    const quipu_request request = { .item_count = 3, .guard_count = 2 };

    (void)state;
    assert_int_equal(quipu_commit_queue_weigh(&request, 100),
                     100 + 3 * sizeof(quipu_item) + 2 * sizeof(quipu_guard));
}

static void a_transaction_has_its_turn_alone(void **state)
{
    (void)state;
    schedule_append_all("abc");
    schedule_transact();
    schedule_transact();
    schedule_append_all("de");
    schedule_release();
    schedule_join_all();
    assert_string_equal(schedule_names(1), "bc");
    assert_string_equal(schedule_names(2), "!");
    assert_string_equal(schedule_names(3), "!");
    assert_string_equal(schedule_names(4), "de");
    assert_int_equal(schedule.together, 1);
}

static void a_transaction_that_leads_hands_the_lead_on(void **state)
{
    struct schedule_worker *first = schedule_transact();

    (void)state;
    schedule_append_all("ab");
    schedule_let(1);
    assert_int_equal(schedule_join(first), QUIPU_OK);
    schedule_release();
    schedule_join_all();
    assert_string_equal(schedule_names(0), "!");
    assert_string_equal(schedule_names(1), "ab");
}

static int append_inside(void *native, void *context, quipu_error *error)
{
    quipu_item item = fake_item();
    const quipu_append append = { .struct_size = sizeof(append),
                                  .items = &item,
                                  .item_count = 1 };

    (void)native;
    (void)context;
    return quipu_records_append(fake_records, &append, NULL, error);
}

static void a_call_from_inside_a_transaction_is_a_bug(void **state)
{
    const quipu_append none = { .struct_size = sizeof(none) };
    quipu_error error;

    (void)state;
    schedule_release();
    assert_refused(quipu_records_transact(fake_records, &none, append_inside,
                                          NULL, NULL, &error),
                   QUIPU_INTERNAL, &error, "use the native handle");
    assert_ok(append_inside(NULL, NULL, &error), &error);
}

static void switched_off_each_append_is_a_call_of_its_own(void **state)
{
    (void)state;
    assert_null(fake_store->queue);
    schedule_append_all("abc");
    schedule_transact();
    schedule_wait_calls(4);
    assert_int_equal(schedule.together, 4);
    schedule_release();
    schedule_join_all();
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(schedule.calls[i].count, 1);
    }
}

static void interrupting_and_schemas_do_not_queue(void **state)
{
    quipu_error error;

    (void)state;
    schedule_append_all("abc");
    quipu_datastore_interrupt(fake_store);
    assert_ok(quipu_datastore_setup(fake_store, &fake_schema, &error), &error);
    assert_ok(quipu_datastore_teardown(fake_store, &fake_schema, &error),
              &error);
    assert_int_equal(schedule_queued(), 2);
}

static void queueing_needs_no_memory(void **state)
{
    (void)state;
    quipu_test_memory_begin(0);
    schedule_append_all("abcdef");
    schedule_release();
    schedule_join_all();
    /* Nobody asked for any: the budget is whole. */
    assert_int_equal(atomic_load(&quipu_test_budget), 0);
    quipu_test_memory_end();
    assert_int_equal(schedule_worker('f')->status, QUIPU_OK);
}

/* --------------------------------------------------------------- many at once
 */

#define CROWD 100
#define ROUNDS 20

static atomic_int wrong;

/* Each has to get what was given to it, and nobody else's. */
static void *append_many(void *context)
{
    char name = 'a';
    quipu_item item = fake_item();
    const quipu_append append = { .struct_size = sizeof(append),
                                  .items = &item,
                                  .item_count = 1 };
    int64_t last = 0;

    (void)context;
    item.state = (quipu_bytes){ &name, 1 };
    for (int i = 0; i < ROUNDS; i++) {
        int64_t position = 0;
        quipu_result result = { .positions = &position };
        int status;

        name = i % 5 == 4 ? 'X' : 'a';
        status = quipu_records_append(fake_records, &append, &result, NULL);
        wrong += status != (i % 5 == 4 ? QUIPU_CONFLICT : QUIPU_OK);
        wrong += status == QUIPU_OK &&
                 (result.first_notification_id <= last ||
                  position != result.first_notification_id * 10);
        last = status == QUIPU_OK ? result.first_notification_id : last;
    }
    return NULL;
}

static void a_crowd_is_served(void **state)
{
    pthread_t threads[CROWD];

    (void)state;
    wrong = 0;
    schedule.most = 30;
    for (int i = 0; i < CROWD; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, append_many, NULL),
                         0);
    }
    schedule_wait_calls(1);
    schedule_wait_queued(CROWD - 1);
    schedule_release();
    for (int i = 0; i < CROWD; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(wrong, 0);
    assert_int_equal(schedule.next_id - 1, CROWD * ROUNDS / 5 * 4);
    assert_int_equal(schedule.together, 1);
    assert_true(schedule.count <= CROWD * ROUNDS);
}

/* ----------------------------------------------------------------------- fork
 */

static void a_child_is_refused_whatever_lock_was_held(void **state)
{
    quipu_error error;
    int code;
    pid_t child;

    (void)state;
    schedule_append_all("ab"); /* one leads, one is queued */
    pthread_mutex_lock(&fake_store->queue->lock);
    child = fork();
    if (child == 0) {
        alarm(20); /* against a lock that nobody gives back */
        code = append_inside(NULL, NULL, &error);
        _exit(code == QUIPU_INVALID ? 0 : 1);
    }
    pthread_mutex_unlock(&fake_store->queue->lock);
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_true(WIFEXITED(code));
    assert_int_equal(WEXITSTATUS(code), 0);
    schedule_release();
    schedule_join_all();
    assert_int_equal(schedule_worker('b')->status, QUIPU_OK);
}

#define queue_test(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        queue_test(a_lone_append_is_one_call_of_one),
        queue_test(those_who_come_during_a_commit_share_the_next),
        queue_test(the_first_with_its_answer_does_not_wait_for_the_rest),
        cmocka_unit_test_setup_teardown(a_group_is_bounded_in_requests,
                                        start_bound_by_three, finish),
        queue_test(a_group_is_bounded_in_bytes),
        queue_test(each_item_and_guard_weighs_something),
        queue_test(a_transaction_has_its_turn_alone),
        queue_test(a_transaction_that_leads_hands_the_lead_on),
        queue_test(a_call_from_inside_a_transaction_is_a_bug),
        cmocka_unit_test_setup_teardown(
            switched_off_each_append_is_a_call_of_its_own, start_without,
            finish),
        queue_test(interrupting_and_schemas_do_not_queue),
        queue_test(queueing_needs_no_memory),
        queue_test(a_crowd_is_served),
        queue_test(a_child_is_refused_whatever_lock_was_held),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
