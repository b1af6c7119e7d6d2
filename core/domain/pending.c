/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the events of aggregates until they are published, alone or with
 * those of others. */
#include "base/error.h"
#include "base/memory.h"
#include "domain/aggregate.h"

/* The list is handed out as what it is: pointers to events that nobody but
 * this file frees. */
static const quipu_event *const *list(const struct quipu_pending *pending)
{
    return (const quipu_event *const *)pending->events;
}

int quipu_pending_reserve(struct quipu_pending *pending, quipu_error *error)
{
    size_t capacity = pending->capacity > 0 ? 2 * pending->capacity : 4;
    quipu_event **events = NULL;

    if (pending->count < pending->capacity) {
        return QUIPU_OK;
    }
    events = quipu_reallocate(pending->events, capacity * sizeof(*events));
    if (!events) {
        return quipu_error_no_memory(error);
    }
    pending->events = events;
    pending->capacity = capacity;
    return QUIPU_OK;
}

void quipu_pending_clear(struct quipu_pending *pending)
{
    for (size_t i = 0; i < pending->count; i++) {
        quipu_event_destroy(pending->events[i]);
    }
    pending->count = 0;
}

void quipu_aggregate_collect(quipu_aggregate *aggregate)
{
    aggregate->pending->collecting = true;
}

const quipu_event *const *quipu_aggregate_pending(
    const quipu_aggregate *aggregate, size_t *count)
{
    *count = aggregate->pending->count;
    return list(aggregate->pending);
}

int quipu_pending_publish(quipu_aggregate *aggregate, quipu_error *error)
{
    struct quipu_pending *pending = aggregate->pending;
    int status = QUIPU_OK;

    pending->busy = true;
    status =
        quipu_bus_publish(pending->bus, list(pending), pending->count, error);
    pending->busy = false;
    aggregate->stale = status != QUIPU_OK;
    if (status == QUIPU_OK) {
        quipu_pending_clear(pending);
    }
    return status;
}

/* -------------------------------------------------------- several at once */

static int refuse(const quipu_aggregate *aggregate, int status, const char *why,
                  quipu_error *error)
{
    char text[QUIPU_AGGREGATE_TEXT_SIZE];

    return quipu_error_set(error, status, "saving %s: %s",
                           quipu_aggregate_text(aggregate, text), why);
}

static int check_whole(const quipu_aggregate *aggregate, quipu_error *error)
{
    if (aggregate->pending->broken) {
        return refuse(aggregate, QUIPU_CONFLICT,
                      "a handler of it failed midway; get it again", error);
    }
    return QUIPU_OK;
}

int quipu_aggregate_saved(quipu_aggregate *aggregate, quipu_error *error)
{
    int status = QUIPU_OK;

    if (aggregate->pending->busy) {
        return refuse(aggregate, QUIPU_INVALID,
                      "its handler or a subscriber to its events says that it "
                      "is saved",
                      error);
    }
    status = check_whole(aggregate, error);
    if (status == QUIPU_OK) {
        aggregate->stale = false;
        quipu_pending_clear(aggregate->pending);
    }
    return status;
}

/* Whether an aggregate can be saved, with others on that bus. */
static int check_one(const quipu_aggregate *aggregate, const quipu_bus *bus,
                     quipu_error *error)
{
    const struct quipu_pending *pending = aggregate->pending;

    if (pending->busy) {
        return refuse(aggregate, QUIPU_INVALID,
                      "it is named twice, or its handler or a subscriber to "
                      "its events saves it",
                      error);
    }
    if (!pending->bus || pending->bus != bus) {
        return refuse(aggregate, QUIPU_INVALID,
                      "it is attached to no bus, or to another one than the "
                      "first of the list",
                      error);
    }
    return check_whole(aggregate, error);
}

static void end_all(quipu_aggregate *const *aggregates, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        aggregates[i]->pending->busy = false;
    }
}

/* Marks all as busy, so that one named twice is found; none if it fails. */
static int begin_all(quipu_aggregate *const *aggregates, size_t count,
                     size_t *events, quipu_error *error)
{
    int status = QUIPU_OK;

    for (size_t i = 0; i < count; i++) {
        if (!aggregates || !aggregates[i]) {
            status = quipu_error_set(error, QUIPU_INVALID,
                                     "saving: aggregate %zu is NULL", i);
        } else {
            status =
                check_one(aggregates[i], aggregates[0]->pending->bus, error);
        }
        if (status != QUIPU_OK) {
            end_all(aggregates, i);
            return status;
        }
        aggregates[i]->pending->busy = true;
        *events += aggregates[i]->pending->count;
    }
    return QUIPU_OK;
}

/* Publishes the events of all, `total` of them, as one list. */
static int publish_all(quipu_aggregate *const *aggregates, size_t count,
                       size_t total, quipu_error *error)
{
    const quipu_event **events = quipu_allocate_array(total, sizeof(*events));
    size_t filled = 0;
    int status = QUIPU_OK;

    if (!events) {
        return quipu_error_no_memory(error);
    }
    for (size_t i = 0; i < count; i++) {
        const struct quipu_pending *pending = aggregates[i]->pending;

        for (size_t j = 0; j < pending->count; j++) {
            events[filled++] = pending->events[j];
        }
    }
    status =
        quipu_bus_publish(aggregates[0]->pending->bus, events, total, error);
    for (size_t i = 0; i < count; i++) {
        if (aggregates[i]->pending->count > 0) {
            aggregates[i]->stale = status != QUIPU_OK;
        }
    }
    quipu_release(events);
    return status;
}

int quipu_aggregates_save(quipu_aggregate *const *aggregates, size_t count,
                          quipu_error *error)
{
    size_t total = 0;
    int status = begin_all(aggregates, count, &total, error);

    if (status || count == 0) {
        return status;
    }
    if (total > 0) {
        status = publish_all(aggregates, count, total, error);
    }
    for (size_t i = 0; i < count && status == QUIPU_OK; i++) {
        quipu_pending_clear(aggregates[i]->pending);
    }
    end_all(aggregates, count);
    return status;
}
