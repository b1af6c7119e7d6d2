/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aggregates: structs of the application whose state results from their events.
 *
 *     struct example { quipu_aggregate base; char *foo; };
 *
 *     static int on_created(void *aggregate, const void *event,
 *                           quipu_error *error)
 *     {
 *         struct example *example = aggregate;
 *         const struct example_created *created = event;
 *         return quipu_text_set(&example->foo, created->foo, error);
 *     }
 *
 *     static const quipu_handler handlers[] = {
 *         {.event = &created, .apply = on_created},
 *         {.event = &discarded, .discards = true},
 *         {0}
 *     };
 *     static const quipu_aggregate_type example_type = {
 *         .name = "Example",
 *         .size = sizeof(struct example),
 *         .fields = example_fields,
 *         .handlers = handlers,
 *     };
 *
 * A command is a function of the application that checks its arguments and the
 * aggregate and then triggers an event.  Handlers do not check anything and
 * have no side effects: they run when an event is triggered, and again whenever
 * the aggregate is read from the store.
 *
 * An aggregate is used by one thread at a time.  It owns what its field table
 * describes: the memory is allocated with the functions at the end of this
 * header and freed with the aggregate.
 */
#ifndef QUIPU_AGGREGATE_H
#define QUIPU_AGGREGATE_H

#include <quipu/bus.h>
#include <quipu/event.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A handler's function: assigns to the members of an aggregate what follows
 * from an event.  Both point to structs of the application.  Returning another
 * status than OK stops the command or the replay, which returns it; the
 * function should fill *error then.
 */
typedef int (*quipu_apply)(void *aggregate, const void *event,
                           quipu_error *error);

/* An entry of an aggregate type's table of handlers, which ends with an entry
 * of zeros. */
typedef struct quipu_handler {
    const quipu_event_type *event;
    quipu_apply apply;     /* NULL: nothing to assign */
    bool discards;         /* the event ends the aggregate's life */
    uint8_t reserved[7];   /* 0 */
    uint64_t reserved2[2]; /* 0 */
} quipu_handler;

/* A mutator, which replaces the table of handlers: applies events of every
 * type, and sets *discarded to true if the event ends the aggregate's life.
 * Otherwise as quipu_apply. */
typedef int (*quipu_mutate)(void *aggregate, const quipu_event *event,
                            bool *discarded, quipu_error *error);

/* An aggregate type.  Usually a static constant: it must outlive its aggregates
 * and repositories. */
typedef struct quipu_aggregate_type {
    const char *name; /* for messages */
    size_t size;      /* of the struct, whose first member is quipu_aggregate */
    const quipu_field *fields;     /* of its further members; NULL: none */
    const quipu_handler *handlers; /* NULL with `mutate` */
    quipu_mutate mutate;           /* NULL with `handlers` */
    const char *struct_name;       /* as written, "struct account"; or NULL */
    size_t field_count;            /* of `fields` with its end; 0: not known */
    const void *reserved[2];       /* NULL */
} quipu_aggregate_type;

struct quipu_pending;

/* The base: the first member of every aggregate's struct.  The application
 * reads it and does not write it. */
typedef struct quipu_aggregate {
    const quipu_aggregate_type *type;
    quipu_id id;
    int64_t version; /* number of events applied: the next one's version */
    bool discarded;  /* an event has ended its life */
    bool stale; /* publishing or a handler failed: commands return CONFLICT */
    uint8_t reserved[6];
    struct quipu_pending *pending; /* private */
    uint64_t reserved2[4];
} quipu_aggregate;

/*
 * Creates an aggregate without events, with all members zero, and attaches it
 * to a bus (NULL: to none; its events then collect).  `id` NULL mints a
 * time-ordered UUID.  The caller frees it with quipu_aggregate_destroy.
 *
 * INVALID: the type is wrong, or the id is empty; NO_MEMORY.
 */
QUIPU_API int quipu_aggregate_create(const quipu_aggregate_type *type,
                                     const quipu_id *id, quipu_bus *bus,
                                     void **aggregate, quipu_error *error);
/* Frees an aggregate, its members and its pending events, which are lost.  Must
 * not be called by its handlers, nor while its events are being published. NULL
 * is allowed. */
QUIPU_API void quipu_aggregate_destroy(void *aggregate);

/*
 * Triggers an event: copies it, fills in the copy's base, applies the copy to
 * the aggregate and keeps it as pending.  Unless the aggregate collects, it
 * then publishes its pending events, so that a persistence policy stores them.
 *
 * The copy's base gets the type, the originator and the version; the event id
 * and the time are set unless the caller has set them, and the metadata are
 * kept.  `event` is borrowed for the call and not changed; it may point to
 * members of the aggregate.  It is the base of the type's struct: nothing in it
 * tells which struct that is, unless its own `type` is set, so the function
 * reads that many bytes.  QUIPU_TRIGGER of declare.h cannot mix up two.
 *
 * Before anything has changed:
 *   CONFLICT    the aggregate is stale;
 *   NOT_FOUND   it is discarded;
 *   INVALID     its type has no handler for the event; the event's base has
 *               another type; or a handler of the aggregate, or a subscriber
 *               to events that it is publishing, made the call;
 *   NO_MEMORY.
 * After that:
 *   the handler's status     the handler may have changed members before it
 *                            failed, so the aggregate is stale and cannot be
 *                            saved: destroy it and get it again;
 *   the publisher's status   the event stays pending, and the aggregate is
 *                            stale.  After UNKNOWN_OUTCOME or BUSY
 *                            quipu_aggregates_save repeats the append.
 */
QUIPU_API int quipu_aggregate_trigger(quipu_aggregate *aggregate,
                                      const quipu_event_type *type,
                                      const quipu_event *event,
                                      quipu_error *error);

/* Triggers an event of the type whose handler discards, with fields of zero.
 * INVALID: the aggregate's type has not exactly one such handler, for example
 * because it has a mutator.  Other codes as for quipu_aggregate_trigger. */
QUIPU_API int quipu_aggregate_discard(quipu_aggregate *aggregate,
                                      quipu_error *error);

/* Makes the aggregate collect: triggered events stay pending until
 * quipu_aggregates_save or quipu_aggregate_saved. */
QUIPU_API void quipu_aggregate_collect(quipu_aggregate *aggregate);

/* Returns the pending events and their number, borrowed until the next call on
 * the aggregate.  They have been applied already; to drop them, destroy the
 * aggregate and get it again. */
QUIPU_API const quipu_event *const *quipu_aggregate_pending(
    const quipu_aggregate *aggregate, size_t *count);

/*
 * Publishes the pending events of several aggregates as one list, in the order
 * of the aggregates, so that a persistence policy stores all of them or none.
 * If that succeeds, nothing is pending any more.  Stale aggregates may be among
 * them, to repeat an append; success makes them usable again.  If there are no
 * pending events at all, the function does nothing and returns OK.
 *
 * Before anything has changed:
 *   INVALID    an aggregate is NULL, named twice, attached to no bus or to
 *              another bus than the first, or busy with an event;
 *   CONFLICT   a handler of one has failed;
 *   NO_MEMORY.
 * The publisher's status: all aggregates with pending events are stale, and
 * keep their events.
 */
QUIPU_API int quipu_aggregates_save(quipu_aggregate *const *aggregates,
                                    size_t count, quipu_error *error);

/*
 * Tells an aggregate that its pending events have been stored by other means,
 * for example by quipu_store_append: it destroys them and is not stale any
 * more. An aggregate that is attached to no bus is saved in this way.
 *
 * INVALID: a handler of the aggregate, or a subscriber to its events, made the
 * call; CONFLICT: a handler of it has failed.
 */
QUIPU_API int quipu_aggregate_saved(quipu_aggregate *aggregate,
                                    quipu_error *error);

/* Applies a stored event, which does not become pending and is not published.
 * INVALID: the event is of another originator, or its version is not the next
 * one.  Other codes as for quipu_aggregate_trigger. */
QUIPU_API int quipu_aggregate_replay(quipu_aggregate *aggregate,
                                     const quipu_event *event,
                                     quipu_error *error);

/* ------------------------------------------------- members of aggregates */

/* Replace a text or bytes member by a copy of `value`, or by NULL if that is
 * NULL, and free the old value.  `value` may be the member itself.  NO_MEMORY:
 * the member is as before. */
QUIPU_API int quipu_text_set(char **member, const char *value,
                             quipu_error *error);
QUIPU_API int quipu_bytes_set(quipu_bytes *member, quipu_bytes value,
                              quipu_error *error);

/*
 * Adds an element of `size` bytes, all zero, to the end of an array member and
 * increments its count.  Returns the element, or NULL with NO_MEMORY in *error.
 * The array may move: pointers to its elements become invalid.
 *
 *     struct line *line = quipu_array_add((void **)&order->lines,
 *                                         &order->line_count,
 *                                         sizeof(*line), error);
 */
QUIPU_API void *quipu_array_add(void **member, size_t *count, size_t size,
                                quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
