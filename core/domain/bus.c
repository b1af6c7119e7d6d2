/* SPDX-License-Identifier: Apache-2.0 */
/* Opens and closes buses; subscribes and unsubscribes. */
#include "domain/bus.h"

#include "base/error.h"
#include "base/memory.h"
#include "domain/subscriber.h"

/* ----------------------------------------------------- opening, closing */

int quipu_bus_open(quipu_bus **bus, quipu_error *error)
{
    quipu_bus *opened = NULL;

    if (!bus) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_bus_open: the argument is NULL");
    }
    opened = quipu_allocate_zeroed(sizeof(*opened));
    if (!opened) {
        return quipu_error_no_memory(error);
    }
    /* With default attributes neither can fail. */
    pthread_mutex_init(&opened->mutex, NULL);
    pthread_cond_init(&opened->returned, NULL);
    *bus = opened;
    return QUIPU_OK;
}

int quipu_bus_check_idle(quipu_bus *bus, size_t subscribers, quipu_error *error)
{
    size_t attached = 0;
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
    int status = QUIPU_OK;

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

/* ---------------------------------------------------------- subscribing */

static int subscribe(quipu_bus *bus, quipu_bus_policy policy,
                     quipu_bus_listener listener, void *context,
                     quipu_subscriber **subscriber, quipu_error *error)
{
    quipu_subscriber *made = NULL;
    quipu_subscriber **end = NULL;

    if (!bus || (!policy && !listener) || !subscriber) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "subscribing to a bus: an argument is NULL");
    }
    made = quipu_allocate_zeroed(sizeof(*made));
    if (!made) {
        return quipu_error_no_memory(error);
    }
    made->bus = bus;
    made->policy = policy;
    made->listener = listener;
    made->context = context;
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
    return subscribe(bus, policy, NULL, context, subscriber, error);
}

int quipu_bus_listen(quipu_bus *bus, quipu_bus_listener listener, void *context,
                     quipu_subscriber **subscriber, quipu_error *error)
{
    return subscribe(bus, NULL, listener, context, subscriber, error);
}

void quipu_subscriber_free(quipu_subscriber *subscriber)
{
    quipu_subscriber **link = &subscriber->bus->first;

    while (*link != subscriber) {
        link = &(*link)->next;
    }
    *link = subscriber->next;
    quipu_release(subscriber);
}

/* Whether this thread is in a call of the subscriber. */
static bool is_within(const quipu_subscriber *subscriber)
{
    const struct quipu_call *call = subscriber->calls;

    while (call && !pthread_equal(call->thread, pthread_self())) {
        call = call->next;
    }
    return call;
}

void quipu_bus_unsubscribe(quipu_subscriber *subscriber)
{
    quipu_bus *bus = NULL;

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
        quipu_subscriber_free(subscriber);
    }
    pthread_mutex_unlock(&bus->mutex);
}
