/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus: publishes lists of events to policies and listeners, synchronously
 * and on the publisher's thread.
 *
 * Publishing walks the list of subscribers twice: first it calls the policies,
 * in the order of subscription, until one refuses; if none refuses, it calls
 * the listeners.  Subscribers are code of the application: they may take long,
 * publish, subscribe and unsubscribe, on this bus too.  So the mutex is never
 * held while one runs, and the list may change during every call.
 *
 * Invariants, all under the mutex:
 *
 *   S1  The list is in ascending order of `number`, which grows with each
 *       subscription and is never used twice.
 *   S2  A publication calls only subscribers whose number is not above
 *       the bus's last number when it began: one that subscribes during it
 *       receives the next list as its first.
 *   S3  A subscriber that is in a call stays in the list, even if it has been
 *       unsubscribed: its `calls` is not empty.  So the publisher can read its
 *       `next` after the call.
 *   S4  A subscriber with `gone` set is not called any more.  It is freed by
 *       unsubscribe, which waits until its `calls` is empty, or, if it is an
 *       orphan, by the thread that ends its last call.
 *
 * Unsubscribing from within the subscriber itself cannot wait, as it would wait
 * for its own return; that is what makes an orphan.  Each call records its
 * thread, on the publisher's stack, so that unsubscribe can tell.
 *
 * Closing checks that there is no subscriber and nothing attached; the caller
 * guarantees that no other thread uses the bus.
 */
#include "domain/bus.h"

#include <pthread.h>

#include "base/cancellation.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/status.h"

/* A call of a subscriber that has not returned; on the publisher's stack. */
struct call {
    pthread_t thread;
    struct call *next;
};

struct quipu_subscriber {
    quipu_bus *bus;
    quipu_bus_policy policy;     /* one of these two; */
    quipu_bus_listener listener; /* the other is NULL */
    void *context;               /* the application's */
    uint64_t number;             /* place in the order of subscription (S1) */
    bool gone;                   /* unsubscribed (S4) */
    bool orphan;                 /* unsubscribed from within (S4) */
    struct call *calls;          /* in any thread */
    quipu_subscriber *next;
};

/* Everything below the mutex is read and written with the mutex held. */
struct quipu_bus {
    pthread_mutex_t mutex;
    pthread_cond_t returned; /* the last call of one that is gone has ended */
    quipu_subscriber *first; /* in order of subscription */
    uint64_t last_number;
    size_t attached; /* aggregates and repositories */
};

/* ------------------------------------------------------ opening, closing */

int quipu_bus_open(quipu_bus **bus, quipu_error *error)
{
    quipu_bus *opened;

    if (!bus) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_bus_open: the argument is NULL");
    }
    opened = quipu_allocate_zeroed(sizeof(*opened));
    if (!opened) {
        return quipu_error_no_memory(error);
    }
    /* With default attributes neither call fails on Linux. */
    pthread_mutex_init(&opened->mutex, NULL);
    pthread_cond_init(&opened->returned, NULL);
    *bus = opened;
    return QUIPU_OK;
}

int quipu_bus_check_idle(quipu_bus *bus, size_t subscribers, quipu_error *error)
{
    size_t attached;
    size_t count = 0;

    pthread_mutex_lock(&bus->mutex);
    attached = bus->attached;
    for (const quipu_subscriber *s = bus->first; s; s = s->next) {
        count++;
    }
    pthread_mutex_unlock(&bus->mutex);
    if (attached > 0) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the bus is in use: destroy the aggregates and "
                               "close the repositories attached to it first "
                               "(%zu)",
                               attached);
    }
    if (count > subscribers) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the bus is in use: unsubscribe its policies "
                               "and listeners first (%zu)",
                               count - subscribers);
    }
    return QUIPU_OK;
}

int quipu_bus_close(quipu_bus *bus, quipu_error *error)
{
    int status;

    if (!bus) {
        return QUIPU_OK;
    }
    status = quipu_bus_check_idle(bus, 0, error);
    if (status != QUIPU_OK) {
        return status;
    }
    pthread_cond_destroy(&bus->returned);
    pthread_mutex_destroy(&bus->mutex);
    quipu_release(bus);
    return QUIPU_OK;
}

void quipu_bus_attach(quipu_bus *bus)
{
    if (bus) {
        pthread_mutex_lock(&bus->mutex);
        bus->attached++;
        pthread_mutex_unlock(&bus->mutex);
    }
}

void quipu_bus_detach(quipu_bus *bus)
{
    if (bus) {
        pthread_mutex_lock(&bus->mutex);
        bus->attached--;
        pthread_mutex_unlock(&bus->mutex);
    }
}

/* ------------------------------------------- subscribing, unsubscribing */

/* Adds a subscriber like `model` at the end of the list.  INVALID; NO_MEMORY.
 */
static int subscribe(const quipu_subscriber *model,
                     quipu_subscriber **subscriber, quipu_error *error)
{
    quipu_bus *bus = model->bus;
    quipu_subscriber *made;
    quipu_subscriber **end;

    if (!bus || (!model->policy && !model->listener) || !subscriber) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "subscribing to a bus: an argument is NULL");
    }
    made = quipu_allocate_zeroed(sizeof(*made));
    if (!made) {
        return quipu_error_no_memory(error);
    }
    *made = *model;
    pthread_mutex_lock(&bus->mutex);
    made->number = ++bus->last_number;
    for (end = &bus->first; *end; end = &(*end)->next) {
    }
    *end = made;
    pthread_mutex_unlock(&bus->mutex);
    *subscriber = made;
    return QUIPU_OK;
}

int quipu_bus_subscribe(quipu_bus *bus, quipu_bus_policy policy, void *context,
                        quipu_subscriber **subscriber, quipu_error *error)
{
    const quipu_subscriber model = { .bus = bus,
                                     .policy = policy,
                                     .context = context };

    return subscribe(&model, subscriber, error);
}

int quipu_bus_listen(quipu_bus *bus, quipu_bus_listener listener, void *context,
                     quipu_subscriber **subscriber, quipu_error *error)
{
    const quipu_subscriber model = { .bus = bus,
                                     .listener = listener,
                                     .context = context };

    return subscribe(&model, subscriber, error);
}

/* Removes a subscriber that is gone and in no call, and frees it.  The mutex is
 * held. */
static void free_subscriber(quipu_subscriber *subscriber)
{
    quipu_subscriber **link = &subscriber->bus->first;

    while (*link != subscriber) {
        link = &(*link)->next;
    }
    *link = subscriber->next;
    quipu_release(subscriber);
}

/* Returns true if this thread is in a call of the subscriber.  The mutex is
 * held. */
static bool is_within(const quipu_subscriber *subscriber)
{
    const struct call *call = subscriber->calls;

    while (call && !pthread_equal(call->thread, pthread_self())) {
        call = call->next;
    }
    return call;
}

void quipu_bus_unsubscribe(quipu_subscriber *subscriber)
{
    QUIPU_UNCANCELLABLE;
    quipu_bus *bus;

    if (!subscriber) {
        return;
    }
    bus = subscriber->bus;
    pthread_mutex_lock(&bus->mutex);
    subscriber->gone = true;
    if (is_within(subscriber)) {
        subscriber->orphan = true;
    } else {
        while (subscriber->calls) {
            pthread_cond_wait(&bus->returned, &bus->mutex);
        }
        free_subscriber(subscriber);
    }
    pthread_mutex_unlock(&bus->mutex);
}

/* -------------------------------------------------------------- publishing */

/* A list of events while it is being published. */
struct publication {
    const quipu_event *const *events;
    size_t count;
    uint64_t last_number; /* subscribers above it are too late (S2) */
    bool taken;           /* at least one policy has been called */
};

static int check_events(quipu_bus *bus, const quipu_event *const *events,
                        size_t count, quipu_error *error)
{
    if (!bus || !events || count == 0) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "publish: there is no bus, or no event");
    }
    for (size_t i = 0; i < count; i++) {
        if (!events[i] || !events[i]->type) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "publish: event %zu is NULL or has no type",
                                   i);
        }
    }
    return QUIPU_OK;
}

/* Ends a call.  If it was the last of a subscriber that is gone, frees an
 * orphan, or wakes the thread that waits in unsubscribe (S4).  The mutex is
 * held. */
static void end_call(quipu_subscriber *subscriber, const struct call *ended)
{
    struct call **link = &subscriber->calls;

    while (*link != ended) {
        link = &(*link)->next;
    }
    *link = ended->next;
    if (subscriber->calls || !subscriber->gone) {
        return;
    }
    if (subscriber->orphan) {
        free_subscriber(subscriber);
    } else {
        pthread_cond_broadcast(&subscriber->bus->returned);
    }
}

/* Calls one subscriber and sets *next to the one after it.  The mutex is held
 * on entry and on return, but not during the call. */
static int call_one(quipu_subscriber *subscriber,
                    const struct publication *what, quipu_subscriber **next,
                    quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    quipu_bus *bus = subscriber->bus;
    struct call call = { .thread = pthread_self(), .next = subscriber->calls };
    int status = QUIPU_OK;

    /* cppcheck-suppress autoVariables ; end_call removes it again */
    subscriber->calls = &call;
    pthread_mutex_unlock(&bus->mutex);
    if (subscriber->policy) {
        quipu_error cause;

        quipu_status_begin(&cause);
        status = subscriber->policy(subscriber->context, what->events,
                                    what->count, &cause);
        quipu_status_end(status, &cause, error, "a policy of the bus");
    } else {
        subscriber->listener(subscriber->context, what->events, what->count);
    }
    pthread_mutex_lock(&bus->mutex);
    *next = subscriber->next; /* S3: it is still in the list */
    end_call(subscriber, &call);
    return status;
}

/* Calls all policies until one refuses, or all listeners. */
static int call_all(quipu_bus *bus, struct publication *what, bool policies,
                    quipu_error *error)
{
    quipu_subscriber *at;
    int status = QUIPU_OK;

    pthread_mutex_lock(&bus->mutex);
    if (policies) {
        what->last_number = bus->last_number;
    }
    at = bus->first;
    while (at && at->number <= what->last_number && status == QUIPU_OK) {
        if (at->gone || (at->policy != NULL) != policies) {
            at = at->next;
            continue;
        }
        status = call_one(at, what, &at, error);
        what->taken = true;
    }
    pthread_mutex_unlock(&bus->mutex);
    return status;
}

int quipu_bus_publish(quipu_bus *bus, const quipu_event *const *events,
                      size_t count, quipu_error *error)
{
    struct publication what = { .events = events, .count = count };
    int status = check_events(bus, events, count, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = call_all(bus, &what, true, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (!what.taken) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "publish: no policy is subscribed that could "
                               "store the events; open a persistence policy "
                               "on the bus");
    }
    return call_all(bus, &what, false, error);
}
