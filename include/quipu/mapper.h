/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sequenced item mapper: converts domain events to items and back.
 *
 * An event's attributes are the members of its base (originator_id,
 * originator_version, event_id, time, metadata, topic) and its fields; a field
 * hides an attribute of the base with the same name.  The mapping names two
 * attributes that become the item's sequence id and position.  Event id,
 * metadata and time go into columns of their own if the schema has them.  All
 * of these are left out of the state.
 *
 * A further column of the schema holds a copy of the attribute that it names:
 *
 *     kind of the attribute   kind of the column
 *     bool                    BOOL
 *     integer                 INT
 *     real                    DOUBLE, which must be finite
 *     text                    TEXT
 *     bytes                   BYTES
 *     uuid                    UUID
 *     time                    TIME
 *     id                      UUID, TEXT or BYTES
 *
 * The column is NULL if the event's type lacks the attribute, if the attribute
 * has no value, and for an empty id, a nil event id and an unknown time.
 *
 * The state is a MessagePack map from field names to values.  Attributes of the
 * base that the schema has no column for precede it in an envelope
 * (docs/state-format.md).
 *
 * A mapper does not change after it has been opened, so any number of threads
 * may use it at once.
 */
#ifndef QUIPU_MAPPER_H
#define QUIPU_MAPPER_H

#include <quipu/event.h>
#include <quipu/sealing.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct quipu_mapper quipu_mapper;
typedef struct quipu_items quipu_items;

/* Which events a mapper converts, and which attributes identify their items. */
typedef struct quipu_mapping {
    uint32_t struct_size; /* sizeof(quipu_mapping) */
    uint32_t reserved;    /* 0 */
    /* The event types; the types, not the array, must outlive the mapper. */
    const quipu_event_type *const *types;
    size_t type_count;
    /* Name of the attribute that is the sequence id: an id, or a uuid or text
     * if the schema's ids are such; NULL: originator_id. */
    const char *sequence_id;
    /* Name of the attribute that is the position: an integer or a time; NULL:
     * originator_version.  Neither attribute may be optional, nullable or an
     * array. */
    const char *position;
    /* How states are compressed and encrypted; NULL: they are not. */
    const quipu_sealing *sealing;
    /* Topics that are of no use any more, ending with NULL; NULL: none.  Stored
     * events with these topics are passed over by everything that reads events:
     * they keep their places and versions, and nothing is done for them. */
    const char *const *retired;
} quipu_mapping;

/*
 * Opens a mapper for a schema.  Schema, mapping and sealing are copied.
 *
 * INVALID: the schema, the mapping's struct_size or an event type is wrong
 * (quipu_schema_check, quipu_event_type_check); two types have the same topic;
 * an alias or a retired topic is a topic or an alias of another type, or is
 * retired twice; a type lacks an attribute that the mapping names, or an
 * attribute's kind does not suit its column; or no type has the attribute of a
 * further column; or the sealing names whole states without keys, a level that
 * zstd does not have, or what is no dictionary.  UNSUPPORTED: this build lacks
 * what the sealing needs.  NO_MEMORY.
 */
QUIPU_API int quipu_mapper_open(const quipu_schema *schema,
                                const quipu_mapping *mapping,
                                quipu_mapper **mapper, quipu_error *error);
/* Frees a mapper; its lists of items must have been destroyed.  NULL is
 * allowed. */
QUIPU_API void quipu_mapper_close(quipu_mapper *mapper);

/* Returns the event type with that topic or alias, or NULL. */
QUIPU_API const quipu_event_type *quipu_mapper_type(const quipu_mapper *mapper,
                                                    const char *topic);

/* Returns true if the topic is one of mapping.retired. */
QUIPU_API bool quipu_mapper_is_retired(const quipu_mapper *mapper,
                                       const char *topic);

/* Creates an empty list of items, which one thread at a time uses.  It owns the
 * items and everything that they point to.  NO_MEMORY. */
QUIPU_API int quipu_items_create(const quipu_mapper *mapper,
                                 quipu_items **items, quipu_error *error);

/* Removes all items; keeps memory for the next ones. */
QUIPU_API void quipu_items_clear(quipu_items *items);

/* Frees a list with its items.  NULL is allowed. */
QUIPU_API void quipu_items_destroy(quipu_items *items);

/*
 * Converts an event to an item and adds it to the list.  The event may be freed
 * afterwards, but not its type.
 *
 * INVALID: the event's type is not one of the mapper's; a text, bytes value or
 * array is NULL and may not be; a text is not UTF-8; a time is not in the years
 * 1 to 9999; the sequence id, the position (which is not negative in a
 * contiguous schema) or the value of a further column is out of range.  The
 * message names the topic and the field.  NO_MEMORY.  With a sealing: DENIED,
 * IO and other codes of the provider of keys.  After a failure the list is as
 * before.
 */
QUIPU_API int quipu_items_add(quipu_items *items, const quipu_event *event,
                              quipu_error *error);

/* The same for an event whose position the store chooses: the item has the flag
 * QUIPU_ITEM_NEXT and position 0, and if its state is encrypted, it is bound to
 * no position. */
QUIPU_API int quipu_items_add_next(quipu_items *items, const quipu_event *event,
                                   quipu_error *error);

/* Returns the items in the order in which they were added, and their number;
 * valid until the next add or clear.  The caller may change their flags and
 * positions; but an encrypted state of quipu_items_add opens at no other
 * position. */
QUIPU_API quipu_item *quipu_items_array(quipu_items *items, size_t *count);

/*
 * Converts an item to an event, in one allocation that the caller frees with
 * quipu_event_destroy.  Nothing points into the item afterwards.
 *
 * An item of an earlier version of its type is changed by the casts of the type
 * first (evolve.h).
 *
 * NOT_FOUND: no event type of the mapper has the topic, or the topic is
 * retired, or the item was erased.
 * CORRUPT: the state is truncated or not a MessagePack map, or lacks a field
 * that has no default, or has a field twice, with another type or out of range;
 * the message names topic, sequence, position and field; or a cast has failed.
 * Or an encrypted state was changed, or belongs to another item.  UNSUPPORTED:
 * the envelope has a newer format, the event is of a newer version than its
 * type, or this build, or the sealing, lacks what the state needs.  DENIED: the
 * state is encrypted with a key that is not given.  NO_MEMORY; other codes of
 * the provider of keys.
 */
QUIPU_API int quipu_mapper_event(const quipu_mapper *mapper,
                                 const quipu_item *item, quipu_event **event,
                                 quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
