/* SPDX-License-Identifier: Apache-2.0 */
/* Tests which requests share a commit, and their order. */
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

static void lone_append_is_one_call_with_one_request(void **state)
{
    (void)state;
    schedule_release();
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(schedule_join(schedule_append('a')), QUIPU_OK);
        assert_int_equal(schedule.calls[i].count, 1);
    }
    assert_int_equal(schedule.count, 3);
}

static void appends_during_a_commit_share_the_next(void **state)
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

static void answered_leader_does_not_wait_for_the_others(void **state)
{
    (void)state;
    schedule_append_all("ab");
    schedule_let(1);
    assert_int_equal(schedule_join(schedule_worker('a')), QUIPU_OK);
    schedule_wait_calls(2);
    assert_int_equal(schedule.inside, 1);
}

/* No request waits for more than ceil(queue / group) + 1 commits. */
static void group_is_limited_in_requests(void **state)
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

static void group_is_limited_in_bytes(void **state)
{
    const size_t third = QUIPU_COMMIT_QUEUE_BYTES / 3;
    const size_t two = 3 * (sizeof(quipu_item) + sizeof(quipu_guard));
    char *big = calloc(1, QUIPU_COMMIT_QUEUE_BYTES + 1);

    (void)state;
    memset(big, 'b', QUIPU_COMMIT_QUEUE_BYTES + 1);
    schedule_append('a');
    schedule_append_state('b', big, third);
    schedule_append_state('b', big, third);
    schedule_append_state('b', big, third);
    schedule_append_state('b', big, QUIPU_COMMIT_QUEUE_BYTES + 1);
    schedule_append('c');
    schedule_append_state('b', big, QUIPU_COMMIT_QUEUE_BYTES - two);
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

static void each_item_and_guard_has_a_weight(void **state)
{
    const quipu_request request = { .item_count = 3, .guard_count = 2 };

    (void)state;
    assert_int_equal(quipu_commit_queue_weigh(&request, 100),
                     100 + 3 * sizeof(quipu_item) + 2 * sizeof(quipu_guard));
}

static void transaction_shares_no_commit(void **state)
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

static void transaction_passes_the_lead_on(void **state)
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

static void transaction_without_items_does_not_queue(void **state)
{
    (void)state;
    schedule_append_all("abc");
    schedule_transact_nothing();
    assert_int_equal(schedule.together, 2); /* beside the append of "a" */
    schedule_release();
    schedule_join_all();
    assert_string_equal(schedule_names(1), "!");
    assert_string_equal(schedule_names(2), "bc");
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

static void call_from_inside_a_transaction_is_invalid(void **state)
{
    const quipu_append none = { .struct_size = sizeof(none) };
    quipu_error error;

    (void)state;
    schedule_release();
    assert_refused(quipu_records_transact(fake_records, &none, append_inside,
                                          NULL, NULL, &error),
                   QUIPU_INVALID, &error, "use the native handle");
    assert_ok(append_inside(NULL, NULL, &error), &error);
}

static void without_a_queue_each_append_is_a_call(void **state)
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

static void interrupt_and_setup_do_not_queue(void **state)
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
    /* No memory was requested: the budget is unchanged. */
    assert_int_equal(atomic_load(&quipu_test_budget), 0);
    quipu_test_memory_end();
    assert_int_equal(schedule_worker('f')->status, QUIPU_OK);
}

/* --------------------------------------------------------------- many at once
 */

#define CROWD 100
#define ROUNDS 20

static atomic_int wrong;

/* Each thread must get the result of its own request. */
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

static void many_threads_get_their_own_results(void **state)
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

static void child_is_refused_while_the_parent_holds_the_lock(void **state)
{
    quipu_error error;
    int code;
    pid_t child;

    (void)state;
    schedule_append_all("ab"); /* one leads, one is queued */
    pthread_mutex_lock(&fake_store->queue->lock);
    child = fork();
    if (child == 0) {
        alarm(20); /* in case the child waits for the lock */
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
        queue_test(lone_append_is_one_call_with_one_request),
        queue_test(appends_during_a_commit_share_the_next),
        queue_test(answered_leader_does_not_wait_for_the_others),
        cmocka_unit_test_setup_teardown(group_is_limited_in_requests,
                                        start_bound_by_three, finish),
        queue_test(group_is_limited_in_bytes),
        queue_test(each_item_and_guard_has_a_weight),
        queue_test(transaction_shares_no_commit),
        queue_test(transaction_without_items_does_not_queue),
        queue_test(transaction_passes_the_lead_on),
        queue_test(call_from_inside_a_transaction_is_invalid),
        cmocka_unit_test_setup_teardown(without_a_queue_each_append_is_a_call,
                                        start_without, finish),
        queue_test(interrupt_and_setup_do_not_queue),
        queue_test(queueing_needs_no_memory),
        queue_test(many_threads_get_their_own_results),
        queue_test(child_is_refused_while_the_parent_holds_the_lock),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
