/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes of an event: its fields, and those of its base, quipu_event.
 *
 * A mapping and a schema name attributes.  Both kinds are represented by a
 * quipu_field whose offset counts from the start of the event, so the code that
 * loads and stores an attribute does not distinguish them.  The topic is the
 * exception: it is an attribute of the event's type, not a member, and
 * quipu_attribute_is(attribute, QUIPU_BASE_TOPIC) has to be asked before its
 * offset is used.
 */
#ifndef QUIPU_CORE_EVENT_ATTRIBUTE_H
#define QUIPU_CORE_EVENT_ATTRIBUTE_H

#include <quipu/event.h>

/* The attributes that every event has; indexes of quipu_attribute_base. */
enum quipu_base {
    QUIPU_BASE_ORIGINATOR_ID,
    QUIPU_BASE_ORIGINATOR_VERSION,
    QUIPU_BASE_EVENT_ID,
    QUIPU_BASE_TIME,
    QUIPU_BASE_METADATA,
    QUIPU_BASE_TOPIC, /* not a member of quipu_event */
    QUIPU_BASE_COUNT
};

/* Fields of quipu_event in the order of enum quipu_base, ending with a field
 * without a name. */
extern const quipu_field quipu_attribute_base[QUIPU_BASE_COUNT + 1];

/* Returns the attribute `name` of events of a type, or NULL if it has none.  A
 * field of the type hides an attribute of the base with the same name. */
const quipu_field *quipu_attribute_find(const quipu_event_type *type,
                                        const char *name);

/*
 * Returns the value of an attribute that consists of bytes: a text without its
 * NUL, a bytes value, the 16 bytes of a uuid, or the bytes of an id.  They are
 * borrowed from the event; `data` is NULL if the text or bytes are NULL.
 */
quipu_bytes quipu_attribute_bytes(const quipu_field *attribute,
                                  const quipu_event *event);

/* Returns true if an attribute is this one of the base. */
static inline bool quipu_attribute_is(const quipu_field *attribute,
                                      enum quipu_base base)
{
    return attribute == &quipu_attribute_base[base];
}

#endif
