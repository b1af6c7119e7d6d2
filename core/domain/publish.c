/* SPDX-License-Identifier: Apache-2.0 */
/* Publishes lists of events to the subscribers of a bus. */
#include "base/error.h"
#include "base/status.h"
#include "domain/subscriber.h"

/* The list that is being published. */
struct publication {
    const quipu_event *const *events;
    size_t count;
    uint64_t last_number; /* who subscribes later hears of the next */
    bool taken;           /* by a policy at least */
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

static void leave(quipu_subscriber *subscriber, const struct quipu_call *ended)
{
    struct quipu_call **link = &subscriber->calls;

    while (*link != ended) {
        link = &(*link)->next;
    }
    *link = ended->next;
    if (subscriber->calls || !subscriber->gone) {
        return;
    }
    if (subscriber->orphan) {
        quipu_subscriber_free(subscriber);
    } else {
        pthread_cond_broadcast(&subscriber->bus->returned);
    }
}

/* Calls one subscriber; the mutex is held before and after, not during. */
static int call_one(quipu_subscriber *subscriber,
                    const struct publication *what, quipu_subscriber **next,
                    quipu_error *error)
{
    quipu_bus *bus = subscriber->bus;
    struct quipu_call call = { .thread = pthread_self(),
                               .next = subscriber->calls };
    int status = QUIPU_OK;

    /* cppcheck-suppress autoVariables ; it is taken out before returning */
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
    *next = subscriber->next;
    leave(subscriber, &call);
    return status;
}

/* Calls all policies until one refuses, or all listeners. */
static int call_all(quipu_bus *bus, struct publication *what, bool policies,
                    quipu_error *error)
{
    quipu_subscriber *at = NULL;
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
