/* SPDX-License-Identifier: Apache-2.0 */
/* Aggregate types: checking them, and applying events through their handlers or
 * their mutator. */
#ifndef QUIPU_CORE_DOMAIN_AGGREGATE_TYPE_H
#define QUIPU_CORE_DOMAIN_AGGREGATE_TYPE_H

#include <quipu/aggregate.h>
#include <quipu/mapper.h>

/* Checks a type: its name, size, fields and handlers.  INVALID: the message
 * says what is wrong. */
int quipu_aggregate_type_check(const quipu_aggregate_type *type,
                               quipu_error *error);

/* Checks that the type can apply events of that type: it has a handler for
 * them, or a mutator, which takes any valid event type.  INVALID. */
int quipu_aggregate_type_accepts(const quipu_aggregate_type *type,
                                 const quipu_event_type *event,
                                 quipu_error *error);

/* Sets *event to the event type whose handler discards.  INVALID: the type has
 * not exactly one such handler. */
int quipu_aggregate_type_discarding(const quipu_aggregate_type *type,
                                    const quipu_event_type **event,
                                    quipu_error *error);

/* Whether the type has a handler for events of that type which discards.  The
 * effect of a mutator is not known: false. */
bool quipu_aggregate_type_discards(const quipu_aggregate_type *type,
                                   const quipu_event_type *event);

/*
 * Applies an event that the type accepts: calls the handler or the mutator, and
 * sets *discarded to true if the event ends the aggregate's life.  The
 * aggregate's base is not changed.
 *
 * Returns the status of the application's function.  If that filled no error,
 * the message names the type and the event.
 */
int quipu_aggregate_type_apply(const quipu_aggregate_type *type,
                               quipu_aggregate *aggregate,
                               const quipu_event *event, bool *discarded,
                               quipu_error *error);

/* Returns a checksum of all that can be seen of what makes a state of events:
 * the fields of the type, the topics that it handles, and the fields of these
 * events; with a mutator those of all events that the mapper has. */
uint64_t quipu_aggregate_type_layout(const quipu_aggregate_type *type,
                                     const quipu_mapper *mapper);

#endif
