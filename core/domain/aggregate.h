/* SPDX-License-Identifier: Apache-2.0 */
/* An aggregate as core/domain sees it: the private part behind its public
 * members.  aggregate.c describes its states. */
#ifndef QUIPU_CORE_DOMAIN_AGGREGATE_H
#define QUIPU_CORE_DOMAIN_AGGREGATE_H

#include <quipu/aggregate.h>

/*
 * Gives the events that one event causes their ids, in the order in which they
 * are triggered (R3): UUIDs of version 5 of the name "NAME/INDEX" in the
 * namespace that is the id of the cause.
 */
struct quipu_caused_ids {
    const char *name; /* of the process; NULL: ids that no other event has */
    quipu_uuid cause;
    uint32_t count; /* given so far: the next index */
};

/* Sets *id to the one with that index. */
void quipu_aggregate_caused_id(const struct quipu_caused_ids *ids,
                               uint32_t index, quipu_uuid *id);

/* Sets *id to the id of a new event. */
void quipu_aggregate_event_id(struct quipu_caused_ids *ids, quipu_uuid *id);

/*
 * The private part of an aggregate: its bus and its pending events, that is
 * those that have been applied and not yet been stored.  They are added at the
 * end, and removed all together.
 */
struct quipu_pending {
    quipu_bus *bus;               /* attached to it; or NULL */
    struct quipu_caused_ids *ids; /* of its unit of work; or NULL */
    /* A reference to the cache of the repository, if that has a sole writer,
     * who must tell it of appends; or NULL. */
    struct quipu_cache *cache;
    bool collecting; /* triggering does not publish */
    bool busy;       /* a handler runs, or the events are being published */
    bool broken;     /* a handler failed: the aggregate cannot be saved */
    quipu_event **events; /* owned */
    size_t count;
    size_t capacity;
};

/*
 * Creates an aggregate like quipu_aggregate_create, but for a type that has
 * been checked, and always with an id.  NO_MEMORY.
 */
int quipu_aggregate_make(const quipu_aggregate_type *type, const quipu_id *id,
                         quipu_bus *bus, quipu_aggregate **aggregate,
                         quipu_error *error);

/*
 * Counts an event of the aggregate that is passed over, as
 * quipu_aggregate_replay counts those that are applied (A1).  It changes
 * nothing else, except that one of a type whose handler discards still does.
 * `type` NULL: it is not known.  INVALID: it is not of the next version.
 */
int quipu_aggregate_pass_over(quipu_aggregate *aggregate,
                              const quipu_event_type *type, int64_t version,
                              quipu_error *error);

/* Tells the cache that an append of the aggregate's events has been tried,
 * whatever came of it. */
void quipu_aggregate_tried(const quipu_aggregate *aggregate);

#endif
