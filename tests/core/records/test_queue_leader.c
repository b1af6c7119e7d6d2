/* SPDX-License-Identifier: Apache-2.0 */
/* Tests who leads a queue when time is up for one who is in it. */
#include "quipu_test.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "records/queue.h"

static void nap(void)
{
    const struct timespec while_ = { .tv_nsec = 1000000 };

    nanosleep(&while_, NULL);
}

static struct quipu_ticket ticket_of(int64_t deadline)
{
    static const quipu_request request;

    return (struct quipu_ticket){ .request = &request,
                                  .most = 256,
                                  .deadline = deadline };
}

/* Leads in place of a thread that was called when its deadline was past. */
static void a_leader_whose_time_is_up_leads_the_others(void **state)
{
    struct quipu_queue *queue = quipu_queue_create(8, 1000);
    struct quipu_ticket late = ticket_of(quipu_clock_now());
    struct quipu_ticket next = ticket_of(QUIPU_CLOCK_NEVER);
    struct quipu_group group = { .count = 0 };

    (void)state;
    assert_true(quipu_queue_enter(queue, &late));
    late.waits = true;
    queue->led = false;
    assert_true(quipu_queue_enter(queue, &next));
    quipu_queue_take(queue, &group);
    assert_true(late.answered);
    assert_int_equal(late.status, QUIPU_BUSY);
    assert_ptr_equal(group.answered, &late);
    assert_int_equal(group.count, 1);
    assert_ptr_equal(group.first, &next);
    quipu_queue_leave(queue, NULL, NULL);
    assert_false(queue->led);
    quipu_queue_destroy(queue);
}

static void a_leader_whose_time_is_up_leaves_a_transaction_its_turn(
    void **state)
{
    struct quipu_queue *queue = quipu_queue_create(8, 1000);
    struct quipu_ticket late = ticket_of(quipu_clock_now());
    struct quipu_ticket next = { .deadline = QUIPU_CLOCK_NEVER };
    struct quipu_group group = { .count = 0 };

    (void)state;
    assert_true(quipu_queue_enter(queue, &late));
    late.waits = true;
    queue->led = false;
    assert_true(quipu_queue_enter(queue, &next));
    quipu_queue_take(queue, &group);
    assert_int_equal(late.status, QUIPU_BUSY);
    assert_int_equal(group.count, 0);
    assert_ptr_equal(queue->first, &next);
    assert_true(quipu_queue_take_own(queue, &next));
    quipu_queue_leave(queue, NULL, NULL);
    quipu_queue_destroy(queue);
}

static void a_transaction_whose_time_is_up_gives_its_turn_back(void **state)
{
    struct quipu_queue *queue = quipu_queue_create(8, 1000);
    struct quipu_ticket late = ticket_of(quipu_clock_now());

    (void)state;
    assert_true(quipu_queue_enter(queue, &late));
    late.waits = true;
    assert_false(quipu_queue_take_own(queue, &late));
    assert_int_equal(late.status, QUIPU_BUSY);
    quipu_queue_destroy(queue);
}

/* Whose deadline passed while it was taken sleeps until it is called: so it
 * must not be queued again. */
static void who_is_late_is_not_put_back(void **state)
{
    struct quipu_queue *queue = quipu_queue_create(8, 1000);
    struct quipu_ticket late = ticket_of(quipu_clock_now());
    struct quipu_ticket next = ticket_of(QUIPU_CLOCK_NEVER);
    struct quipu_group group = { .count = 0 };

    (void)state;
    late.next = &next;
    quipu_queue_put_back(queue, &late, &group);
    assert_int_equal(late.status, QUIPU_BUSY);
    assert_ptr_equal(group.answered, &late);
    assert_ptr_equal(queue->first, &next);
    assert_ptr_equal(queue->end, &next.next);
    quipu_queue_destroy(queue);
}

/* One that enters a queue in a thread of its own. */
struct entrant {
    struct quipu_queue *queue;
    struct quipu_ticket ticket;
    bool leads;
    atomic_bool back;
};

static void *enter_queue(void *context)
{
    struct entrant *entrant = context;

    entrant->leads = quipu_queue_enter(entrant->queue, &entrant->ticket);
    atomic_store(&entrant->back, true);
    return NULL;
}

/* Chooses it as the next leader, before it is woken, as who leaves does; false:
 * it has given up. */
static bool choose(struct entrant *entrant)
{
    struct quipu_queue *queue = entrant->queue;
    bool chosen = false;

    while (!chosen && !atomic_load(&entrant->back)) {
        pthread_mutex_lock(&queue->lock);
        chosen = queue->first && queue->first->next == &entrant->ticket;
        if (chosen) {
            entrant->ticket.place = QUIPU_TICKET_CHOSEN;
        }
        pthread_mutex_unlock(&queue->lock);
        sched_yield();
    }
    return chosen;
}

static bool choose_and_be_late(int64_t timeout)
{
    struct quipu_queue *queue = quipu_queue_create(8, 1000);
    struct quipu_ticket first = ticket_of(QUIPU_CLOCK_NEVER);
    int64_t deadline = quipu_clock_deadline(timeout);
    struct entrant late = { .queue = queue, .ticket = ticket_of(deadline) };
    pthread_t thread;
    bool chosen;

    assert_true(quipu_queue_enter(queue, &first));
    assert_int_equal(pthread_create(&thread, NULL, enter_queue, &late), 0);
    chosen = choose(&late);
    if (chosen) {
        while (quipu_clock_now() <= deadline) {
            nap();
        }
        nap(); /* it sees that its time is up, most of the time */
        quipu_ticket_wake(&late.ticket, QUIPU_TICKET_LEADS);
    }
    pthread_join(thread, NULL);
    assert_int_equal(late.leads, chosen);
    quipu_queue_destroy(queue);
    return chosen;
}

/* Else nobody would lead. */
static void who_is_chosen_to_lead_does_not_give_up(void **state)
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
        cmocka_unit_test(a_leader_whose_time_is_up_leads_the_others),
        cmocka_unit_test(
            a_leader_whose_time_is_up_leaves_a_transaction_its_turn),
        cmocka_unit_test(a_transaction_whose_time_is_up_gives_its_turn_back),
        cmocka_unit_test(who_is_late_is_not_put_back),
        cmocka_unit_test(who_is_chosen_to_lead_does_not_give_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
