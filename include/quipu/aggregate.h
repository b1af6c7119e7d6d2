/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aggregates: a program's structs whose state follows from their events.
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
 * Commands are functions of the program: they check, then trigger an event;
 * handlers only assign.  An aggregate is used by one thread at a time.  What
 * its field table describes belongs to it: it is allocated by the functions
 * here, and freed with the aggregate.
 */
#ifndef QUIPU_AGGREGATE_H
#define QUIPU_AGGREGATE_H

#include <quipu/bus.h>
#include <quipu/event.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Applies an event to an aggregate; both are the program's structs.  A status
 * other than OK stops the command or the replay, and is returned there. */
typedef int (*quipu_apply)(void *aggregate, const void *event,
                           quipu_error *error);

/* One row of an aggregate type's table, which ends with a row without event. */
typedef struct quipu_handler {
    const quipu_event_type *event;
    quipu_apply apply; /* NULL: nothing to assign */
    bool discards;     /* the aggregate is no more, after this event */
    uint8_t reserved[7];
    uint64_t reserved2[2];
} quipu_handler;

/* A mutator of the program's own, instead of the table: applies any event, and
 * sets *discarded if the aggregate is no more. */
typedef int (*quipu_mutate)(void *aggregate, const quipu_event *event,
                            bool *discarded, quipu_error *error);

/* A kind of aggregate.  Static, and outlives all that refers to it. */
typedef struct quipu_aggregate_type {
    const char *name;
    size_t size; /* of the struct, whose first member is quipu_aggregate */
    const quipu_field *fields;     /* its further members; NULL: none */
    const quipu_handler *handlers; /* NULL with `mutate` */
    quipu_mutate mutate;           /* NULL with `handlers` */
    const void *reserved[4];       /* NULL */
} quipu_aggregate_type;

struct quipu_pending;

/* The first member of every aggregate's struct; to be read only. */
typedef struct quipu_aggregate {
    const quipu_aggregate_type *type;
    quipu_id id;
    int64_t version; /* of the next event: the number of those applied */
    bool discarded;
    /* An append failed: commands answer CONFLICT until it is got again. */
    bool stale;
    uint8_t reserved[6];
    struct quipu_pending *pending; /* quipu's own */
    uint64_t reserved2[4];
} quipu_aggregate;

/*
 * Makes a new aggregate without events, all members zero, attached to a bus
 * (NULL: to none).  `id` NULL mints a time-ordered UUID.  To be destroyed.
 * INVALID: the type is wrong.
 */
QUIPU_API int quipu_aggregate_create(const quipu_aggregate_type *type,
                                     const quipu_id *id, quipu_bus *bus,
                                     void **aggregate, quipu_error *error);
/* Frees it, with its events that are not saved.  Not from within its handlers,
 * nor while its events are being published.  NULL is allowed. */
QUIPU_API void quipu_aggregate_destroy(void *aggregate);

/*
 * Triggers an event: copies it, fills the copy's base (type, originator,
 * version; event id and time unless they are set; metadata stays), applies the
 * copy, keeps it as pending, and, unless the aggregate collects, publishes it
 * at once.  `event` is borrowed for the call and stays as it is; what it points
 * to may belong to the aggregate.
 *
 * CONFLICT: the aggregate is stale; NOT_FOUND: it is discarded; INVALID: its
 * type has no handler for the event, or the call comes from within its own
 * handler or from a subscriber to what it is publishing.  What the handler
 * returns: nothing has changed but what the handler itself did before it
 * failed, so the aggregate is stale, and cannot be saved either.  What
 * publishing returns: the event stays pending, the aggregate is stale; after
 * UNKNOWN_OUTCOME or BUSY quipu_aggregates_save repeats it.
 */
QUIPU_API int quipu_aggregate_trigger(quipu_aggregate *aggregate,
                                      const quipu_event_type *type,
                                      const quipu_event *event,
                                      quipu_error *error);

/* Triggers the event whose handler discards, its fields zero.  INVALID: there
 * is not exactly one such handler, or a mutator instead. */
QUIPU_API int quipu_aggregate_discard(quipu_aggregate *aggregate,
                                      quipu_error *error);

/* From now on events only collect, until they are saved together. */
QUIPU_API void quipu_aggregate_collect(quipu_aggregate *aggregate);

/* The pending events, borrowed until the next call on the aggregate.  They have
 * been applied to it: who does not want them destroys it and gets it again. */
QUIPU_API const quipu_event *const *quipu_aggregate_pending(
    const quipu_aggregate *aggregate, size_t *count);

/*
 * Publishes the pending events of several aggregates as one list, in order of
 * the aggregates, so that a persistence policy stores all or none.  Stale ones
 * may be among them, to repeat an append; they are fresh again if it succeeds.
 * No pending events at all is OK.  INVALID: they have different buses or none,
 * or one is named twice; CONFLICT: a handler of one failed; nothing has changed
 * then.  If publishing fails, all that have events are stale and keep them.
 */
QUIPU_API int quipu_aggregates_save(quipu_aggregate *const *aggregates,
                                    size_t count, quipu_error *error);

/*
 * Tells an aggregate that its pending events have been stored by other means,
 * say by quipu_store_append: it forgets them, and is fresh.  One that is
 * attached to no bus has no other way.  INVALID: the call comes from within its
 * handler or from a subscriber to its events; CONFLICT: a handler failed.
 */
QUIPU_API int quipu_aggregate_saved(quipu_aggregate *aggregate,
                                    quipu_error *error);

/* Applies a stored event in replay: as trigger, without pending.  INVALID: the
 * event is of another originator, or not the next version. */
QUIPU_API int quipu_aggregate_replay(quipu_aggregate *aggregate,
                                     const quipu_event *event,
                                     quipu_error *error);

/* ------------------------------------------------- members of aggregates */

/* Replaces a text or bytes member by a copy of `value` (NULL: by NULL). */
QUIPU_API int quipu_text_set(char **member, const char *value,
                             quipu_error *error);
QUIPU_API int quipu_bytes_set(quipu_bytes *member, quipu_bytes value,
                              quipu_error *error);

/*
 * Makes room for one more element of `size` bytes, all zero, at the end of an
 * array member, and counts it; returns it, or NULL with NO_MEMORY in *error.
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
