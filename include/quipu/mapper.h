/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sequenced item mapper: domain events to items and back.
 *
 * Attributes of an event are the members of its base (originator_id,
 * originator_version, event_id, time, metadata, topic) and its fields; a field
 * hides what the base has of the same name.  Two of them, named here, are the
 * item's sequence id and position; the schema's columns take others.  What is
 * in the sequence id, the position or a column of its own (event id, metadata,
 * time) is left out of the state; further columns hold copies.
 *
 * A further column takes an attribute of one kind: bool (BOOL), integer (INT),
 * real (DOUBLE, finite), text (TEXT), bytes (BYTES), uuid (UUID), time (TIME),
 * id (UUID, TEXT or BYTES).  It is NULL where the event's type lacks the
 * attribute, where that is absent, and for an event id, time or id that is
 * "none".
 *
 * The state is a MessagePack map, field name to value.  Attributes of the base
 * that the schema has no column for precede it in an envelope: a byte 0xC1,
 * which MessagePack never uses, and a header (docs/state-format.md).
 *
 * A mapper does not change once opened, and may be used by any threads.
 */
#ifndef QUIPU_MAPPER_H
#define QUIPU_MAPPER_H

#include <quipu/event.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct quipu_mapper quipu_mapper;
typedef struct quipu_items quipu_items;

typedef struct quipu_mapping {
    uint32_t struct_size;
    uint32_t reserved;
    /* The events that can come; borrowed as long as the mapper. */
    const quipu_event_type *const *types;
    size_t type_count;
    /* The attribute that is the sequence id: an id, or a uuid or text as the
     * schema's ids are; NULL: originator_id.  And the position: an integer or
     * a time; NULL: originator_version.  Neither may be optional, nullable or
     * an array. */
    const char *sequence_id;
    const char *position;
} quipu_mapping;

/*
 * Opens a mapper for a schema, which is copied.  INVALID: the schema is wrong
 * (quipu_schema_check), a type is, two have one topic, a type lacks the named
 * attribute or has it with a kind that does not fit, or no type has the
 * attribute of a further column.
 */
QUIPU_API int quipu_mapper_open(const quipu_schema *schema,
                                const quipu_mapping *mapping,
                                quipu_mapper **mapper, quipu_error *error);
QUIPU_API void quipu_mapper_close(quipu_mapper *mapper);

/* The type of a topic, or NULL. */
QUIPU_API const quipu_event_type *quipu_mapper_type(const quipu_mapper *mapper,
                                                    const char *topic);

/*
 * A list of items made from events.  The items and all that they point to
 * belong to the list until it is cleared or destroyed; one thread at a time.
 */
QUIPU_API int quipu_items_create(const quipu_mapper *mapper,
                                 quipu_items **items, quipu_error *error);
QUIPU_API void quipu_items_clear(quipu_items *items);
QUIPU_API void quipu_items_destroy(quipu_items *items);

/*
 * Adds the item of an event.  INVALID: its type is not the mapper's, a text or
 * array is NULL that may not be, a text is not UTF-8, a time is not in the
 * years 1 to 9999, the sequence id, the position (in a contiguous schema a
 * negative one, too) or what goes into a further column is out of range; the
 * message names topic and field.  The list is then as before.
 */
QUIPU_API int quipu_items_add(quipu_items *items, const quipu_event *event,
                              quipu_error *error);

/* The items, in the order of adding, and their number; until the next add
 * or clear.  Flags and positions may be changed. */
QUIPU_API quipu_item *quipu_items_array(quipu_items *items, size_t *count);

/*
 * The event of an item, in one piece of memory; to be destroyed by
 * quipu_event_destroy.  NOT_FOUND: the topic is not among the mapper's types,
 * or the item was erased.  CORRUPT: the state is no MessagePack map, is cut
 * off, lacks a field, has one twice, or one of another type or out of range;
 * the message names topic, sequence, position and field.  UNSUPPORTED: the
 * envelope is of a newer format.
 */
QUIPU_API int quipu_mapper_event(const quipu_mapper *mapper,
                                 const quipu_item *item, quipu_event **event,
                                 quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
