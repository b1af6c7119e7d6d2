/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aggregates: creates them, triggers and replays their events, and saves those
 * that are pending.
 *
 * Triggering an event does, in this order:
 *
 *   1. check that the aggregate is neither busy, stale nor discarded and that
 *      its type accepts the event;
 *   2. make room for one more pending event, and copy the event with its base
 *      filled in;
 *   3. apply the copy to the aggregate;
 *   4. add the copy to the pending events;
 *   5. unless the aggregate collects, publish all pending events, and destroy
 *      them if that succeeds.
 *
 * Everything that can fail for want of memory precedes step 3, so that an event
 * which has been applied is pending in any case.  Two failures leave an
 * aggregate that differs from its stored events, and it says so:
 *
 *   stale    publishing failed.  The events are applied and still pending.
 *            Commands return CONFLICT, because the events may or may not be
 *            stored.  quipu_aggregates_save repeats the append, whose event ids
 *            make it harmless if the first one was stored.
 *   broken   a handler failed after it may have changed members.  The aggregate
 *            is stale, too, and cannot be saved: it has to be destroyed and got
 *            from the repository again.
 *
 * Invariants:
 *   A1  version = number of events applied = originator_version of the next.
 *   A2  The pending events are the last `count` applied ones, in order.
 *   A3  `busy` is true while a handler runs or the events are published.  All
 *       calls that would change the aggregate are refused then, so a handler or
 *       subscriber cannot trigger another event in the middle of this one, and
 *       the list that is being published does not change.
 *
 * An aggregate is used by one thread at a time; there is no lock.
 */
#include "domain/aggregate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <quipu/id.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "domain/aggregate_type.h"
#include "domain/bus.h"
#include "event/owned_fields.h"
#include "snapshot/cache.h"

/* ------------------------------------------------------------ in messages */

/* Room for an aggregate's text, its NUL included. */
#define TEXT_SIZE 320

/*
 * Returns true if an id is most likely a UUID.  An aggregate does not know the
 * schema, which decides; this is a heuristic for messages: 16 bytes that are
 * printable text are taken as text, which a UUID practically never is.
 */
static bool is_uuid(const quipu_id *id)
{
    bool readable = quipu_utf8_valid(quipu_id_bytes(id));

    for (size_t i = 0; i < id->size; i++) {
        readable = readable && id->data[i] >= ' ';
    }
    return id->size == sizeof(quipu_uuid) && !readable;
}

/* Writes "Example 0190...", the type's name and the id; returns `text`. */
static const char *format(const quipu_aggregate *aggregate,
                          char text[TEXT_SIZE])
{
    char formatted[QUIPU_UUID_TEXT_SIZE];
    quipu_uuid uuid;

    if (is_uuid(&aggregate->id)) {
        memcpy(uuid.bytes, aggregate->id.data, sizeof(uuid.bytes));
        quipu_uuid_format(&uuid, formatted);
        (void)snprintf(text, TEXT_SIZE, "%.60s %s", aggregate->type->name,
                       formatted);
    } else {
        (void)snprintf(text, TEXT_SIZE, "%.60s %.*s", aggregate->type->name,
                       (int)aggregate->id.size,
                       (const char *)aggregate->id.data);
    }
    return text;
}

/* ---------------------------------------------------- creating, destroying */

int quipu_aggregate_make(const quipu_aggregate_type *type, const quipu_id *id,
                         quipu_bus *bus, quipu_aggregate **aggregate,
                         quipu_error *error)
{
    quipu_aggregate *made = quipu_allocate_zeroed(type->size);
    struct quipu_pending *pending = quipu_allocate_zeroed(sizeof(*pending));

    if (!made || !pending) {
        quipu_release(pending);
        quipu_release(made);
        return quipu_error_no_memory(error);
    }
    pending->bus = bus;
    pending->collecting = !bus;
    quipu_bus_attach(bus);
    made->type = type;
    made->id = *id;
    made->pending = pending;
    *aggregate = made;
    return QUIPU_OK;
}

int quipu_aggregate_create(const quipu_aggregate_type *type, const quipu_id *id,
                           quipu_bus *bus, void **aggregate, quipu_error *error)
{
    quipu_aggregate *made = NULL;
    quipu_id minted = { 0 };
    int status = quipu_aggregate_type_check(type, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!aggregate || (id && id->size == 0)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "creating %s: the id is empty, or an argument "
                               "is NULL",
                               type->name);
    }
    if (!id) {
        quipu_uuid uuid;

        quipu_uuid_ordered(&uuid);
        quipu_id_of_uuid(&minted, &uuid);
        id = &minted;
    }
    status = quipu_aggregate_make(type, id, bus, &made, error);
    if (status == QUIPU_OK) {
        *aggregate = made;
    }
    return status;
}

void quipu_aggregate_tried(const quipu_aggregate *aggregate)
{
    if (aggregate->pending->cache) {
        quipu_cache_distrust(aggregate->pending->cache, &aggregate->id);
    }
}

/* Destroys the pending events. */
static void clear(struct quipu_pending *pending)
{
    for (size_t i = 0; i < pending->count; i++) {
        quipu_event_destroy(pending->events[i]);
    }
    pending->count = 0;
}

void quipu_aggregate_destroy(void *aggregate)
{
    quipu_aggregate *destroyed = (quipu_aggregate *)aggregate;

    if (!destroyed) {
        return;
    }
    if (destroyed->pending->count > 0) {
        quipu_aggregate_tried(destroyed);
    }
    quipu_owned_fields_release(destroyed->type->fields, destroyed);
    clear(destroyed->pending);
    quipu_cache_release(destroyed->pending->cache);
    quipu_release(destroyed->pending->events);
    quipu_bus_detach(destroyed->pending->bus);
    quipu_release(destroyed->pending);
    quipu_release(destroyed);
}

/* --------------------------------------------------- applying, publishing */

/* Step 1: checks that an event of the type can be applied now. */
static int check(const quipu_aggregate *aggregate, const quipu_event_type *type,
                 quipu_error *error)
{
    char text[TEXT_SIZE];

    if (aggregate->pending->busy) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "%s is in the middle of an event: its handlers "
                               "only assign, and subscribers to its events get "
                               "a copy of their own from the repository",
                               format(aggregate, text));
    }
    if (aggregate->stale) {
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "%s is stale since an earlier failure; get it "
                               "again, or save it to repeat the append",
                               format(aggregate, text));
    }
    if (aggregate->discarded) {
        return quipu_error_set(error, QUIPU_NOT_FOUND, "%s is discarded",
                               format(aggregate, text));
    }
    return quipu_aggregate_type_accepts(aggregate->type, type, error);
}

/* Step 3: applies an event that has been checked, and counts it (A1).  If the
 * handler fails, the aggregate is broken. */
static int apply(quipu_aggregate *aggregate, const quipu_event *event,
                 quipu_error *error)
{
    bool discarded = false;
    int status;

    aggregate->pending->busy = true;
    status = quipu_aggregate_type_apply(aggregate->type, aggregate, event,
                                        &discarded, error);
    aggregate->pending->busy = false;
    if (status != QUIPU_OK) {
        aggregate->stale = true;
        aggregate->pending->broken = true;
        return status;
    }
    aggregate->version++;
    aggregate->discarded = discarded;
    return QUIPU_OK;
}

/* Returns the pending events as the list of constant events that subscribers
 * receive. */
static const quipu_event *const *list(const struct quipu_pending *pending)
{
    return (const quipu_event *const *)pending->events;
}

/* Step 5: publishes the pending events of one aggregate. */
static int publish(quipu_aggregate *aggregate, quipu_error *error)
{
    struct quipu_pending *pending = aggregate->pending;
    int status;

    pending->busy = true;
    status =
        quipu_bus_publish(pending->bus, list(pending), pending->count, error);
    quipu_aggregate_tried(aggregate);
    pending->busy = false;
    aggregate->stale = status != QUIPU_OK;
    if (status == QUIPU_OK) {
        clear(pending);
    }
    return status;
}

/* -------------------------------------------------------------- triggering */

void quipu_aggregate_caused_id(const struct quipu_caused_ids *ids,
                               uint32_t index, quipu_uuid *id)
{
    char name[QUIPU_ID_MAX];
    int size =
        snprintf(name, sizeof(name), "%.200s/%" PRIu32, ids->name, index);

    quipu_uuid_of_name(id, &ids->cause, name, (size_t)size);
}

void quipu_aggregate_event_id(struct quipu_caused_ids *ids, quipu_uuid *id)
{
    if (ids && ids->name) {
        quipu_aggregate_caused_id(ids, ids->count++, id);
    } else {
        quipu_uuid_ordered(id);
    }
}

/* Step 2: makes room for one more pending event.  NO_MEMORY. */
static int reserve(struct quipu_pending *pending, quipu_error *error)
{
    size_t capacity = pending->capacity > 0 ? 2 * pending->capacity : 4;
    quipu_event **events;

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

/*
 * Step 2: makes the event that is applied and stored.  The caller's event is
 * not changed, so that it can be triggered again as another event.  It is
 * copied before it is applied, because it may point to members that the handler
 * frees.
 */
static int make_event(const quipu_aggregate *aggregate,
                      const quipu_event_type *type, const quipu_event *event,
                      quipu_event **made, quipu_error *error)
{
    quipu_event *whole = quipu_allocate(type->size);
    int status;

    if (!whole) {
        return quipu_error_no_memory(error);
    }
    memcpy(whole, event, type->size);
    whole->type = type;
    whole->originator_id = aggregate->id;
    whole->originator_version = aggregate->version;
    if (quipu_uuid_is_nil(&whole->event_id)) {
        quipu_aggregate_event_id(aggregate->pending->ids, &whole->event_id);
    }
    if (whole->time.microseconds == 0) {
        whole->time = quipu_time_now();
    }
    status = quipu_event_copy(whole, made, error);
    quipu_release(whole);
    return status;
}

int quipu_aggregate_trigger(quipu_aggregate *aggregate,
                            const quipu_event_type *type,
                            const quipu_event *event, quipu_error *error)
{
    struct quipu_pending *pending;
    quipu_event *made = NULL;
    int status;

    if (!aggregate || !event) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_aggregate_trigger: an argument is NULL");
    }
    status = check(aggregate, type, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (event->type && event->type != type) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_aggregate_trigger: the event is a %s, "
                               "not a %s",
                               event->type->topic, type->topic);
    }
    pending = aggregate->pending;
    status = reserve(pending, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = make_event(aggregate, type, event, &made, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = apply(aggregate, made, error);
    if (status != QUIPU_OK) {
        quipu_event_destroy(made);
        return status;
    }
    pending->events[pending->count++] = made;
    return pending->collecting ? QUIPU_OK : publish(aggregate, error);
}

int quipu_aggregate_discard(quipu_aggregate *aggregate, quipu_error *error)
{
    const quipu_event_type *type = NULL;
    quipu_event *event;
    int status;

    if (!aggregate) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_aggregate_discard: the argument is NULL");
    }
    status = quipu_aggregate_type_discarding(aggregate->type, &type, error);
    if (status != QUIPU_OK) {
        return status;
    }
    event = quipu_allocate_zeroed(type->size);
    if (!event) {
        return quipu_error_no_memory(error);
    }
    status = quipu_aggregate_trigger(aggregate, type, event, error);
    quipu_release(event);
    return status;
}

static int refuse_version(const quipu_aggregate *aggregate, const char *event,
                          int64_t version, quipu_error *error)
{
    char text[TEXT_SIZE];

    return quipu_error_set(error, QUIPU_INVALID,
                           "the event %s is version %lld of its originator; "
                           "the next of %s is %lld",
                           event, (long long)version, format(aggregate, text),
                           (long long)aggregate->version);
}

int quipu_aggregate_replay(quipu_aggregate *aggregate, const quipu_event *event,
                           quipu_error *error)
{
    char text[TEXT_SIZE];
    int status;

    if (!aggregate || !event) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_aggregate_replay: an argument is NULL");
    }
    status = check(aggregate, event->type, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (!quipu_id_equal(&event->originator_id, &aggregate->id)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the event %s is not of %s, but of another "
                               "originator",
                               event->type->topic, format(aggregate, text));
    }
    if (event->originator_version != aggregate->version) {
        return refuse_version(aggregate, event->type->topic,
                              event->originator_version, error);
    }
    return apply(aggregate, event, error);
}

int quipu_aggregate_pass_over(quipu_aggregate *aggregate,
                              const quipu_event_type *type, int64_t version,
                              quipu_error *error)
{
    if (version != aggregate->version) {
        return refuse_version(aggregate, "that is passed over", version, error);
    }
    aggregate->version++;
    aggregate->discarded =
        type && quipu_aggregate_type_discards(aggregate->type, type);
    return QUIPU_OK;
}

/* ------------------------------------------------------------------ saving */

static int refuse(const quipu_aggregate *aggregate, int status, const char *why,
                  quipu_error *error)
{
    char text[TEXT_SIZE];

    return quipu_error_set(error, status, "saving %s: %s",
                           format(aggregate, text), why);
}

static int refuse_broken(const quipu_aggregate *aggregate, quipu_error *error)
{
    return refuse(aggregate, QUIPU_CONFLICT,
                  "a handler of it failed midway; get it again", error);
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

int quipu_aggregate_saved(quipu_aggregate *aggregate, quipu_error *error)
{
    if (aggregate->pending->busy) {
        return refuse(aggregate, QUIPU_INVALID,
                      "its handler or a subscriber to its events says that it "
                      "is saved",
                      error);
    }
    if (aggregate->pending->broken) {
        return refuse_broken(aggregate, error);
    }
    aggregate->stale = false;
    quipu_aggregate_tried(aggregate);
    clear(aggregate->pending);
    return QUIPU_OK;
}

/* Checks that an aggregate can be saved together with others on that bus. */
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
    return pending->broken ? refuse_broken(aggregate, error) : QUIPU_OK;
}

static void end_all(quipu_aggregate *const *aggregates, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        aggregates[i]->pending->busy = false;
    }
}

/* Checks all aggregates, marks them as busy, so that one that is named twice is
 * detected, and adds up their events.  After a failure none is marked. */
static int begin_all(quipu_aggregate *const *aggregates, size_t count,
                     size_t *events, quipu_error *error)
{
    for (size_t i = 0; i < count; i++) {
        int status;

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

/* Publishes the events of all aggregates, `total` of them, as one list. */
static int publish_all(quipu_aggregate *const *aggregates, size_t count,
                       size_t total, quipu_error *error)
{
    const quipu_event **events = quipu_allocate_array(total, sizeof(*events));
    size_t filled = 0;
    int status;

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
            quipu_aggregate_tried(aggregates[i]);
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

    if (status != QUIPU_OK || count == 0) {
        return status;
    }
    if (total > 0) {
        status = publish_all(aggregates, count, total, error);
    }
    for (size_t i = 0; i < count && status == QUIPU_OK; i++) {
        clear(aggregates[i]->pending);
    }
    end_all(aggregates, count);
    return status;
}
