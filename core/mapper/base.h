/* SPDX-License-Identifier: Apache-2.0 */
/* The attributes that every event has, as fields of quipu_event. */
#ifndef QUIPU_CORE_MAPPER_BASE_H
#define QUIPU_CORE_MAPPER_BASE_H

#include <quipu/event.h>

enum quipu_base {
    QUIPU_BASE_ORIGINATOR_ID,
    QUIPU_BASE_ORIGINATOR_VERSION,
    QUIPU_BASE_EVENT_ID,
    QUIPU_BASE_TIME,
    QUIPU_BASE_METADATA,
    QUIPU_BASE_TOPIC, /* text of the type: has no place in quipu_event */
    QUIPU_BASE_COUNT
};

/* In the order of enum quipu_base, and a field without a name. */
extern const quipu_field quipu_base_fields[QUIPU_BASE_COUNT + 1];

/*
 * The attribute of that name of events of a type, or NULL.  A field hides an
 * attribute of the base.
 */
const quipu_field *quipu_attribute_find(const quipu_event_type *type,
                                        const char *name);

/* Whether an attribute is that one of the base. */
static inline bool quipu_attribute_is(const quipu_field *attribute,
                                      enum quipu_base base)
{
    return attribute == &quipu_base_fields[base];
}

#endif
