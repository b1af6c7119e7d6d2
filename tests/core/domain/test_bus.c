/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the order of subscribers, refusal, and unsubscribing during calls. */
#include "domain_fixture.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#define NAMES_MAX 32

static char
    names[NAMES_MAX]; /* names of the subscribers in the order of calls */
static size_t name_count;

struct subscriber {
    char name;
    int answer;
    quipu_bus *bus;
    quipu_subscriber *self;
    void (*act)(struct subscriber *subscriber);
};

static void note_call(struct subscriber *subscriber)
{
    names[name_count++] = subscriber->name;
    names[name_count] = '\0';
    if (subscriber->act) {
        subscriber->act(subscriber);
    }
}

static int policy(void *context, const quipu_event *const *events, size_t count,
                  quipu_error *error)
{
    struct subscriber *subscriber = context;

    (void)events;
    (void)count;
    note_call(subscriber);
    if (subscriber->answer) {
        return quipu_error_set(error, subscriber->answer, "%c says no",
                               subscriber->name);
    }
    return QUIPU_OK;
}

static void listener(void *context, const quipu_event *const *events,
                     size_t count)
{
    (void)events;
    (void)count;
    note_call(context);
}

static struct note_dropped event = { .base = { .type = &note_dropped } };
static const quipu_event *const list[] = { &event.base };

static int publish(quipu_bus *bus, quipu_error *error)
{
    name_count = 0;
    names[0] = '\0';
    return quipu_bus_publish(bus, list, 1, error);
}

static quipu_bus *open_bus(void)
{
    quipu_error error;
    quipu_bus *bus = NULL;

    assert_ok(quipu_bus_open(&bus, &error), &error);
    return bus;
}

static void add_policy(quipu_bus *bus, struct subscriber *subscriber)
{
    quipu_error error;

    subscriber->bus = bus;
    assert_ok(
        quipu_bus_subscribe(bus, policy, subscriber, &subscriber->self, &error),
        &error);
}

static void add_listener(quipu_bus *bus, struct subscriber *subscriber)
{
    quipu_error error;

    subscriber->bus = bus;
    assert_ok(
        quipu_bus_listen(bus, listener, subscriber, &subscriber->self, &error),
        &error);
}

static void close_bus(quipu_bus *bus)
{
    quipu_error error;

    assert_ok(quipu_bus_close(bus, &error), &error);
}

/* ---------------------------------------------------------------- order */

static void policies_precede_listeners_in_order_of_subscription(void **state)
{
    struct subscriber a = { .name = 'a' };
    struct subscriber b = { .name = 'b' };
    struct subscriber x = { .name = 'x' };
    struct subscriber y = { .name = 'y' };
    quipu_bus *bus = open_bus();
    quipu_error error;
    (void)state;

    add_listener(bus, &x);
    add_policy(bus, &a);
    add_listener(bus, &y);
    add_policy(bus, &b);
    assert_ok(publish(bus, &error), &error);
    assert_string_equal(names, "abxy");
    quipu_bus_unsubscribe(a.self);
    quipu_bus_unsubscribe(x.self);
    assert_ok(publish(bus, &error), &error);
    assert_string_equal(names, "by");
    quipu_bus_unsubscribe(b.self);
    quipu_bus_unsubscribe(y.self);
    close_bus(bus);
}

static void refusing_policy_ends_publication(void **state)
{
    struct subscriber a = { .name = 'a' };
    struct subscriber b = { .name = 'b', .answer = QUIPU_DENIED };
    struct subscriber c = { .name = 'c' };
    struct subscriber x = { .name = 'x' };
    quipu_bus *bus = open_bus();
    quipu_error error;
    (void)state;

    add_policy(bus, &a);
    add_policy(bus, &b);
    add_policy(bus, &c);
    add_listener(bus, &x);
    assert_refused(publish(bus, &error), QUIPU_DENIED, &error, "b says no");
    assert_string_equal(names, "ab");
    b.answer = QUIPU_OK;
    assert_ok(publish(bus, &error), &error);
    assert_string_equal(names, "abcx");
    quipu_bus_unsubscribe(a.self);
    quipu_bus_unsubscribe(b.self);
    quipu_bus_unsubscribe(c.self);
    quipu_bus_unsubscribe(x.self);
    close_bus(bus);
}

static void publishing_needs_events_and_a_policy(void **state)
{
    struct subscriber a = { .name = 'a' };
    struct subscriber x = { .name = 'x' };
    const quipu_event *const nothing[] = { NULL };
    const quipu_event untyped = { 0 };
    const quipu_event *const no_type[] = { &untyped };
    quipu_bus *bus = open_bus();
    quipu_error error;
    (void)state;

    add_listener(bus, &x);
    assert_refused(publish(bus, &error), QUIPU_INVALID, &error,
                   "no policy is subscribed");
    assert_string_equal(names, "");
    add_policy(bus, &a);
    assert_status(quipu_bus_publish(bus, list, 0, &error), QUIPU_INVALID);
    assert_status(quipu_bus_publish(bus, NULL, 1, &error), QUIPU_INVALID);
    assert_status(quipu_bus_publish(NULL, list, 1, &error), QUIPU_INVALID);
    assert_refused(quipu_bus_publish(bus, nothing, 1, &error), QUIPU_INVALID,
                   &error, "event 0");
    assert_refused(quipu_bus_publish(bus, no_type, 1, &error), QUIPU_INVALID,
                   &error, "has no type");
    assert_string_equal(names, "");
    quipu_bus_unsubscribe(a.self);
    quipu_bus_unsubscribe(x.self);
    close_bus(bus);
}

static void wrong_arguments_are_refused(void **state)
{
    struct subscriber a = { .name = 'a' };
    quipu_bus *bus = open_bus();
    quipu_error error;
    (void)state;

    assert_status(quipu_bus_open(NULL, &error), QUIPU_INVALID);
    assert_status(quipu_bus_subscribe(NULL, policy, &a, &a.self, &error),
                  QUIPU_INVALID);
    assert_status(quipu_bus_subscribe(bus, NULL, &a, &a.self, &error),
                  QUIPU_INVALID);
    assert_status(quipu_bus_listen(bus, NULL, &a, &a.self, &error),
                  QUIPU_INVALID);
    assert_status(quipu_bus_listen(bus, listener, &a, NULL, &error),
                  QUIPU_INVALID);
    quipu_bus_unsubscribe(NULL);
    close_bus(bus);
    close_bus(NULL);
}

/* -------------------------------------------------------------- closing */

static void bus_in_use_does_not_close(void **state)
{
    struct subscriber a = { .name = 'a' };
    struct note *note = NULL;
    quipu_bus *bus = open_bus();
    quipu_error error;
    (void)state;

    add_policy(bus, &a);
    note = new_note(bus);
    assert_refused(quipu_bus_close(bus, &error), QUIPU_INVALID, &error,
                   "destroy the aggregates");
    quipu_aggregate_destroy(note);
    assert_refused(quipu_bus_close(bus, &error), QUIPU_INVALID, &error,
                   "unsubscribe its policies");
    assert_ok(publish(bus, &error), &error);
    quipu_bus_unsubscribe(a.self);
    close_bus(bus);
}

/* ------------------------------------------------------------ during calls */

static void unsubscribe_self(struct subscriber *subscriber)
{
    quipu_bus_unsubscribe(subscriber->self);
}

static void subscriber_may_unsubscribe_itself(void **state)
{
    struct subscriber a = { .name = 'a', .act = unsubscribe_self };
    struct subscriber b = { .name = 'b' };
    struct subscriber x = { .name = 'x', .act = unsubscribe_self };
    struct subscriber y = { .name = 'y' };
    quipu_bus *bus = open_bus();
    quipu_error error;
    (void)state;

    add_policy(bus, &a);
    add_policy(bus, &b);
    add_listener(bus, &x);
    add_listener(bus, &y);
    assert_ok(publish(bus, &error), &error);
    assert_string_equal(names, "abxy");
    assert_ok(publish(bus, &error), &error);
    assert_string_equal(names, "by");
    quipu_bus_unsubscribe(b.self);
    quipu_bus_unsubscribe(y.self);
    close_bus(bus);
}

static struct subscriber *victim;

static void unsubscribe_victim(struct subscriber *subscriber)
{
    (void)subscriber;
    quipu_bus_unsubscribe(victim->self);
}

static void subscriber_may_unsubscribe_those_after_and_before_it(void **state)
{
    struct subscriber a = { .name = 'a' };
    struct subscriber b = { .name = 'b' };
    struct subscriber x = { .name = 'x' };
    quipu_bus *bus = open_bus();
    quipu_error error;
    (void)state;

    add_policy(bus, &a);
    add_policy(bus, &b);
    add_listener(bus, &x);
    victim = &x;
    b.act = unsubscribe_victim;
    assert_ok(publish(bus, &error), &error);
    assert_string_equal(names, "ab");
    victim = &a;
    assert_ok(publish(bus, &error), &error);
    assert_string_equal(names, "ab");
    b.act = NULL;
    assert_ok(publish(bus, &error), &error);
    assert_string_equal(names, "b");
    quipu_bus_unsubscribe(b.self);
    close_bus(bus);
}

static struct subscriber late = { .name = 'l' };

static void subscribe_late(struct subscriber *subscriber)
{
    if (!late.bus) {
        add_listener(subscriber->bus, &late);
    }
}

static void subscription_during_publication_begins_with_next_list(void **state)
{
    struct subscriber a = { .name = 'a', .act = subscribe_late };
    quipu_bus *bus = open_bus();
    quipu_error error;
    (void)state;

    add_policy(bus, &a);
    assert_ok(publish(bus, &error), &error);
    assert_string_equal(names, "a");
    assert_ok(publish(bus, &error), &error);
    assert_string_equal(names, "al");
    quipu_bus_unsubscribe(a.self);
    quipu_bus_unsubscribe(late.self);
    close_bus(bus);
}

static int depth;

static void publish_nested(struct subscriber *subscriber)
{
    quipu_error error;

    if (++depth < 3) {
        assert_ok(quipu_bus_publish(subscriber->bus, list, 1, &error), &error);
    } else {
        quipu_bus_unsubscribe(subscriber->self);
    }
}

/* The innermost of three nested calls of x unsubscribes it. */
static void nested_publication_may_unsubscribe_its_listener(void **state)
{
    struct subscriber a = { .name = 'a' };
    struct subscriber x = { .name = 'x', .act = publish_nested };
    struct subscriber y = { .name = 'y' };
    quipu_bus *bus = open_bus();
    quipu_error error;
    (void)state;

    add_policy(bus, &a);
    add_listener(bus, &x);
    add_listener(bus, &y);
    depth = 0;
    assert_ok(publish(bus, &error), &error);
    assert_string_equal(names, "axaxaxyyy");
    assert_ok(publish(bus, &error), &error);
    assert_string_equal(names, "ay");
    quipu_bus_unsubscribe(a.self);
    quipu_bus_unsubscribe(y.self);
    close_bus(bus);
}

static int close_status;

static void close_from_within(struct subscriber *subscriber)
{
    quipu_bus *bus = subscriber->bus;

    quipu_bus_unsubscribe(subscriber->self);
    close_status = quipu_bus_close(bus, NULL);
}

static void publishing_bus_does_not_close(void **state)
{
    struct subscriber a = { .name = 'a', .act = close_from_within };
    quipu_bus *bus = open_bus();
    quipu_error error;
    (void)state;

    add_policy(bus, &a);
    assert_ok(publish(bus, &error), &error);
    assert_int_equal(close_status, QUIPU_INVALID);
    close_bus(bus);
}

/* --------------------------------------------------------------- threads */

struct meeting {
    quipu_bus *bus;
    sem_t entered;      /* the listener is being called */
    sem_t may_leave;    /* and may return */
    atomic_bool inside; /* it has not returned */
    atomic_int status;
};

static void meet(void *context, const quipu_event *const *events, size_t count)
{
    struct meeting *meeting = context;

    (void)events;
    (void)count;
    atomic_store(&meeting->inside, true);
    sem_post(&meeting->entered);
    sem_wait(&meeting->may_leave);
    atomic_store(&meeting->inside, false);
}

static void *publish_once(void *context)
{
    struct meeting *meeting = context;

    atomic_store(&meeting->status,
                 quipu_bus_publish(meeting->bus, list, 1, NULL));
    return NULL;
}

static void *let_leave(void *context)
{
    struct meeting *meeting = context;

    /* The thread that unsubscribes may begin to wait before or after this. */
    sem_post(&meeting->may_leave);
    return NULL;
}

static void unsubscribe_waits_for_the_call_in_another_thread(void **state)
{
    struct subscriber a = { .name = 'a' };
    quipu_subscriber *subscriber = NULL;
    struct meeting meeting = { .bus = open_bus() };
    pthread_t publisher;
    pthread_t porter;
    quipu_error error;
    (void)state;

    sem_init(&meeting.entered, 0, 0);
    sem_init(&meeting.may_leave, 0, 0);
    add_policy(meeting.bus, &a);
    assert_ok(
        quipu_bus_listen(meeting.bus, meet, &meeting, &subscriber, &error),
        &error);
    name_count = 0;
    pthread_create(&publisher, NULL, publish_once, &meeting);
    sem_wait(&meeting.entered);
    pthread_create(&porter, NULL, let_leave, &meeting);
    quipu_bus_unsubscribe(subscriber);
    assert_false(atomic_load(&meeting.inside));
    pthread_join(porter, NULL);
    pthread_join(publisher, NULL);
    assert_int_equal(atomic_load(&meeting.status), QUIPU_OK);
    quipu_bus_unsubscribe(a.self);
    close_bus(meeting.bus);
    sem_destroy(&meeting.entered);
    sem_destroy(&meeting.may_leave);
}

/* While one thread is in the listener, the listener unsubscribes itself in
 * another thread; that must not wait, because it would wait for itself. */
struct crowd {
    struct meeting meeting;
    quipu_subscriber *subscriber;
    atomic_int calls;
};

static void crowd_in(void *context, const quipu_event *const *events,
                     size_t count)
{
    struct crowd *crowd = context;

    if (atomic_fetch_add(&crowd->calls, 1) == 0) {
        meet(&crowd->meeting, events, count);
    } else {
        quipu_bus_unsubscribe(crowd->subscriber);
    }
}

static void unsubscribe_from_within_does_not_wait_for_other_threads(
    void **state)
{
    struct subscriber a = { .name = 'a' };
    struct crowd crowd = { .meeting = { .bus = open_bus() } };
    pthread_t publisher;
    quipu_error error;
    (void)state;

    sem_init(&crowd.meeting.entered, 0, 0);
    sem_init(&crowd.meeting.may_leave, 0, 0);
    add_policy(crowd.meeting.bus, &a);
    assert_ok(quipu_bus_listen(crowd.meeting.bus, crowd_in, &crowd,
                               &crowd.subscriber, &error),
              &error);
    name_count = 0;
    pthread_create(&publisher, NULL, publish_once, &crowd.meeting);
    sem_wait(&crowd.meeting.entered);
    assert_ok(publish(crowd.meeting.bus, &error), &error);
    assert_ok(publish(crowd.meeting.bus, &error), &error);
    assert_int_equal(atomic_load(&crowd.calls), 2);
    assert_true(atomic_load(&crowd.meeting.inside));
    assert_status(quipu_bus_close(crowd.meeting.bus, NULL), QUIPU_INVALID);
    sem_post(&crowd.meeting.may_leave);
    pthread_join(publisher, NULL);
    quipu_bus_unsubscribe(a.self);
    close_bus(crowd.meeting.bus);
    sem_destroy(&crowd.meeting.entered);
    sem_destroy(&crowd.meeting.may_leave);
}

static int accept_all(void *context, const quipu_event *const *events,
                      size_t count, quipu_error *error)
{
    (void)context;
    (void)events;
    (void)count;
    (void)error;
    return QUIPU_OK;
}

/* Two threads are in one listener; the first one to enter returns first. */
struct lobby {
    struct meeting meetings[2];
    atomic_int calls;
};

static void enter_lobby(void *context, const quipu_event *const *events,
                        size_t count)
{
    struct lobby *lobby = context;

    meet(&lobby->meetings[atomic_fetch_add(&lobby->calls, 1)], events, count);
}

static void calls_end_in_any_order(void **state)
{
    struct lobby lobby = { .calls = 0 };
    pthread_t publishers[2];
    pthread_t porter;
    quipu_subscriber *accepting = NULL;
    quipu_subscriber *subscriber = NULL;
    quipu_bus *bus = open_bus();
    quipu_error error;
    (void)state;

    assert_ok(quipu_bus_subscribe(bus, accept_all, NULL, &accepting, &error),
              &error);
    assert_ok(quipu_bus_listen(bus, enter_lobby, &lobby, &subscriber, &error),
              &error);
    for (int i = 0; i < 2; i++) {
        lobby.meetings[i].bus = bus;
        sem_init(&lobby.meetings[i].entered, 0, 0);
        sem_init(&lobby.meetings[i].may_leave, 0, 0);
        pthread_create(&publishers[i], NULL, publish_once, &lobby.meetings[i]);
        sem_wait(&lobby.meetings[i].entered);
    }
    sem_post(&lobby.meetings[0].may_leave);
    pthread_join(publishers[0], NULL);
    assert_true(atomic_load(&lobby.meetings[1].inside));
    pthread_create(&porter, NULL, let_leave, &lobby.meetings[1]);
    quipu_bus_unsubscribe(subscriber);
    assert_false(atomic_load(&lobby.meetings[1].inside));
    pthread_join(porter, NULL);
    pthread_join(publishers[1], NULL);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(atomic_load(&lobby.meetings[i].status), QUIPU_OK);
        sem_destroy(&lobby.meetings[i].entered);
        sem_destroy(&lobby.meetings[i].may_leave);
    }
    quipu_bus_unsubscribe(accepting);
    close_bus(bus);
}

#define ROUNDS 300
#define PUBLISHERS 3

struct traffic {
    quipu_bus *bus;
    atomic_bool stop;
    atomic_int failures;
};

/* Is on the stack of the thread that subscribes it: a call after unsubscribe
 * would read memory that is not valid any more. */
struct visitor {
    atomic_int alive;
    struct traffic *traffic;
};

static void visit(void *context, const quipu_event *const *events, size_t count)
{
    struct visitor *visitor = context;

    (void)events;
    (void)count;
    if (!atomic_load(&visitor->alive)) {
        atomic_fetch_add(&visitor->traffic->failures, 1);
    }
}

static void *keep_publishing(void *context)
{
    struct traffic *traffic = context;

    while (!atomic_load(&traffic->stop)) {
        if (quipu_bus_publish(traffic->bus, list, 1, NULL)) {
            atomic_fetch_add(&traffic->failures, 1);
        }
    }
    return NULL;
}

static void subscriber_is_not_called_after_unsubscribe(void **state)
{
    struct traffic traffic = { .bus = open_bus() };
    pthread_t publishers[PUBLISHERS];
    quipu_subscriber *accepting = NULL;
    quipu_error error;
    (void)state;

    assert_ok(
        quipu_bus_subscribe(traffic.bus, accept_all, NULL, &accepting, &error),
        &error);
    for (int i = 0; i < PUBLISHERS; i++) {
        pthread_create(&publishers[i], NULL, keep_publishing, &traffic);
    }
    for (int i = 0; i < ROUNDS; i++) {
        struct visitor visitor = { .traffic = &traffic };
        quipu_subscriber *subscriber = NULL;

        atomic_init(&visitor.alive, 1);
        assert_ok(
            quipu_bus_listen(traffic.bus, visit, &visitor, &subscriber, &error),
            &error);
        quipu_bus_unsubscribe(subscriber);
        atomic_store(&visitor.alive, 0);
    }
    atomic_store(&traffic.stop, true);
    for (int i = 0; i < PUBLISHERS; i++) {
        pthread_join(publishers[i], NULL);
    }
    assert_int_equal(atomic_load(&traffic.failures), 0);
    quipu_bus_unsubscribe(accepting);
    close_bus(traffic.bus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policies_precede_listeners_in_order_of_subscription),
        cmocka_unit_test(refusing_policy_ends_publication),
        cmocka_unit_test(publishing_needs_events_and_a_policy),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(bus_in_use_does_not_close),
        cmocka_unit_test(subscriber_may_unsubscribe_itself),
        cmocka_unit_test(subscriber_may_unsubscribe_those_after_and_before_it),
        cmocka_unit_test(subscription_during_publication_begins_with_next_list),
        cmocka_unit_test(nested_publication_may_unsubscribe_its_listener),
        cmocka_unit_test(publishing_bus_does_not_close),
        cmocka_unit_test(unsubscribe_waits_for_the_call_in_another_thread),
        cmocka_unit_test(
            unsubscribe_from_within_does_not_wait_for_other_threads),
        cmocka_unit_test(calls_end_in_any_order),
        cmocka_unit_test(subscriber_is_not_called_after_unsubscribe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
