/* SPDX-License-Identifier: Apache-2.0 */
/* Items to events. */
#include <string.h>

#include <quipu/error.h>

#include "base/arena.h"
#include "base/error.h"
#include "mapper/binding.h"
#include "mapper/decode.h"
#include "mapper/envelope.h"
#include "mapper/mapped.h"
#include "mapper/members.h"

static int find_binding(const quipu_mapper *mapper,
                        const quipu_subject *subject,
                        const quipu_binding **binding, quipu_error *error)
{
    if (subject->item->flags & QUIPU_ITEM_ERASED) {
        return quipu_subject_refuse(subject, QUIPU_NOT_FOUND, "it was erased",
                                    error);
    }
    *binding = quipu_binding_find(mapper, subject->item->topic);
    if (!*binding) {
        return quipu_subject_refuse(subject, QUIPU_NOT_FOUND,
                                    "no event type of the mapper has this "
                                    "topic",
                                    error);
    }
    return QUIPU_OK;
}

/* What has columns of its own; it hides what an envelope may hold. */
static int store_base(const quipu_subject *subject, quipu_arena *arena,
                      quipu_event *event, quipu_error *error)
{
    const quipu_item *item = subject->item;

    if (item->event_id.data) {
        if (item->event_id.size != sizeof(event->event_id)) {
            return quipu_subject_refuse(subject, QUIPU_CORRUPT,
                                        "its event id has not 16 bytes", error);
        }
        memcpy(&event->event_id, item->event_id.data, sizeof(event->event_id));
    }
    if (item->metadata.data) {
        event->metadata.data =
            quipu_arena_copy(arena, item->metadata.data, item->metadata.size);
        event->metadata.size = item->metadata.size;
        if (!event->metadata.data) {
            return quipu_error_no_memory(error);
        }
    }
    if (item->flags & QUIPU_ITEM_TIME) {
        event->time = item->time;
    }
    return QUIPU_OK;
}

static int decode(const quipu_mapper *mapper, const quipu_binding *binding,
                  const quipu_item *item, quipu_arena *arena,
                  quipu_event *event, quipu_error *error)
{
    const quipu_subject subject = { item, mapper->text_ids };
    quipu_bytes state = item->state;
    int status = quipu_envelope_read(&state, &subject, arena, event, error);

    if (status == QUIPU_OK) {
        status = store_base(&subject, arena, event, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_decode_members(state, &subject, binding->type->fields,
                                      binding->mapped, arena, event, error);
    }
    if (status == QUIPU_OK) { /* last: the item is right in any case */
        status = quipu_mapped_store(mapper, binding, item, arena, event, error);
    }
    return status;
}

int quipu_mapper_decode(const quipu_mapper *mapper, const quipu_item *item,
                        quipu_arena *arena, quipu_event **event,
                        quipu_error *error)
{
    const quipu_subject subject = { item, mapper->text_ids };
    const quipu_binding *binding = NULL;
    quipu_event *decoded;
    int status = find_binding(mapper, &subject, &binding, error);

    if (status != QUIPU_OK) {
        return status;
    }
    decoded = quipu_arena_allocate_array(arena, 1, binding->type->size);
    if (!decoded) {
        return quipu_error_no_memory(error);
    }
    decoded->type = binding->type;
    status = decode(mapper, binding, item, arena, decoded, error);
    if (status == QUIPU_OK) {
        *event = decoded;
    }
    return status;
}

int quipu_mapper_event(const quipu_mapper *mapper, const quipu_item *item,
                       quipu_event **event, quipu_error *error)
{
    quipu_arena arena;
    quipu_event *decoded;
    int status;

    quipu_arena_init(&arena);
    status = quipu_mapper_decode(mapper, item, &arena, &decoded, error);
    if (status == QUIPU_OK) {
        status = quipu_event_copy(decoded, event, error);
    }
    quipu_arena_finish(&arena);
    return status;
}
