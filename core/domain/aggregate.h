/* SPDX-License-Identifier: Apache-2.0 */
/* What an aggregate keeps behind its public members, and what the files of
 * core/domain do with it. */
#ifndef QUIPU_CORE_DOMAIN_AGGREGATE_H
#define QUIPU_CORE_DOMAIN_AGGREGATE_H

#include <quipu/aggregate.h>

/* Events are added at the end only, and taken away all at once. */
struct quipu_pending {
    quipu_bus *bus; /* or NULL */
    bool collecting;
    bool busy;   /* a handler runs, or the events are being published */
    bool broken; /* a handler failed midway: saving cannot mend it */
    quipu_event **events;
    size_t count, capacity;
};

/* As quipu_aggregate_create, for a type that has been checked and with an id.
 */
int quipu_aggregate_make(const quipu_aggregate_type *type, const quipu_id *id,
                         quipu_bus *bus, quipu_aggregate **aggregate,
                         quipu_error *error);

/* Room for what quipu_aggregate_text writes, its NUL included. */
#define QUIPU_AGGREGATE_TEXT_SIZE 320

/* An aggregate as messages name it, "Example 0190..."; returns `text`. */
const char *quipu_aggregate_text(const quipu_aggregate *aggregate,
                                 char text[QUIPU_AGGREGATE_TEXT_SIZE]);

/* --------------------------------------------------------- handlers.c */

/* INVALID names what is wrong with the type. */
int quipu_aggregate_type_check(const quipu_aggregate_type *type,
                               quipu_error *error);

/* Whether events of the type can be applied.  INVALID. */
int quipu_handlers_check(const quipu_aggregate *aggregate,
                         const quipu_event_type *event, quipu_error *error);

/* The event whose handler discards.  INVALID: there is not exactly one. */
int quipu_handlers_discarding(const quipu_aggregate *aggregate,
                              const quipu_event_type **event,
                              quipu_error *error);

/* Applies an event that has been checked, and counts it.  What the handler
 * returns: the aggregate is stale and broken then. */
int quipu_handlers_apply(quipu_aggregate *aggregate, const quipu_event *event,
                         quipu_error *error);

/* ---------------------------------------------------------- pending.c */

/* Makes room for one more event.  NO_MEMORY. */
int quipu_pending_reserve(struct quipu_pending *pending, quipu_error *error);

/* Destroys the events. */
void quipu_pending_clear(struct quipu_pending *pending);

/* Publishes the pending events of one aggregate: they are gone if it succeeds,
 * and the aggregate is stale if it fails. */
int quipu_pending_publish(quipu_aggregate *aggregate, quipu_error *error);

#endif
