/* SPDX-License-Identifier: Apache-2.0 */
/* The attributes that every event has. */
#include <string.h>

#include "mapper/base.h"

#define BASE(which, member, of_kind, with)               \
    [which] = { .name = #member,                         \
                .kind = (of_kind),                       \
                .flags = (with),                         \
                .offset = offsetof(quipu_event, member), \
                .size = sizeof(QUIPU_MEMBER(quipu_event, member)) }

const quipu_field quipu_base_fields[QUIPU_BASE_COUNT + 1] = {
    BASE(QUIPU_BASE_ORIGINATOR_ID, originator_id, QUIPU_KIND_ID, 0),
    BASE(QUIPU_BASE_ORIGINATOR_VERSION, originator_version, QUIPU_KIND_INT, 0),
    BASE(QUIPU_BASE_EVENT_ID, event_id, QUIPU_KIND_UUID, 0),
    BASE(QUIPU_BASE_TIME, time, QUIPU_KIND_TIME, 0),
    BASE(QUIPU_BASE_METADATA, metadata, QUIPU_KIND_BYTES,
         QUIPU_FIELD_MAY_BE_NULL),
    [QUIPU_BASE_TOPIC] = { .name = "topic",
                           .kind = QUIPU_KIND_TEXT,
                           .size = sizeof(char *) },
};

static const quipu_field *find(const quipu_field *fields, const char *name)
{
    for (; fields && fields->name; fields++) {
        if (strcmp(fields->name, name) == 0) {
            return fields;
        }
    }
    return NULL;
}

const quipu_field *quipu_attribute_find(const quipu_event_type *type,
                                        const char *name)
{
    const quipu_field *field = find(type->fields, name);

    return field ? field : find(quipu_base_fields, name);
}
