/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of events: the table of the base's, and access by name. */
#include <string.h>

#include <quipu/id.h>

#include "event/attribute.h"
#include "event/member.h"

#define BASE(which, member, of_kind, with)               \
    [which] = { .name = #member,                         \
                .kind = (of_kind),                       \
                .flags = (with),                         \
                .offset = offsetof(quipu_event, member), \
                .size = sizeof(QUIPU_MEMBER(quipu_event, member)) }

const quipu_field quipu_attribute_base[QUIPU_BASE_COUNT + 1] = {
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
        if (fields->kind != QUIPU_KIND_ALIAS &&
            strcmp(fields->name, name) == 0) {
            return fields;
        }
    }
    return NULL;
}

const quipu_field *quipu_attribute_find(const quipu_event_type *type,
                                        const char *name)
{
    const quipu_field *field = find(type->fields, name);

    return field ? field : find(quipu_attribute_base, name);
}

quipu_bytes quipu_attribute_bytes(const quipu_field *attribute,
                                  const quipu_event *event)
{
    const char *member = (const char *)event + attribute->offset;

    if (quipu_attribute_is(attribute, QUIPU_BASE_TOPIC)) {
        return quipu_bytes_of_text(event->type->topic);
    }
    switch (attribute->kind) {
    case QUIPU_KIND_TEXT:
        return quipu_bytes_of_text(quipu_member_load_pointer(member));
    case QUIPU_KIND_FIXED_TEXT:
        return (quipu_bytes){ member,
                              quipu_member_text_size(attribute, member) };
    case QUIPU_KIND_BYTES:
        return quipu_member_load_bytes(member);
    case QUIPU_KIND_UUID:
        return (quipu_bytes){ member, sizeof(quipu_uuid) };
    default: /* QUIPU_KIND_ID, which begins with its size, one byte */
        return (quipu_bytes){ member + offsetof(quipu_id, data),
                              *(const uint8_t *)member };
    }
}
