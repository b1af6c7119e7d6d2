/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the leadership of the commit queue when deadlines pass. */
#include "quipu_test.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "datastore/commit_queue.h"

static void nap(void)
{
    const struct timespec millisecond = { .tv_nsec = 1000000 };

    nanosleep(&millisecond, NULL);
}

static struct quipu_commit_request request_of(int64_t deadline)
{
    static const quipu_request request;

    return (struct quipu_commit_request){ .request = &request,
                                          .group_limit = 256,
                                          .deadline = deadline };
}

/* The late request stands for one whose thread was chosen as the leader after
 * its deadline. */
static void late_leader_commits_the_requests_of_others(void **state)
{
    struct quipu_commit_queue *queue = quipu_commit_queue_create(8, 1000);
    struct quipu_commit_request late = request_of(quipu_clock_now());
    struct quipu_commit_request next = request_of(QUIPU_CLOCK_NEVER);
    struct quipu_commit_group group = { .count = 0 };

    (void)state;
    assert_true(quipu_commit_queue_enter(queue, &late));
    late.waits = true;
    queue->has_leader = false;
    assert_true(quipu_commit_queue_enter(queue, &next));
    quipu_commit_queue_take(queue, &group);
    assert_true(late.answered);
    assert_int_equal(late.status, QUIPU_BUSY);
    assert_ptr_equal(group.answered, &late);
    assert_int_equal(group.count, 1);
    assert_ptr_equal(group.first, &next);
    quipu_commit_queue_leave(queue, NULL, NULL);
    assert_false(queue->has_leader);
    quipu_commit_queue_destroy(queue);
}

static void late_leader_leaves_a_transaction_in_the_queue(void **state)
{
    struct quipu_commit_queue *queue = quipu_commit_queue_create(8, 1000);
    struct quipu_commit_request late = request_of(quipu_clock_now());
    struct quipu_commit_request next = { .deadline = QUIPU_CLOCK_NEVER };
    struct quipu_commit_group group = { .count = 0 };

    (void)state;
    assert_true(quipu_commit_queue_enter(queue, &late));
    late.waits = true;
    queue->has_leader = false;
    assert_true(quipu_commit_queue_enter(queue, &next));
    quipu_commit_queue_take(queue, &group);
    assert_int_equal(late.status, QUIPU_BUSY);
    assert_int_equal(group.count, 0);
    assert_ptr_equal(queue->first, &next);
    assert_true(quipu_commit_queue_take_own(queue, &next));
    quipu_commit_queue_leave(queue, NULL, NULL);
    quipu_commit_queue_destroy(queue);
}

static void late_transaction_answers_busy(void **state)
{
    struct quipu_commit_queue *queue = quipu_commit_queue_create(8, 1000);
    struct quipu_commit_request late = request_of(quipu_clock_now());

    (void)state;
    assert_true(quipu_commit_queue_enter(queue, &late));
    late.waits = true;
    assert_false(quipu_commit_queue_take_own(queue, &late));
    assert_int_equal(late.status, QUIPU_BUSY);
    quipu_commit_queue_destroy(queue);
}

/* The thread of a taken request sleeps without a deadline, so that a late
 * request must be answered instead of queued. */
static void late_request_is_not_put_back(void **state)
{
    struct quipu_commit_queue *queue = quipu_commit_queue_create(8, 1000);
    struct quipu_commit_request late = request_of(quipu_clock_now());
    struct quipu_commit_request next = request_of(QUIPU_CLOCK_NEVER);
    struct quipu_commit_group group = { .count = 0 };

    (void)state;
    late.next = &next;
    quipu_commit_queue_put_back(queue, &late, &group);
    assert_int_equal(late.status, QUIPU_BUSY);
    assert_ptr_equal(group.answered, &late);
    assert_ptr_equal(queue->first, &next);
    assert_ptr_equal(queue->end, &next.next);
    quipu_commit_queue_destroy(queue);
}

/* A thread that enters the queue. */
struct entrant {
    struct quipu_commit_queue *queue;
    struct quipu_commit_request request;
    bool leads;
    atomic_bool back;
};

static void *enter_queue(void *context)
{
    struct entrant *entrant = context;

    entrant->leads =
        quipu_commit_queue_enter(entrant->queue, &entrant->request);
    atomic_store(&entrant->back, true);
    return NULL;
}

/* Chooses the thread as the next leader without waking it, as
 * quipu_commit_queue_leave does first.  Returns false if its request was
 * withdrawn before. */
static bool choose(struct entrant *entrant)
{
    struct quipu_commit_queue *queue = entrant->queue;
    bool chosen = false;

    while (!chosen && !atomic_load(&entrant->back)) {
        pthread_mutex_lock(&queue->lock);
        chosen = queue->first && queue->first->next == &entrant->request;
        if (chosen) {
            entrant->request.owner = QUIPU_COMMIT_CHOSEN;
        }
        pthread_mutex_unlock(&queue->lock);
        sched_yield();
    }
    return chosen;
}

static bool choose_and_be_late(int64_t timeout)
{
    struct quipu_commit_queue *queue = quipu_commit_queue_create(8, 1000);
    struct quipu_commit_request first = request_of(QUIPU_CLOCK_NEVER);
    int64_t deadline = quipu_clock_deadline(timeout);
    struct entrant late = { .queue = queue, .request = request_of(deadline) };
    pthread_t thread;
    bool chosen;

    assert_true(quipu_commit_queue_enter(queue, &first));
    assert_int_equal(pthread_create(&thread, NULL, enter_queue, &late), 0);
    chosen = choose(&late);
    if (chosen) {
        while (quipu_clock_now() <= deadline) {
            nap();
        }
        nap(); /* mostly enough for the thread to notice its deadline */
        quipu_commit_queue_wake(&late.request, QUIPU_COMMIT_LEADS);
    }
    pthread_join(thread, NULL);
    assert_int_equal(late.leads, chosen);
    quipu_commit_queue_destroy(queue);
    return chosen;
}

/* Otherwise the queue would have no leader. */
static void chosen_leader_does_not_withdraw(void **state)
{
    int64_t timeout = 50;

    (void)state;
    while (!choose_and_be_late(timeout)) {
        timeout *= 4;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(late_leader_commits_the_requests_of_others),
        cmocka_unit_test(late_leader_leaves_a_transaction_in_the_queue),
        cmocka_unit_test(late_transaction_answers_busy),
        cmocka_unit_test(late_request_is_not_put_back),
        cmocka_unit_test(chosen_leader_does_not_withdraw),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
