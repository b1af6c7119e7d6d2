/* SPDX-License-Identifier: Apache-2.0 */
/* Triggers events of aggregates, and replays stored ones. */
#include <string.h>

#include <quipu/id.h>

#include "base/error.h"
#include "base/memory.h"
#include "domain/aggregate.h"

/* Whether an event of the type can be applied to the aggregate now. */
static int check(const quipu_aggregate *aggregate, const quipu_event_type *type,
                 quipu_error *error)
{
    char text[QUIPU_AGGREGATE_TEXT_SIZE];

    if (aggregate->pending->busy) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "%s is in the middle of an event: its handlers "
                               "only assign, and subscribers to its events get "
                               "a copy of their own from the repository",
                               quipu_aggregate_text(aggregate, text));
    }
    if (aggregate->stale) {
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "%s is stale since an earlier failure; get it "
                               "again, or save it to repeat the append",
                               quipu_aggregate_text(aggregate, text));
    }
    if (aggregate->discarded) {
        return quipu_error_set(error, QUIPU_NOT_FOUND, "%s is discarded",
                               quipu_aggregate_text(aggregate, text));
    }
    return quipu_handlers_check(aggregate, type, error);
}

/*
 * Makes the event as it is applied and stored.  The caller's own stays as it
 * is, so that it can be triggered again as another event.  And it is copied
 * before it is applied: it may point into what the handler frees.
 */
static int make_event(const quipu_aggregate *aggregate,
                      const quipu_event_type *type, const quipu_event *event,
                      quipu_event **made, quipu_error *error)
{
    quipu_event *whole = quipu_allocate(type->size);
    int status = QUIPU_OK;

    if (!whole) {
        return quipu_error_no_memory(error);
    }
    memcpy(whole, event, type->size);
    whole->type = type;
    whole->originator_id = aggregate->id;
    whole->originator_version = aggregate->version;
    if (quipu_uuid_is_nil(&whole->event_id)) {
        quipu_uuid_ordered(&whole->event_id);
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
    struct quipu_pending *pending = NULL;
    quipu_event *made = NULL;
    int status = QUIPU_OK;

    if (!aggregate || !event) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_aggregate_trigger: an argument is NULL");
    }
    status = check(aggregate, type, error);
    if (status != QUIPU_OK) {
        return status;
    }
    pending = aggregate->pending;
    status = quipu_pending_reserve(pending, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = make_event(aggregate, type, event, &made, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_handlers_apply(aggregate, made, error);
    if (status != QUIPU_OK) {
        quipu_event_destroy(made);
        return status;
    }
    pending->events[pending->count++] = made;
    return pending->collecting ? QUIPU_OK
                               : quipu_pending_publish(aggregate, error);
}

int quipu_aggregate_discard(quipu_aggregate *aggregate, quipu_error *error)
{
    const quipu_event_type *type = NULL;
    quipu_event *event = NULL;
    int status = QUIPU_OK;

    if (!aggregate) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_aggregate_discard: the argument is NULL");
    }
    status = quipu_handlers_discarding(aggregate, &type, error);
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

int quipu_aggregate_replay(quipu_aggregate *aggregate, const quipu_event *event,
                           quipu_error *error)
{
    char text[QUIPU_AGGREGATE_TEXT_SIZE];
    int status = QUIPU_OK;

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
                               event->type->topic,
                               quipu_aggregate_text(aggregate, text));
    }
    if (event->originator_version != aggregate->version) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the event %s is version %lld of its "
                               "originator; the next of %s is %lld",
                               event->type->topic,
                               (long long)event->originator_version,
                               quipu_aggregate_text(aggregate, text),
                               (long long)aggregate->version);
    }
    return quipu_handlers_apply(aggregate, event, error);
}
