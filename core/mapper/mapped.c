/* SPDX-License-Identifier: Apache-2.0 */
/* The attributes that are the sequence id and the position. */
#include <string.h>

#include <quipu/error.h>
#include <quipu/id.h>

#include "base/error.h"
#include "base/utf8.h"
#include "event/access.h"
#include "event/number.h"
#include "mapper/base.h"
#include "mapper/mapped.h"
#include "mapper/subject.h"
#include "mapper/timestamp.h"

static int refuse(const quipu_event *event, const quipu_field *attribute,
                  const char *why, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_INVALID, "event %s: its %s %s",
                           event->type->topic, attribute->name, why);
}

/* Whether bytes can be a sequence id of the schema. */
static bool is_sequence_id(const quipu_mapper *mapper, quipu_bytes id)
{
    if (!id.data) {
        return false;
    }
    if (!mapper->text_ids) {
        return id.size == sizeof(quipu_uuid);
    }
    return id.size > 0 && id.size <= QUIPU_ID_MAX && quipu_utf8_valid(id);
}

static quipu_bytes load_id(const quipu_field *attribute,
                           const quipu_event *event)
{
    const char *from = (const char *)event + attribute->offset;

    if (quipu_attribute_is(attribute, QUIPU_BASE_TOPIC)) {
        return quipu_bytes_of_text(event->type->topic);
    }
    switch (attribute->kind) {
    case QUIPU_KIND_TEXT:
        return quipu_bytes_of_text(quipu_pointer_load(from));
    case QUIPU_KIND_UUID:
        return (quipu_bytes){ from, sizeof(quipu_uuid) };
    default: /* an id, of which the size comes first */
        return (quipu_bytes){ from + offsetof(quipu_id, data),
                              *(const uint8_t *)from };
    }
}

static bool load_position(const quipu_mapper *mapper,
                          const quipu_field *attribute,
                          const quipu_event *event, int64_t *position)
{
    const char *from = (const char *)event + attribute->offset;
    uint64_t natural;

    if (attribute->kind == QUIPU_KIND_UINT) {
        natural = quipu_uint_load(from, attribute->size);
        *position = (int64_t)(natural & INT64_MAX);
        return natural <= INT64_MAX;
    }
    *position = quipu_int_load(from, attribute->size);
    if (attribute->kind == QUIPU_KIND_TIME &&
        !quipu_time_storable((quipu_time){ *position })) {
        return false;
    }
    return mapper->sparse || *position >= 0;
}

int quipu_mapped_load(const quipu_mapper *mapper, const quipu_binding *binding,
                      const quipu_event *event, quipu_arena *arena,
                      quipu_item *item, quipu_error *error)
{
    quipu_bytes id = load_id(binding->mapped.first, event);

    if (!is_sequence_id(mapper, id)) {
        return refuse(event, binding->mapped.first,
                      mapper->text_ids
                          ? "is no sequence id: that is 1 to 255 bytes of "
                            "UTF-8"
                          : "is no sequence id: that is the 16 bytes of a "
                            "uuid",
                      error);
    }
    if (!load_position(mapper, binding->mapped.second, event,
                       &item->position)) {
        return refuse(event, binding->mapped.second,
                      "is out of range of positions", error);
    }
    item->sequence_id.data = quipu_arena_copy(arena, id.data, id.size);
    item->sequence_id.size = id.size;
    return item->sequence_id.data ? QUIPU_OK : quipu_error_no_memory(error);
}

static int store_id(const quipu_field *attribute, quipu_bytes id,
                    quipu_arena *arena, quipu_event *event, quipu_error *error)
{
    char *to = (char *)event + attribute->offset;
    const char *copy;

    if (quipu_attribute_is(attribute, QUIPU_BASE_TOPIC)) {
        return QUIPU_OK;
    }
    switch (attribute->kind) {
    case QUIPU_KIND_TEXT:
        copy = quipu_arena_copy(arena, id.data, id.size);
        if (!copy) {
            return quipu_error_no_memory(error);
        }
        quipu_pointer_store(to, copy);
        return QUIPU_OK;
    case QUIPU_KIND_UUID:
        memcpy(to, id.data, id.size);
        return QUIPU_OK;
    default:
        *(uint8_t *)to = (uint8_t)id.size;
        memcpy(to + offsetof(quipu_id, data), id.data, id.size);
        return QUIPU_OK;
    }
}

static bool store_position(const quipu_field *attribute, int64_t position,
                           quipu_event *event)
{
    char *to = (char *)event + attribute->offset;

    switch (attribute->kind) {
    case QUIPU_KIND_UINT:
        return position >= 0 &&
               quipu_uint_store(to, attribute->size, (uint64_t)position);
    case QUIPU_KIND_TIME:
        return quipu_time_storable((quipu_time){ position }) &&
               quipu_int_store(to, attribute->size, position);
    default:
        return quipu_int_store(to, attribute->size, position);
    }
}

int quipu_mapped_store(const quipu_mapper *mapper, const quipu_binding *binding,
                       const quipu_item *item, quipu_arena *arena,
                       quipu_event *event, quipu_error *error)
{
    const quipu_subject subject = { item, mapper->text_ids };

    if (!is_sequence_id(mapper, item->sequence_id)) {
        return quipu_subject_refuse(&subject, QUIPU_CORRUPT,
                                    "its sequence id is of another kind than "
                                    "the schema's",
                                    error);
    }
    if (!store_position(binding->mapped.second, item->position, event)) {
        return quipu_subject_refuse(&subject, QUIPU_CORRUPT,
                                    "its position is out of range of the "
                                    "attribute that is the position",
                                    error);
    }
    return store_id(binding->mapped.first, item->sequence_id, arena, event,
                    error);
}
