/* SPDX-License-Identifier: Apache-2.0 */
/* Converts sequence ids and positions between events and items. */
#include <string.h>

#include <quipu/error.h>
#include <quipu/id.h>

#include "base/error.h"
#include "base/utf8.h"
#include "encoding/timestamp.h"
#include "event/attribute.h"
#include "event/member.h"
#include "mapper/item_key.h"

/* Returns true if bytes can be a sequence id of the schema. */
static bool is_sequence_id(const quipu_item_key *key, quipu_bytes id)
{
    if (!id.data) {
        return false;
    }
    if (!key->text_ids) {
        return id.size == sizeof(quipu_uuid);
    }
    return id.size > 0 && id.size <= QUIPU_ID_MAX && quipu_utf8_valid(id);
}

/* ---------------------------------------------------------- event to item */

static int refuse(const quipu_event *event, const quipu_field *attribute,
                  const char *why, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_INVALID, "event %s: its %s %s",
                           event->type->topic, attribute->name, why);
}

/* Reads the position; returns false if it is out of range. */
static bool load_position(const quipu_item_key *key, const quipu_event *event,
                          int64_t *position)
{
    const quipu_field *attribute = key->position;
    const char *member = (const char *)event + attribute->offset;

    if (attribute->kind == QUIPU_KIND_UINT) {
        uint64_t natural = quipu_member_load_uint(member, attribute->size);

        *position = (int64_t)(natural & INT64_MAX);
        return natural <= INT64_MAX;
    }
    *position = quipu_member_load_int(member, attribute->size);
    if (attribute->kind == QUIPU_KIND_TIME &&
        !quipu_timestamp_storable((quipu_time){ *position })) {
        return false;
    }
    return key->sparse || *position >= 0;
}

int quipu_item_key_fill_item(const quipu_item_key *key,
                             const quipu_event *event, quipu_arena *arena,
                             quipu_item *item, quipu_error *error)
{
    quipu_bytes id = quipu_attribute_bytes(key->sequence_id, event);

    if (!is_sequence_id(key, id)) {
        return refuse(event, key->sequence_id,
                      key->text_ids
                          ? "is not a sequence id, which is 1 to 255 bytes of "
                            "UTF-8"
                          : "is not a sequence id, which is the 16 bytes of a "
                            "uuid",
                      error);
    }
    if (!load_position(key, event, &item->position)) {
        return refuse(event, key->position, "is out of range of positions",
                      error);
    }
    item->sequence_id.data = quipu_arena_copy(arena, id.data, id.size);
    item->sequence_id.size = id.size;
    return item->sequence_id.data ? QUIPU_OK : quipu_error_no_memory(error);
}

/* ---------------------------------------------------------- item to event */

/* Writes the sequence id; NO_MEMORY; CORRUPT: its member is too small. */
static int store_id(const quipu_field *attribute, const quipu_decoder *decoder,
                    quipu_event *event)
{
    quipu_bytes id = decoder->item->sequence_id;
    char *member = (char *)event + attribute->offset;
    const char *copy;

    if (quipu_attribute_is(attribute, QUIPU_BASE_TOPIC)) {
        return QUIPU_OK; /* the event's type has it */
    }
    switch (attribute->kind) {
    case QUIPU_KIND_TEXT:
        copy = quipu_arena_copy(decoder->arena, id.data, id.size);
        if (!copy) {
            return quipu_error_no_memory(decoder->error);
        }
        quipu_member_store_pointer(member, copy);
        return QUIPU_OK;
    case QUIPU_KIND_FIXED_TEXT:
        if (id.size >= attribute->size) {
            return quipu_decoder_refuse_item(decoder, QUIPU_CORRUPT,
                                             "its sequence id is longer than "
                                             "the attribute that it is");
        }
        memcpy(member, id.data, id.size);
        member[id.size] = '\0';
        return QUIPU_OK;
    case QUIPU_KIND_UUID:
        memcpy(member, id.data, id.size);
        return QUIPU_OK;
    default: /* QUIPU_KIND_ID */
        *(uint8_t *)member = (uint8_t)id.size;
        memcpy(member + offsetof(quipu_id, data), id.data, id.size);
        return QUIPU_OK;
    }
}

/* Writes the position; returns false if the member cannot hold it. */
static bool store_position(const quipu_field *attribute, int64_t position,
                           quipu_event *event)
{
    char *member = (char *)event + attribute->offset;

    switch (attribute->kind) {
    case QUIPU_KIND_UINT:
        return position >= 0 && quipu_member_store_uint(member, attribute->size,
                                                        (uint64_t)position);
    case QUIPU_KIND_TIME:
        return quipu_timestamp_storable((quipu_time){ position }) &&
               quipu_member_store_int(member, attribute->size, position);
    default:
        return quipu_member_store_int(member, attribute->size, position);
    }
}

int quipu_item_key_fill_event(const quipu_item_key *key,
                              const quipu_decoder *decoder, quipu_event *event)
{
    const quipu_item *item = decoder->item;

    if (!is_sequence_id(key, item->sequence_id)) {
        return quipu_decoder_refuse_item(decoder, QUIPU_CORRUPT,
                                         "its sequence id is of another kind "
                                         "than the schema's");
    }
    if (!store_position(key->position, item->position, event)) {
        return quipu_decoder_refuse_item(decoder, QUIPU_CORRUPT,
                                         "its position is out of range of the "
                                         "attribute that is the position");
    }
    return store_id(key->sequence_id, decoder, event);
}
